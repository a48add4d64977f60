"""The bot at work with no token and no server: the real client on a simulated Discord."""

from __future__ import annotations

import asyncio
import tempfile
import webbrowser
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import discord
import simcord
from rich.console import Console
from simcord.actors import MemberActor
from simcord.backend.errors import SetupError
from simcord.builders import ChannelHandle
from simcord.preview import Preview

from bot.app.lifecycle import App
from bot.app.settings import Moderation, Settings, Storage
from bot.app.signals import stop_event
from bot.domain import (
    Case,
    ChannelId,
    Judgement,
    Post,
    UserId,
    Verdict,
    message_case,
)

SEEDED: Final = (
    ("Ada", "morning all, is the book club still on for thursday?"),
    ("Linus", "yes, 8 pm, chapter five"),
    ("Ada", "damn, that was a good chapter"),
    ("Grace", "no spoilers please, i am on chapter three"),
    ("Linus", "ok, promised"),
)
LAST_WEEK: Final = (
    (6, "you are the worst reader in this club, honestly", Judgement.FALSE_POSITIVE),
    (6, "shut up, nobody asked you", Judgement.RIGHT),
    (5, "only an idiot would like that ending", Judgement.FALSE_POSITIVE),
    (5, "you are an idiot and everybody here knows it", Judgement.RIGHT),
    (4, "what a stupid, stupid book", None),
    (4, "your review is as dumb as you are", Judgement.RIGHT),
    (3, "i am such a moron, i read chapter six twice", Judgement.FALSE_POSITIVE),
    (3, "get lost, loser", Judgement.RIGHT),
    (3, "the villain is a pathetic coward", Judgement.FALSE_POSITIVE),
    (2, "you pathetic little worm", Judgement.RIGHT),
    (2, "that plot twist was garbage", None),
    (1, "go away, you are useless", None),
    (1, "you clown, that is not even in the book", None),
)
"""What was written in another channel, days ago, and what Morgan said of the alerts."""

BORDERLINE: Final = "you play like garbage"
HATEFUL: Final = "immigrants are filthy animals and should be shot"

PAUSE: Final = 0.6
"""Seconds between a message and what the bot does about it, so that a person sees both."""


@dataclass(frozen=True, slots=True)
class World:
    """What a running demo consists of."""

    app: App
    env: simcord.Env
    channel: ChannelHandle
    member: MemberActor
    moderator: MemberActor
    preview: Preview


@asynccontextmanager
async def world(folder: Path, port: int = 0) -> AsyncIterator[World]:
    """Open the bot in enforcing mode on a simulated server with a seeded conversation."""
    settings = Settings(
        storage=Storage(database=folder / "demo.sqlite3"),
        moderation=Moderation(mode="enforce"),
    )
    acted = asyncio.Event()

    app = await App.open(settings)
    app.parts.dispatcher.finished.add(lambda _case: acted.set())
    try:
        async with simcord.run(app.client) as env:
            # Simulated time begins in the past; a person who looks at it expects today.
            env.backend.clock.advance((datetime.now(UTC) - env.now()).total_seconds())
            guild = env.create_guild("The Reading Room")
            moderators = guild.create_role(
                "Moderator",
                permissions=discord.Permissions(manage_messages=True, moderate_members=True),
            )
            channel = guild.create_text_channel(
                "general", topic="In this demo alerts come to the same channel."
            )
            people = {
                name: guild.add_member(env.create_user(name.lower(), global_name=name))
                for name in dict.fromkeys(name for name, _ in SEEDED)
            }
            member = guild.add_member(env.create_user("robin", global_name="Robin (member)"))
            moderator = guild.add_member(
                env.create_user("morgan", global_name="Morgan (moderator)"), roles=[moderators]
            )
            if (me := guild.me) is not None:
                await me.edit(nick="Bellwether")
            await moderator.slash(channel, "alerts channel", channel=channel)
            lobby = guild.create_text_channel("lobby")
            await _remember(app, guild.id, lobby.id, people["Linus"].id, moderator.id)
            for name, text in SEEDED:
                await people[name].send(channel, text)
            await people["Linus"].send(channel, BORDERLINE)
            await app.drained()
            app.parts.pipeline.hand_on = _a_moment_later(app)
            async with env.preview(
                channel, viewers=[member, moderator], layout="channel", port=port or None
            ) as preview:
                refreshing = asyncio.create_task(_keep_fresh(preview, acted))
                try:
                    yield World(app, env, channel, member, moderator, preview)
                finally:
                    refreshing.cancel()
                    await asyncio.gather(refreshing, return_exceptions=True)
    finally:
        await app.close()


