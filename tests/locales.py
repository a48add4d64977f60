"""People whose Discord client is set to another language than English."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from simcord import interactions


@contextmanager
def client_in(locale: str) -> Iterator[None]:
    """Have the simulated Discord send interactions from clients in a language; it has no option."""
    make = interactions.base_payload

    def payload(*args: Any, **kwargs: Any) -> Any:
        record, made = make(*args, **kwargs)
        return record, {**made, "locale": locale}

    interactions.base_payload = payload
    try:
        yield
    finally:
        interactions.base_payload = make
