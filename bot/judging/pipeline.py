"""Queue to journal: gather posts, score them as one batch, decide each, write all at once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence

import structlog

from bot.domain import Case, Decision, Post, Surface
from bot.policy.book import PolicyBook
from bot.policy.rules import decide
from bot.store.patience import Patience
from bot.store.sqlite.journal import Journal
from model.scorer import Scorer

log = structlog.stdlib.get_logger(__name__)


class InTurns(asyncio.Queue[Post]):
    """Posts of one server in their order, servers in turns: a raid is waited for only where it is.

    The hooks are those that ``asyncio.Queue`` has for its subclasses.
    """

    def _init(self, maxsize: int) -> None:
        del maxsize
        self._lines: OrderedDict[int, deque[Post]] = OrderedDict()
        self._waiting = 0

    def _put(self, item: Post) -> None:
        self._lines.setdefault(item.guild_id, deque()).append(item)
        self._waiting += 1

    def _get(self) -> Post:
        guild_id, line = self._lines.popitem(last=False)
        post = line.popleft()
        if line:
            self._lines[guild_id] = line
        self._waiting -= 1
        return post

    def displace(self, post: Post) -> Post:
        """Put a post into a full queue in place of the latest of the longest line; return that one.

        The post itself is returned where its own server's line is the longest.
        """
        guild_id, line = max(self._lines.items(), key=lambda item: len(item[1]))
        own = self._lines.get(post.guild_id, ())
        if guild_id == post.guild_id or len(own) + 1 >= len(line):
            return post
        # A nickname is not in any history: it could not be read again.
        places = range(len(line) - 1, -1, -1)
        last = next((n for n in places if line[n].surface is not Surface.NICKNAME), None)
        if last is None:
            return post
        displaced = line[last]
        del line[last]
        self._lines.setdefault(post.guild_id, deque()).append(post)
        return displaced

    def qsize(self) -> int:
        """Return how many posts wait."""
        return self._waiting

    def empty(self) -> bool:
        """Return whether none waits."""
        return not self._waiting


class Pipeline:
    """One loop that turns posts into journalled decisions.

    Posts of one server keep their order, because there is one loop. While a batch
    is scored and written the next one gathers, so load makes batches larger by itself. Nothing is
    handed on before it is on disk.
    """

    def __init__(
        self,
        scorer: Scorer,
        journal: Journal,
        book: PolicyBook,
        hand_on: Callable[[Sequence[Case]], None],
        *,
        patience: Patience,
        level: Callable[[Post], bool],
        batch_size: int,
        queue_size: int,
    ) -> None:
        self._scorer = scorer
        self._journal = journal
        self._book = book
        self._hand_on = hand_on
        self._patience = patience
        self._level = level
        self._batch_size = batch_size
        self._queue = InTurns(queue_size)
        self.refused = 0
        """Posts for which there was no room."""
        self._refusing = False
        self.recorded = 0

    def submit(self, post: Post) -> Post | None:
        """Put a post on the queue without waiting: an event handler that awaits loses its order.

        Returns the post for which there was no room, of the server with most of them, if any. It is
        counted, and the first of each run logged.
        """
        try:
            self._queue.put_nowait(post)
        except asyncio.QueueFull:
            if not self._refusing:
                log.error("queue full", queue_size=self._queue.maxsize)  # noqa: TRY400 - expected
            self.refused += 1
            self._refusing = True
            return self._queue.displace(post)
        self._refusing = False
        return None

    async def submit_patiently(self, post: Post) -> None:
        """Put a post on the queue, waiting for room: what is read from history can wait."""
        await self._queue.put(post)

    async def drained(self) -> None:
        """Wait until every post submitted so far is on disk and handed on."""
        await self._queue.join()

    async def run(self) -> None:
        """Score and journal until cancelled."""
        while True:
            batch = [await self._queue.get()]
            while len(batch) < self._batch_size and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            try:
                await self._process(batch)
            finally:
                for _ in batch:
                    self._queue.task_done()

    async def _process(self, batch: list[Post]) -> None:
        policies = [self._book.of(post.guild_id) for post in batch]
        texts = [
            policy.phrases.without(post.text) for policy, post in zip(policies, batch, strict=True)
        ]
        # A thread, so that a large batch does not hold up the gateway's heartbeat.
        scored = await asyncio.to_thread(self._scorer.score, texts)
        decisions = [
            decide(policy, post, scores, self._scorer.version)
            for policy, post, scores in zip(policies, batch, scored, strict=True)
        ]
        fresh = await self._patience.until_written(
            lambda: self._journal.record(decisions, self._level), "decisions"
        )
        self.recorded += len(fresh)
        due = [decision for decision in fresh if decision.reasons]
        if due:
            self._hand_on(await asyncio.to_thread(self._explained, due))

    def _explained(self, decisions: Sequence[Decision]) -> list[Case]:
        cases = []
        for decision in decisions:
            post = decision.post
            scored = self._book.of(post.guild_id).phrases.without(post.text)
            cases.append(Case(decision, words=heaviest(self._scorer, decision, scored)))
        return cases


def heaviest(scorer: Scorer, decision: Decision, text: str, most: int = 5) -> tuple[str, ...]:
    """Return the words of a text that moved its lead reason's class most, heaviest first."""
    lead = decision.lead
    if lead is None:
        return ()
    weighed = sorted(
        (word for word in scorer.explain(text) if word.weights[lead.harm] > 0),
        key=lambda word: -word.weights[lead.harm],
    )
    found = dict.fromkeys(text[word.start : word.end] for word in weighed)
    return tuple(found)[:most]
