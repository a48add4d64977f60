"""Carries out journalled actions: in order within a server, concurrently across servers."""

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
from bot.retries import TEMPORARY, RefusedError, retry
from bot.store.patience import Patience
from bot.store.ports import Journal
from bot.subscribers import Subscribers

log = structlog.stdlib.get_logger(__name__)

ORDER: Final = (Kind.DELETE, Kind.TIMEOUT, Kind.ALERT)
"""Deletion comes first, to remove the message soon; the alert last, to report all outcomes."""

AT_ONCE: Final = {Kind.DELETE: 100, Kind.TIMEOUT: 100, Kind.ALERT: 25}
"""The most actions carried out together. Discord deletes up to 100 messages in one request; alerts
may need a request each."""

NOTICE_SECONDS: Final = 86_400.0
"""Between two notices to a server that its alerts cannot be sent."""
NOTICE_AGAIN_SECONDS: Final = 60.0
"""Before another attempt, after a notice could not be sent."""

Lane = tuple[GuildId, Kind]


class Dispatcher:
    """Carries out the actions of cases, oldest case first.

    Each server has one task for each kind of action. A rate limit in one server therefore delays no
    other, and an alert that cannot be sent delays no deletion. The actions of a case are carried
    out in ``ORDER``. Actions that fit into one request are combined, and their outcomes are in the
    journal before the next ones begin. Actions that a stop or a crash leaves unfinished stay
    pending in the journal and are resumed at the next start.
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
        """Notified of each case after its last action."""
        self._queues: dict[Lane, deque[Case]] = {}
        self._workers: dict[Lane, asyncio.Task[None]] = {}
        self._stopped = False
        self._problems: dict[Lane, Note] = {}
        self._noticed: dict[GuildId, float] = {}
        self._notices: set[asyncio.Task[None]] = set()
        self._breakers: dict[tuple[GuildId, Kind, ChannelId | None], Breaker] = {}

    def problem(self, guild: GuildId) -> Note | None:
        """Return why an action in a server failed, or ``None`` once one of that kind succeeded."""
        found = (self._problems.get((guild, kind)) for kind in Kind)
        return next((problem for problem in found if problem), None)

    def forget_problem(self, guild: GuildId) -> None:
        """Forget a server's problems and reset its breakers, after a moderator fixed the cause."""
        for kind in Kind:
            self._problems.pop((guild, kind), None)
        for key in [key for key in self._breakers if key[0] == guild]:
            del self._breakers[key]

    def hand_on(self, cases: Sequence[Case]) -> None:
        """Queue cases without waiting. After ``stop`` they are left for the next start."""
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
        """Wait until all queues are empty. Cancelling the wait cancels nothing else."""
        while self._workers:
            await asyncio.wait(self._workers.values())

    async def stop(self) -> None:
        """Stop at once. Unfinished actions stay pending in the journal."""
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
                    # A few cases must not block the server's other ones; they stay pending on disk.
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
        """Remove and return the oldest case and those that the same request can handle."""
        kind, waiting = lane[1], self._queues[lane]
        first = _together(kind, waiting[0])
        taken = [case for case in waiting if _together(kind, case) == first][: AT_ONCE[kind]]
        chosen = set(map(id, taken))
        self._queues[lane] = deque(case for case in waiting if id(case) not in chosen)
        return taken

    async def _step(self, guild: GuildId, kind: Kind, cases: Sequence[Case]) -> list[Case]:
        """Carry out one kind of action, and return the cases that have further actions."""
        leads: Sequence[CaseId] = ()
        outcomes: Sequence[Outcome]
        # Being unable to delete in one channel says nothing about other channels.
        where = cases[0].decision.post.channel_id if kind is Kind.DELETE else None
        breakers = [
            self._breakers.setdefault((guild, kind, None), Breaker(refusals=REFUSALS_IN_A_SERVER)),
            self._breakers.setdefault((guild, kind, where or ChannelId(0)), Breaker()),
        ]
        try:
            if any(breaker.open() for breaker in breakers):
                outcomes = [failed("failed.paused")] * len(cases)
            elif kind is Kind.ALERT:
                outcomes, leads = await retry(kind, partial(self._alerting.alert, cases))
            else:
                actuator = self._actuator(guild, cases[0])
                act = actuator.delete if kind is Kind.DELETE else actuator.time_out
                outcomes = await retry(kind, partial(act, cases))
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
            self._report_problem(guild, problem)
        return further

    def _actuator(self, guild: GuildId, case: Case) -> Actuator:
        """Return the actuator for a case.

        It enforces only if the server was in enforce mode at the time of the decision and still is.
        """
        both = (case.decision.mode, self._book.of(guild).mode)
        return self._enforcing if both == (Mode.ENFORCE, Mode.ENFORCE) else self._observing

    def _report_problem(self, guild: GuildId, problem: Note) -> None:
        """Notify moderators in the background, once a day, that alerts cannot be sent."""
        now = time.monotonic()
        if now - self._noticed.get(guild, -NOTICE_SECONDS) < NOTICE_SECONDS:
            return
        self._noticed[guild] = now

        async def send() -> None:
            try:
                await self._channel.report_problem(guild, problem)
            except (*TEMPORARY, RefusedError) as error:
                log.warning("notice not sent", guild_id=guild, reason=str(error))
                self._noticed[guild] = now - NOTICE_SECONDS + NOTICE_AGAIN_SECONDS

        task = asyncio.create_task(send(), name=f"notice-{guild}")
        self._notices.add(task)
        task.add_done_callback(self._notices.discard)

    def _log(self, kind: Kind, case: Case, outcome: Outcome) -> None:
        fields = {"kind": kind, "guild_id": case.id.guild, "subject_id": case.id.subject}
        lane = (case.id.guild, kind)
        note = outcome.note
        if outcome.status is not Status.FAILED or note is None:
            self._problems.pop(lane, None)
            log.info("action finished", status=outcome.status, **fields)
            return
        if self._problems.get(lane) != note:
            # Once for each new reason, so that one mistake in a busy server does not fill the log.
            log.error("action failed", reason=note.key, values=dict(note.values), **fields)
        self._problems[lane] = note


def _together(kind: Kind, case: Case) -> tuple[int, Mode]:
    """Return a key that is equal for cases which one request can handle."""
    post = case.decision.post
    shared = post.author_id if kind is Kind.TIMEOUT else post.channel_id
    return shared, case.decision.mode


def _next_kind(case: Case) -> Kind | None:
    due = {reason.kind for reason in case.decision.reasons} - case.outcomes.keys()
    return next((kind for kind in ORDER if kind in due), None)
