"""What opens, runs and closes everything, in order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack

import structlog

from bot.commands.context import Context
from bot.commands.controls import Controls
from bot.commands.every import add_commands
from bot.commands.tree import Tree
from bot.domain import Case, Post
from bot.enforcement.actuators import Alerting, Enforcing, Observing, Server
from bot.enforcement.dispatcher import Dispatcher
from bot.enforcement.grouping import OpenAlerts
from bot.errors import OperatorError
from bot.http.api import create_api
from bot.http.server import HttpServer
from bot.intake.client import Client, point_at
from bot.pipeline import Pipeline
from bot.policy.book import PolicyBook
from bot.settings import Settings
from bot.store.sqlite import SqliteStore
from model.artefact import ArtefactError
from model.scorer import Scorer

log = structlog.stdlib.get_logger(__name__)


def load_scorer(settings: Settings) -> Scorer:
    """Load the configured model and hold the thresholds against it.

    Raises ``OperatorError`` with the reason why the model or a threshold is refused.
    """
    try:
        scorer = Scorer.load(settings.model.folder)
    except ArtefactError as error:
        raise OperatorError(str(error)) from error
    settings.moderation.defaults(scorer.presets)
    return scorer


def require_token(settings: Settings) -> str:
    """Return the bot's token; raises ``OperatorError`` where there is none."""
    token = settings.discord.token.get_secret_value()
    if not token:
        raise OperatorError(
            "no token. Set the environment variable BELLWETHER_DISCORD__TOKEN, or put the token "
            "into a secret file named bellwether_discord__token, or into [discord] token."
        )
    return token


class App:
    """The bot, assembled. ``open``, then ``run`` (or drive ``client`` yourself), then ``close``."""

    def __init__(
        self,
        settings: Settings,
        scorer: Scorer,
        store: SqliteStore,
        *,
        on_finished: Callable[[Post], None] | None = None,
        delay: float = 0.0,
    ) -> None:
        self._settings = settings
        self._store = store
        self._accepting = True
        self._unfinished: list[Case] = []
        self._scoring: asyncio.Task[None] | None = None
        self.book = PolicyBook(settings.moderation.defaults(scorer.presets))
        self.client = Client(self._submit, self._prepare, self._take_up)
        server, alerts = Server(self.client), OpenAlerts()
        alerting, enforcing = Alerting(server, self.book, alerts), Enforcing(server)
        self.dispatcher = Dispatcher(
            store.journal,
            self.book,
            alerting,
            enforcing=enforcing,
            observing=Observing(),
            on_finished=on_finished,
            delay=delay,
        )
        self.pipeline = Pipeline(
            scorer,
            store.journal,
            self.book,
            self.dispatcher.hand_on,
            batch_size=settings.pipeline.batch_size,
            queue_size=settings.pipeline.queue_size,
        )
        self.tree = Tree(self.client, store)
        self.client.tree = self.tree
        self._controls = Controls()
        self.context = Context(
            store=store,
            book=self.book,
            scorer=scorer,
            dispatcher=self.dispatcher,
            alerting=alerting,
            alerts=alerts,
            enforcing=enforcing,
            server=server,
        )
        add_commands(self.tree, self._controls, self.context)
        self._http = (
            HttpServer(create_api(scorer, self.problem), settings.http.host, settings.http.port)
            if settings.http.enabled
            else None
        )

    @classmethod
    async def open(
        cls,
        settings: Settings,
        *,
        on_finished: Callable[[Post], None] | None = None,
        delay: float = 0.0,
    ) -> App:
        """Load the model, open the store, start the pipeline and, if enabled, HTTP.

        Raises ``OperatorError``; nothing stays open then.
        """
        scorer = load_scorer(settings)
        store = await SqliteStore.open(settings.storage.database)
        app = cls(settings, scorer, store, on_finished=on_finished, delay=delay)
        try:
            # Read before anything new is journalled, so that no case is handed on twice.
            app._unfinished = await store.journal.unfinished()
            app.book.load(await store.desk.entries())
            if app._http is not None:
                await app._http.start()
        except BaseException:
            await store.close()
            raise
        app._scoring = asyncio.create_task(app.pipeline.run(), name="pipeline")
        return app

    def problem(self) -> str | None:
        """Return what keeps the bot from doing its work, ``None`` while nothing does."""
        if self._scoring is None or self._scoring.done():
            return "not scoring"
        if not self.client.connected:
            return "not connected to Discord"
        return None

    def _submit(self, post: Post) -> None:
        if self._accepting:
            self.pipeline.submit(post)

    async def _prepare(self) -> None:
        self.client.add_dynamic_items(self._controls.item())
        await self.tree.sync_if_changed()

    async def _take_up(self) -> None:
        """Hand on, once, what an earlier process decided but did not finish."""
        cases, self._unfinished = self._unfinished, []
        if cases:
            log.info("taking up unfinished actions", cases=len(cases))
        self.dispatcher.hand_on(cases)

    async def drained(self) -> None:
        """Wait until everything submitted so far is journalled and acted on."""
        await self.pipeline.drained()
        await self.dispatcher.drained()

    async def run(self) -> None:
        """Connect and work until SIGTERM or SIGINT. Raises ``OperatorError``."""
        scoring = self._scoring
        if scoring is None:
            raise RuntimeError("an App is made by App.open")
        token = require_token(self._settings)
        point_at(self._settings.discord.api_base, self._settings.discord.gateway_url)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        stopping = asyncio.create_task(stop.wait(), name="stop")
        working = asyncio.create_task(self.client.work(token), name="discord")
        try:
            await asyncio.wait({stopping, working, scoring}, return_when=asyncio.FIRST_COMPLETED)
            await self._drain()
        finally:
            stopping.cancel()
            working.cancel()
            await asyncio.gather(stopping, return_exceptions=True)
        if scoring.done():
            await scoring
        try:
            await working
        except asyncio.CancelledError:
            log.info("stopped", recorded=self.pipeline.recorded, dropped=self.pipeline.dropped)

    async def _drain(self) -> None:
        self._accepting = False
        seconds = self._settings.pipeline.shutdown_seconds
        try:
            await asyncio.wait_for(self.drained(), seconds)
        except TimeoutError:
            log.warning("stopping before everything was done", waited_seconds=seconds)

    async def close(self) -> None:
        """Close everything that ``open`` opened, in the opposite order."""
        self._accepting = False
        async with AsyncExitStack() as closing:
            # Last in, first out, each whatever becomes of the others: the pipeline ends before the
            # dispatcher it feeds, and the store, whose thread would keep the process alive, last.
            closing.push_async_callback(self._store.close)
            if not self.client.is_closed():
                closing.push_async_callback(self.client.close)
            closing.push_async_callback(self.dispatcher.stop)
            if self._scoring is not None:
                closing.push_async_callback(_cancelled, self._scoring)
            if self._http is not None:
                closing.push_async_callback(self._http.stop)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
