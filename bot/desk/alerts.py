"""What moderators do from an alert: delete, time out, judge, undo.

One alert is dealt with by one person at a time: callers hold ``AlertDesk.lock``, so that two clicks
at once are one action.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from weakref import WeakValueDictionary

from bot.desk.people import Asker, RefusalError
from bot.domain import (
    Act,
    Case,
    CaseId,
    ChannelId,
    Done,
    GuildId,
    Judgement,
    Kind,
    Note,
    Outcome,
    Post,
    Status,
    Surface,
    UserId,
    Verdict,
    failed,
    time_out_end,
)
from bot.enforcement.grouping import OpenAlerts
from bot.judging.judge import highest
from bot.policy.thresholds import LONGEST_TIMEOUT
from bot.retries import PASSING, RefusedError
from bot.store.ports import Journal, Verdicts

DURATIONS: Final = (10, 60, 24 * 60, 7 * 24 * 60, LONGEST_TIMEOUT)
"""Minutes that a time-out can be chosen for."""


class Hands(Protocol):
    """What a moderator's decision is carried out with."""

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
        """Time a member out; ``None`` lifts a time-out that ends at ``lifting`` or before."""


@dataclass(frozen=True, slots=True)
class Target:
    """A member whom something is to be done to; ``refusal`` says why it cannot be."""

    id: UserId
    name: str
    refusal: Note | None = None


