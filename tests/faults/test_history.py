"""What was written while the bot was away, and what its past must not lead to."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import discord
import pytest

from bot.cli.keeping import restore
from tests.faults.harness import SLOW, check, quiet, row
from tests.process import (
    DATABASE,
    MESSAGES,
    ready,
    rows,
    settings_for,
    until,
    with_alert_channel,
)
from tests.standin import GENERAL, GUILD, MEMBER, StandIn, channel
from tests.warm import bellwether
from tests.world import BENIGN, BORDERLINE, HATEFUL

pytestmark = SLOW

DAY = 86_400
MARKS = "SELECT channel_id FROM watermarks"


async def begun(folder: Path, standin: StandIn) -> None:
    """Have the bot been there once, so that it knows where it was."""
    async with bellwether(folder, settings_for(standin, folder)) as running:
        await ready(running)
        await until(lambda: rows(folder, MARKS), running)
        assert await running.stop() == 0


async def test_a_message_that_cannot_be_parsed(tmp_path: Path) -> None:
    other = GENERAL + 500
    await with_alert_channel(tmp_path)
    async with StandIn(schema=None).serving() as standin:
        standin.channels[other] = channel(other, "other")
        await standin.say(BENIGN, where=other)
        await begun(tmp_path, standin)
        broken = [await standin.say(BENIGN, told=False) for _ in range(3)]
        standin.messages[broken[0]]["author"] = {"id": str(MEMBER)}
        del standin.messages[broken[1]]["type"]
        standin.messages[broken[2]]["timestamp"] = "yesterday"
        readable = [
            await standin.say(HATEFUL, told=False, where=where) for where in (GENERAL, other) * 3
        ]
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            await until(lambda: set(readable) <= standin.deleted_at.keys(), running)
            assert await running.stop() == 0
        (mark,) = rows(tmp_path, f"SELECT message_id FROM watermarks WHERE channel_id = {GENERAL}")
        assert mark[0] >= readable[-2]
        assert "malformed message in history" in running.logged()
    row("messages in history that cannot be parsed", times=len(broken), deletions=len(readable))


async def test_an_id_beyond_all_numbers(tmp_path: Path) -> None:
    await with_alert_channel(tmp_path)
    async with StandIn(schema=None).serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            beyond = standin.message(2**63, GENERAL, MEMBER, HATEFUL)
            await standin.dispatch("MESSAGE_CREATE", beyond)
            after = await standin.say(HATEFUL)
            await until(lambda: after in standin.deleted_at, running)
            assert await running.stop() == 0
        assert standin.deleted == [after]
    row("a message with an id of 2^63", times=1, deletions=1)


async def test_a_thread_that_is_archived_meanwhile(tmp_path: Path) -> None:
    """One while its message is to be deleted, one while the bot is away for hours."""
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        thread = standin.new_id()
        standin.channels[thread] = standin.thread(thread, "quiet talk")
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            standin.fault = lambda request: "503" if request.method == "DELETE" else ""
            first = await standin.say(HATEFUL, where=thread)
            await until(lambda: "attempt failed" in running.logged(), running)
            standin.channels[thread]["thread_metadata"]["archived"] = True
            away = discord.utils.utcnow().isoformat()
            standin.channels[thread]["thread_metadata"]["archive_timestamp"] = away
            await standin.dispatch("THREAD_UPDATE", standin.channels[thread])
            standin.fault = lambda _request: ""
            await until(lambda: first in standin.deleted_at, running)
            assert await running.stop() == 0
        with closing(sqlite3.connect(tmp_path / DATABASE)) as connection:
            hours = discord.utils.time_snowflake(discord.utils.utcnow() - timedelta(hours=3))
            connection.execute("UPDATE watermarks SET message_id = min(message_id, ?)", (hours,))
            connection.commit()
        second = await standin.say(HATEFUL, where=thread, told=False)
        later = discord.utils.utcnow().isoformat()
        standin.channels[thread]["thread_metadata"]["archive_timestamp"] = later
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            await until(lambda: second in standin.deleted_at, running)
            assert await running.stop() == 0
        assert "failed.no_channel" not in running.logged()
    row("threads archived in between", times=2, deletions=len(standin.deleted))


@pytest.mark.parametrize("days", [-2, 100])
async def test_a_clock_that_is_days_off(tmp_path: Path, days: int) -> None:
    """The bot's clock is ahead of Discord's by two days, or behind by a hundred."""
    await with_alert_channel(tmp_path)
    async with StandIn(ahead_seconds=days * DAY).serving() as standin:
        await standin.say(BENIGN, keep=False)
        await begun(tmp_path, standin)
        missed = [await standin.say(HATEFUL, told=False) for _ in range(5)]
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            await quiet(tmp_path, running, standin)
            assert await running.stop() == 0
        figures = check(tmp_path, standin)
        assert set(missed) <= standin.deleted_at.keys()
        assert "clock is wrong" in running.logged()
    row(f"Discord's clock {days:+} days from the bot's", times=len(missed), **figures)


async def test_an_edit_of_a_message_older_than_what_is_kept(tmp_path: Path) -> None:
    """It is acted upon once, and its record is not erased by the hour's housekeeping."""
    await with_alert_channel(tmp_path)
    keep = {"BELLWETHER_STORAGE__RETENTION_DAYS": "1"}
    async with StandIn(ahead_seconds=-3 * DAY).serving() as standin:
        old = await standin.say(BENIGN)
        standin.ahead_seconds = 0
        for _ in range(2):  # housekeeping comes at every start
            async with bellwether(tmp_path, settings_for(standin, tmp_path, **keep)) as running:
                await ready(running)
                await standin.edit(old, BORDERLINE)
                await standin.dispatch("MESSAGE_UPDATE", standin.messages[old])
                await until(lambda: rows(tmp_path, MESSAGES), running)
                await quiet(tmp_path, running, standin)
                await asyncio.sleep(1)
                assert await running.stop() == 0
        figures = check(tmp_path, standin)
        assert len(standin.sent) == 1
    row("an edit of a message older than what is kept", times=2, **figures)


