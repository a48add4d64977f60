"""The connection to Discord, with minimal intents and no cache. Messages are queued at once."""

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
"""Most seconds between attempts to log in while Discord cannot be reached."""

SILENCE: Final = 2.0
"""Seconds without a new server after which the bot stops waiting for more at startup.

Servers that arrive later are caught up on then.
"""
AT_ONCE: Final = 0.001
"""Seconds to wait once every server has arrived; with 0, Python 3.11 drops what is in the queue."""

log = structlog.stdlib.get_logger(__name__)


def point_at(api_base: str, gateway_url: str) -> None:
    """Make discord.py connect to these addresses, for the whole process.

    Both are always set together, because with only one the token would go to the real gateway.
    """
    Route.BASE = api_base
    DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway_url)


def intents() -> discord.Intents:
    """Return the minimal intents for reading server messages."""
    return discord.Intents(guilds=True, guild_messages=True, message_content=True)


def _clock_trace(clock: Clock) -> aiohttp.TraceConfig:
    """Return a trace that sets the clock by the ``Date`` of every HTTP response."""

    async def set_clock(
        session: aiohttp.ClientSession, context: object, answer: aiohttp.TraceRequestEndParams
    ) -> None:
        del session, context
        if answer.response.status == SWITCHING:
            return  # the gateway's, where a proxy may send its own time
        try:
            date = parsedate_to_datetime(answer.response.headers["Date"])
        except (KeyError, ValueError):
            return  # a proxy may drop or garble it
        clock.told(date if date.tzinfo else date.replace(tzinfo=UTC))

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(set_clock)
    return trace


class Events(Protocol):
    """Receives the events that the bot reacts to."""

    def message(self, post: Post, nickname: Callable[[], Post | None], *, later: bool) -> None:
        """Take a message without waiting. ``later`` means an update: an edit or a link's preview."""

    def title(self, post: Post) -> None:
        """Take a title that may have changed, without waiting."""

    async def prepare(self) -> None:
        """Get ready, once, between login and the first gateway frame."""

    def session_begins(self) -> None:
        """Expect that messages were missed. Called before the first message of a session."""

    async def ready(self) -> None:
        """Resume unfinished work and read missed messages. Called for each new session."""

    def unavailable(self, guild: GuildId) -> None:
        """Expect that messages are missed in a server that is unavailable."""

    async def available(self, guild: GuildId) -> None:
        """Read missed messages in a server that is available again."""

    async def joined(self, guild: GuildId) -> None:
        """Note that the bot was added to a server."""

    async def left(self, guild: GuildId) -> None:
        """Note that the bot was removed from a server."""


class Client(discord.Client):
    """discord.py's client. Receives messages, and keeps no cache of them."""

    def __init__(self, events: Events, clock: Clock) -> None:
        # The bot never joins voice channels, so warnings about missing voice support do not matter.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            intents=intents(),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=SILENCE,
            http_trace=_clock_trace(clock),
        )
        self.tree: discord.app_commands.CommandTree[discord.Client] | None = None
        """The command tree, under the same name as in commands.Bot, where tools look for it."""
        self.connected = False
        """Whether the gateway is connected now; ``is_ready`` stays true after a disconnect."""
        self.malformed = 0
        """The number of malformed frames."""
        self._events = events
        self._clock = clock
        self._awaited: set[str] = set()
        """Servers of this session that Discord has not sent yet."""
        self._at_once: dict[str, Callable[..., None]] = {
            "connect": events.session_begins,
            "message": self._read_new,
            "raw_message_edit": self._read_edit,
            "guild_unavailable": self._expect_gap,
            "socket_event_type": lambda _: None,  # sent for every frame, and unused
        }
        for event, parse in self._connection.parsers.items():
            self._connection.parsers[event] = self._guarded(event, parse)

    def _guarded(self, event: str, parse: Callable[[Any], None]) -> Callable[[Any], None]:
        """Return a parser that skips malformed frames, which would otherwise stop discord.py."""

        def guarded(data: Any) -> None:  # noqa: ANN401 - a frame can be anything
            try:
                parse(data)
                self._shorten_startup(event, data)
            except Exception as error:  # noqa: BLE001 - any part can be missing
                self.malformed += 1
                # Neither the frame nor the error's message, because both could quote a message.
                log.error("malformed frame received", type=event, reason=type(error).__name__)  # noqa: TRY400

        return guarded

    def _shorten_startup(self, event: str, data: Any) -> None:  # noqa: ANN401
        """Make the bot ready once the last server has arrived; discord.py would wait longer."""
        if event == "READY":
            self._awaited = {guild["id"] for guild in data["guilds"]}
        elif event == "GUILD_CREATE":
            self._awaited.discard(data["id"])
        else:
            return
        # It is 0 on a simulated Discord, which sends all servers at once.
        if self._connection.guild_ready_timeout:
            self._connection.guild_ready_timeout = SILENCE if self._awaited else AT_ONCE

    async def setup_hook(self) -> None:
        """Get ready, once, between login and the first gateway frame."""
        await self._events.prepare()

    def dispatch(self, event: str, /, *args: object, **kwargs: object) -> None:
        """Handle events that must keep their order at once, and every other event in a task.

        discord.py creates a task for every event, which for a message costs as much as judging it.
        A message that cannot be read is skipped like a malformed frame.
        """
        take = self._at_once.get(event)
        if take is None:
            super().dispatch(event, *args, **kwargs)
        else:
            take(*args)

    async def on_ready(self) -> None:
        """Log that the bot is ready, and resume unfinished work. Fires for each new session."""
        self.connected = True
        log.info("ready", user_id=self.user.id if self.user else None, guilds=len(self.guilds))
        await self._events.ready()

    async def on_resumed(self) -> None:
        """Note that the gateway has resumed the session."""
        self.connected = True

    async def on_disconnect(self) -> None:
        """Note that the gateway is disconnected; discord.py reconnects by itself."""
        self.connected = False

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Note that a server is available, again or at the start of a session."""
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
        """Note that a server is unavailable, before it can send messages again."""
        self._events.unavailable(GuildId(guild.id))

    def _read_new(self, message: discord.Message) -> None:
        """Queue a new message."""
        post = self._read(message, later=False)
        self._clock.seen(message.created_at if post is None else post.created_at)

    def _read_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Queue an updated message. Without a cache, only the raw event fires.

        A link's preview that arrives late also updates the message.
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
        """Log in, connect and run until closed. Raises ``OperatorError`` if Discord refuses."""
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
                    # A frame that is not JSON ends discord.py's loop, so a new session is started.
                    self.malformed += 1
                    log.error("malformed frame received", reason=type(error).__name__)  # noqa: TRY400
                    if self.ws is not None:
                        await self.ws.close(code=4000)
                    # Discord allows 1,000 sessions a day and resets the token after that.
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
        """Log in. Keep trying while Discord cannot be reached, for example after a power failure."""
        wait = 1.0
        while True:
            try:
                return await self.login(token)
            except (aiohttp.ClientError, OSError, discord.HTTPException) as error:
                if not is_temporary(error):
                    raise
                log.warning(
                    "could not reach Discord, retrying", reason=str(error), wait_seconds=wait
                )
                await self.http.close()
                # Otherwise login() would reuse the connector that close() has closed.
                self.http.connector = discord.utils.MISSING
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)
