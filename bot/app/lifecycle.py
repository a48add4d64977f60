"""Opens, runs and closes the bot's parts, in order."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import structlog

from bot.app.events import AppEvents
from bot.app.housekeeping import keep_house, watch_database
from bot.app.scoring import load_scorer
from bot.app.settings import Settings, require_token
from bot.app.wiring import assemble
from bot.platform.client import point_at
from bot.store.sqlite.store import SqliteStore
from model.scorer import Scorer

if TYPE_CHECKING:
    from bot.ui.web.server import HttpServer

log = structlog.stdlib.get_logger(__name__)


class App:
    """The whole bot. Call ``open``, then ``run`` (or use ``client`` directly), then ``close``."""

    def __init__(self, settings: Settings, scorer: Scorer, store: SqliteStore) -> None:
        self._settings = settings
        self._store = store
        self._events = AppEvents(store.housekeeping)
        self.parts = assemble(settings, scorer, store, self._events, self._events.submit)
        self._events.parts = self.parts
        self.client = self.parts.client
        self.context = self.parts.context
        self._judging: asyncio.Task[None] | None = None
        self._background: list[asyncio.Task[None]] = []
        self._http = self._http_server(scorer) if settings.http.enabled else None

    def _http_server(self, scorer: Scorer) -> HttpServer:
        # Imported here, so that a bot without HTTP does not load a web framework.
        from bot.ui.web.predict import create_api  # noqa: PLC0415
        from bot.ui.web.server import HttpServer  # noqa: PLC0415

        pipeline = self.parts.pipeline
        api = create_api(
            scorer, self.problem, idle=pipeline.idle, set_aside=lambda: pipeline.set_aside
        )
        return HttpServer(api, self._settings.http.host, self._settings.http.port)

    @classmethod
    async def open(cls, settings: Settings) -> App:
        """Load the model, open the store, start the pipeline and, if enabled, HTTP.

        Raises ``OperatorError`` and then leaves nothing open.
        """
        scorer = load_scorer(settings)
        store = await SqliteStore.open(settings.storage.database, settings.storage.key_file)
        app = cls(settings, scorer, store)
        parts = app.parts
        try:
            parts.book.load(await store.settings.entries())
            # Read before anything new is journalled, so that no case is passed on twice.
            unfinished = await store.journal.unfinished()
            parts.recovery.remember(await asyncio.to_thread(parts.judge.with_evidence, unfinished))
            if app._http is not None:
                await app._http.start()
        except BaseException:
            await store.close()
            raise
        app._judging = asyncio.create_task(parts.pipeline.run(), name="pipeline")
        app._background = [
            asyncio.create_task(
                keep_house(store, parts.book, parts.clock, settings.storage), name="housekeeping"
            ),
            asyncio.create_task(watch_database(store), name="watch"),
        ]
        return app

    def problem(self) -> str | None:
        """Return what keeps the bot from working, or ``None`` if nothing does."""
        if self._judging is None or self._judging.done():
            return "not judging"
        if self.parts.patience.reason is not None:
            return f"cannot write to the database: {self.parts.patience.reason}"
        if (wrong := self._store.problem()) is not None:
            return wrong
        if not self.client.connected:
            return "not connected to Discord"
        return None

    async def drained(self) -> None:
        """Wait until everything submitted so far is journalled and acted on."""
        parts = self.parts
        await parts.catch_up.done()
        await parts.recovery.done()
        await parts.roles.done()
        await parts.pipeline.drained()
        await parts.dispatcher.drained()

    async def run(self, stop: asyncio.Event) -> None:
        """Connect and work until ``stop`` is set. Raises ``OperatorError``."""
        judging = self._judging
        if judging is None:
            raise RuntimeError("create an App with App.open")
        token = require_token(self._settings)
        point_at(self._settings.discord.api_base, self._settings.discord.gateway_url)
        stopping = asyncio.create_task(stop.wait(), name="stop")
        working = asyncio.create_task(self.client.work(token), name="discord")
        try:
            await asyncio.wait({stopping, working, judging}, return_when=asyncio.FIRST_COMPLETED)
            await self._drain()
        finally:
            stopping.cancel()
            working.cancel()
            await asyncio.gather(stopping, return_exceptions=True)
        if judging.done():
            await judging
        try:
            await working
        except asyncio.CancelledError:
            pipeline = self.parts.pipeline
            log.info(
                "stopped",
                recorded=pipeline.recorded,
                refused=pipeline.refused,
                set_aside=pipeline.set_aside,
            )

    async def _drain(self) -> None:
        self._events.accepting = False
        await self.parts.catch_up.stop()
        seconds = self._settings.pipeline.shutdown_seconds
        try:
            await asyncio.wait_for(self.drained(), seconds)
        except TimeoutError:
            log.warning("stopped before all work was done", waited_seconds=seconds)

    async def close(self) -> None:
        """Close everything that ``open`` opened, in reverse order."""
        self._events.accepting = False
        async with AsyncExitStack() as closing:
            # Callbacks run in reverse order, even if one fails. The pipeline stops before the
            # dispatcher that it feeds. The store closes last; its thread keeps the process alive.
            closing.push_async_callback(self._store.close)
            if not self.client.is_closed():
                closing.push_async_callback(self.client.close)
            closing.push_async_callback(self.parts.dispatcher.stop)
            for task in (*self._background, self._judging):
                if task is not None:
                    closing.push_async_callback(_cancelled, task)
            closing.push_async_callback(self.parts.catch_up.stop)
            closing.push_async_callback(self.parts.roles.stop)
            closing.push_async_callback(self.parts.recovery.stop)
            if self._http is not None:
                closing.push_async_callback(self._http.stop)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
