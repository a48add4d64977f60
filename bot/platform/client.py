"""The connection to Discord: least intents, little memory, every message to the queue at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol

import aiohttp
import discord
import discord.app_commands
import structlog
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.clock import Clock
from bot.domain import GuildId, Post
from bot.errors import OperatorError
from bot.platform.errors import is_temporary
from bot.platform.surfaces import nickname_of, post_of, title_of

SWITCHING: Final = 101

LONGEST_WAIT: Final = 60.0
"""Seconds between attempts to log in while Discord cannot be reached, at most."""

SILENCE: Final = 2.0
"""Seconds without a further server after which those that are still to come are not waited for.

They are caught up on when they come.
"""
AT_ONCE: Final = 0.001
"""Seconds to wait for nothing more; with 0, Python 3.11 drops what waits in the queue already."""

log = structlog.stdlib.get_logger(__name__)


def point_at(api_base: str, gateway_url: str) -> None:
    """Make discord.py speak to this server. Process-wide, as discord.py keeps both in classes.

    Both are always set together: with only one of them the token would go to the real gateway.
    """
    Route.BASE = api_base
    DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway_url)


def intents() -> discord.Intents:
    """Return the least that reading server messages needs."""
    return discord.Intents(guilds=True, guild_messages=True, message_content=True)


def _times_told(clock: Clock) -> aiohttp.TraceConfig:
    """Return what has every answer's ``Date`` set the clock."""

    async def answered(
        session: aiohttp.ClientSession, context: object, answer: aiohttp.TraceRequestEndParams
    ) -> None:
        del session, context
        if answer.response.status == SWITCHING:
            return  # the gateway's; a proxy in between may answer with a time of its own
        try:
            told = parsedate_to_datetime(answer.response.headers["Date"])
        except (KeyError, ValueError):
            return  # a proxy may leave it out, or garble it
        clock.told(told if told.tzinfo else told.replace(tzinfo=UTC))

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(answered)
    return trace


class Events(Protocol):
    """What the bot does when Discord tells it something."""

    def message(self, post: Post, nickname: Callable[[], Post | None], *, later: bool) -> None:
        """Take a message, without waiting; ``later`` says that it was told of before."""

    def title(self, post: Post) -> None:
        """Take a title that may have changed, without waiting."""

    async def prepare(self) -> None:
        """Get ready, once, between login and the first gateway frame."""

    def session_begins(self) -> None:
        """Expect that something was missed. Called before the session's first message."""

    async def ready(self) -> None:
        """Take up what waits, and what was missed. Called for each new session."""

    def unavailable(self, guild: GuildId) -> None:
        """Expect that something is missed in a server that is out."""

    async def available(self, guild: GuildId) -> None:
        """Take up what was missed in a server that is back."""

    async def joined(self, guild: GuildId) -> None:
        """Note that the bot was added to a server."""

    async def left(self, guild: GuildId) -> None:
        """Note that the bot was removed from a server."""


