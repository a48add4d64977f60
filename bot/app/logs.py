"""Structured logs. The bot's and the libraries' records take one chain to standard error."""

from __future__ import annotations

import logging
import os
import sys
import time

import structlog
from structlog.typing import Processor


class Repeats(logging.Filter):
    """Drops repeated messages of libraries. Half-open connections alone once logged 184 MB.

    Of each message, ``MOST`` pass in a minute. The next one says how many were dropped.
    """

    MOST = 10
    SECONDS = 60.0

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write a record. The bot's own records are always written."""
        if isinstance(record.msg, dict):
            return True
        key, now = (record.name, str(record.msg)[:200]), time.monotonic()
        since, count = self._seen.get(key, (now, 0))
        if now - since >= self.SECONDS:
            if count > self.MOST:
                record.msg = f"{record.msg} ({count - self.MOST} more were dropped)"
            since, count = now, 0
        self._seen[key] = (since, count + 1)
        while len(self._seen) > 1_000:  # noqa: PLR2004 - messages with numbers all differ
            del self._seen[next(iter(self._seen))]
        return count < self.MOST


def configure(level: str, style: str) -> None:
    """Send every log record to standard error.

    ``style`` is "json", one object a line, or "console", lines for people, or "auto": "console" on
    a terminal and "json" elsewhere. Tracebacks contain no local variables, which could hold a
    message's text or the token. discord.py stays at INFO or above, because its DEBUG lines contain
    whole payloads.
    """
    terminal = sys.stderr is not None and sys.stderr.isatty()
    if style == "auto":
        style = "console" if terminal else "json"
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
    ]
    final: list[Processor]
    if style == "json":
        tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        shared.append(structlog.processors.TimeStamper(fmt="iso", utc=True))
        final = [
            structlog.processors.ExceptionRenderer(tracebacks),
            structlog.processors.JSONRenderer(),
        ]
    else:
        shared.append(structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False))
        final = [
            structlog.dev.ConsoleRenderer(
                colors=terminal and "NO_COLOR" not in os.environ,
                exception_formatter=structlog.dev.plain_traceback,
                pad_event_to=0,
                pad_level=False,
            ),
        ]
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Repeats())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.PositionalArgumentsFormatter()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final],
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("discord", "aiosqlite", "asyncio"):
        logging.getLogger(name).setLevel(max(logging.INFO, logging.getLevelName(level)))
    # An access log would record who asked for a score, and when.
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
