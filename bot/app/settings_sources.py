"""The sources of settings: a TOML file, the files of a secrets folder, the environment."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from bot.errors import OperatorError

PREFIX: Final = "BELLWETHER_"
SECRETS_DIR_VARIABLE: Final = "BELLWETHER_SECRETS_DIR"
DEFAULT_SECRETS_DIR: Final = Path("/run/secrets")
PLACE: Final = re.compile(
    r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$"
)


def table_from(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file. Raises ``OperatorError`` that says what to do."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise OperatorError(
            f"cannot read {path}: {error.strerror}. Copy config.example.toml there and edit it, "
            "or name another file with --config."
        ) from None
    except UnicodeDecodeError as error:
        raise OperatorError(
            f"{path} is not UTF-8 text (byte {error.start}). Save it as UTF-8."
        ) from None
    except tomllib.TOMLDecodeError as error:
        # The line is not shown, because it could contain the token.
        place = PLACE.search(str(error))
        where = "its end"
        if place is not None and place["line"] is not None:
            where = f"line {place['line']}, column {place['column']}"
        what = PLACE.sub("", str(error)).rstrip(".")
        raise OperatorError(
            f"{path} is not valid TOML at {where}: {what}. Write key = value, with texts in "
            "quotes, as in config.example.toml."
        ) from None


def secrets_folder() -> Path:
    """Return the folder of secret files. Raises ``OperatorError`` for one that does not exist."""
    named = os.environ.get(SECRETS_DIR_VARIABLE)
    if named and not Path(named).is_dir():
        raise OperatorError(
            f"{SECRETS_DIR_VARIABLE} is {named!r}, which is not a folder. Name a folder, or unset it."
        )
    return Path(named) if named else DEFAULT_SECRETS_DIR


def values_from_secrets(folder: Path) -> dict[str, Any]:
    """Return the settings from files that are named like variables. Raises ``OperatorError``."""
    found: dict[str, Any] = {}
    for file in secret_files(folder):
        try:
            value = file.read_bytes().decode("utf-8-sig").strip()
        except OSError as error:
            raise OperatorError(
                f"cannot read the secret file {file}: {error.strerror}. Let this user read it."
            ) from None
        except UnicodeDecodeError:
            raise OperatorError(
                f"the secret file {file} is not UTF-8 text. Save it as UTF-8."
            ) from None
        *tables, key = file.name[len(PREFIX) :].lower().split("__")
        table = found
        for name in tables:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise _both_value_and_table(file)
        if isinstance(table.get(key), dict):
            raise _both_value_and_table(file)
        table[key] = value
    return found


def _both_value_and_table(file: Path) -> OperatorError:
    return OperatorError(
        f"the secret file {file} does not fit the others: one of them sets a whole section, another "
        "a key in it. Remove one of the two."
    )


def secret_files(folder: Path) -> list[Path]:
    """Return a folder's files whose names begin like a setting's. Raises ``OperatorError``."""
    try:
        entries = sorted(folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise OperatorError(
            f"cannot read the secrets folder {folder}: {error.strerror}. Let this user read it."
        ) from None
    return [entry for entry in entries if entry.name.upper().startswith(PREFIX)]