class Gate(Protocol):
    """Who may do what to whom; asked of Discord at the moment of the click."""

    async def may_delete(self, asker: Asker, guild: GuildId, channel: ChannelId) -> Note | None:
        """Return why somebody may not delete messages in a channel."""

    async def target(self, asker: Asker, guild: GuildId, member: UserId) -> Target:
        """Return a member, and why the asker or the bot may not time them out."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the messages of one alert stand, which decides what its buttons offer."""

    deleted: bool = False
    timed_out: bool = False
    can_delete: bool = True
    can_time_out: bool = True
    judgement: Judgement | None = None
    reported: bool = False
    """Whether members told the moderators, not the bot."""


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Whom a time-out was given or lifted, and why others could not be."""

    done: Sequence[Target]
    refused: Sequence[Target]


class AlertDesk:
    """Looks up what an alert tells of, and does what a moderator decides."""

    def __init__(
        self, journal: Journal, verdicts: Verdicts, alerts: OpenAlerts, hands: Hands, gate: Gate
    ) -> None:
        self._journal = journal
        self._verdicts = verdicts
        self._alerts = alerts
        self._hands = hands
        self._gate = gate
        self._locks: WeakValueDictionary[CaseId, asyncio.Lock] = WeakValueDictionary()

    def lock(self, lead: CaseId) -> asyncio.Lock:
        """Return what keeps two people from dealing with one alert at once."""
        return self._locks.setdefault(lead, asyncio.Lock())

    async def cases(self, lead: CaseId) -> list[Case]:
        """Close an alert and return the cases it tells of, its own first.

        Raises ``RefusalError`` where there are none (any more). From here on nothing joins it that
        nobody has seen.
        """
        await self._alerts.settled(lead)
        cases = await self._journal.told_by_alert(lead)
        if not cases:
            raise RefusalError(Note("refused.no_record"))
        return cases

    async def delete(self, lead: CaseId, asker: Asker) -> list[Case]:
        """Delete every message that an alert tells of. Raises ``RefusalError``."""
        cases = await self.cases(lead)
        by_channel: dict[ChannelId, list[Post]] = {}
        for post in (case.decision.post for case in cases):
            if post.surface is Surface.MESSAGE:
                by_channel.setdefault(post.channel_id, []).append(post)
        for channel in by_channel:
            refusal = await self._gate.may_delete(asker, lead.guild, channel)
            if refusal is not None:
                raise RefusalError(refusal)
        acts = await self._verdicts.acts(lead)
        earlier = next((act for act in acts if act.act is Act.DELETE), None)
        if earlier is not None:
            raise RefusalError(Note("act.deleted_already", {"by": f"<@{earlier.by_id}>"}))
        for posts in by_channel.values():
            try:
                outcome = await self._hands.delete_posts(posts)
            except (*PASSING, RefusedError) as error:
                outcome = failed("failed.refused", reason=str(error))
            _succeeded(outcome)
        await self._verdicts.acted([case.id for case in cases], Act.DELETE, asker.id)
        return cases

    async def targets(self, lead: CaseId, asker: Asker) -> TimedOut:
        """Return the authors whom the asker may time out, and those they may not."""
        return await self._targets(await self.cases(lead), asker)

    async def _targets(self, cases: Sequence[Case], asker: Asker) -> TimedOut:
        authors = {case.decision.post.author_id for case in cases if not case.decision.post.webhook}
        if not authors:
            raise RefusalError(Note("failed.webhook"))
        guild = cases[0].id.guild
        found = [await self._gate.target(asker, guild, author) for author in sorted(authors)]
        return TimedOut(
            [target for target in found if target.refusal is None],
            [target for target in found if target.refusal is not None],
        )

    async def time_out(self, lead: CaseId, asker: Asker, minutes: int) -> TimedOut:
        """Time out the authors of an alert's messages. Raises ``RefusalError``."""
        cases = await self.cases(lead)
        acts = await self._verdicts.acts(lead)
        if _running(acts):
            last = [act for act in acts if act.act is Act.TIMEOUT][-1]
            raise RefusalError(Note("act.timed_out_already", {"by": f"<@{last.by_id}>"}))
        until = datetime.now(UTC) + timedelta(minutes=minutes)
        result = await self._each(
            cases, asker, until, f"Bellwether: {asker.id} from an alert", lifting=None
        )
        if result.done:
            ids = [case.id for case in cases]
            await self._verdicts.acted(ids, Act.TIMEOUT, asker.id, minutes=minutes)
        return result

    async def lift(self, lead: CaseId, asker: Asker) -> TimedOut:
        """Lift the time-outs that this alert stands for; a longer one of somebody else's stays."""
        cases = await self.cases(lead)
        lifting = self._latest_end(cases, await self._verdicts.acts(lead))
        result = await self._each(
            cases, asker, None, f"Bellwether: undone by {asker.id}", lifting=lifting
        )
        if result.done:
            await self._verdicts.acted([case.id for case in cases], Act.UNDO, asker.id)
        return result

    async def _each(
        self,
        cases: Sequence[Case],
        asker: Asker,
        until: datetime | None,
        reason: str,
        *,
        lifting: datetime | None,
    ) -> TimedOut:
        found = await self._targets(cases, asker)
        done, refused = [], list(found.refused)
        for target in found.done:
            try:
                outcome = await self._hands.time_out_until(
                    cases[0].id.guild, target.id, until, reason, lifting=lifting
                )
            except (*PASSING, RefusedError) as error:
                # Of several people the others still are; each that was is recorded.
                outcome = failed("failed.refused", reason=str(error))
            if outcome.status is Status.FAILED:
                note = outcome.note or Note("failed.refused", {"reason": ""})
                refused.append(Target(target.id, target.name, note))
            else:
                done.append(target)
        return TimedOut(done, refused)

    @staticmethod
    def _latest_end(cases: Sequence[Case], acts: Sequence[Done]) -> datetime:
        """Return when the last of the time-outs ends that an alert stands for."""
        ends = [act.at + timedelta(minutes=act.minutes) for act in acts if act.act is Act.TIMEOUT]
        ends += [
            time_out_end(case.decision.post, why)
            for case in cases
            if (why := case.decision.reason_for(Kind.TIMEOUT)) is not None
        ]
        return max(ends, default=datetime.now(UTC))

    async def judge(self, lead: CaseId, asker: Asker, judgement: Judgement) -> list[Case]:
        """Keep a verdict on everything that an alert tells of. Raises ``RefusalError``."""
        cases = await self.cases(lead)
        if await self._verdicts.judgement(lead) is judgement:
            raise RefusalError(Note("act.judged_already"))
        at = datetime.now(UTC)
        await self._verdicts.judge(
            [
                Verdict(case.decision, highest(case.decision), judgement, asker.id, at)
                for case in cases
            ]
        )
        return cases

    async def standing(self, lead: CaseId, cases: Sequence[Case]) -> Standing:
        """Return how an alert's messages stand, by what the bot and moderators did."""
        acts = await self._verdicts.acts(lead)
        own = standing_of(cases)
        by_hand = any(act.act in {Act.TIMEOUT, Act.UNDO} for act in acts)
        return Standing(
            deleted=own.deleted or any(act.act is Act.DELETE for act in acts),
            timed_out=_running(acts) if by_hand else own.timed_out,
            can_delete=own.can_delete,
            can_time_out=own.can_time_out,
            judgement=await self._verdicts.judgement(lead),
            reported=not any(case.decision.reasons for case in cases),
        )


def standing_of(cases: Sequence[Case]) -> Standing:
    """Return how messages stand by what the bot itself did about them."""
    posts = [case.decision.post for case in cases]
    return Standing(
        deleted=all(_is_done(case, Kind.DELETE) for case in cases),
        timed_out=any(_is_done(case, Kind.TIMEOUT) for case in cases),
        can_delete=any(post.surface is Surface.MESSAGE for post in posts),
        can_time_out=any(not post.webhook and not post.moderator for post in posts),
    )


def _is_done(case: Case, kind: Kind) -> bool:
    outcome = case.outcomes.get(kind)
    return outcome is not None and outcome.status is Status.DONE


def _succeeded(outcome: Outcome) -> None:
    """Raise ``RefusalError`` for an outcome that is a failure."""
    if outcome.status is Status.FAILED:
        raise RefusalError(outcome.note or Note("failed.refused", {"reason": ""}))


def _running(acts: Sequence[Done]) -> bool:
    """Return whether a time-out that a moderator gave is still running."""
    times = [act for act in acts if act.act in {Act.TIMEOUT, Act.UNDO}]
    if not times or times[-1].act is Act.UNDO:
        return False
    return times[-1].at + timedelta(minutes=times[-1].minutes) > datetime.now(UTC)
