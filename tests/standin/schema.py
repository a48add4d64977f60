"""Checks requests and answers against Discord's published OpenAPI document.

JSON Schema allows unknown fields. Here a field that the document does not list is an error: Discord
would ignore it in a request, and no bot may rely on it in an answer.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

from tests.standin.http import JSON, Form

ABSENT = "DISCORD_OPENAPI is not set: requests and answers are not checked"
SERVER_ERROR = 500
FILE = re.compile(r"files\[\d\]")
FORMATS = FormatChecker(formats=())
Validator = Any  # the stubs lack the return type of extend()


@FORMATS.checks("date-time", raises=ValueError)
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("uri")
def _is_address(value: object) -> bool:
    return not isinstance(value, str) or "://" in value


@FORMATS.checks("nonce")
def _is_nonce(value: object) -> bool:
    return not isinstance(value, str) or len(value) <= 25


def _closed(
    validator: Validator, known: list[str], instance: object, schema: object
) -> Iterator[ValidationError]:
    """Report the fields that an object's schema does not list."""
    del validator, schema
    if isinstance(instance, dict):
        for name in instance.keys() - set(known):
            yield ValidationError(f"unknown field {name!r}")


def _one_of(
    validator: Validator, branches: list[dict[str, Any]], instance: object, schema: dict[str, Any]
) -> Iterator[ValidationError]:
    """Report the errors of the branch that the field ``type`` selects."""
    del schema
    meant = [branch for branch in branches if _may_be(branch, instance)]
    if len(meant) == 1:
        yield from validator.descend(instance, meant[0])
    elif not any(validator.evolve(schema=branch).is_valid(instance) for branch in meant):
        tried = [list(validator.descend(instance, branch)) for branch in meant]
        closest = min(tried, key=len, default=[])
        yield from closest or [ValidationError("matches none of the alternatives")]


def _may_be(branch: dict[str, Any], instance: object) -> bool:
    kinds = branch.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if (instance is None) != ("null" in kinds) and kinds:
        return False
    if not isinstance(instance, dict) or "type" not in instance:
        return True
    wanted = branch.get("properties", {}).get("type", {}).get("enum")
    return wanted is None or instance["type"] in wanted


