"""Reading missed messages, with the bot as a process on the stand-in."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import discord
import pytest
from aiohttp import web

from tests.process import (
    DATABASE,
    MESSAGES,
    Running,
    ready,
    rows,
    settings_for,
    until,
    with_alert_channel,
)
from tests.standin import (
    GENERAL,
    GUILD,
    MEMBER,
    MODERATOR_ROLE,
    MODERATORS,
    NEIGHBOUR,
    NEIGHBOUR_GENERAL,
    NEIGHBOUR_MODERATORS,
    StandIn,
)
from tests.warm import bellwether
from tests.world import BENIGN, BORDERLINE, HATEFUL

PENDING = "SELECT count(*) FROM actions WHERE status = 'pending'"
MARKS = "SELECT * FROM watermarks"
CHANNELS = "SELECT channel_id FROM watermarks"
LEVEL = f"SELECT message_id FROM watermarks WHERE channel_id = {GENERAL}"
TITLES = "SELECT channel_id FROM cases WHERE surface = 'title'"


@asynccontextmanager
async def away(folder: Path, standin: StandIn, **settings: str) -> AsyncIterator[int]:
    """Run the bot for one message and stop it. The block runs while it is stopped."""
    async with bellwether(folder, settings_for(standin, folder, **settings)) as running:
        await until(lambda: len(rows(folder, MARKS)) == len(standin.channels), running)
        seen = await standin.say(BENIGN)
        await until(lambda: (seen,) in rows(folder, MESSAGES), running)
        assert await running.stop() == 0
    yield seen


def left_pending(folder: Path) -> None:
    """Leave the state of a crash between an action and its record."""
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        connection.execute("UPDATE actions SET status = 'pending', finished_at = NULL")
        connection.commit()


@asynccontextmanager
async def back(folder: Path, standin: StandIn, **settings: str) -> AsyncIterator[Running]:
    """Start the bot again, and stop it at the end."""
    async with bellwether(folder, settings_for(standin, folder, **settings)) as running:
        await ready(running)
        yield running
        assert await running.stop() == 0


@pytest.mark.timeout(300)
async def test_messages_written_during_downtime_are_read_later(tmp_path: Path) -> None:
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
        assert before in standin.messages  # from before the bot joined
        too_many = [await standin.say(BENIGN) for _ in range(300)]
        async with bellwether(tmp_path, settings) as running:
            await until(lambda: "catch-up limit reached" in running.logged(), running)
            assert len(rows(tmp_path, MESSAGES)) == 1 + len(missed) + 250
            assert await running.stop() == 0
        assert (too_many[0],) in rows(tmp_path, MESSAGES)
        assert (too_many[-1],) not in rows(tmp_path, MESSAGES)


async def test_authors_of_missed_messages_have_their_roles(tmp_path: Path) -> None:
    """Discord's history comes without roles, and moderators are still exempt."""
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
        names = rows(tmp_path, "SELECT author_id FROM cases WHERE surface = 'nickname' ORDER BY 1")
        assert names == [(7,), (MEMBER,)]


@pytest.mark.faults
async def test_roles_are_requested_again_after_a_lost_connection(tmp_path: Path) -> None:
    """A session that ends answers with an empty list, as if everybody had left."""
    asked = 0

    async def breaks() -> bool:
        nonlocal asked
        asked += 1
        if asked == 1:
            await standin.hang_up(forget=True)
        return asked == 1

    await with_alert_channel(tmp_path)
    async with StandIn(roles={7: [MODERATOR_ROLE]}, asked_for_members=breaks).serving() as standin:
        async with away(tmp_path, standin):
            theirs = await standin.say(HATEFUL, author=7)
            gone = await standin.say(HATEFUL)
        async with back(tmp_path, standin) as running:
            await until(lambda: standin.deleted, running)
        assert standin.deleted == [gone]
        assert (theirs,) in rows(tmp_path, MESSAGES)
        assert asked == 2


