"""What opens, runs and closes everything, in order."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import structlog

from bot.app.settings import Settings, require_token
from bot.domain import Case, Post, Surface
from bot.enforcement.dispatcher import Dispatcher
from bot.enforcement.grouping import OpenAlerts
from bot.errors import OperatorError
from bot.intake.catch_up.runner import CatchUp
from bot.judging.pipeline import Pipeline
from bot.platform.actuators import Alerting, Enforcing, Observing, Server
from bot.platform.client import Client, point_at
from bot.platform.retries import patiently
from bot.policy.book import PolicyBook
from bot.store.patience import Patience
from bot.store.sqlite.store import SqliteStore
from bot.ui.discord.context import Context
from bot.ui.discord.controls import Controls
from bot.ui.discord.registry import add_commands
from bot.ui.discord.tree import Tree
from bot.ui.web.predict import create_api
from bot.ui.web.server import HttpServer
from model.artefact import ArtefactError
from model.scorer import Scorer

log = structlog.stdlib.get_logger(__name__)

HOUSEKEEPING_SECONDS: Final = 3_600.0


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
        self.housekeeping = store.housekeeping
        self.accepting = True
        self._unfinished: list[Case] = []
        self._taking_up: set[asyncio.Task[None]] = set()
        self._scoring: asyncio.Task[None] | None = None
        self._housekeeping: asyncio.Task[None] | None = None
        self.book = PolicyBook(settings.moderation.defaults(scorer.presets))
        self.patience = Patience()
        self.client = Client(_Events(self))
        server, alerts = Server(self.client), OpenAlerts()
        alerting = self._alerting = Alerting(server, self.book, alerts, store.journal)
        enforcing = Enforcing(server)
        self.dispatcher = Dispatcher(
            store.journal,
            self.book,
            alerting,
            enforcing=enforcing,
            observing=Observing(),
            patience=self.patience,
            on_finished=on_finished,
            delay=delay,
        )
        self.pipeline = Pipeline(
            scorer,
            store.journal,
            self.book,
            self.dispatcher.hand_on,
            patience=self.patience,
            level=self._level,
            batch_size=settings.pipeline.batch_size,
            queue_size=settings.pipeline.queue_size,
        )
        self.catch_up = CatchUp(
            self.client,
            store.journal,
            self.pipeline.submit_patiently,
            self.pipeline.drained,
            patience=self.patience,
            hours=settings.catch_up.hours,
            messages=settings.catch_up.messages,
        )
        self.tree = Tree(self.client, store)
        self.client.tree = self.tree
        self.controls = Controls()
        self.context = Context(
            store=store,
            book=self.book,
            scorer=scorer,
            dispatcher=self.dispatcher,
            alerting=alerting,
            alerts=alerts,
            enforcing=enforcing,
            server=server,
            submit=self._read_now,
            retention_days=settings.storage.retention_days,
        )
        add_commands(self.tree, self.controls, self.context)
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
        store = await SqliteStore.open(settings.storage.database, settings.storage.key_file)
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
        app._housekeeping = asyncio.create_task(app._keep_house(), name="housekeeping")
        return app

    def problem(self) -> str | None:
        """Return what keeps the bot from doing its work, ``None`` while nothing does."""
        if self._scoring is None or self._scoring.done():
            return "not scoring"
        if self.patience.reason is not None:
            return f"cannot write to the database: {self.patience.reason}"
        if not self.client.connected:
            return "not connected to Discord"
        return None

    async def _read_now(self, post: Post) -> None:
        await self.pipeline.submit_patiently(post)
        await self.pipeline.drained()

    def _level(self, post: Post) -> bool:
        return self.catch_up.level(post)

    def take_up(self) -> None:
        """Hand on, once, what an earlier process decided but did not finish.

        Each server by itself: one that is out just now holds up no other.
        """
        by_server: dict[int, list[Case]] = {}
        for case in self._unfinished:
            by_server.setdefault(case.decision.post.guild_id, []).append(case)
        self._unfinished = []
        for guild_id, cases in by_server.items():
            log.info("taking up unfinished actions", guild_id=guild_id, cases=len(cases))
            task = asyncio.create_task(self._take_up(cases), name=f"take-up-{guild_id}")
            self._taking_up.add(task)
            task.add_done_callback(self._taking_up.discard)

    async def _take_up(self, cases: Sequence[Case]) -> None:
        try:
            left = await patiently("taking up", partial(self._alerting.recalled, cases))
        except Exception:
            # They stay pending on disk; handing them on could tell moderators twice.
            log.exception("cases left pending after an unforeseen error", cases=len(cases))
        else:
            self.dispatcher.hand_on(left)

    async def drained(self) -> None:
        """Wait until everything submitted so far is journalled and acted on."""
        await self.catch_up.done()
        if self._taking_up:
            await asyncio.wait(self._taking_up)
        await self.pipeline.drained()
        await self.dispatcher.drained()

    async def run(self, stop: asyncio.Event) -> None:
        """Connect and work until told to stop. Raises ``OperatorError``."""
        scoring = self._scoring
        if scoring is None:
            raise RuntimeError("an App is made by App.open")
        token = require_token(self._settings)
        point_at(self._settings.discord.api_base, self._settings.discord.gateway_url)
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
            log.info("stopped", recorded=self.pipeline.recorded, refused=self.pipeline.refused)

    async def _drain(self) -> None:
        self.accepting = False
        await self.catch_up.stop()
        seconds = self._settings.pipeline.shutdown_seconds
        try:
            await asyncio.wait_for(self.drained(), seconds)
        except TimeoutError:
            log.warning("stopping before everything was done", waited_seconds=seconds)

    async def _keep_house(self) -> None:
        """Erase, every hour, what has been kept long enough."""
        storage, store = self._settings.storage, self.housekeeping
        while True:
            now = datetime.now(UTC)
            try:
                erased = await store.expire(now - timedelta(days=storage.retention_days))
                left = now - timedelta(days=storage.erase_left_after_days)
                for guild_id in await store.departed(left):
                    erased += await store.forget_server(guild_id)
                    self.book.forget(guild_id)
            except sqlite3.OperationalError as error:
                log.warning("housekeeping put off", reason=str(error))
            except Exception:
                # Nothing may end this: what is not erased is kept longer than was promised.
                log.exception("housekeeping failed, trying again in an hour")
            else:
                if erased:
                    log.info("erased what was kept long enough", messages=erased)
            await asyncio.sleep(HOUSEKEEPING_SECONDS)

    async def close(self) -> None:
        """Close everything that ``open`` opened, in the opposite order."""
        self.accepting = False
        async with AsyncExitStack() as closing:
            # Last in, first out, each whatever becomes of the others: the pipeline ends before the
            # dispatcher it feeds, and the store, whose thread would keep the process alive, last.
            closing.push_async_callback(self._store.close)
            if not self.client.is_closed():
                closing.push_async_callback(self.client.close)
            closing.push_async_callback(self.dispatcher.stop)
            if self._housekeeping is not None:
                closing.push_async_callback(_cancelled, self._housekeeping)
            closing.push_async_callback(self.catch_up.stop)
            for task in self._taking_up:
                closing.push_async_callback(_cancelled, task)
            if self._scoring is not None:
                closing.push_async_callback(_cancelled, self._scoring)
            if self._http is not None:
                closing.push_async_callback(self._http.stop)


class _Events:
    """What the client tells the bot."""

    def __init__(self, app: App) -> None:
        self._app = app

    def submit(self, post: Post) -> bool:
        """Queue a post, unless the bot is stopping; where there is no room, it is read later."""
        if not self._app.accepting:
            return False
        refused = self._app.pipeline.submit(post)
        if refused is not None and refused.surface is not Surface.NICKNAME:
            self._app.catch_up.missed(refused)
        return refused is not post

    async def prepare(self) -> None:
        """Have buttons answered, and send Discord the commands if they changed."""
        self._app.client.add_dynamic_items(self._app.controls.item())
        await self._app.tree.sync_if_changed()

    def session_begins(self) -> None:
        """Expect that something was missed."""
        self._app.catch_up.begin()

    async def ready(self) -> None:
        """Take up what an earlier process left, and read what was written meanwhile."""
        await self._returned([guild.id for guild in self._app.client.guilds])
        self._app.take_up()
        if self._app.accepting:
            await self._app.catch_up.start()
        await self._app.tree.sync_if_changed()  # in case it could not be done before

    def unavailable(self, guild_id: int) -> None:
        """Expect that something is missed in a server that is out."""
        self._app.catch_up.unavailable(guild_id)

    async def available(self, guild_id: int) -> None:
        """Read what was written in a server while it was out."""
        if self._app.accepting:
            await self._app.catch_up.available(guild_id)

    async def joined(self, guild_id: int) -> None:
        """Keep a server's data, which may have been about to be erased; leave its past alone."""
        await self._app.catch_up.joined(guild_id)
        await self._returned([guild_id])

    async def left(self, guild_id: int) -> None:
        """Begin the delay after which a server's data are erased."""
        await self._app.patience.until_written(
            lambda: self._app.housekeeping.left(guild_id), "departure"
        )

    async def _returned(self, guild_ids: Sequence[int]) -> None:
        await self._app.patience.until_written(
            lambda: self._app.housekeeping.returned(guild_ids), "servers"
        )


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
