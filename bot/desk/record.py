"""The state of an alert after what the bot and moderators did about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.domain import (
    Act,
    Case,
    CaseId,
    Done,
    Judgement,
    Kind,
    Status,
    Surface,
    UserId,
    time_out_end,
)


@dataclass(frozen=True, slots=True)
class AlertState:
    """What was done about an alert's messages. Decides which buttons the alert shows."""

    deleted: bool = False
    """Whether every message that can be deleted is deleted."""
    partly_deleted: bool = False
    timed_out: bool = False
    """Whether every author who can be timed out is timed out because of this alert."""
    partly_timed_out: bool = False
    can_delete: bool = True
    can_time_out: bool = True
    judgement: Judgement | None = None
    """The verdict on all messages, or ``None`` if they have none or different ones."""
    reported: bool = False
    """Whether a member reported the message, rather than the bot alerting on it."""


@dataclass(frozen=True, slots=True)
class Record:
    """What the journal knows about the cases of one alert, the lead first."""

    cases: Sequence[Case]
    acts: Mapping[CaseId, Sequence[Done]] = field(default_factory=dict)
    judgements: Mapping[CaseId, Judgement] = field(default_factory=dict)
    _by_author: dict[UserId, list[Case]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        for case in self.cases:
            self._by_author.setdefault(case.decision.post.author_id, []).append(case)

    @property
    def authors(self) -> list[UserId]:
        """The authors in the order of their messages, without webhooks."""
        posts = [case.decision.post for case in self.cases]
        return list(dict.fromkeys(post.author_id for post in posts if not post.webhook))

    def judged_since(self, before: Record) -> list[CaseId]:
        """Return the cases with another verdict than in an earlier record."""
        return [
            case
            for case, judgement in self.judgements.items()
            if before.judgements.get(case) is not judgement
        ]

    def deleted(self, case: Case) -> bool:
        """Return whether the bot or a moderator deleted a message."""
        return _is_done(case, Kind.DELETE) or self.deleted_by(case) is not None

    def deleted_by(self, case: Case) -> Done | None:
        """Return the act of the moderator who deleted a message, or ``None`` if none did."""
        acts = self.acts.get(case.id, ())
        return next((act for act in acts if act.act is Act.DELETE), None)

    def timed_out_by(self, author: UserId) -> Done | None:
        """Return a moderator's running time-out of an author, or ``None`` if there is none."""
        last = self._last_by_hand(author)
        if last is None or last.act is not Act.TIMEOUT:
            return None
        return last if last.at + timedelta(minutes=last.minutes) > datetime.now(UTC) else None

    def timed_out(self, author: UserId) -> bool:
        """Return whether an author is timed out from this alert, by the bot or by a moderator."""
        if self._last_by_hand(author) is not None:
            return self.timed_out_by(author) is not None
        return any(_is_done(case, Kind.TIMEOUT) for case in self._of(author))

    def latest_end(self, author: UserId) -> datetime:
        """Return when an author's last time-out from this alert ends, or now if there is none."""
        cases = self._of(author)
        ends = [
            act.at + timedelta(minutes=act.minutes)
            for case in cases
            for act in self.acts.get(case.id, ())
            if act.act is Act.TIMEOUT
        ]
        ends += [
            time_out_end(case.decision.post, why)
            for case in cases
            if (why := case.decision.reason_for(Kind.TIMEOUT)) is not None
        ]
        return max(ends, default=datetime.now(UTC))

    def of_author(self, author: UserId) -> list[CaseId]:
        """Return the ids of an author's cases."""
        return [case.id for case in self._of(author)]

    def _of(self, author: UserId) -> list[Case]:
        return self._by_author.get(author, [])

    def _last_by_hand(self, author: UserId) -> Done | None:
        acts = [
            act
            for case in self._of(author)
            for act in self.acts.get(case.id, ())
            if act.act in {Act.TIMEOUT, Act.UNDO}
        ]
        return max(reversed(acts), key=lambda act: act.at, default=None)

    @property
    def state(self) -> AlertState:
        """The state of the alert, for its buttons."""
        posts = [case.decision.post for case in self.cases]
        messages = [case for case in self.cases if case.decision.post.surface is Surface.MESSAGE]
        gone = [self.deleted(case) for case in messages]
        people = {post.author_id for post in posts if not post.webhook and not post.moderator}
        out = [self.timed_out(author) for author in self.authors]
        said = {self.judgements.get(case.id) for case in self.cases}
        return AlertState(
            deleted=bool(gone) and all(gone),
            partly_deleted=any(gone),
            timed_out=bool(out) and all(out),
            partly_timed_out=any(out),
            can_delete=bool(messages),
            can_time_out=bool(people),
            judgement=next(iter(said)) if len(said) == 1 else None,
            reported=not any(case.decision.reasons for case in self.cases),
        )


def _is_done(case: Case, kind: Kind) -> bool:
    outcome = case.outcomes.get(kind)
    return outcome is not None and outcome.status is Status.DONE
