"""Read the artefact without scikit-learn, whose import takes longer than everything else.

The artefact is a pickle of scikit-learn objects. Serving needs the arrays in them and none of their
code, so plain objects take their place.
"""

from __future__ import annotations

import io
import lzma
import pickle
from typing import Any, Final

import numpy as np
from joblib.numpy_pickle import NumpyUnpickler

from model.calibration import Calibration
from model.normalise import Normaliser


class StoredError(Exception):
    """The bytes are not an artefact that this version of Bellwether writes."""


class Attributes:
    """Stands for an object of scikit-learn: what it held, by the same names."""


class Steps(Attributes):
    """Stands for a pipeline."""

    steps: list[tuple[str, Attributes]]

    @property
    def named_steps(self) -> dict[str, Attributes]:
        """The parts of the pipeline by name."""
        return dict(self.steps)


KNOWN: Final[dict[tuple[str, str], Any]] = {
    ("model.passages", "ByPassage"): Steps,
    ("model.features", "ChatVectorizer"): Attributes,
    ("model.heads", "Heads"): Attributes,
    ("model.heads", "Calibration"): Calibration,
    ("model.calibration", "Calibration"): Calibration,
    ("model.normalise", "Normaliser"): Normaliser,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}
"""What an artefact may name, and what is made of it."""


class _Unpickler(NumpyUnpickler):  # type: ignore[misc]
    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401
        # The exact name: pickles resolve dotted ones, such as an attribute of an imported module.
        if (module, name) == ("joblib.numpy_pickle", "NumpyArrayWrapper"):
            return super().find_class(module, name)
        try:
            return KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it names {module}.{name}") from None


def read_stored(payload: bytes) -> Steps:
    """Return the pipeline in an artefact's bytes. Raises ``StoredError``."""
    try:
        source = io.BytesIO(lzma.decompress(payload))
        found = _Unpickler("", source, ensure_native_byte_order=True).load()
    except (lzma.LZMAError, pickle.UnpicklingError, EOFError, AttributeError, TypeError) as error:
        raise StoredError(str(error)) from error
    if not isinstance(found, Steps):
        raise StoredError(f"it holds a {type(found).__name__}")
    return found
