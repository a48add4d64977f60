"""Carries out journalled actions: each server in order, servers beside each other."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import discord
import structlog

from bot.domain import Case, Kind, Note, Outcome, Post, Status
from bot.platform.actuators import Actuator, Alerting
from bot.platform.retries import PASSING, patiently, reason_of
from bot.policy.book import PolicyBook
from bot.store.patience import Patience
from bot.store.sqlite.journal import Journal

log = structlog.stdlib.get_logger(__name__)

ORDER: Final = (Kind.DELETE, Kind.TIMEOUT, Kind.ALERT)
"""Deletion first: the message goes sooner, and the alert can say how everything went."""

AT_ONCE: Final = {Kind.DELETE: 100, Kind.TIMEOUT: 100, Kind.ALERT: 25}
"""Actions that are carried out together. Discord deletes up to 100 messages in one request; alerts
may need a request each, and deletions wait for them."""

REFUSALS: Final = 5
PAUSE_SECONDS: Final = 300.0
"""After so many refusals in a row nothing of the kind is asked for so long in that server."""

NOTICE_SECONDS: Final = 86_400.0
"""Between two notices to a server that alerts do not reach its moderators."""
NOTICE_AGAIN_SECONDS: Final = 60.0
"""After one that could not be sent."""


class Dispatcher:
    """Takes cases, oldest first, and has their actions carried out.

    One task a server that has something to do: a server whose channel is rate-limited waits by
    itself. Actions that can be done in one request are; they are finished in the journal before
    the next ones begin. What a stop or a crash leaves unfinished is pending there and is taken up
    at the next start. ``delay`` seconds pass before a case is taken up, where somebody is to see
    the message first.
    """

    def __init__(
        self,
        journal: Journal,
        book: PolicyBook,
        alerting: Alerting,
        *,
        enforcing: Actuator,
        observing: Actuator,
        patience: Patience,
        on_finished: Callable[[Post], None] | None = None,
        delay: float = 0.0,
    ) -> None:
        self._journal = journal
        self._book = book
        self._alerting = alerting
        self._enforcing = enforcing
        self._observing = observing
        self._patience = patience
        self._on_finished = on_finished
        self._delay = delay
        self._queues: dict[int, _Queue] = {}
        self._workers: dict[int, asyncio.Task[None]] = {}
        self._stopped = False
        self._problems: dict[tuple[int, Kind], Note] = {}
        self._noticed: dict[int, float] = {}
        self._notices: set[asyncio.Task[None]] = set()
        self._refusals: dict[tuple[int, Kind], _Refusals] = {}

    def problem(self, guild_id: int) -> Note | None:
        """Return why the last action of a server failed; ``None`` once one of its kind succeeds."""
        found = (self._problems.get((guild_id, kind)) for kind in Kind)
        return next((problem for problem in found if problem), None)

    def forget_problem(self, guild_id: int) -> None:
        """Forget what failed: a moderator has just put it right."""
        for kind in Kind:
            self._problems.pop((guild_id, kind), None)
            self._refusals.pop((guild_id, kind), None)

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
        workers = [*self._workers.values(), *self._notices]
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def _serve(self, guild_id: int) -> None:
        queue = self._queues[guild_id]
        try:
            while (taken := queue.take()) is not None:
                kind, cases = taken
                try:
                    further = await self._step(guild_id, kind, cases)
                except Exception:
                    # A few cases must not hold up a server's others; they stay pending on disk.
                    log.exception(
                        "cases left pending after an unforeseen error",
                        guild_id=guild_id,
                        message_ids=[case.decision.post.message_id for case in cases],
                    )
                else:
                    for case in further:
                        queue.put(case)
        finally:
            del self._workers[guild_id], self._queues[guild_id]

    async def _step(self, guild_id: int, kind: Kind, cases: Sequence[Case]) -> list[Case]:
        """Carry out one action of some cases; return those that have another one to come."""
        if self._delay:
            await asyncio.sleep(self._delay)
        groups: Sequence[Post] = ()
        outcomes: Sequence[Outcome]
        refusals = self._refusals.setdefault((guild_id, kind), _Refusals())
        try:
            if refusals.tripped():
                outcomes = [Outcome(Status.FAILED, Note("failed.paused"))] * len(cases)
            elif kind is Kind.ALERT:
                outcomes, groups = await patiently(kind, partial(self._alerting.alert, cases))
            else:
                enforcing = self._book.of(guild_id).enforcing
                actuator = self._enforcing if enforcing else self._observing
                act = actuator.delete if kind is Kind.DELETE else actuator.time_out
                outcomes = await patiently(kind, partial(act, cases))
        except discord.HTTPException as error:
            refused = Outcome(Status.FAILED, Note("failed.refused", {"reason": reason_of(error)}))
            outcomes = [refused] * len(cases)
        refusals.note(outcomes)
        await self._patience.until_written(
            partial(self._journal.finish, cases, kind, outcomes, groups), "outcome"
        )
        further = []
        for case, outcome in zip(cases, outcomes, strict=True):
            self._tell(kind, case.decision.post, outcome)
            after = replace(case, outcomes={**case.outcomes, kind: outcome})
            if _next_kind(after) is not None:
                further.append(after)
            elif self._on_finished is not None:
                self._on_finished(case.decision.post)
        problem = self._problems.get((guild_id, kind))
        if kind is Kind.ALERT and problem is not None:
            self._complain(guild_id, problem)
        return further

    def _complain(self, guild_id: int, problem: Note) -> None:
        """Tell moderators, once a day, that alerts do not reach them; nothing waits for that."""
        now = time.monotonic()
        if now - self._noticed.get(guild_id, -NOTICE_SECONDS) < NOTICE_SECONDS:
            return
        self._noticed[guild_id] = now

        async def send() -> None:
            try:
                await self._alerting.complain(guild_id, problem)
            except (*PASSING, discord.HTTPException) as error:
                log.warning("notice not sent", guild_id=guild_id, reason=reason_of(error))
                self._noticed[guild_id] = now - NOTICE_SECONDS + NOTICE_AGAIN_SECONDS

        task = asyncio.create_task(send(), name=f"notice-{guild_id}")
        self._notices.add(task)
        task.add_done_callback(self._notices.discard)

    def _tell(self, kind: Kind, post: Post, outcome: Outcome) -> None:
        about = {"kind": kind, "guild_id": post.guild_id, "message_id": post.message_id}
        key = (post.guild_id, kind)
        note = outcome.note
        if outcome.status is not Status.FAILED or note is None:
            self._problems.pop(key, None)
            log.info("action finished", status=outcome.status, **about)
            return
        if self._problems.get(key) != note:
            # Once for each new reason: a busy server must not fill the log with one mistake.
            log.error("action failed", reason=note.key, values=dict(note.values), **about)
        self._problems[key] = note


class _Refusals:
    """A circuit breaker: what Discord refuses again and again is not asked for a while.

    10,000 refused requests in ten minutes get the whole address banned, and a busy server with a
    permission missing could make them alone.
    """

    def __init__(self) -> None:
        self._in_a_row = 0
        self._paused_until = 0.0

    def tripped(self) -> bool:
        """Return whether nothing is to be asked just now."""
        return time.monotonic() < self._paused_until

    def note(self, outcomes: Sequence[Outcome]) -> None:
        """Count what was refused; anything that succeeded begins anew."""
        for outcome in outcomes:
            if outcome.status is not Status.FAILED:
                self._in_a_row = 0
            elif outcome.note is not None and outcome.note.key == "failed.refused":
                self._in_a_row += 1
        if self._in_a_row >= REFUSALS and not self.tripped():
            self._paused_until = time.monotonic() + PAUSE_SECONDS
            self._in_a_row = 0


class _Queue:
    """A server's cases. Deletions go first: in a raid alerts would hold them up for minutes."""

    def __init__(self) -> None:
        self._by_kind: dict[Kind, deque[Case]] = {kind: deque() for kind in ORDER}

    def put(self, case: Case) -> None:
        kind = _next_kind(case)
        if kind is not None:
            self._by_kind[kind].append(case)

    def take(self) -> tuple[Kind, list[Case]] | None:
        """Take out what is to be done next: the oldest case, and those that go with it."""
        for kind, waiting in self._by_kind.items():
            if waiting:
                first = _together(kind, waiting[0])
                taken = [case for case in waiting if _together(kind, case) == first][
                    : AT_ONCE[kind]
                ]
                chosen = set(map(id, taken))
                self._by_kind[kind] = deque(case for case in waiting if id(case) not in chosen)
                return kind, taken
        return None


def _together(kind: Kind, case: Case) -> int:
    """Return what cases have in common that one request can deal with."""
    post = case.decision.post
    if kind is Kind.DELETE:
        return post.channel_id
    return post.author_id if kind is Kind.TIMEOUT else post.channel_id


def _next_kind(case: Case) -> Kind | None:
    due = {reason.kind for reason in case.decision.reasons} - case.outcomes.keys()
    return next((kind for kind in ORDER if kind in due), None)
