"""The real bot on a simulated Discord whose clock runs with the real one, and its page."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import simcord
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle
from simcord.preview import Preview

from bot.app.lifecycle import App
from bot.app.settings import Moderation, Settings, Storage
from bot.demo.page import Page
from bot.demo.seeding import seed
from bot.demo.turns import Turns
from bot.domain import Case

PAUSE: Final = 0.6
"""Seconds between a message and what the bot does about it, so that a visitor sees both."""

TICK_SECONDS: Final = 5.0
"""The page shows the time of the last tick; "now" is never older than this."""


@dataclass(frozen=True, slots=True)
class World:
    """What a running demo consists of."""

    app: App
    env: simcord.Env
    channel: ChannelHandle
    member: MemberActor
    moderator: MemberActor
    preview: Preview
    page: Page


@asynccontextmanager
async def world(folder: Path, port: int = 0) -> AsyncIterator[World]:
    """Open the bot in enforcing mode on a simulated server with a seeded conversation.

    What goes wrong in the bot is logged by the bot, and kept in ``env.errors``. A refused command
    is there, too, so closing raises none of them.
    """
    settings = Settings(
        storage=Storage(database=folder / "demo.sqlite3"),
        moderation=Moderation(mode="enforce"),
    )
    acted = asyncio.Event()

    app = await App.open(settings)
    app.parts.dispatcher.finished.add(lambda _case: acted.set())
    try:
        async with simcord.run(app.client, check_errors=False) as env:
            server = await seed(app, env)
            app.parts.pipeline.hand_on = _a_moment_later(app)
            viewers = [server.member, server.moderator]
            async with env.preview(server.channel, viewers=viewers, layout="channel") as preview:
                turns = Turns(env, preview)
                async with Page.serve(server, preview, turns, port) as page:
                    ticking = asyncio.create_task(_tick(turns, acted), name="ticking")
                    try:
                        yield World(
                            app,
                            env,
                            server.channel,
                            server.member,
                            server.moderator,
                            preview,
                            page,
                        )
                    finally:
                        ticking.cancel()
                        await asyncio.gather(ticking, return_exceptions=True)
    finally:
        await app.close()


def _a_moment_later(app: App) -> Callable[[Sequence[Case]], None]:
    """Return what hands cases on after a pause, in which a visitor sees the message."""

    def hand_on(cases: Sequence[Case]) -> None:
        asyncio.get_running_loop().call_later(PAUSE, app.parts.dispatcher.hand_on, cases)

    return hand_on


async def _tick(turns: Turns, acted: asyncio.Event) -> None:
    """Show what the bot did by itself and what time it is; the page asks for neither."""
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(acted.wait(), TICK_SECONDS)
        acted.clear()
        async with turns.turn():
            pass
