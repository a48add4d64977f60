"""Encrypts the texts that unsent alerts will quote.

The key is in a separate file, so a copy or a backup of the database alone reveals no text.
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
"""Stored characters of a text. A message has up to 4,000, and each of its embeds up to 6,000."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What an alert quotes: the beginning of a text, and the name of its author."""

    text: str
    name: str


class Sealer:
    """Encrypts and decrypts excerpts with one key."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    @classmethod
    def open(cls, path: Path) -> Sealer:
        """Read the key, or create one that only this user can read.

        Raises ``OperatorError`` if the file cannot be used.
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
                f"cannot read or create the key {path}: {error.strerror}. Check that this user may "
                "write there, or set storage.key_file."
            ) from error
        except ValueError:
            raise OperatorError(
                f"{path} does not contain a key. Move it away, and the bot creates a new one. "
                "Alerts that were not sent yet will then have no quote."
            ) from None

    def seal(self, excerpt: Excerpt) -> bytes:
        """Encrypt an excerpt."""
        document = json.dumps([excerpt.text[:LONGEST], excerpt.name])
        return self._fernet.encrypt(document.encode())

    def unseal(self, sealed: bytes | None) -> Excerpt:
        """Decrypt an excerpt. It is empty if there is none or if another key encrypted it."""
        if sealed is None:
            return Excerpt("", "")
        try:
            text, name = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            log.warning("excerpt not decrypted", reason="other key", effect="alert has no quote")
            return Excerpt("", "")
        return Excerpt(text, name)
