"""What passed the bot by, and how it is read after all: the bot as a process on the stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import discord
from aiohttp import web

from tests.process import (
    MESSAGES,
    Running,
    bellwether,
    ready,
    rows,
    settings_for,
    until,
    with_alert_channel,
)
from tests.standin import GENERAL, GUILD, MEMBER, MODERATOR_ROLE, MODERATORS, StandIn
from tests.world import BENIGN, BORDERLINE, HATEFUL

MARKS = "SELECT * FROM watermarks"
TITLES = "SELECT channel_id FROM scores WHERE facts & 8"


@asynccontextmanager
async def away(folder: Path, standin: StandIn, **settings: str) -> AsyncIterator[int]:
    """Have the bot read one message and leave; then what the block does happens without it."""
    async with bellwether(folder, settings_for(standin, folder, **settings)) as running:
        await until(lambda: rows(folder, MARKS), running)
        seen = await standin.say(BENIGN)
        await until(lambda: (seen,) in rows(folder, MESSAGES), running)
        assert await running.stop() == 0
    yield seen


@asynccontextmanager
async def back(folder: Path, standin: StandIn, **settings: str) -> AsyncIterator[Running]:
    """Have the bot come back, and leave in the end."""
    async with bellwether(folder, settings_for(standin, folder, **settings)) as running:
        await ready(running)
        yield running
        assert await running.stop() == 0


async def test_what_was_written_while_it_was_down_is_caught_up_with(tmp_path: Path) -> None:
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        before = await standin.say(HATEFUL)
        settings = settings_for(standin, tmp_path, BELLWETHER_CATCH_UP__MESSAGES="250")
        async with bellwether(tmp_path, settings) as running:
            await until(lambda: rows(tmp_path, "SELECT * FROM watermarks"), running)
            seen = await standin.say(BENIGN)
            await until(lambda: rows(tmp_path, MESSAGES) == [(seen,)], running)
            assert await running.stop() == 0
        missed = [await standin.say(BENIGN) for _ in range(229)]
        missed.append(await standin.say(HATEFUL))
        async with bellwether(tmp_path, settings) as running:
            await until(lambda: '"caught up"' in running.logged(), running)
            assert rows(tmp_path, MESSAGES) == [(identity,) for identity in (seen, *missed)]
            await until(lambda: standin.deleted, running)
            assert await running.stop() == 0
        assert standin.deleted == missed[-1:]
        assert before in standin.messages  # from before the bot came
        too_many = [await standin.say(BENIGN) for _ in range(300)]
        async with bellwether(tmp_path, settings) as running:
            await until(lambda: "too many messages to catch up with" in running.logged(), running)
            assert len(rows(tmp_path, MESSAGES)) == 1 + len(missed) + 250
            assert await running.stop() == 0
        assert (too_many[0],) in rows(tmp_path, MESSAGES)
        assert (too_many[-1],) not in rows(tmp_path, MESSAGES)


async def test_whose_messages_they_are_is_known(tmp_path: Path) -> None:
    """History comes without roles; moderators are exempt all the same."""
    await with_alert_channel(tmp_path)
    async with StandIn(roles={7: [MODERATOR_ROLE]}).serving() as standin:
        async with away(tmp_path, standin):
            theirs = await standin.say(HATEFUL, author=7)
            gone = await standin.say(HATEFUL)
        async with back(tmp_path, standin) as running:
            await until(lambda: standin.deleted, running)
        assert (theirs,) in rows(tmp_path, MESSAGES)
        assert standin.deleted == [gone]
        assert len(standin.sent) == 1
        names = rows(tmp_path, "SELECT author_id FROM scores WHERE facts & 16 ORDER BY 1")
        assert names == [(7,), (MEMBER,)]


async def test_what_was_edited_while_it_was_down(tmp_path: Path) -> None:
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        old = await standin.say(BENIGN, where=MODERATORS)
        await standin.edit(old, f"{HATEFUL}!", where=MODERATORS)
        standin.joined_at = discord.utils.utcnow().isoformat()
        async with away(tmp_path, standin) as seen:
            await standin.edit(seen, HATEFUL)
        async with back(tmp_path, standin) as running:
            await until(lambda: standin.deleted, running)
        assert standin.deleted == [seen]
        assert (old,) not in rows(tmp_path, MESSAGES)


async def test_a_thread_made_while_it_was_down(tmp_path: Path) -> None:
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        async with away(tmp_path, standin):
            thread = standin.new_id()
            standin.channels[thread] = standin.thread(thread, f"{HATEFUL}?")
            inside = await standin.say(BENIGN, where=thread)
        async with back(tmp_path, standin) as running:
            await until(lambda: standin.sent, running)
            await until(lambda: (inside,) in rows(tmp_path, MESSAGES), running)
        assert rows(tmp_path, TITLES) == [(thread,)]


async def test_a_server_that_was_out(tmp_path: Path) -> None:
    """An outage on Discord's side ends neither the connection nor the session."""
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        async with away(tmp_path, standin):
            pass
        async with back(tmp_path, standin) as running:
            await standin.dispatch("GUILD_DELETE", {"id": str(GUILD), "unavailable": True})
            missed = await standin.say(HATEFUL, told=False)
            await standin.dispatch("GUILD_CREATE", standin.guild())
            later = await standin.say(BENIGN)
            await until(lambda: standin.deleted, running)
            await until(lambda: (later,) in rows(tmp_path, MESSAGES), running)
        assert standin.deleted == [missed]


