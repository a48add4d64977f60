"""Callbacks for events, called without waiting for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import structlog

log = structlog.stdlib.get_logger(__name__)
T = TypeVar("T")


class Subscribers(Generic[T]):
    """Callbacks that are called after something has been written to disk.

    They are called in order and must not block. If one fails, it is logged and the others are still
    called.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._callbacks: list[Callable[[T], None]] = []

    def add(self, callback: Callable[[T], None]) -> None:
        """Add a callback for everything from now on."""
        self._callbacks.append(callback)

    def tell(self, news: T) -> None:
        """Call every callback."""
        for callback in self._callbacks:
            try:
                callback(news)
            except Exception:
                log.exception("subscriber failed", what=self._what)
