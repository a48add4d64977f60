"""What moderators can do from an alert: delete, time out, give a verdict, undo.

Callers hold ``AlertDesk.lock``, so that one person at a time handles an alert and two simultaneous
clicks are one action.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from weakref import WeakValueDictionary

from bot.desk.people import Asker, RefusalError
from bot.desk.record import Record
from bot.domain import (
    Act,
    Case,
    CaseId,
    ChannelId,
    GuildId,
    Judgement,
    Note,
    Outcome,
    Post,
    Status,
    Surface,
    UserId,
    Verdict,
    failed,
)
from bot.enforcement.grouping import OpenAlerts
from bot.judging.judge import highest
from bot.policy.thresholds import LONGEST_TIMEOUT
from bot.retries import TEMPORARY, RefusedError
from bot.store.ports import Journal, Verdicts

DURATIONS: Final = (10, 60, 24 * 60, 7 * 24 * 60, LONGEST_TIMEOUT)
"""The choices for the length of a time-out, in minutes."""


class ModeratorActions(Protocol):
    """Carries out a moderator's decision."""

    async def delete_posts(self, posts: Sequence[Post]) -> Outcome:
        """Delete messages of one channel."""

    async def time_out_until(
        self,
        guild_id: GuildId,
        user_id: UserId,
        until: datetime | None,
        reason: str,
        *,
        lifting: datetime | None = None,
    ) -> Outcome:
        """Time a member out. ``until=None`` lifts a time-out that ends at or before ``lifting``."""


@dataclass(frozen=True, slots=True)
class Target:
    """A member to act on. ``refusal`` says why that is not possible, or is ``None``."""

    id: UserId
    name: str
    refusal: Note | None = None