async def test_a_backup_that_is_put_back(tmp_path: Path) -> None:
    """The copy has a time-out as unfinished, which was given since, and lifted by a moderator."""
    limit = {"BELLWETHER_MODERATION__THREAT__TIMEOUT": "0.9"}
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        standin.bot_permissions |= discord.Permissions(moderate_members=True)
        standin.fault = lambda request: "503" if request.method == "PATCH" else ""
        async with bellwether(tmp_path, settings_for(standin, tmp_path, **limit)) as running:
            await ready(running)
            await standin.say(HATEFUL)
            await until(lambda: "attempt failed" in running.logged(), running)
            with closing(sqlite3.connect(tmp_path / DATABASE)) as source:
                with closing(sqlite3.connect(tmp_path / "copy")) as copy:
                    source.backup(copy)
            standin.fault = lambda _request: ""
            await until(lambda: standin.timed_out.get(MEMBER), running)
            await quiet(tmp_path, running, standin)
            assert await running.stop() == 0
        standin.timed_out[MEMBER] = None
        config = tmp_path / "config.toml"
        config.write_text(f'[storage]\ndatabase = "{tmp_path / DATABASE}"\n')
        await asyncio.to_thread(restore, tmp_path / "copy", config)
        before = len(standin.requests)
        async with bellwether(tmp_path, settings_for(standin, tmp_path, **limit)) as running:
            await ready(running)
            await standin.say(BENIGN)
            await quiet(tmp_path, running, standin)
            assert await running.stop() == 0
        asked = [request for request in standin.requests[before:] if "/members/" in request]
        assert asked == []
        assert standin.timed_out[MEMBER] is None
        assert list(tmp_path.glob(f"{DATABASE}.before-restore-*"))
    row("a backup with unfinished actions put back", times=1, requests=len(asked))


async def test_an_author_who_asks_to_be_forgotten_first(tmp_path: Path) -> None:
    """The alert about them works all the same."""
    await with_alert_channel(tmp_path)
    async with StandIn(roles={MEMBER: []}).serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            message = await standin.say(BORDERLINE)
            await until(lambda: standin.sent, running)
            forget = {
                "id": "1",
                "name": "privacy",
                "type": 1,
                "guild_id": str(GUILD),
                "options": [{"name": "forget", "type": 1, "options": []}],
            }
            asked = await standin.interact(2, forget)
            await until(lambda: asked.private, running)
            await standin.click(standin.sent[0]["id"], "delete", by=7001)
            await until(lambda: message in standin.deleted_at, running)
            assert await running.stop() == 0
    row("an author who asks to be forgotten before a click", times=1, deletions=1)
