"""The connection to Discord: least intents, little memory, every message to the queue at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp
import discord
import discord.app_commands
import structlog
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.domain import Post
from bot.errors import OperatorError
from bot.intake.surfaces import post_of

LONGEST_WAIT: Final = 60.0
"""Seconds between attempts to log in while Discord cannot be reached, at most."""

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


class Client(discord.Client):
    """discord.py's client with an ear for messages and nothing kept of them."""

    def __init__(
        self,
        submit: Callable[[Post], None],
        prepare: Callable[[], Awaitable[None]],
        ready: Callable[[], Awaitable[None]],
    ) -> None:
        # The bot never speaks in voice channels; that it could not is no news to the operator.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            intents=intents(),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
        )
        self.tree: discord.app_commands.CommandTree[discord.Client] | None = None
        """Where commands.Bot has its tree too, so that tools which look there find it."""
        self.connected = False
        """Whether the gateway is there now; ``is_ready`` stays true once it was."""
        self._submit = submit
        self._prepare = prepare
        self._when_ready = ready

    async def setup_hook(self) -> None:
        """Prepare, once, between login and the first gateway frame."""
        await self._prepare()

    async def on_ready(self) -> None:
        """Say where we are, and let the bot take up what waits. Fires for each new session."""
        self.connected = True
        log.info("ready", user_id=self.user.id if self.user else None, guilds=len(self.guilds))
        await self._when_ready()

    async def on_resumed(self) -> None:
        """Note that the gateway is back with the session it had."""
        self.connected = True

    async def on_disconnect(self) -> None:
        """Note that the gateway is gone; discord.py reconnects by itself."""
        self.connected = False

    async def on_message(self, message: discord.Message) -> None:
        """Queue a new message. No await before that: it would cost the order."""
        self._read(message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Queue what a message was edited to; without a cache only the raw event fires.

        A link preview that arrives late is an edit too, but one without a time: nobody wrote.
        """
        if payload.message.edited_at is not None:
            self._read(payload.message)

    def _read(self, message: discord.Message) -> None:
        post = post_of(message, self.user.id if self.user else 0)
        if post is not None:
            self._submit(post)

    async def work(self, token: str) -> None:
        """Log in, connect, and go on until closed. Raises ``OperatorError`` where Discord refuses."""
        try:
            await self._log_in(token)
            await self.connect()
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
            except (aiohttp.ClientError, OSError, discord.DiscordServerError) as error:
                log.warning(
                    "cannot reach Discord, trying again", reason=str(error), wait_seconds=wait
                )
                await self.http.close()
                # login() would go on with the connector that close() has closed.
                self.http.connector = discord.utils.MISSING
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)
