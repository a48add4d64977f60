"""Resumes the actions that an earlier process decided on but did not finish."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from bot.domain import Case, GuildId
from bot.enforcement.alerting import Alerting
from bot.retries import RefusedError, retry

log = structlog.stdlib.get_logger(__name__)


class Recovery:
    """Holds unfinished cases until Discord is connected, then passes them to the dispatcher.

    Each server is resumed separately, so that an unavailable one delays no other.
    """

    def __init__(self, alerting: Alerting, hand_on: Callable[[Sequence[Case]], None]) -> None:
        self._alerting = alerting
        self._hand_on = hand_on
        self._unfinished: list[Case] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def remember(self, unfinished: Sequence[Case]) -> None:
        """Hold the cases that the journal lists as unfinished."""
        self._unfinished = list(unfinished)

    def resume(self) -> None:
        """Start to resume the held cases, each only once."""
        by_server: dict[GuildId, list[Case]] = {}
        for case in self._unfinished:
            by_server.setdefault(case.id.guild, []).append(case)
        self._unfinished = []
        for guild, cases in by_server.items():
            log.info("unfinished actions resumed", guild_id=guild, cases=len(cases))
            task = asyncio.create_task(self._resume(cases), name=f"resume-{guild}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _resume(self, cases: Sequence[Case]) -> None:
        try:
            left = await retry("alert lookup", partial(self._alerting.mark_sent, cases))
        except RefusedError as error:
            log.warning("alert channel not read", reason=str(error))
            self._hand_on(cases)
        except Exception:
            # They stay pending on disk; passing them on could alert moderators twice.
            log.exception("cases left pending after an unforeseen error", cases=len(cases))
        else:
            self._hand_on(left)

    async def done(self) -> None:
        """Wait until all resumed cases have been passed on."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def stop(self) -> None:
        """Stop at once. The remaining cases stay pending in the journal."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
