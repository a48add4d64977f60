"""Structured logs: the bot's own and the libraries' through one chain, to standard error."""

from __future__ import annotations

import logging
import sys
import time

import structlog
from structlog.typing import Processor


class Repeats(logging.Filter):
    """Drops what a library logs again and again: half-open connections alone wrote 184 MB once.

    Of one message ``MOST`` a minute pass; how many were dropped is said with the next one.
    """

    MOST = 10
    SECONDS = 60.0

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is to be written. The bot's own always are."""
        if isinstance(record.msg, dict):
            return True
        key, now = (record.name, str(record.msg)[:200]), time.monotonic()
        since, count = self._seen.get(key, (now, 0))
        if now - since >= self.SECONDS:
            if count > self.MOST:
                record.msg = f"{record.msg} (and {count - self.MOST} times more in between)"
            since, count = now, 0
        self._seen[key] = (since, count + 1)
        while len(self._seen) > 1_000:  # noqa: PLR2004 - messages that hold numbers are many
            del self._seen[next(iter(self._seen))]
        return count < self.MOST


def configure(level: str, style: str) -> None:
    """Send every log record to standard error, as JSON lines or, with "console", for reading.

    Tracebacks carry no local variables, which could hold a message's text or the token, and
    discord.py stays at INFO or above, because its DEBUG lines contain whole payloads.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    final: list[Processor]
    if style == "json":
        tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        final = [
            structlog.processors.ExceptionRenderer(tracebacks),
            structlog.processors.JSONRenderer(),
        ]
    else:
        final = [
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
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
    # Each access-log line would tell who asked what when; /predict's callers need no journal.
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
