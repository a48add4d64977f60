"""Carries out journalled actions: each server in order, servers beside each other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import aiohttp
import discord
import structlog

from bot.domain import Case, Kind, Outcome, Post, Status
from bot.enforcement.actuators import Actuator
from bot.patience import until_written
from bot.store.sqlite import SqliteStore

log = structlog.stdlib.get_logger(__name__)

ORDER: Final = (Kind.DELETE, Kind.ALERT)
"""Deletion first: the message goes sooner, and the alert can say how the deletion went."""

RETRY_SECONDS: Final = (0.5, 2.0, 8.0)
"""Waits before another attempt at an action that failed for a passing reason."""

RETRIED: Final = (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError)


class Dispatcher:
    """Takes cases, oldest first, and has their actions carried out.

    One task a server that has something to do: a server whose channel is rate-limited waits by
    itself. An action is finished in the journal before the next one begins; what a stop or a
    crash leaves unfinished is pending there and is taken up at the next start. ``delay`` seconds
    pass before a case is taken up, where somebody is to see the message first.
    """

    def __init__(
        self,
        store: SqliteStore,
        actuator: Actuator,
        *,
        on_finished: Callable[[Post], None] | None = None,
        delay: float = 0.0,
    ) -> None:
        self._store = store
        self._actuator = actuator
        self._on_finished = on_finished
        self._delay = delay
        self._waiting: dict[int, deque[Case]] = {}
        self._workers: dict[int, asyncio.Task[None]] = {}
        self.problems: dict[int, str] = {}
        """By server, why its last action failed; gone once one succeeds."""

    def hand_on(self, cases: Sequence[Case]) -> None:
        """Take cases over, without waiting."""
        for case in cases:
            guild_id = case.decision.post.guild_id
            self._waiting.setdefault(guild_id, deque()).append(case)
            if guild_id not in self._workers:
                self._workers[guild_id] = asyncio.create_task(
                    self._serve(guild_id), name=f"dispatch-{guild_id}"
                )

    async def drained(self) -> None:
        """Wait until nothing is left to do."""
        while self._workers:
            await asyncio.gather(*self._workers.values())

    async def stop(self) -> None:
        """Give up what has not been done; it stays pending in the journal."""
        workers = list(self._workers.values())
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def _serve(self, guild_id: int) -> None:
        waiting = self._waiting[guild_id]
        try:
            while waiting:
                case = waiting.popleft()
                try:
                    await self._handle(case)
                except Exception:
                    # One case must not hold up a server's others; it stays pending on disk.
                    log.exception(
                        "case left pending after an unforeseen error",
                        guild_id=guild_id,
                        message_id=case.decision.post.message_id,
                    )
        finally:
            del self._workers[guild_id], self._waiting[guild_id]

    async def _handle(self, case: Case) -> None:
        post = case.decision.post
        if self._delay:
            await asyncio.sleep(self._delay)
        due = {reason.kind for reason in case.decision.reasons} - case.outcomes.keys()
        for kind in ORDER:
            if kind not in due:
                continue
            outcome = await self._attempt(kind, case)
            await until_written(partial(self._store.finish, post, kind, outcome), "outcome")
            self._tell(kind, post, outcome)
            case = replace(case, outcomes={**case.outcomes, kind: outcome})
        if self._on_finished is not None:
            self._on_finished(post)

    async def _attempt(self, kind: Kind, case: Case) -> Outcome:
        carry_out = self._actuator.delete if kind is Kind.DELETE else self._actuator.alert
        for wait in (*RETRY_SECONDS, None):
            try:
                return await carry_out(case)
            except RETRIED as error:
                if wait is None:
                    return Outcome(Status.FAILED, f"Discord did not answer well: {error}")
                log.warning("action failed, trying again", kind=kind, wait_seconds=wait)
                await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns")

    def _tell(self, kind: Kind, post: Post, outcome: Outcome) -> None:
        about = {"kind": kind, "guild_id": post.guild_id, "message_id": post.message_id}
        if outcome.status is not Status.FAILED:
            self.problems.pop(post.guild_id, None)
            log.info("action finished", status=outcome.status, **about)
        else:
            if self.problems.get(post.guild_id) != outcome.detail:
                # Once for each new reason: a busy server must not fill the log with one mistake.
                log.error("action failed", reason=outcome.detail, **about)
            self.problems[post.guild_id] = outcome.detail
