"""What the bot reads of an artefact without scikit-learn: only what an artefact may name."""

from __future__ import annotations

import lzma
import pickle
from typing import Any

import pytest

from model.artefact import ARTEFACT, PACKAGED
from model.stored import Steps, StoredError, read_stored


def naming(module: str, name: str) -> bytes:
    """Return an artefact that calls what it names, as protocol 4 names it."""
    parts = (pickle.PROTO + b"\x04", _text(module), _text(name), pickle.STACK_GLOBAL)
    call = (_text("echo no"), pickle.TUPLE1, pickle.REDUCE, pickle.STOP)
    return lzma.compress(b"".join((*parts, *call)))


def _text(text: str) -> bytes:
    return pickle.SHORT_BINUNICODE + bytes([len(text)]) + text.encode()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("joblib.numpy_pickle", "os.system"),  # an attribute of an imported module
        ("joblib.numpy_pickle", "Path"),
        ("numpy", "ndarray.__class__"),
    ],
)
def test_nothing_else_is_resolved(module: str, name: str) -> None:
    with pytest.raises(StoredError, match=f"it names {module}.{name}"):
        read_stored(naming(module, name))


def test_the_packaged_artefact_is_read() -> None:
    found: Any = read_stored((PACKAGED / ARTEFACT).read_bytes())
    assert isinstance(found, Steps)


@pytest.mark.parametrize(
    "payload", [b"", b"no xz", lzma.compress(b""), lzma.compress(b"\x80\x04]q.")]
)
def test_damage_is_one_error(payload: bytes) -> None:
    with pytest.raises(StoredError):
        read_stored(payload)
