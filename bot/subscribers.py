"""Telling others what happened, without waiting for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import structlog

log = structlog.stdlib.get_logger(__name__)
T = TypeVar("T")


class Subscribers(Generic[T]):
    """Callbacks that hear of something after it is on disk.

    They are called in order and must not wait; one that fails is logged and stops nobody.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._callbacks: list[Callable[[T], None]] = []

    def add(self, callback: Callable[[T], None]) -> None:
        """Have a callback hear of everything from now on."""
        self._callbacks.append(callback)

    def tell(self, news: T) -> None:
        """Call every callback."""
        for callback in self._callbacks:
            try:
                callback(news)
            except Exception:
                log.exception("subscriber failed", what=self._what)
