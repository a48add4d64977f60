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
from bot.enforcement.actuators import Actuator, ServerUnavailableError
from bot.patience import until_written
from bot.store.sqlite import SqliteStore

log = structlog.stdlib.get_logger(__name__)

ORDER: Final = (Kind.DELETE, Kind.ALERT)
"""Deletion first: the message goes sooner, and the alert can say how the deletion went."""

RETRY_SECONDS: Final = (0.5, 2.0, 8.0, 30.0, 60.0)
"""Waits between attempts while Discord cannot be reached; the last one repeats until it can."""

RATE_LIMITED, SERVER_ERROR = 429, 500

PASSING: Final = (
    ServerUnavailableError,
    aiohttp.ClientError,
    OSError,
    TimeoutError,
)
"""What passes by itself, beside Discord's own errors and rate limits."""


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
        self._queues: dict[int, _Queue] = {}
        self._workers: dict[int, asyncio.Task[None]] = {}
        self._stopped = False
        self._problems: dict[tuple[int, Kind], str] = {}

    def problem(self, guild_id: int) -> str | None:
        """Return why the last deletion or alert of a server failed; ``None`` once one succeeds."""
        found = (self._problems.get((guild_id, kind)) for kind in Kind)
        return next((problem for problem in found if problem), None)

    def forget_problem(self, guild_id: int) -> None:
        """Forget what failed: a moderator has just put it right."""
        for kind in Kind:
            self._problems.pop((guild_id, kind), None)

    def hand_on(self, cases: Sequence[Case]) -> None:
        """Take cases over, without waiting. After ``stop`` they are left to the next start."""
        if self._stopped:
            return
        for case in cases:
            guild_id = case.decision.post.guild_id
            self._queues.setdefault(guild_id, _Queue()).put(case)
            if guild_id not in self._workers:
                self._workers[guild_id] = asyncio.create_task(
                    self._serve(guild_id), name=f"dispatch-{guild_id}"
                )

    async def drained(self) -> None:
        """Wait until nothing is left to do. Cancelling the wait cancels nothing else."""
        while self._workers:
            await asyncio.wait(self._workers.values())

    async def stop(self) -> None:
        """Give up what has not been done; it stays pending in the journal."""
        self._stopped = True
        workers = list(self._workers.values())
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def _serve(self, guild_id: int) -> None:
        queue = self._queues[guild_id]
        try:
            while (case := queue.get()) is not None:
                try:
                    further = await self._step(case)
                except Exception:
                    # One case must not hold up a server's others; it stays pending on disk.
                    log.exception(
                        "case left pending after an unforeseen error",
                        guild_id=guild_id,
                        message_id=case.decision.post.message_id,
                    )
                else:
                    if further is not None:
                        queue.put(further)
        finally:
            del self._workers[guild_id], self._queues[guild_id]

    async def _step(self, case: Case) -> Case | None:
        """Carry out a case's next action; return the case if another one is due."""
        if self._delay:
            await asyncio.sleep(self._delay)
        post = case.decision.post
        kind = _next_kind(case)
        if kind is not None:
            outcome = await self._attempt(kind, case)
            await until_written(partial(self._store.finish, post, kind, outcome), "outcome")
            self._tell(kind, post, outcome)
            case = replace(case, outcomes={**case.outcomes, kind: outcome})
        if _next_kind(case) is not None:
            return case
        if self._on_finished is not None:
            self._on_finished(post)
        return None

    async def _attempt(self, kind: Kind, case: Case) -> Outcome:
        carry_out = self._actuator.delete if kind is Kind.DELETE else self._actuator.alert
        attempt = 0
        while True:
            try:
                return await carry_out(case)
            except (*PASSING, discord.HTTPException) as error:
                if not _passes(error):
                    return Outcome(Status.FAILED, f"Discord refused it ({_reason(error)})")
                wait = RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)]
                log.warning("action put off", kind=kind, reason=_reason(error), wait_seconds=wait)
                attempt += 1
                await asyncio.sleep(wait)

    def _tell(self, kind: Kind, post: Post, outcome: Outcome) -> None:
        about = {"kind": kind, "guild_id": post.guild_id, "message_id": post.message_id}
        key = (post.guild_id, kind)
        if outcome.status is not Status.FAILED:
            self._problems.pop(key, None)
            log.info("action finished", status=outcome.status, **about)
            return
        if self._problems.get(key) != outcome.detail:
            # Once for each new reason: a busy server must not fill the log with one mistake.
            log.error("action failed", reason=outcome.detail, **about)
        self._problems[key] = outcome.detail


class _Queue:
    """A server's cases. Deletions go first: in a raid alerts would hold them up for minutes."""

    def __init__(self) -> None:
        self._by_kind: dict[Kind, deque[Case]] = {kind: deque() for kind in ORDER}

    def put(self, case: Case) -> None:
        kind = _next_kind(case)
        if kind is not None:
            self._by_kind[kind].append(case)

    def get(self) -> Case | None:
        for waiting in self._by_kind.values():
            if waiting:
                return waiting.popleft()
        return None


def _next_kind(case: Case) -> Kind | None:
    due = {reason.kind for reason in case.decision.reasons} - case.outcomes.keys()
    return next((kind for kind in ORDER if kind in due), None)


def _passes(error: BaseException) -> bool:
    """Tell what passes by itself from what would be refused again."""
    if isinstance(error, discord.HTTPException):
        return error.status == RATE_LIMITED or error.status >= SERVER_ERROR
    return True


def _reason(error: BaseException) -> str:
    """Name an error in a few words; an error page of Discord's would be thousands."""
    if isinstance(error, discord.HTTPException):
        return f"status {error.status}, code {error.code}"
    return type(error).__name__
