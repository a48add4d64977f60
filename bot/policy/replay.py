"""What other rules would have done about the messages that were already scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from bot.domain import CaseId, Judgement, Kind, Past, about
from bot.policy.rules import Policy, decide, further


@dataclass(slots=True)
class Tally:
    """How often each action was taken, by day (UTC)."""

    days: dict[date, Counter[Kind]] = field(default_factory=dict)

    def add(self, day: date, kind: Kind) -> None:
        """Count one action."""
        self.days.setdefault(day, Counter())[kind] += 1

    def total(self, kind: Kind) -> int:
        """Return how often an action was taken in all."""
        return sum(counts[kind] for counts in self.days.values())


@dataclass(slots=True)
class Judged:
    """How many messages moderators had judged right, wrong, or not at all."""

    right: int = 0
    wrong: int = 0
    unjudged: int = 0

    def add(self, judgement: Judgement | None) -> None:
        """Count one message."""
        if judgement is None:
            self.unjudged += 1
        elif judgement is Judgement.FALSE_POSITIVE:
            self.wrong += 1
        else:
            self.right += 1

    @property
    def total(self) -> int:
        """How many messages these are."""
        return self.right + self.wrong + self.unjudged


@dataclass(slots=True)
class Comparison:
    """What two policies do about the same messages; ``extra`` and ``spared`` count messages.

    ``extra`` are those about which only the second policy does something it is asked about,
    ``spared`` those about which only the first does.
    """

    now: Tally = field(default_factory=Tally)
    new: Tally = field(default_factory=Tally)
    extra: Judged = field(default_factory=Judged)
    spared: Judged = field(default_factory=Judged)


def compare(past: Sequence[Past], now: Policy, new: Policy, kind: Kind) -> Comparison:
    """Decide journalled messages anew under two policies; ``kind`` is the action in question."""
    comparison = Comparison()
    before = _actions(past, now, comparison.now)
    after = _actions(past, new, comparison.new)
    for case, judgement in _judgements(past).items():
        was, becomes = kind in before[case], kind in after[case]
        if becomes and not was:
            comparison.extra.add(judgement)
        elif was and not becomes:
            comparison.spared.add(judgement)
    return comparison


def tally(past: Sequence[Past], policy: Policy) -> tuple[Tally, Judged]:
    """Return what a policy would have done about journalled messages.

    Beside it, what moderators had said of those about which more than an alert was due.
    """
    counted, judged = Tally(), Judged()
    kinds = _actions(past, policy, counted)
    for case, judgement in _judgements(past).items():
        if kinds[case] - {Kind.ALERT}:
            judged.add(judgement)
    return counted, judged


def _judgements(past: Iterable[Past]) -> dict[CaseId, Judgement | None]:
    """Return the latest verdict on each message, whatever it was edited to since."""
    found: dict[CaseId, Judgement | None] = {}
    for item in past:
        key = about(item.decision.post.id)
        found[key] = item.judgement or found.get(key)
    return found


def _actions(past: Iterable[Past], policy: Policy, counted: Tally) -> dict[CaseId, set[Kind]]:
    had: dict[CaseId, set[Kind]] = {}
    for item in past:
        old = item.decision
        taken = had.setdefault(about(old.post.id), set())
        if old.exempt:  # by a role, which is not kept
            continue
        decision = further(decide(policy, old.post, old.scores, old.model), taken)
        for reason in decision.reasons:
            counted.add(old.post.created_at.date(), reason.kind)
    return had
