"""From posts to decisions, for the live bot and for every other caller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.domain import Case, Decision, Post, Taken, about
from bot.policy.book import PolicyBook
from bot.policy.phrases import restored
from bot.policy.rules import decide, further
from model.classes import HARMS
from model.scorer import Scorer, WordWeight

MOST_WORDS: Final = 5
"""Most words that an alert shows."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The text as it was scored, without harmless phrases, and the weights of its words."""

    scored: str
    words: Sequence[WordWeight]


class Judge:
    """Scores posts and decides what to do. It has no state and is safe to call from any thread."""

    def __init__(self, scorer: Scorer, book: PolicyBook) -> None:
        self._scorer = scorer
        self._book = book

    @property
    def model(self) -> str:
        """The version of the model."""
        return self._scorer.version

    def judge(self, posts: Sequence[Post]) -> list[Decision]:
        """Return a decision for each post, in order."""
        policies = [self._book.of(post.guild_id) for post in posts]
        texts = [
            policy.phrases.without(post.text) for policy, post in zip(policies, posts, strict=True)
        ]
        version = self._scorer.version
        decisions = []
        for policy, post, text, scores in zip(
            policies, posts, texts, self._scorer.score(texts), strict=True
        ):
            decision = decide(policy, post, scores, version)
            decisions.append(self._with_evidence(decision, text) if decision.reasons else decision)
        return decisions

    def explain(self, post: Post) -> Explanation:
        """Return how each word of a post moved its scores."""
        scored = self._book.of(post.guild_id).phrases.without(post.text)
        return Explanation(scored, self._scorer.explain(scored))

    def with_evidence(self, cases: Sequence[Case]) -> list[Case]:
        """Return cases with the words and the passage that decided, which are never stored.

        A case without text is returned as it is.
        """
        found = []
        for case in cases:
            post = case.decision.post
            decision = case.decision
            if post.text:
                scored = self._book.of(post.guild_id).phrases.without(post.text)
                decision = self._with_evidence(decision, scored)
            found.append(replace(case, decision=decision))
        return found

    def _with_evidence(self, decision: Decision, scored: str) -> Decision:
        harm = highest(decision)
        words = self._scorer.explain(scored)
        weighed = sorted(
            (word for word in words if word.weights[harm] > 0), key=lambda word: -word.weights[harm]
        )
        found = dict.fromkeys(scored[word.start : word.end] for word in weighed)
        return replace(
            decision,
            words=tuple(found)[:MOST_WORDS],
            passage=self._passage(
                decision.post, [word for word in words if word.weights[harm]], words
            ),
        )

    def _passage(
        self, post: Post, moved: Sequence[WordWeight], words: Sequence[WordWeight]
    ) -> tuple[int, int] | None:
        """Return the range from the first to the last word that moved the score.

        Returns ``None`` if that is the whole text, or if no word did.
        """
        if not moved or (moved[0], moved[-1]) == (words[0], words[-1]):
            return None
        phrases = self._book.of(post.guild_id).phrases.found(post.text)
        return restored(moved[0].start, phrases), restored(moved[-1].end, phrases)


def without_repeats(decisions: Sequence[Decision], taken: Taken) -> list[Decision]:
    """Return the decisions, without reasons for actions that their messages have already had.

    ``taken`` has what was done before, and is updated. An edit only leads to actions if one of them
    is new for its message.
    """
    return [_if_new(decision, taken) if decision.reasons else decision for decision in decisions]


def _if_new(decision: Decision, taken: Taken) -> Decision:
    case = decision.post.id
    if case not in taken.known:  # a known case is not acted on again, whatever the outcome was
        taken.known.add(case)
        fresh = further(decision, taken.kinds.setdefault(about(case), set()))
        if fresh.reasons:
            return fresh
    return replace(decision, reasons=(), words=(), passage=None)


def highest(decision: Decision) -> str:
    """Return the class of the lead reason, or the class with the highest score if there is none."""
    lead = decision.lead
    return lead.harm if lead else max(HARMS, key=lambda harm: decision.scores.get(harm, 0.0))