_Checker: Any = validators.extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"closed": _closed, "oneOf": _one_of, "anyOf": _one_of}
)


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path: the schemas of its request and its answers."""

    name: str
    parameters: dict[str, Validator]
    required: frozenset[str]
    body: Validator | None
    media: frozenset[str]
    answers: dict[str, Validator | None]


class Schema:
    """All operations of the document, each compiled when it is first used."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._operations: dict[tuple[str, str], Operation] = {}
        self._prepared: dict[int, Any] = {}
        self._open = _parts_of_others(document["components"]["schemas"])
        self._templates: dict[int, list[tuple[str, list[str]]]] = {}
        for template in document["paths"]:
            parts = template.split("/")
            self._templates.setdefault(len(parts), []).append((template, parts))
        for found in self._templates.values():
            # Literal parts of a path take precedence over parameters.
            found.sort(key=lambda pair: [part.startswith("{") for part in pair[1]])

    def operation(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation of a request and the values in its path, or ``None`` if unknown."""
        parts = path.split("/")
        for template, names in self._templates.get(len(parts), ()):
            pairs = list(zip(names, parts, strict=True))
            if method.lower() in self._document["paths"][template] and all(
                name.startswith("{") or name == part for name, part in pairs
            ):
                values = {name[1:-1]: part for name, part in pairs if name.startswith("{")}
                return self._compiled(template, method.lower()), values
        return None

    def request(
        self, method: str, path: str, query: Mapping[str, str], media: str, form: Form | None
    ) -> Iterator[str]:
        """Yield a request's violations of the document."""
        found = self.operation(method, path)
        if found is None:
            yield f"{method} {path}: no such operation"
            return
        operation, values = found
        start = f"{operation.name} request"
        for problem in _about_parameters(operation, {**values, **query}):
            yield f"{start} {problem}"
        for problem in _about_form(operation, media, form):
            yield f"{start} {problem}"

    def answer(self, method: str, path: str, status: int, media: str, body: bytes) -> Iterator[str]:
        """Yield an answer's violations of the document."""
        found = self.operation(method, path)
        if found is None or status >= SERVER_ERROR:
            return  # the document does not describe Discord's own failures
        operation, _ = found
        start = f"{operation.name} answer {status}"
        code = next((c for c in (str(status), f"{status // 100}XX") if c in operation.answers), "")
        if not code:
            yield f"{start}: unknown status"
            return
        validator = operation.answers[code]
        if validator is None:
            if body:
                yield f"{start} body: must be empty"
            return
        if media != JSON:
            yield f"{start} media type {media!r}: unknown"
        for problem in _problems(validator, json.loads(body)):
            yield f"{start} body{problem}"

    def _compiled(self, template: str, method: str) -> Operation:
        key = template, method
        if key not in self._operations:
            path = self._document["paths"][template]
            found = path[method]
            parameters = [*path.get("parameters", []), *found.get("parameters", [])]
            content = found.get("requestBody", {}).get("content", {})
            self._operations[key] = Operation(
                name=found["operationId"],
                parameters={p["name"]: self._validator(p["schema"]) for p in parameters},
                required=frozenset(p["name"] for p in parameters if p.get("required")),
                body=self._validator(content[JSON]["schema"]) if JSON in content else None,
                media=frozenset(content),
                answers={
                    status: self._answer(self._resolved(answer))
                    for status, answer in found["responses"].items()
                },
            )
        return self._operations[key]

    def _answer(self, answer: dict[str, Any]) -> Validator | None:
        content = answer.get("content", {})
        return self._validator(content[JSON]["schema"]) if JSON in content else None

    def _validator(self, schema: dict[str, Any]) -> Validator:
        return _Checker(self._prepare(schema), format_checker=FORMATS)

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            reference: str = node["$ref"]
            node = self._document
            for name in reference.removeprefix("#/").split("/"):
                node = node[name]
        return node

    def _prepare(self, node: Any) -> Any:
        """Return a schema without references, with closed objects and with constants as ``enum``.

        It is as cyclic as the document, which is harmless because every checked value is finite.
        """
        if isinstance(node, list):
            return [self._prepare(item) for item in node]
        if not isinstance(node, dict):
            return node
        node = self._resolved(node)
        if id(node) in self._prepared:
            return self._prepared[id(node)]
        made: dict[str, Any] = {}
        self._prepared[id(node)] = made
        constants = [item.get("const") for item in node.get("oneOf", ())]
        for name, value in node.items():
            if name == "oneOf" and None not in constants:
                made["enum"] = constants
            elif name == "properties":
                made[name] = {field: self._prepare(schema) for field, schema in value.items()}
            elif name in _KEPT:
                made[name] = self._prepare(value)
        if (
            "properties" in node
            and "additionalProperties" not in node
            and id(node) not in self._open
        ):
            made["closed"] = list(node["properties"])
        return made


_KEPT = {
    "type", "enum", "const", "format", "pattern", "minimum", "maximum", "minLength", "maxLength",
    "items", "minItems", "maxItems", "uniqueItems", "required", "additionalProperties",
    "minProperties", "maxProperties", "allOf", "anyOf", "oneOf",
}  # fmt: skip
"""The keywords that are checked, unlike titles and descriptions."""


def _parts_of_others(schemas: dict[str, Any]) -> set[int]:
    """Return the schemas inside an ``allOf``, which do not list all fields of an object."""
    found = set()
    waiting: list[Any] = list(schemas.values())
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            for part in node.get("allOf", ()):
                name = part.get("$ref", "").removeprefix("#/components/schemas/")
                found.add(id(schemas[name] if name else part))
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return found


def _about_parameters(operation: Operation, given: Mapping[str, str]) -> Iterator[str]:
    for name, value in given.items():
        validator = operation.parameters.get(name)
        if validator is None:
            yield f"{name}: unknown parameter"
        else:
            for problem in _problems(validator, _read(value, validator.schema)):
                yield f"{name}{problem}"
    for name in operation.required - given.keys():
        yield f"{name}: missing"


def _about_form(operation: Operation, media: str, form: Form | None) -> Iterator[str]:
    if form is None:
        if operation.body is not None:
            yield "body: missing"
        return
    if operation.body is None:
        yield "body: must be empty"
        return
    if media not in operation.media:
        yield f"media type {media!r}: unknown"
    for name in form.files:
        if not FILE.fullmatch(name):
            yield f"part {name!r}: unknown"
    for problem in _problems(operation.body, form.body):
        yield f"body{problem}"


def _read(value: str, schema: Any) -> Any:
    """Return a parameter of a path or query, converted from text to its type."""
    kind = schema.get("type")
    if kind == "integer" and re.fullmatch(r"-?\d+", value):
        return int(value)
    if kind == "boolean" and value in {"true", "false"}:
        return value == "true"
    return value


def _problems(validator: Validator, instance: Any) -> Iterator[str]:
    for error in validator.iter_errors(instance):
        where = "".join(f"/{part}" for part in error.absolute_path)
        yield f"{where}: {error.message[:200]}"


def published() -> Schema | None:
    """Return the document at the path ``DISCORD_OPENAPI``, or ``None`` if that is not set."""
    path = os.environ.get("DISCORD_OPENAPI")
    return _loaded(Path(path)) if path else None


@lru_cache(maxsize=1)
def _loaded(path: Path) -> Schema:
    return Schema(json.loads(path.read_text(encoding="utf-8")))
