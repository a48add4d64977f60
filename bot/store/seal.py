"""Encryption of what an alert that is still to be sent will quote.

The key lies in a file of its own, so that a copy of the database alone, or a backup of it, opens
nothing.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from cryptography.fernet import Fernet, InvalidToken

from bot.errors import OperatorError
from bot.store.files import warn_if_readable

log = structlog.stdlib.get_logger(__name__)

LONGEST: Final = 16_000
"""Characters of a text that are kept: a message has up to 4,000, its embeds up to 6,000 each."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What an alert quotes: the beginning of a text, and what its author is called."""

    text: str
    name: str


class Sealer:
    """Seals and opens excerpts with one key."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    @classmethod
    def open(cls, path: Path) -> Sealer:
        """Read the key, or make one that only this user can read.

        Raises ``OperatorError`` where neither can be done.
        """
        try:
            if not path.exists():
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as sink:
                    sink.write(Fernet.generate_key())
            warn_if_readable(path)
            return cls(path.read_bytes().strip())
        except OSError as error:
            raise OperatorError(
                f"cannot read or make the key {path}: {error.strerror}. Check that this user may "
                "write there, or set storage.key_file."
            ) from error
        except ValueError:
            raise OperatorError(
                f"{path} holds no key. Move it away, and a new one is made; alerts that were still "
                "to be sent then come without their quotation."
            ) from None

    def seal(self, excerpt: Excerpt) -> bytes:
        """Encrypt an excerpt."""
        document = json.dumps([excerpt.text[:LONGEST], excerpt.name])
        return self._fernet.encrypt(document.encode())

    def unseal(self, sealed: bytes | None) -> Excerpt:
        """Decrypt an excerpt; an empty one where there is none, or the key is another."""
        if sealed is None:
            return Excerpt("", "")
        try:
            text, name = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            log.warning("an excerpt was sealed with another key; its alert comes without quotation")
            return Excerpt("", "")
        return Excerpt(text, name)
