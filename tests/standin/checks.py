"""Checks every request and answer against Discord's OpenAPI document, except known deviations."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiohttp import web

from tests.standin.deviations import is_known
from tests.standin.http import Form
from tests.standin.schema import Schema


class ViolationError(AssertionError):
    """A request or an answer violates Discord's document."""


@dataclass(frozen=True, slots=True)
class Checks:
    """Collects violations. Those that differ only in numbers are collected once."""

    schema: Schema | None
    violations: list[str]

    def request(self, request: web.Request, path: str, form: Form | None) -> None:
        if self.schema is not None:
            media = request.content_type if form is not None else ""
            for found in self.schema.request(request.method, path, request.query, media, form):
                self._note(found)

    def answer(self, request: web.Request, path: str, response: web.StreamResponse) -> None:
        if self.schema is not None and isinstance(response, web.Response):
            body = response.body if isinstance(response.body, bytes) else b""
            for found in self.schema.answer(
                request.method,
                path,
                response.status,
                response.headers.get("Content-Type", ""),
                body,
            ):
                self._note(found)

    def _note(self, found: str) -> None:
        if not is_known(found) and _shape(found) not in map(_shape, self.violations):
            self.violations.append(found)


def _shape(violation: str) -> str:
    return re.sub(r"\d+", "#", violation)
