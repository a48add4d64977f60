"""What the judge says of one post, for whoever asks: moderators, reporters."""

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
"""A message that is no older may still be on its way through the queue."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """A decision as if its author were not exempt, and what moved the scores."""

    decision: Decision
    explanation: Explanation
    exempt: bool
    """Whether the rules do not apply to this author here."""


class JudgingDesk:
    """Judges single posts: a text that nobody posted, or a message that somebody points at."""

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
        """Return what the classifier and the rules say of a text; nothing is kept."""
        (decision,) = await asyncio.to_thread(self._judge.judge, [post])
        return await self._explained(decision)

    async def looked_at(self, post: Post) -> Opinion:
        """Return the same of a message, and have it in the journal, so that it can be judged."""
        return await self._explained(await self.remembered(post))

    async def remembered(self, post: Post) -> Decision:
        """Have a message in the journal, so that buttons and verdicts can speak of it.

        A recent one takes the way of all messages, in case it is still waiting there; about one
        from before the bot came nothing more is done. Raises ``RefusalError`` where the message
        cannot be judged.
        """
        act = post.at > datetime.now(UTC) - STILL_WAITING
        waiting = await self._pipeline.enter(post, act=act)
        try:
            decision = await waiting
        except SetAsideError:
            raise RefusalError(Note("refused.not_judged")) from None
        # Of a message that was decided before, what would be due, as of any other.
        return decide(self._book.of(post.guild_id), post, decision.scores, decision.model)

    async def _explained(self, decision: Decision) -> Opinion:
        explanation = await asyncio.to_thread(self._judge.explain, decision.post)
        policy = self._book.of(decision.post.guild_id)
        anybody = replace(policy, moderators_exempt=False, exempt_members=frozenset())
        anybody = replace(anybody, exempt_roles=frozenset(), exempt_channels=frozenset())
        shown = decide(anybody, decision.post, decision.scores, decision.model)
        return Opinion(shown, explanation, exempt=policy.exempts(decision.post))

    async def missed(self, case: CaseId, asker: Asker) -> None:
        """Note that the bot should have alerted. Raises ``RefusalError``."""
        cases = await self._journal.told_by_alert(case)
        if not cases:
            raise RefusalError(Note("refused.no_record"))
        decision = cases[0].decision
        verdict = Verdict(
            decision, highest(decision), Judgement.MISSED, asker.id, datetime.now(UTC)
        )
        await self._verdicts.judge([verdict])