@pytest.mark.faults
async def test_one_server_or_channel_does_not_delay_the_others(tmp_path: Path) -> None:
    async def removed() -> bool:
        if not standin.out:
            standin.out.add(GUILD)
            await standin.dispatch("GUILD_DELETE", {"id": str(GUILD)})
            return True
        return False

    def fault(request: web.Request) -> str:
        closed = request.method == "GET" and f"/{NEIGHBOUR_MODERATORS}/" in request.path
        return "503" if closed else ""

    await with_alert_channel(tmp_path)
    await with_alert_channel(tmp_path, NEIGHBOUR_MODERATORS, NEIGHBOUR)
    async with StandIn(fault=fault).serving() as standin:
        standin.next_door()
        async with away(tmp_path, standin):
            await standin.say(BENIGN)
            await standin.say(BENIGN, where=NEIGHBOUR_MODERATORS)
            gone = await standin.say(HATEFUL, where=NEIGHBOUR_GENERAL)
        standin.asked_for_members = removed
        async with back(tmp_path, standin) as running:
            await until(lambda: standin.deleted, running)
        assert standin.deleted == [gone]


@pytest.mark.faults
async def test_a_server_unavailable_at_startup_is_read_later(tmp_path: Path) -> None:
    """Its own unfinished actions wait, and those of other servers do not."""
    await with_alert_channel(tmp_path)
    await with_alert_channel(tmp_path, NEIGHBOUR_MODERATORS, NEIGHBOUR)
    async with StandIn().serving() as standin:
        standin.next_door()
        async with away(tmp_path, standin):
            pass
        async with back(tmp_path, standin) as running:
            await standin.say(BORDERLINE)
            await until(lambda: standin.sent, running)
        left_pending(tmp_path)
        standin.out.add(GUILD)
        gone = await standin.say(HATEFUL, where=NEIGHBOUR_GENERAL)
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await until(lambda: standin.deleted, running)
            assert standin.deleted == [gone]
            standin.out.clear()
            await standin.dispatch("GUILD_CREATE", standin.guild())
            await until(lambda: rows(tmp_path, PENDING) == [(0,)], running)
            assert await running.stop() == 0
        alerts = [sent for sent in standin.sent if sent["channel_id"] == MODERATORS]
        assert len(alerts) == 1


@pytest.mark.faults
async def test_an_alert_is_recognised_in_a_busy_alert_channel(tmp_path: Path) -> None:
    """The message is old and was edited, and moderators have written in the channel since."""
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        async with away(tmp_path, standin) as old:
            for number in range(1_050):
                await standin.say(f"{number}", where=MODERATORS, author=7, told=False)
        async with back(tmp_path, standin) as running:
            await standin.edit(old, BORDERLINE)
            await until(lambda: standin.sent, running)
        left_pending(tmp_path)
        standin.nonces.clear()  # Discord remembers them only for some minutes
        async with back(tmp_path, standin) as running:
            await until(lambda: rows(tmp_path, PENDING) == [(0,)], running)
        assert len(standin.sent) == 1


async def test_edits_made_during_downtime_are_read(tmp_path: Path) -> None:
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        old = await standin.say(BENIGN, where=MODERATORS)
        await standin.edit(old, f"{HATEFUL}!", where=MODERATORS)
        await asyncio.sleep(0.01)  # ids have a resolution of a millisecond
        standin.joined_at = discord.utils.utcnow().isoformat()
        async with away(tmp_path, standin) as seen:
            await standin.edit(seen, HATEFUL)
        async with back(tmp_path, standin) as running:
            await until(lambda: standin.deleted, running)
        assert standin.deleted == [seen]
        assert (old,) not in rows(tmp_path, MESSAGES)


