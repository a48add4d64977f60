"""What other rules would have done about messages that were scored before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from bot.domain import CaseId, Judgement, Kind, Past, about
from bot.policy.rules import Policy, decide, further


@dataclass(slots=True)
class Tally:
    """How often each action is taken, by day (UTC)."""

    days: dict[date, Counter[Kind]] = field(default_factory=dict)

    def add(self, day: date, kind: Kind) -> None:
        """Count one action."""
        self.days.setdefault(day, Counter())[kind] += 1

    def total(self, kind: Kind) -> int:
        """Return how often an action is taken in total."""
        return sum(counts[kind] for counts in self.days.values())


@dataclass(slots=True)
class Judged:
    """How many messages moderators judged right, wrong, or not at all."""

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
        """The number of messages."""
        return self.right + self.wrong + self.unjudged


@dataclass(frozen=True, slots=True)
class Reach:
    """How many of the messages with a notable score reach a threshold.

    ``highest`` is the highest score among them, or ``None`` if there are none.
    """

    reached: int
    seen: int
    highest: float | None


def reach(past: Iterable[Past], harm: str, threshold: float, least: float) -> Reach:
    """Return how many of the messages that score at least ``least`` reach a threshold of a class.

    A message counts once, with its highest score. Exempt messages do not count.
    """
    scores: dict[CaseId, float] = {}
    for item in past:
        score = item.decision.scores.get(harm)
        if score is not None and score >= least and not item.decision.exempt:
            key = about(item.decision.post.id)
            scores[key] = max(score, scores.get(key, 0.0))
    reached = sum(score >= threshold for score in scores.values())
    return Reach(reached, len(scores), max(scores.values(), default=None))


@dataclass(slots=True)
class Comparison:
    """What two policies do about the same messages.

    ``only_new`` counts the messages for which only the new policy takes the action in question, and
    ``only_now`` those for which only the current one does.
    """

    now: Tally = field(default_factory=Tally)
    new: Tally = field(default_factory=Tally)
    only_new: Judged = field(default_factory=Judged)
    only_now: Judged = field(default_factory=Judged)


def compare(past: Sequence[Past], now: Policy, new: Policy, kind: Kind) -> Comparison:
    """Decide recorded messages again under two policies; ``kind`` is the action in question."""
    comparison = Comparison()
    before = _actions(past, now, comparison.now)
    after = _actions(past, new, comparison.new)
    for case, judgement in _judgements(past).items():
        was, becomes = kind in before[case], kind in after[case]
        if becomes and not was:
            comparison.only_new.add(judgement)
        elif was and not becomes:
            comparison.only_now.add(judgement)
    return comparison


def tally(past: Sequence[Past], policy: Policy) -> tuple[Tally, Judged]:
    """Return how often a policy would have acted on recorded messages.

    The second value counts the verdicts on messages for which more than an alert was due.
    """
    counted, judged = Tally(), Judged()
    kinds = _actions(past, policy, counted)
    for case, judgement in _judgements(past).items():
        if kinds[case] - {Kind.ALERT}:
            judged.add(judgement)
    return counted, judged


def _judgements(past: Iterable[Past]) -> dict[CaseId, Judgement | None]:
    """Return the latest verdict on each message, including verdicts on earlier edits."""
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
        if old.exempt:  # perhaps by a role, and roles are not stored
            continue
        decision = further(decide(policy, old.post, old.scores, old.model), taken)
        for reason in decision.reasons:
            counted.add(old.post.created_at.date(), reason.kind)
    return had
