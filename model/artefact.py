"""The artefact on disk. It is loaded only if its hash matches the manifest's."""

from __future__ import annotations

import hashlib
import io
import json
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

PACKAGED = Path(__file__).parent / "trained"
"""The folder of the artefact that ships with the project."""

ARTEFACT, MANIFEST = "bellwether.joblib", "manifest.json"
CARD, FIGURES = "MODEL_CARD.md", "figures.json"

Presets = dict[str, dict[str, dict[str, float | None]]]


class ArtefactError(Exception):
    """The artefact is missing, altered, or cannot be used with the installed libraries."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Describes an artefact, so that it can be checked before it is loaded.

    ``presets`` are named sets of thresholds: for each class the lowest score for an alert and for
    a deletion, or ``None`` for never. ``golden`` maps example texts to the probabilities they had
    when the artefact was written.
    """

    version: str
    sha256: str
    classes: tuple[str, ...]
    scikit_learn: str
    data: dict[str, str]
    metrics: dict[str, float]
    presets: Presets
    golden: dict[str, dict[str, float]] = field(default_factory=dict)


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of ``content`` in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def write(folder: Path, model: Any, manifest: dict[str, Any]) -> Manifest:  # noqa: ANN401
    """Write the artefact and its manifest into ``folder`` and return the manifest.

    Each file is replaced atomically, the manifest last. A crash between the two leaves a pair that
    ``load`` refuses, never a wrong model.
    """
    import joblib
    import sklearn

    buffer = io.BytesIO()
    joblib.dump(model, buffer, compress=("xz", 6))
    payload = buffer.getvalue()
    digest = digest_of(payload)
    complete = Manifest(
        version=digest[:12], sha256=digest, scikit_learn=sklearn.__version__, **manifest
    )
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / ARTEFACT, payload)
    document = json.dumps(asdict(complete), indent=2, ensure_ascii=False) + "\n"
    _replace(folder / MANIFEST, document.encode())
    return complete


def install(source: Path, folder: Path) -> None:
    """Replace the artefact in ``folder`` with the one in ``source``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (ARTEFACT, MANIFEST):
        _replace(folder / name, (source / name).read_bytes())


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_suffix(path.suffix + ".partial")
    partial.write_bytes(content)
    partial.replace(path)


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest in ``folder``. Raises ``ArtefactError`` if it is missing or invalid."""
    path = folder / MANIFEST
    try:
        document = json.loads(path.read_bytes())
        document["classes"] = tuple(document["classes"])
        manifest = Manifest(**document)
        _check_presets(manifest)
    except OSError as error:
        raise ArtefactError(
            f"no model manifest at {path} ({error.strerror}). Set model.folder to a folder "
            f"with {ARTEFACT} and {MANIFEST}, or run `bellwether train`."
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ArtefactError(
            f"{path} is not a valid manifest for this version of Bellwether ({error}). "
            "Restore it, or run `bellwether train`."
        ) from error
    return manifest


def _check_presets(manifest: Manifest) -> None:
    """Raise ``ValueError`` or a kin for presets without a threshold, or with one out of range."""
    for name, preset in manifest.presets.items():
        for harm, thresholds in preset.items():
            for value in (thresholds["alert"], thresholds["delete"]):
                if not (value is None or (isinstance(value, float | int) and 0 <= value <= 1)):
                    raise ValueError(f"the preset {name} has {value!r} for {harm}")


def load(folder: Path) -> tuple[Any, Manifest]:
    """Return the model in ``folder`` as a scikit-learn pipeline, to train and measure with.

    Raises ``ArtefactError``.
    """
    import joblib
    import sklearn
    from sklearn.exceptions import InconsistentVersionWarning

    payload, manifest = _checked(folder)
    path = folder / ARTEFACT
    with warnings.catch_warnings():
        warnings.simplefilter("error", InconsistentVersionWarning)
        try:
            return joblib.load(io.BytesIO(payload)), manifest
        except (InconsistentVersionWarning, ImportError, AttributeError) as error:
            raise ArtefactError(
                f"{path} was written with scikit-learn {manifest.scikit_learn}, but "
                f"{sklearn.__version__} is installed. Install scikit-learn {manifest.scikit_learn}, "
                "or run `bellwether train`."
            ) from error


def load_for_serving(folder: Path) -> tuple[Any, Manifest]:
    """Return what ``Lowered`` needs of the model in ``folder``, without importing scikit-learn.

    Raises ``ArtefactError``.
    """
    from model.stored import StoredError, read_stored

    payload, manifest = _checked(folder)
    try:
        return read_stored(payload), manifest
    except StoredError as error:
        raise ArtefactError(
            f"{folder / ARTEFACT} was written by another version of Bellwether ({error}). "
            "Install that version, or run `bellwether train`."
        ) from error


def _checked(folder: Path) -> tuple[bytes, Manifest]:
    """Return the bytes of the artefact and its manifest, after checking the artefact's hash.

    The file is read once, and the bytes that were hashed are the bytes that are unpickled: a
    pickle runs code, and the file could change between two reads.
    """
    manifest = read_manifest(folder)
    path = folder / ARTEFACT
    try:
        payload = path.read_bytes()
    except OSError as error:
        raise ArtefactError(
            f"no model artefact at {path} ({error.strerror}). Set model.folder to a folder "
            f"with {ARTEFACT} and {MANIFEST}, or run `bellwether train`."
        ) from error
    digest = digest_of(payload)
    if digest != manifest.sha256:
        raise ArtefactError(
            f"{path} has SHA-256 {digest}, but its manifest expects {manifest.sha256}. The file was "
            "modified or only partly copied, and is not loaded. Restore both files from the same "
            "source."
        )
    return payload, manifest