class Client(discord.Client):
    """discord.py's client. Receives messages; keeps no cache of them."""

    def __init__(self, events: Events, clock: Clock) -> None:
        # The bot never speaks in voice channels; that it could not is no news to the operator.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            intents=intents(),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            http_trace=_times_told(clock),
        )
        self.tree: discord.app_commands.CommandTree[discord.Client] | None = None
        """Where commands.Bot has its tree too, so that tools which look there find it."""
        self.connected = False
        """Whether the gateway is there now; ``is_ready`` stays true once it was."""
        self.malformed = 0
        """Frames that could not be understood."""
        self._events = events
        self._clock = clock
        self._awaited: set[str] = set()
        """Servers of this session that Discord has yet to tell of."""
        self._at_once: dict[str, Callable[..., None]] = {
            "connect": events.session_begins,
            "message": self._read_new,
            "raw_message_edit": self._read_edit,
            "guild_unavailable": self._expect_gap,
            "socket_event_type": lambda _: None,  # comes with every frame; nobody listens
        }
        for event, parse in self._connection.parsers.items():
            self._connection.parsers[event] = self._guarded(event, parse)

    def _guarded(self, event: str, parse: Callable[[Any], None]) -> Callable[[Any], None]:
        """Let a frame that lacks something be skipped; discord.py would end with it."""

        def guarded(data: Any) -> None:  # noqa: ANN401 - a frame is whatever was sent
            try:
                parse(data)
                self._told_of_servers(event, data)
            except Exception as error:  # noqa: BLE001 - it can lack anything
                self.malformed += 1
                # Neither the frame nor the error's text: both could quote a message.
                log.error("malformed frame", type=event, reason=type(error).__name__)  # noqa: TRY400

        return guarded

    def _told_of_servers(self, event: str, data: Any) -> None:  # noqa: ANN401
        """Have the bot ready once the last server is there; discord.py alone would wait on."""
        if event == "READY":
            self._awaited = {guild["id"] for guild in data["guilds"]}
        elif event == "GUILD_CREATE":
            self._awaited.discard(data["id"])
        else:
            return
        if (
            self._connection.guild_ready_timeout
        ):  # 0 on a simulated Discord, which comes all at once
            self._connection.guild_ready_timeout = SILENCE if self._awaited else AT_ONCE

    async def setup_hook(self) -> None:
        """Prepare, once, between login and the first gateway frame."""
        await self._events.prepare()

    def dispatch(self, event: str, /, *args: object, **kwargs: object) -> None:
        """Take at once what must keep its order and never waits; the rest is a task each.

        discord.py makes a task of everything, which for a message costs as much as judging it. One
        that cannot be read is skipped like a frame that cannot.
        """
        take = self._at_once.get(event)
        if take is None:
            super().dispatch(event, *args, **kwargs)
        else:
            take(*args)

    async def on_ready(self) -> None:
        """Say where we are, and let the bot take up what waits. Fires for each new session."""
        self.connected = True
        log.info("ready", user_id=self.user.id if self.user else None, guilds=len(self.guilds))
        await self._events.ready()

    async def on_resumed(self) -> None:
        """Note that the gateway is back with the session it had."""
        self.connected = True

    async def on_disconnect(self) -> None:
        """Note that the gateway is gone; discord.py reconnects by itself."""
        self.connected = False

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Note that a server is back, or there at the start of a session."""
        await self._events.available(GuildId(guild.id))

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Note that the bot was added to a server."""
        await self._events.joined(GuildId(guild.id))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Note that the bot was removed from a server."""
        await self._events.left(GuildId(guild.id))

    async def on_thread_create(self, thread: discord.Thread) -> None:
        """Queue the title of a new thread or forum post."""
        self._read_title(thread)

    async def on_raw_thread_update(self, payload: discord.RawThreadUpdateEvent) -> None:
        """Queue a title that may have changed."""
        guild = self.get_guild(payload.guild_id)
        if guild is not None:
            self._read_title(discord.Thread(guild=guild, state=self._connection, data=payload.data))

    def _expect_gap(self, guild: discord.Guild) -> None:
        """Note that a server is out, before any message of it can come again."""
        self._events.unavailable(GuildId(guild.id))

    def _read_new(self, message: discord.Message) -> None:
        """Queue a new message."""
        post = self._read(message, later=False)
        self._clock.seen(message.created_at if post is None else post.created_at)

    def _read_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Queue what a message was edited to; without a cache only the raw event fires.

        A link's preview that arrives late is an edit too; a text that is as it was is none.
        """
        self._read(payload.message, later=True)

    def _read(self, message: discord.Message, *, later: bool) -> Post | None:
        post = post_of(message, self.user.id if self.user else 0, later=later)
        if post is not None:
            self._events.message(post, lambda: nickname_of(message), later=later)
        return post

    def _read_title(self, thread: discord.Thread) -> None:
        post = title_of(thread)
        if post is not None:
            self._events.title(post)

    async def work(self, token: str) -> None:
        """Log in, connect, and go on until closed. Raises ``OperatorError`` where Discord refuses."""
        try:
            await self._log_in(token)
            wait = 1.0
            while True:
                begun = asyncio.get_running_loop().time()
                try:
                    await self.connect()
                except (discord.DiscordException, RuntimeError):
                    raise
                except Exception as error:  # noqa: BLE001 - a frame can be wrong in any way
                    # A frame that is no JSON ends discord.py's loop: a new session reads on.
                    self.malformed += 1
                    log.error("malformed frame", reason=type(error).__name__)  # noqa: TRY400
                    if self.ws is not None:
                        await self.ws.close(code=4000)
                    # 1,000 sessions a day are allowed; beyond that Discord resets the token.
                    lasted = asyncio.get_running_loop().time() - begun
                    wait = 1.0 if lasted > LONGEST_WAIT else min(wait * 2, LONGEST_WAIT)
                    await asyncio.sleep(wait)
                else:
                    return
        except discord.LoginFailure as error:
            raise OperatorError(
                "Discord refused the token. Copy it again from the developer portal (Bot, Reset "
                "Token) and set BELLWETHER_DISCORD__TOKEN."
            ) from error
        except discord.PrivilegedIntentsRequired as error:
            raise OperatorError(
                "Discord refused the message-content intent. Switch on Message Content Intent for "
                "this application in the developer portal (Bot, Privileged Gateway Intents)."
            ) from error

    async def _log_in(self, token: str) -> None:
        """Log in; while Discord cannot be reached, keep trying, as after a power cut at night."""
        wait = 1.0
        while True:
            try:
                return await self.login(token)
            except (aiohttp.ClientError, OSError, discord.HTTPException) as error:
                if not is_temporary(error):
                    raise
                log.warning(
                    "cannot reach Discord, trying again", reason=str(error), wait_seconds=wait
                )
                await self.http.close()
                # login() would go on with the connector that close() has closed.
                self.http.connector = discord.utils.MISSING
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)
