"""Queue to journal: gather posts, judge them as one batch, write all at once, hand on."""

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
    """A post could not be judged; it is left out and the others go on."""


class Pipeline:
    """One loop that turns posts into journalled decisions.

    Posts of one server keep their order, because there is one loop. While a batch is judged and
    written the next one gathers, so load makes batches larger by itself. Nothing is handed on
    before it is on disk. Whatever fails about one post ends nothing: it is set aside.
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
        """Set while nothing waits and nothing is being judged."""
        self.decided: Subscribers[Sequence[Decision]] = Subscribers("decisions")
        """Hear of new decisions once they are on disk."""
        self.refused = 0
        """Posts for which there was no room."""
        self.recorded = 0
        self.set_aside = 0
        """Posts that could not be judged."""

    def submit(self, post: Post) -> Post | None:
        """Put a post on the queue without waiting: an event handler that awaits loses its order.

        Returns the post for which there was no room, of the server with most of them, if any. It is
        counted, and the first of each run logged.
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
        """Put a post on the queue, waiting for room; return what will be its decision.

        The future is done when the decision is on disk, or with ``SetAsideError``. Without ``act``
        the decision says what would be due, and nothing is done about it.
        """
        done: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        await self._queue.put(Waiting(post, done, act))
        return done

    async def drained(self) -> None:
        """Wait until the queue is empty. Under steady load that may never be."""
        await self._queue.join()

    async def run(self) -> None:
        """Judge and journal until cancelled."""
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
                        waiting.done.cancel()  # changes nothing where it is settled

    async def _process_or_set_aside(self, batch: Sequence[Waiting]) -> None:
        """Process a batch; where that fails, one by one, leaving out each post that cannot be."""
        try:
            await self._process(batch)
        except StoreBrokenError:
            raise  # no post is to blame
        except Exception as error:  # noqa: BLE001 - a text, a rule or an id can be wrong in any way
            if len(batch) == 1:
                self._set_aside(batch[0], error)
                return
            for waiting in batch:
                await self._process_or_set_aside([waiting])

    async def _process(self, batch: Sequence[Waiting]) -> None:
        posts = [waiting.post for waiting in batch]
        # A thread, so that a large batch does not hold up the gateway's heartbeat.
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
        # Neither the text nor the error's own words, which could quote it.
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
        """Return up to where channels have been read, of those without a gap."""
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