class Gate(Protocol):
    """Checks permissions with Discord at the moment of the click."""

    async def may_delete(self, asker: Asker, guild: GuildId, channel: ChannelId) -> Note | None:
        """Return why somebody may not delete messages in a channel, or ``None`` if they may."""

    async def target(self, asker: Asker, guild: GuildId, member: UserId) -> Target:
        """Return a member, with the reason if the asker or the bot may not time them out."""


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The result of timing people out or lifting time-outs: successes and refusals."""

    done: Sequence[Target]
    refused: Sequence[Target]


class AlertDesk:
    """Looks up the cases of an alert, and carries out what a moderator decides.

    An action applies to all messages of the alert, unless the caller names messages or authors.
    """

    def __init__(
        self,
        journal: Journal,
        verdicts: Verdicts,
        alerts: OpenAlerts,
        actions: ModeratorActions,
        gate: Gate,
    ) -> None:
        self._journal = journal
        self._verdicts = verdicts
        self._alerts = alerts
        self._actions = actions
        self._gate = gate
        self._locks: WeakValueDictionary[CaseId, asyncio.Lock] = WeakValueDictionary()

    def lock(self, lead: CaseId) -> asyncio.Lock:
        """Return the lock that keeps two people from handling an alert at the same time."""
        return self._locks.setdefault(lead, asyncio.Lock())

    async def record(self, lead: CaseId) -> Record:
        """Close an alert and return what is known about its cases.

        It is closed so that no message joins it that the moderator has not seen. Raises
        ``RefusalError`` if its record has been erased.
        """
        await self._alerts.close_and_wait(lead)
        cases = await self._journal.told_by_alert(lead)
        if not cases:
            raise RefusalError(Note("refused.no_record"))
        ids = [case.id for case in cases]
        return Record(cases, await self._verdicts.acts(ids), await self._verdicts.judgements(ids))

    async def delete(
        self, lead: CaseId, asker: Asker, only: Collection[CaseId] | None = None
    ) -> list[Case]:
        """Delete messages of an alert and return their cases. Raises ``RefusalError``.

        Messages that are already deleted are skipped.
        """
        record = await self.record(lead)
        chosen = [
            case
            for case in _chosen(record.cases, only)
            if case.decision.post.surface is Surface.MESSAGE
        ]
        by_channel: dict[ChannelId, list[Post]] = {}
        for case in chosen:
            if not record.deleted(case):
                by_channel.setdefault(case.decision.post.channel_id, []).append(case.decision.post)
        for channel in {case.decision.post.channel_id: None for case in chosen}:
            refusal = await self._gate.may_delete(asker, lead.guild, channel)
            if refusal is not None:
                raise RefusalError(refusal)
        if not by_channel:
            earlier = next(filter(None, map(record.deleted_by, chosen)), None)
            if earlier is not None:
                raise RefusalError(Note("act.deleted_already", {"by": f"<@{earlier.by_id}>"}))
            raise RefusalError(Note("act.nothing_to_delete"))
        for posts in by_channel.values():
            try:
                outcome = await self._actions.delete_posts(posts)
            except (*TEMPORARY, RefusedError) as error:
                outcome = failed("failed.refused", reason=str(error))
            _succeeded(outcome)
            await self._verdicts.acted([post.id for post in posts], Act.DELETE, asker.id)
        return [case for case in chosen if not record.deleted(case)]

    async def targets(
        self, lead: CaseId, asker: Asker, members: Collection[UserId] | None = None
    ) -> TimedOut:
        """Return which authors the asker may time out, and which not. Raises ``RefusalError``."""
        record = await self.record(lead)
        return await self._targets(record, asker, members)

    async def _targets(
        self, record: Record, asker: Asker, members: Collection[UserId] | None
    ) -> TimedOut:
        authors = [author for author in record.authors if members is None or author in members]
        if not authors:
            raise RefusalError(Note("failed.webhook"))
        guild = record.cases[0].id.guild
        found = [await self._gate.target(asker, guild, author) for author in authors]
        return TimedOut(
            [target for target in found if target.refusal is None],
            [target for target in found if target.refusal is not None],
        )

    async def time_out(
        self,
        lead: CaseId,
        asker: Asker,
        minutes: int,
        members: Collection[UserId] | None = None,
    ) -> TimedOut:
        """Time out authors of an alert's messages. Raises ``RefusalError``.

        Authors are skipped if a time-out from this alert is still running.
        """
        record = await self.record(lead)
        wanted = [author for author in record.authors if members is None or author in members]
        running = {author: record.timed_out_by(author) for author in wanted}
        earlier = next(filter(None, running.values()), None)
        if earlier is not None and all(running.values()):
            raise RefusalError(Note("act.timed_out_already", {"by": f"<@{earlier.by_id}>"}))
        until = datetime.now(UTC) + timedelta(minutes=minutes)
        result = await self._each(
            record,
            asker,
            [author for author in wanted if running[author] is None],
            until,
            f"Bellwether: {asker.id} from an alert",
        )
        if result.done:
            ids = record.of_authors([target.id for target in result.done])
            await self._verdicts.acted(ids, Act.TIMEOUT, asker.id, minutes=minutes)
        return result

    async def lift(
        self, lead: CaseId, asker: Asker, members: Collection[UserId] | None = None
    ) -> TimedOut:
        """Lift the time-outs that came from this alert. Longer ones given by others stay."""
        record = await self.record(lead)
        wanted = [author for author in record.authors if members is None or author in members]
        result = await self._each(
            record,
            asker,
            [author for author in wanted if record.timed_out(author)] or wanted,
            None,
            f"Bellwether: undone by {asker.id}",
        )
        if result.done:
            ids = record.of_authors([target.id for target in result.done])
            await self._verdicts.acted(ids, Act.UNDO, asker.id)
        return result

    async def _each(
        self,
        record: Record,
        asker: Asker,
        members: Sequence[UserId],
        until: datetime | None,
        reason: str,
    ) -> TimedOut:
        found = await self._targets(record, asker, members)
        done, refused = [], list(found.refused)
        for target in found.done:
            lifting = record.latest_end(target.id) if until is None else None
            try:
                outcome = await self._actions.time_out_until(
                    record.cases[0].id.guild, target.id, until, reason, lifting=lifting
                )
            except (*TEMPORARY, RefusedError) as error:
                # The others are still timed out, and each success is recorded.
                outcome = failed("failed.refused", reason=str(error))
            if outcome.status is Status.FAILED:
                note = outcome.note or Note("failed.refused", {"reason": ""})
                refused.append(Target(target.id, target.name, note))
            else:
                done.append(target)
        return TimedOut(done, refused)

    async def judge(
        self,
        lead: CaseId,
        asker: Asker,
        judgement: Judgement,
        only: Collection[CaseId] | None = None,
    ) -> Record:
        """Store a verdict on messages of an alert, and return the record from before.

        A verdict replaces an earlier one. Raises ``RefusalError`` if that changes nothing.
        """
        record = await self.record(lead)
        chosen = [
            case
            for case in _chosen(record.cases, only)
            if record.judgements.get(case.id) is not judgement
        ]
        if not chosen:
            raise RefusalError(Note("act.judged_already"))
        at = datetime.now(UTC)
        await self._verdicts.judge(
            [
                Verdict(case.decision, highest(case.decision), judgement, asker.id, at)
                for case in chosen
            ]
        )
        return record


def _chosen(cases: Sequence[Case], only: Collection[CaseId] | None) -> list[Case]:
    return [case for case in cases if only is None or case.id in only]


def _succeeded(outcome: Outcome) -> None:
    """Raise ``RefusalError`` if an outcome is a failure."""
    if outcome.status is Status.FAILED:
        raise RefusalError(outcome.note or Note("failed.refused", {"reason": ""}))
