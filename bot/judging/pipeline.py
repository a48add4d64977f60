"""From the queue to the journal: judges posts in batches, writes them and passes them on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from bot.domain import Case, ChannelId, Decision, Post, Surface
from bot.judging.judge import Judge, without_repeats
from bot.judging.queue import FairQueue, Waiting, cost_of
from bot.store.patience import Patience
from bot.store.ports import Journal, Mark, StoreBrokenError
from bot.subscribers import Subscribers

log = structlog.stdlib.get_logger(__name__)


class SetAsideError(Exception):
    """A post could not be judged. It was skipped, and the others continued."""


class Pipeline:
    """One loop that turns posts into journalled decisions.

    Posts of one server keep their order, because there is only one loop. While a batch is judged
    and written, the next one collects, so batches grow with the load. Nothing is passed on before
    it is on disk. A post that cannot be judged is skipped and never stops the loop.
    """

    def __init__(
        self,
        judge: Judge,
        journal: Journal,
        hand_on: Callable[[Sequence[Case]], None],
        *,
        patience: Patience,
        caught_up: Callable[[Post], bool],
        batch_size: int,
        queue_size: int,
    ) -> None:
        self._judge = judge
        self._journal = journal
        self.hand_on = hand_on
        self._patience = patience
        self._caught_up = caught_up
        self._batch_size = batch_size
        self._queue = FairQueue(queue_size)
        self._refusing = False
        self.idle = asyncio.Event()
        """Set while the queue is empty and nothing is being judged."""
        self.decided: Subscribers[Sequence[Decision]] = Subscribers("decisions")
        """Called with new decisions once they are on disk."""
        self.refused = 0
        """Posts that did not fit into the queue."""
        self.recorded = 0
        self.set_aside = 0
        """Posts that could not be judged."""

    def submit(self, post: Post) -> Post | None:
        """Put a post on the queue without waiting, so that event handlers keep their order.

        If the queue is full, a post of the server with the most posts is dropped from it. Returns
        the dropped post, or ``None``. Dropped posts are counted; the first in a row is logged.
        """
        try:
            self._queue.put_nowait(Waiting(post))
        except asyncio.QueueFull:
            if not self._refusing:
                log.error("queue full", queue_size=self._queue.maxsize)  # noqa: TRY400 - expected
            self.refused += 1
            self._refusing = True
            return self._queue.displace(Waiting(post)).post
        self._refusing = False
        return None

    async def enter(self, post: Post, *, act: bool = True) -> asyncio.Future[Decision]:
        """Wait for room in the queue and put a post on it; return a future of its decision.

        The future has its result once the decision is on disk, or raises ``SetAsideError``. Without
        ``act``, the decision says which actions would be due, but none is taken.
        """
        done: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        await self._queue.put(Waiting(post, done, act))
        return done

    async def drained(self) -> None:
        """Wait until the queue is empty, which may never happen under steady load."""
        await self._queue.join()

    async def run(self) -> None:
        """Judge and journal posts until cancelled."""
        while True:
            if self._queue.empty():
                self.idle.set()
            batch = [await self._queue.get()]
            self.idle.clear()
            cost = cost_of(batch[0].post)
            while cost < self._batch_size and not self._queue.empty():
                batch.append(self._queue.get_nowait())
                cost += cost_of(batch[-1].post)
            try:
                await self._process_or_set_aside(batch)
            finally:
                for waiting in batch:
                    self._queue.task_done()
                    if waiting.done is not None:
                        waiting.done.cancel()  # does nothing if it has a result

    async def _process_or_set_aside(self, batch: Sequence[Waiting]) -> None:
        """Process a batch. If that fails, process its posts one by one and skip those that fail."""
        try:
            await self._process(batch)
        except StoreBrokenError:
            raise  # not the fault of a post
        except Exception as error:  # noqa: BLE001 - a text, rule or id can fail in any way
            if len(batch) == 1:
                self._set_aside(batch[0], error)
                return
            for waiting in batch:
                await self._process_or_set_aside([waiting])

    async def _process(self, batch: Sequence[Waiting]) -> None:
        posts = [waiting.post for waiting in batch]
        # In a thread, so that a large batch does not delay the gateway's heartbeat.
        judged = await asyncio.to_thread(self._judge.judge, posts)
        asked = [decision.post for decision in judged if decision.reasons]
        if asked:
            taken = await self._patience.until_written(
                lambda: self._journal.taken(asked), "decisions"
            )
            judged = without_repeats(judged, taken)
        due = [
            decision if waiting.act else replace(decision, reasons=())
            for waiting, decision in zip(batch, judged, strict=True)
        ]
        fresh = await self._patience.until_written(
            lambda: self._journal.record(due, self._marks(posts)), "decisions"
        )
        self.recorded += len(fresh)
        for waiting, decision in zip(batch, judged, strict=True):
            if waiting.done is not None and not waiting.done.done():
                waiting.done.set_result(decision)
        cases = [Case(decision) for decision in fresh if decision.reasons]
        if cases:
            self.hand_on(cases)
        if fresh:
            self.decided.tell(fresh)

    def _set_aside(self, waiting: Waiting, error: Exception) -> None:
        self.set_aside += 1
        post = waiting.post
        # Neither the text nor the error's message, which could quote the text.
        log.error(
            "post set aside",
            reason=type(error).__name__,
            guild_id=post.guild_id,
            surface=post.surface,
            subject_id=post.subject_id,
        )
        if waiting.done is not None and not waiting.done.done():
            waiting.done.set_exception(SetAsideError())

    def _marks(self, posts: Sequence[Post]) -> list[Mark]:
        """Return new watermarks for the channels that have been read without a gap."""
        latest: dict[ChannelId, Post] = {}
        for post in posts:
            if post.surface is Surface.MESSAGE:
                before = latest.get(post.channel_id)
                if before is None or before.subject_id < post.subject_id:
                    latest[post.channel_id] = post
        return [
            Mark(post.guild_id, channel, post.subject_id)
            for channel, post in latest.items()
            if self._caught_up(post)
        ]
