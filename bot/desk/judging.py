"""Judges single posts on request, for moderators and for members who report a message."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.desk.people import Asker, RefusalError
from bot.domain import CaseId, Decision, Judgement, Note, Post, Verdict
from bot.judging.judge import Explanation, Judge, highest
from bot.judging.pipeline import Pipeline, SetAsideError
from bot.policy.book import PolicyBook
from bot.policy.rules import decide
from bot.store.ports import Journal, Verdicts

STILL_WAITING: Final = timedelta(hours=1)
"""Messages up to this age may still be in the queue."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """The decision on a post as if its author were not exempt, and an explanation of the scores."""

    decision: Decision
    explanation: Explanation
    exempt: bool
    """Whether the author is in fact exempt here."""


class JudgingDesk:
    """Judges a single post: a text entered in a command, or a message that somebody selected."""

    def __init__(
        self,
        judge: Judge,
        pipeline: Pipeline,
        book: PolicyBook,
        journal: Journal,
        verdicts: Verdicts,
    ) -> None:
        self._judge = judge
        self._pipeline = pipeline
        self._book = book
        self._journal = journal
        self._verdicts = verdicts

    async def opinion(self, post: Post) -> Opinion:
        """Return what the classifier and the rules say about a text. Nothing is stored."""
        (decision,) = await asyncio.to_thread(self._judge.judge, [post])
        return await self._explained(decision)

    async def message_opinion(self, post: Post) -> Opinion:
        """Return the same for a message, and journal it so that it can be given a verdict."""
        return await self._explained(await self.journalled(post))

    async def journalled(self, post: Post) -> Decision:
        """Journal a message, so that buttons and verdicts can refer to it.

        A recent message may still be in the queue, so the rules are applied to it as usual. An
        older one is only recorded. Raises ``RefusalError`` if the message cannot be judged.
        """
        act = post.at > datetime.now(UTC) - STILL_WAITING
        waiting = await self._pipeline.enter(post, act=act)
        try:
            decision = await waiting
        except SetAsideError:
            raise RefusalError(Note("refused.not_judged")) from None
        # For a message that was decided earlier, say what the rules would do now.
        return decide(self._book.of(post.guild_id), post, decision.scores, decision.model)

    async def _explained(self, decision: Decision) -> Opinion:
        explanation = await asyncio.to_thread(self._judge.explain, decision.post)
        policy = self._book.of(decision.post.guild_id)
        anybody = replace(policy, moderators_exempt=False, exempt_members=frozenset())
        anybody = replace(anybody, exempt_roles=frozenset(), exempt_channels=frozenset())
        shown = decide(anybody, decision.post, decision.scores, decision.model)
        return Opinion(shown, explanation, exempt=policy.exempts(decision.post))

    async def missed(self, case: CaseId, asker: Asker) -> None:
        """Store the verdict that the bot should have alerted. Raises ``RefusalError``."""
        cases = await self._journal.told_by_alert(case)
        if not cases:
            raise RefusalError(Note("refused.no_record"))
        decision = cases[0].decision
        verdict = Verdict(
            decision, highest(decision), Judgement.MISSED, asker.id, datetime.now(UTC)
        )
        await self._verdicts.judge([verdict])