async def test_a_thread_created_during_downtime_is_read(tmp_path: Path) -> None:
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        async with away(tmp_path, standin):
            with closing(sqlite3.connect(tmp_path / DATABASE)) as connection:
                # In a channel that was deleted since.
                connection.execute("INSERT INTO watermarks VALUES (?, 98, 98)", (GUILD,))
                connection.commit()
            orphan = standin.new_id()  # in a channel that the bot does not see
            standin.channels[orphan] = standin.thread(orphan, "elsewhere", parent=98_765)
            thread = standin.new_id()
            standin.channels[thread] = standin.thread(thread, f"{HATEFUL}?")
            inside = await standin.say(BENIGN, where=thread)
        async with back(tmp_path, standin) as running:
            await until(lambda: standin.sent, running)
            await until(lambda: (inside,) in rows(tmp_path, MESSAGES), running)
            await until(lambda: (98,) not in rows(tmp_path, CHANNELS), running)
        assert rows(tmp_path, TITLES) == [(thread,)]


@pytest.mark.faults
async def test_a_server_that_was_unavailable_is_read_later(tmp_path: Path) -> None:
    """An outage on Discord's side ends neither the connection nor the session."""
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        async with away(tmp_path, standin):
            pass
        async with back(tmp_path, standin) as running:
            seen = 0
            while (seen,) not in rows(tmp_path, LEVEL):  # or there may be a gap from the start
                seen = await standin.say(BENIGN)
                await asyncio.sleep(0.2)
            await standin.dispatch("GUILD_DELETE", {"id": str(GUILD), "unavailable": True})
            missed = await standin.say(HATEFUL, told=False)
            await standin.dispatch("GUILD_CREATE", standin.guild())
            later = await standin.say(BENIGN)
            await until(lambda: standin.deleted, running)
            await until(lambda: (later,) in rows(tmp_path, MESSAGES), running)
        assert standin.deleted == [missed]


@pytest.mark.faults
async def test_messages_from_before_the_bot_joined_are_not_read(tmp_path: Path) -> None:
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


@pytest.mark.faults
async def test_messages_from_before_the_bot_rejoined_are_not_read(tmp_path: Path) -> None:
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        async with away(tmp_path, standin):
            between = await standin.say(HATEFUL)
            await asyncio.sleep(0.01)  # ids have a resolution of a millisecond
            standin.joined_at = discord.utils.utcnow().isoformat()
            await asyncio.sleep(0.01)
            later = await standin.say(HATEFUL)
        async with back(tmp_path, standin) as running:
            await until(lambda: standin.deleted, running)
        assert standin.deleted == [later]
        assert between in standin.messages


async def test_a_full_queue_loses_nothing(tmp_path: Path) -> None:
    """Messages that a full queue rejected are read again, and so are edits."""
    settings = {"BELLWETHER_PIPELINE__QUEUE_SIZE": "3", "BELLWETHER_PIPELINE__BATCH_SIZE": "1"}
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        async with away(tmp_path, standin, **settings) as seen:
            pass
        async with back(tmp_path, standin, **settings) as running:
            sent = [await standin.say(f"{BENIGN} {number}") for number in range(300)]
            await standin.edit(seen, HATEFUL)
            await until(lambda: len(rows(tmp_path, MESSAGES)) >= len(sent) + 2, running)
            await until(lambda: rows(tmp_path, LEVEL) == [(sent[-1],)], running)
            assert "queue full" in running.logged()
            assert "rejected messages found again" in running.logged()
        found = rows(tmp_path, MESSAGES)
        assert sorted(found) == sorted([(seen,), (seen,), *((number,) for number in sent)])
        assert standin.deleted == [seen]


@pytest.mark.faults
async def test_commands_that_cannot_be_sent_at_first_are_sent_later(tmp_path: Path) -> None:
    answer = "429 for an hour"

    def fault(request: web.Request) -> str:
        return answer if request.path.endswith("/commands") else ""

    await with_alert_channel(tmp_path)
    async with StandIn(fault=fault).serving() as standin:
        async with back(tmp_path, standin) as running:
            await standin.say(BORDERLINE)
            await until(lambda: standin.sent, running)
            assert "commands not accepted yet" in running.logged()
        answer = "503"
        async with back(tmp_path, standin) as running:
            await until(lambda: "sending commands failed" in running.logged(), running)
            answer = ""
            await standin.hang_up(forget=True)
            await until(lambda: standin.commands, running)