async def test_what_stood_in_a_server_before_it_joined(tmp_path: Path) -> None:
    await with_alert_channel(tmp_path)
    async with StandIn(invited=False).serving() as standin:
        async with back(tmp_path, standin) as running:
            before = await standin.say(HATEFUL, where=GENERAL)
            standin.invited = True
            joined = {k: v for k, v in standin.guild().items() if k != "unavailable"}
            await standin.dispatch("GUILD_CREATE", joined)
            await until(lambda: rows(tmp_path, MARKS), running)
        after = await standin.say(HATEFUL, where=MODERATORS)
        async with back(tmp_path, standin) as running:
            await until(lambda: standin.deleted, running)
        assert standin.deleted == [after]
        assert before in standin.messages


async def test_a_full_queue_loses_nothing(tmp_path: Path) -> None:
    """What there was no room for is read again, edits too."""
    settings = {"BELLWETHER_PIPELINE__QUEUE_SIZE": "3", "BELLWETHER_PIPELINE__BATCH_SIZE": "1"}
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        async with away(tmp_path, standin, **settings) as seen:
            pass
        async with back(tmp_path, standin, **settings) as running:
            sent = [await standin.say(f"{BENIGN} {number}") for number in range(300)]
            await standin.edit(seen, HATEFUL)
            await until(lambda: len(rows(tmp_path, MESSAGES)) >= len(sent) + 2, running)
            assert "queue full" in running.logged()
            assert "reading again what there was no room for" in running.logged()
        found = rows(tmp_path, MESSAGES)
        assert sorted(found) == sorted([(seen,), (seen,), *((number,) for number in sent)])
        assert standin.deleted == [seen]
        marks = rows(tmp_path, f"SELECT message_id FROM watermarks WHERE channel_id = {GENERAL}")
        assert marks == [(sent[-1],)]


async def test_commands_that_cannot_be_sent_at_first(tmp_path: Path) -> None:
    def fault(request: web.Request) -> str:
        return "503" if request.path.endswith("/commands") else ""

    await with_alert_channel(tmp_path)
    async with StandIn(fault=fault).serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            borderline = await standin.say(BORDERLINE)
            await until(lambda: standin.sent, running)
            assert "commands not sent" in running.logged()
            standin.fault = lambda _request: ""
            await standin.hang_up(forget=True)
            await until(lambda: standin.commands, running)
            await asyncio.sleep(0)
            assert (borderline,) in rows(tmp_path, MESSAGES)
            assert await running.stop() == 0
