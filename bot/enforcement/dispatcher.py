"""Carries out journalled actions: each server in order, servers and kinds beside each other."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import structlog

from bot.domain import Case, CaseId, ChannelId, GuildId, Kind, Mode, Note, Outcome, Status, failed
from bot.enforcement.actuators import Actuator
from bot.enforcement.alert_channel import AlertChannel
from bot.enforcement.alerting import Alerting
from bot.enforcement.breaker import REFUSALS_IN_A_SERVER, Breaker
from bot.policy.book import PolicyBook
from bot.retries import PASSING, RefusedError, patiently
from bot.store.patience import Patience
from bot.store.ports import Journal
from bot.subscribers import Subscribers

log = structlog.stdlib.get_logger(__name__)

ORDER: Final = (Kind.DELETE, Kind.TIMEOUT, Kind.ALERT)
"""Deletion first: the message goes sooner, and the alert can say how everything went."""

AT_ONCE: Final = {Kind.DELETE: 100, Kind.TIMEOUT: 100, Kind.ALERT: 25}
"""Actions that are carried out together. Discord deletes up to 100 messages in one request; alerts
may need a request each."""

NOTICE_SECONDS: Final = 86_400.0
"""Between two notices to a server that alerts do not reach its moderators."""
NOTICE_AGAIN_SECONDS: Final = 60.0
"""After one that could not be sent."""

Lane = tuple[GuildId, Kind]


class Dispatcher:
    """Takes cases, oldest first, and has their actions carried out.

    One task for each kind of action that a server has to do: a server whose channel is rate-limited
    waits by itself, and an alert that cannot be sent holds up no deletion. A case passes from kind
    to kind in ``ORDER``. Actions that can be done in one request are; they are finished in the
    journal before the next ones begin. What a stop or a crash leaves unfinished is pending there
    and is taken up at the next start.
    """

    def __init__(
        self,
        journal: Journal,
        book: PolicyBook,
        alerting: Alerting,
        channel: AlertChannel,
        *,
        enforcing: Actuator,
        observing: Actuator,
        patience: Patience,
    ) -> None:
        self._journal = journal
        self._book = book
        self._alerting = alerting
        self._channel = channel
        self._enforcing = enforcing
        self._observing = observing
        self._patience = patience
        self.finished: Subscribers[Case] = Subscribers("finished cases")
        """Hear of each case whose last action has ended."""
        self._queues: dict[Lane, deque[Case]] = {}
        self._workers: dict[Lane, asyncio.Task[None]] = {}
        self._stopped = False
        self._problems: dict[Lane, Note] = {}
        self._noticed: dict[GuildId, float] = {}
        self._notices: set[asyncio.Task[None]] = set()
        self._breakers: dict[tuple[GuildId, Kind, ChannelId | None], Breaker] = {}

    def problem(self, guild: GuildId) -> Note | None:
        """Return why the last action of a server failed; ``None`` once one of its kind succeeds."""
        found = (self._problems.get((guild, kind)) for kind in Kind)
        return next((problem for problem in found if problem), None)

    def forget_problem(self, guild: GuildId) -> None:
        """Forget what failed: a moderator has just put it right."""
        for kind in Kind:
            self._problems.pop((guild, kind), None)
        for key in [key for key in self._breakers if key[0] == guild]:
            del self._breakers[key]

    def hand_on(self, cases: Sequence[Case]) -> None:
        """Take cases over, without waiting. After ``stop`` they are left to the next start."""
        if self._stopped:
            return
        for case in cases:
            self._put(case)

    def _put(self, case: Case) -> None:
        kind = _next_kind(case)
        if kind is None:
            return
        lane = case.id.guild, kind
        self._queues.setdefault(lane, deque()).append(case)
        if lane not in self._workers:
            name = f"dispatch-{lane[0]}-{kind}"
            self._workers[lane] = asyncio.create_task(self._serve(lane), name=name)

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

    async def _serve(self, lane: Lane) -> None:
        guild, kind = lane
        try:
            while self._queues[lane]:
                cases = self._take(lane)
                try:
                    further = await self._step(guild, kind, cases)
                except Exception:
                    # A few cases must not hold up a server's others; they stay pending on disk.
                    log.exception(
                        "cases left pending after an unforeseen error",
                        guild_id=guild,
                        subject_ids=[case.id.subject for case in cases],
                    )
                else:
                    for case in further:
                        self._put(case)
        finally:
            del self._workers[lane], self._queues[lane]

    def _take(self, lane: Lane) -> list[Case]:
        """Take out the oldest case, and those that one request can deal with beside it."""
        kind, waiting = lane[1], self._queues[lane]
        first = _together(kind, waiting[0])
        taken = [case for case in waiting if _together(kind, case) == first][: AT_ONCE[kind]]
        chosen = set(map(id, taken))
        self._queues[lane] = deque(case for case in waiting if id(case) not in chosen)
        return taken

    async def _step(self, guild: GuildId, kind: Kind, cases: Sequence[Case]) -> list[Case]:
        """Carry out one action of some cases; return those that have another one to come."""
        leads: Sequence[CaseId] = ()
        outcomes: Sequence[Outcome]
        # A channel in which nothing may be deleted says nothing about the others.
        where = cases[0].decision.post.channel_id if kind is Kind.DELETE else None
        breakers = [
            self._breakers.setdefault((guild, kind, None), Breaker(refusals=REFUSALS_IN_A_SERVER)),
            self._breakers.setdefault((guild, kind, where or ChannelId(0)), Breaker()),
        ]
        try:
            if any(breaker.open() for breaker in breakers):
                outcomes = [failed("failed.paused")] * len(cases)
            elif kind is Kind.ALERT:
                outcomes, leads = await patiently(kind, partial(self._alerting.alert, cases))
            else:
                actuator = self._actuator(guild, cases[0])
                act = actuator.delete if kind is Kind.DELETE else actuator.time_out
                outcomes = await patiently(kind, partial(act, cases))
        except RefusedError as error:
            outcomes = [failed("failed.refused", reason=str(error))] * len(cases)
        for breaker in breakers:
            breaker.note(outcomes)
        for key in [key for key, found in self._breakers.items() if found.idle()]:
            del self._breakers[key]
        await self._patience.until_written(
            partial(self._journal.finish, cases, kind, outcomes, leads), "outcome"
        )
        further = []
        for case, outcome in zip(cases, outcomes, strict=True):
            self._log(kind, case, outcome)
            after = replace(case, outcomes={**case.outcomes, kind: outcome})
            if _next_kind(after) is not None:
                further.append(after)
            else:
                self.finished.tell(after)
        problem = self._problems.get((guild, kind))
        if kind is Kind.ALERT and problem is not None:
            self._complain(guild, problem)
        return further

    def _actuator(self, guild: GuildId, case: Case) -> Actuator:
        """Return what carries a case out.

        What was decided while observing is never done; and what was decided before moderators
        switched to observing is not done any more.
        """
        both = (case.decision.mode, self._book.of(guild).mode)
        return self._enforcing if both == (Mode.ENFORCE, Mode.ENFORCE) else self._observing

    def _complain(self, guild: GuildId, problem: Note) -> None:
        """Tell moderators, once a day, that alerts do not reach them; nothing waits for that."""
        now = time.monotonic()
        if now - self._noticed.get(guild, -NOTICE_SECONDS) < NOTICE_SECONDS:
            return
        self._noticed[guild] = now

        async def send() -> None:
            try:
                await self._channel.complain(guild, problem)
            except (*PASSING, RefusedError) as error:
                log.warning("notice not sent", guild_id=guild, reason=str(error))
                self._noticed[guild] = now - NOTICE_SECONDS + NOTICE_AGAIN_SECONDS

        task = asyncio.create_task(send(), name=f"notice-{guild}")
        self._notices.add(task)
        task.add_done_callback(self._notices.discard)

    def _log(self, kind: Kind, case: Case, outcome: Outcome) -> None:
        about = {"kind": kind, "guild_id": case.id.guild, "subject_id": case.id.subject}
        lane = (case.id.guild, kind)
        note = outcome.note
        if outcome.status is not Status.FAILED or note is None:
            self._problems.pop(lane, None)
            log.info("action finished", status=outcome.status, **about)
            return
        if self._problems.get(lane) != note:
            # Once for each new reason: a busy server must not fill the log with one mistake.
            log.error("action failed", reason=note.key, values=dict(note.values), **about)
        self._problems[lane] = note


def _together(kind: Kind, case: Case) -> tuple[int, Mode]:
    """Return what cases have in common that one request can deal with."""
    post = case.decision.post
    shared = post.author_id if kind is Kind.TIMEOUT else post.channel_id
    return shared, case.decision.mode


def _next_kind(case: Case) -> Kind | None:
    due = {reason.kind for reason in case.decision.reasons} - case.outcomes.keys()
    return next((kind for kind in ORDER if kind in due), None)
