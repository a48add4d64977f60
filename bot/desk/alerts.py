"""What moderators can do from an alert: delete, time out, give a verdict, undo.

Callers hold ``AlertDesk.lock``, so that one person at a time handles an alert and two simultaneous
clicks are one action.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
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


@dataclass(frozen=True, slots=True)
class Deleted:
    """The cases whose messages were deleted, and why others were not, if there are any."""

    done: Sequence[Case]
    refusal: Note | None = None


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
    ) -> Deleted:
        """Delete messages of an alert. Raises ``RefusalError`` if none was deleted.

        Messages that are already deleted are skipped.
        """
        record = await self.record(lead)
        chosen = [
            case
            for case in _chosen(record.cases, only)
            if case.decision.post.surface is Surface.MESSAGE
        ]
        by_channel = _by_channel(case for case in chosen if not record.deleted(case))
        for channel in {case.decision.post.channel_id: None for case in chosen}:
            refusal = await self._gate.may_delete(asker, lead.guild, channel)
            if refusal is not None:
                raise RefusalError(refusal)
        if not by_channel:
            earlier = next(filter(None, map(record.deleted_by, chosen)), None)
            if earlier is not None:
                raise RefusalError(Note("act.deleted_already", {"by": f"<@{earlier.by_id}>"}))
            raise RefusalError(Note("act.nothing_to_delete"))
        done: set[CaseId] = set()
        note: Note | None = None
        for posts in by_channel.values():
            try:
                outcome = await self._actions.delete_posts(posts)
            except (*TEMPORARY, RefusedError) as error:
                outcome = failed("failed.refused", reason=str(error))
            if outcome.status is Status.FAILED:
                note = outcome.note or Note("failed.refused", {"reason": ""})
                continue
            ids = [post.id for post in posts]
            await self._verdicts.acted(ids, Act.DELETE, asker.id)
            done.update(ids)
        if note is not None and not done:
            raise RefusalError(note)
        return Deleted([case for case in chosen if case.id in done], note)

    async def targets(self, lead: CaseId, asker: Asker) -> TimedOut:
        """Return which authors the asker may time out, and which not. Raises ``RefusalError``."""
        record = await self.record(lead)
        if not record.authors:
            raise RefusalError(Note("failed.webhook"))
        found = [await self._target(record, asker, author) for author in record.authors]
        return TimedOut(
            [target for target in found if target.refusal is None],
            [target for target in found if target.refusal is not None],
        )

    async def _target(self, record: Record, asker: Asker, author: UserId) -> Target:
        try:
            return await self._gate.target(asker, record.cases[0].id.guild, author)
        except (*TEMPORARY, RefusedError) as error:
            return Target(author, "", Note("failed.refused", {"reason": str(error)}))

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
        wanted = _authors(record, members)
        running = {author: record.timed_out_by(author) for author in wanted}
        earlier = next(filter(None, running.values()), None)
        if earlier is not None and all(running.values()):
            raise RefusalError(Note("act.timed_out_already", {"by": f"<@{earlier.by_id}>"}))
        until = datetime.now(UTC) + timedelta(minutes=minutes)
        return await self._each(
            record,
            asker,
            [author for author in wanted if running[author] is None],
            until,
            minutes,
        )

    async def lift(
        self, lead: CaseId, asker: Asker, members: Collection[UserId] | None = None
    ) -> TimedOut:
        """Lift the time-outs that came from this alert. Longer ones given by others stay."""
        record = await self.record(lead)
        wanted = _authors(record, members)
        return await self._each(
            record,
            asker,
            [author for author in wanted if record.timed_out(author)] or wanted,
        )

    async def _each(
        self,
        record: Record,
        asker: Asker,
        members: Sequence[UserId],
        until: datetime | None = None,
        minutes: int = 0,
    ) -> TimedOut:
        """Time out members until a time, or lift their time-outs, one after the other.

        Each success is recorded at once: a raid has hundreds of authors, and *Undo* must know who
        was timed out if the process ends in between.
        """
        if not members:
            raise RefusalError(Note("failed.webhook"))
        act = Act.UNDO if until is None else Act.TIMEOUT
        reason = f"undone by {asker.id}" if until is None else f"{asker.id} from an alert"
        done, refused = [], []
        for member in members:
            target = await self._target(record, asker, member)
            if target.refusal is not None:
                refused.append(target)
                continue
            lifting = record.latest_end(member) if until is None else None
            try:
                outcome = await self._actions.time_out_until(
                    record.cases[0].id.guild,
                    member,
                    until,
                    f"Bellwether: {reason}",
                    lifting=lifting,
                )
            except (*TEMPORARY, RefusedError) as error:
                outcome = failed("failed.refused", reason=str(error))
            if outcome.status is Status.FAILED:
                note = outcome.note or Note("failed.refused", {"reason": ""})
                refused.append(Target(member, target.name, note))
                continue
            await self._verdicts.acted(record.of_author(member), act, asker.id, minutes=minutes)
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


def _by_channel(cases: Iterable[Case]) -> dict[ChannelId, list[Post]]:
    posts: dict[ChannelId, list[Post]] = {}
    for post in (case.decision.post for case in cases):
        posts.setdefault(post.channel_id, []).append(post)
    return posts


def _authors(record: Record, only: Collection[UserId] | None) -> list[UserId]:
    return [author for author in record.authors if only is None or author in only]


def _chosen(cases: Sequence[Case], only: Collection[CaseId] | None) -> list[Case]:
    return [case for case in cases if only is None or case.id in only]
