"""Errors about invalid settings, with the source, the key, the value and what is allowed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from bot.app.settings_sources import PREFIX, SECRETS_DIR_VARIABLE, secret_files
from bot.errors import OperatorError

LONGEST_SHOWN: Final = 60

Key = tuple[str, ...]


def check_names(settings: type[BaseModel]) -> None:
    """Raise ``OperatorError`` for a variable with our prefix that belongs to no section."""
    sections = tuple(f"{PREFIX}{name.upper()}__" for name in settings.model_fields)
    known = {f"{PREFIX}{'__'.join(key).upper()}" for key in keys(settings)}
    for variable in os.environ:
        name = variable.upper()
        if not name.startswith(PREFIX) or name == SECRETS_DIR_VARIABLE or name.startswith(sections):
            continue
        if name in {section.removesuffix("__") for section in sections}:
            raise OperatorError(
                f"the environment variable {variable} names a whole section. Set its keys one by "
                f"one, for example {next(each for each in sorted(known) if each.startswith(name))}."
            )
        raise OperatorError(
            f"the environment variable {variable} is not a setting. "
            + (_did_you_mean(name, known) or f"Settings are written {PREFIX}SECTION__KEY; ")
            + f"the sections are {', '.join(settings.model_fields)}."
        )


def section_set_as_a_whole(error: Exception) -> str:
    """Return the error for a variable that contains a table. It never shows the value."""
    return f"{error}: set the keys of a section one by one, for example {PREFIX}DISCORD__TOKEN."


def keys(model: type[BaseModel], prefix: Key = ()) -> list[Key]:
    """Return the path of every setting."""
    found: list[Key] = []
    for name, field in model.model_fields.items():
        section = _section(field)
        found += keys(section, (*prefix, name)) if section else [(*prefix, name)]
    return found


def explain(
    error: ValidationError, settings: type[BaseModel], path: Path | None, secrets: Path
) -> str:
    """Return one line for each invalid setting."""
    lines_by_key: dict[Key, str] = {}
    for problem in error.errors(include_url=False, include_context=False):
        key, field, section = _field_at(problem["loc"], settings)
        source = source_of(key, path, secrets)
        if problem["type"] == "extra_forbidden":
            lines_by_key[key] = f"{source}: {'.'.join(key)} is not a setting. " + _known_instead(
                key, section, settings
            )
        elif field is not None:
            shown = _shown(key, problem["input"])
            lines_by_key[key] = (
                f"{source}: {'.'.join(key)} = {shown} is not valid. "
                f"Use {allowed(field)}.{_did_you_mean_choice(field, problem['input'])}"
            )
    return in_lines(list(lines_by_key.values()))


def in_lines(lines: Sequence[str]) -> str:
    """Return what is wrong as one text, with a heading if it is more than one thing."""
    if len(lines) == 1:
        return lines[0]
    return f"{len(lines)} settings cannot be used:\n" + "\n".join(f"  {line}" for line in lines)


def allowed(field: FieldInfo) -> str:
    """Return in words which values a setting can have."""
    if (section := _section(field)) is not None:
        return f"a table with the keys {', '.join(section.model_fields)}"
    return _or(_allowed(field.annotation, field.metadata))


def _allowed(annotation: Any, metadata: Iterable[Any]) -> list[str]:  # noqa: ANN401
    """Return in words each kind of value that an annotation allows."""
    metadata, origin, parts = list(metadata), get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        for part in parts[1:]:
            metadata += part.metadata if isinstance(part, FieldInfo) else [part]
        return _allowed(parts[0], metadata)
    if origin in (Union, UnionType):
        return [a for part in parts if part is not type(None) for a in _allowed(part, metadata)]
    if origin is Literal:
        return [f'"{choice}"' for choice in parts]
    if annotation in (int, float):
        least = next(item.ge for item in metadata if isinstance(item, Ge))
        most = next(item.le for item in metadata if isinstance(item, Le))
        kind = "a whole number" if annotation is int else "a number"
        return [f"{kind} from {least} to {most}"]
    schemes = [f"{name}://" for item in metadata for name in getattr(item, "schemes", ())]
    if schemes:
        return [f"an address with a host that begins with {_or(schemes)}"]
    named = {bool: ["true", "false"], Path: ["a path, as text in quotes"]}
    return named.get(annotation, ["text in quotes"])


def _or(parts: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def _section(field: FieldInfo) -> type[BaseModel] | None:
    found = field.annotation
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def _field_at(
    location: tuple[int | str, ...], settings: type[BaseModel]
) -> tuple[Key, FieldInfo | None, type[BaseModel]]:
    """Return the key that a problem is about, its field if there is one, and its section.

    If a value can have several types, pydantic's location also names the type; that is left out.
    """
    section, key, field = settings, [], None
    for part in map(str, location):
        key.append(part)
        field = section.model_fields.get(part)
        inner = _section(field) if field is not None else None
        if inner is None:
            break
        section = inner
    return tuple(key), field, section


def source_of(key: Key, path: Path | None, secrets: Path) -> str:
    """Return the strongest source that has a key, which is where its value came from."""
    name = f"{PREFIX}{'__'.join(key)}".upper()
    for variable in os.environ:
        if variable.upper() == name or variable.upper().startswith(f"{name}__"):
            return f"the environment variable {variable}"
    if key == ("http", "port") and os.environ.get("PORT"):
        return "the environment variable PORT"
    for file in secret_files(secrets):
        if file.name.upper() == name:
            return f"the secret file {file}"
    return str(path) if path is not None else "the settings"


def _shown(key: Key, value: object) -> str:
    """Return a value as it is shown, or "(hidden)" if it could be a secret."""
    if key in {("discord",), ("discord", "token")} or isinstance(value, SecretStr):
        return "(hidden)"
    if isinstance(value, str):
        shown = '"' + "".join(c if c.isprintable() else "?" for c in value) + '"'
    elif isinstance(value, bool):
        shown = str(value).lower()
    elif isinstance(value, dict):
        shown = "a table"
    else:
        shown = repr(value)
    if "@" in shown:  # an address with a password
        return "(hidden)"
    return shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}…"


def _known_instead(key: Key, section: type[BaseModel], settings: type[BaseModel]) -> str:
    """Return the known key that an unknown key resembles, or else all keys of its section."""
    if suggestion := _did_you_mean(key[-1], section.model_fields):
        return suggestion.rstrip()
    elsewhere = sorted({".".join(k) for k in keys(settings) if k[-1] == key[-1]})
    if len(elsewhere) == 1:
        return f"Did you mean {elsewhere[0]}, in the table [{elsewhere[0].rpartition('.')[0]}]?"
    where = ".".join(key[:-1])
    return f"Known {f'in [{where}]' if where else 'tables'}: {', '.join(section.model_fields)}."


def _did_you_mean_choice(field: FieldInfo, value: object) -> str:
    choices = [c for part in _literals(field.annotation) for c in get_args(part)]
    near = _near(value, choices) if isinstance(value, str) else None
    return f' Did you mean "{near}"?' if near else ""


def _literals(annotation: Any) -> list[Any]:  # noqa: ANN401
    if get_origin(annotation) is Literal:
        return [annotation]
    return [found for part in get_args(annotation) for found in _literals(part)]


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    near = _near(name, known)
    return f"Did you mean {near}? " if near else ""


def _near(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most similar in any case, or ``None`` if none is similar."""
    by_lower = {each.lower(): each for each in known}
    near = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.7)
    return by_lower[near[0]] if near else None