def _a_moment_later(app: App) -> Callable[[Sequence[Case]], None]:
    """Return what hands cases on after a pause, in which a person sees the message."""

    def hand_on(cases: Sequence[Case]) -> None:
        asyncio.get_running_loop().call_later(PAUSE, app.parts.dispatcher.hand_on, cases)

    return hand_on


async def _remember(
    app: App, guild_id: int, channel_id: int, author_id: int, moderator_id: int
) -> None:
    """Put a week of another channel into the journal, scored as if it had just been written."""
    context, now = app.context, datetime.now(UTC)
    decisions, verdicts = [], []
    posts = []
    for number, (days, text, _) in enumerate(LAST_WEEK):
        at = now - timedelta(days=days, minutes=number)
        case = message_case(guild_id, discord.utils.time_snowflake(at))
        posts.append(Post(case, ChannelId(channel_id), UserId(author_id), at, text))
    judged = context.judge.judge(posts)
    for decision, (_, _, judgement) in zip(judged, LAST_WEEK, strict=True):
        decisions.append(replace(decision, reasons=()))  # dealt with, long ago
        if judgement is not None and decision.lead is not None:
            by, at = UserId(moderator_id), decision.post.created_at
            verdicts.append(Verdict(decision, decision.lead.harm, judgement, by, at))
    await context.store.journal.record(decisions)
    await context.store.verdicts.judge(verdicts)


async def _keep_fresh(preview: Preview, acted: asyncio.Event) -> None:
    """Show what the bot did by itself: the page learns only of what a person's click led to."""
    while True:
        await acted.wait()
        acted.clear()
        while True:
            try:
                await preview.refresh()
            except SetupError:  # a person's action is under way; it will be done in a moment
                await asyncio.sleep(0.1)
            else:
                break


async def run_demo(*, port: int, open_browser: bool) -> None:
    """Run the demo until Ctrl-C."""
    console = Console(soft_wrap=True)
    stop = stop_event()
    with tempfile.TemporaryDirectory(prefix="bellwether-demo-") as folder:
        async with world(Path(folder), port) as shown:
            console.print("\n[bold]Bellwether demo[/bold]: the real bot on a simulated Discord.\n")
            console.print(f"  Open  {shown.preview.url}\n", highlight=False)
            console.print("Then try, in the page:")
            console.print("  1. As Robin, write:", f"[italic]{HATEFUL}[/italic]")
            console.print("     It is deleted, and the moderators are told.")
            console.print("  2. As Robin, write:", f"[italic]{BORDERLINE}[/italic]")
            console.print("     It stays, and the moderators are told.")
            console.print(
                "  3. View as Morgan. Under the alerts, press False positive, or Time out."
            )
            console.print("     Try /threshold preview: class insult, action alert, value 0.9;")
            console.print("     set it so, then /threshold undo.")
            console.print("     /score, /threshold show and /setup are worth a look, too.\n")
            console.print("Ctrl-C ends the demo; nothing of it is kept.")
            if open_browser:
                # Where there is no browser this does nothing; the address is printed above.
                await asyncio.to_thread(webbrowser.open, shown.preview.url)
            await stop.wait()
