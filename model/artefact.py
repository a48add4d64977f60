"""The artefact on disk: joblib bytes that are loaded only if the manifest vouches for them."""

from __future__ import annotations

import hashlib
import io
import json
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import joblib
import sklearn
from sklearn.exceptions import InconsistentVersionWarning

PACKAGED = Path(__file__).parent / "trained"
"""The folder of the artefact that comes with the project."""

ARTEFACT, MANIFEST, CARD = "bellwether.joblib", "manifest.json", "MODEL_CARD.md"


Presets = dict[str, dict[str, dict[str, float | None]]]


class ArtefactError(Exception):
    """The artefact is missing, altered, or cannot be used with the installed libraries."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of an artefact without loading it.

    ``presets`` are named sets of thresholds: for each class the lowest score for an alert and a
    deletion, ``None`` for never. ``golden`` maps example texts to the probabilities they had when
    the artefact was written.
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
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def write(folder: Path, model: Any, manifest: dict[str, Any]) -> Manifest:  # noqa: ANN401
    """Write artefact and manifest into ``folder``, each replaced in one step.

    The manifest goes last: a crash in between leaves a pair that is refused, not a wrong model.
    """
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


def move(source: Path, folder: Path) -> None:
    """Put the artefact in ``source`` in place of the one in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (ARTEFACT, MANIFEST):
        _replace(folder / name, (source / name).read_bytes())


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_suffix(path.suffix + ".partial")
    partial.write_bytes(content)
    partial.replace(path)


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest in ``folder``; raises ``ArtefactError``."""
    path = folder / MANIFEST
    try:
        document = json.loads(path.read_bytes())
        document["classes"] = tuple(document["classes"])
        return Manifest(**document)
    except OSError as error:
        raise ArtefactError(
            f"no model manifest at {path} ({error.strerror}). Set model.folder to a folder with "
            f"{ARTEFACT} and {MANIFEST}, or run `bellwether train`."
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise ArtefactError(
            f"{path} is not a manifest of this version of Bellwether ({error}). "
            "Restore it, or run `bellwether train`."
        ) from error


def load(folder: Path) -> tuple[Any, Manifest]:
    """Load the model in ``folder`` after proving that its bytes are the manifest's.

    The bytes are read once; those that were hashed are those that are unpickled, because a
    pickle runs code and a file can change between two reads. Raises ``ArtefactError``.
    """
    manifest = read_manifest(folder)
    path = folder / ARTEFACT
    try:
        payload = path.read_bytes()
    except OSError as error:
        raise ArtefactError(
            f"no model artefact at {path} ({error.strerror}). Set model.folder to a folder with "
            f"{ARTEFACT} and {MANIFEST}, or run `bellwether train`."
        ) from error
    digest = digest_of(payload)
    if digest != manifest.sha256:
        raise ArtefactError(
            f"{path} has SHA-256 {digest}, but its manifest says {manifest.sha256}: the file was "
            "changed or only half copied, and is not loaded. Restore both files from one source."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error", InconsistentVersionWarning)
        try:
            return joblib.load(io.BytesIO(payload)), manifest
        except (InconsistentVersionWarning, ImportError, AttributeError) as error:
            raise ArtefactError(
                f"{path} was written with scikit-learn {manifest.scikit_learn}, installed is "
                f"{sklearn.__version__}. Install that version, or run `bellwether train`."
            ) from error
