"""The bot as a real process, pointed at the stand-in."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bot.domain import GuildId, UserId
from bot.store.sqlite.store import SqliteStore
from tests.standin import GUILD, MODERATORS, TOKEN, StandIn

DATABASE = "bellwether.sqlite3"


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without any of Bellwether's variables, plus ``settings``."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("BELLWETHER_") and k != "PORT"}
    return kept | settings


def settings_for(standin: StandIn, folder: Path, **more: str) -> dict[str, str]:
    return {
        "BELLWETHER_DISCORD__TOKEN": TOKEN,
        "BELLWETHER_DISCORD__API_BASE": standin.api_base,
        "BELLWETHER_DISCORD__GATEWAY_URL": standin.gateway_url,
        "BELLWETHER_STORAGE__DATABASE": str(folder / DATABASE),
        "BELLWETHER_MODERATION__MODE": "enforce",
        **more,
    }


class Process(Protocol):
    """What the tests use of ``asyncio.subprocess.Process``."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def send_signal(self, signal: int) -> None: ...
    def kill(self) -> None: ...
    async def wait(self) -> int: ...


@dataclass(slots=True)
class Running:
    process: Process
    log: Path

    async def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), 30)

    def logged(self) -> str:
        return self.log.read_text(encoding="utf-8")


@asynccontextmanager
async def bellwether(
    folder: Path, settings: dict[str, str], *arguments: str, log: Path | None = None
) -> AsyncIterator[Running]:
    log = log or folder / "log"
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *(arguments or ("run",)),
            env=environment(**settings),
            stdout=sink,
            stderr=sink,
        )
    try:
        yield Running(process, log)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def until(condition: Callable[[], Any], running: Running, seconds: float = 60) -> None:
    """Wait for something the bot is to do; a bot that died or never does it is a failure."""
    async with asyncio.timeout(seconds):
        while not condition():
            if running.process.returncode is not None:
                raise AssertionError(f"the bot ended early:\n{running.logged()}")
            await asyncio.sleep(0.02)


async def ready(running: Running) -> None:
    """Wait until the bot has a session."""
    await until(lambda: '"event": "ready"' in running.logged(), running)


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """Read the bot's database, as another process may."""
    connection = sqlite3.connect(f"file:{folder / DATABASE}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


MESSAGES = "SELECT subject_id FROM cases WHERE surface = 'message' ORDER BY subject_id"
"""What was scored but for nicknames and titles."""


async def with_alert_channel(
    folder: Path, channel_id: int = MODERATORS, guild_id: int = GUILD
) -> None:
    """Leave a database in which the stand-in's server has chosen its alert channel."""
    store = await SqliteStore.open(folder / DATABASE)
    await store.settings.change(GuildId(guild_id), {"alerts.channel": channel_id}, UserId(0))
    await store.close()


async def ended(tmp_path: Path, settings: dict[str, str], *arguments: str) -> tuple[int, str]:
    async with bellwether(tmp_path, settings, *arguments) as running:
        code = await asyncio.wait_for(running.process.wait(), 60)
    return code, running.logged()
