"""The bot as a real process against the stand-in server on real sockets."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from pathlib import Path
from typing import Any

import discord
import pytest

from tests.process import (
    DATABASE,
    MESSAGES,
    Running,
    bellwether,
    ready,
    rows,
    settings_for,
    until,
    with_alert_channel,
)
from tests.standin import MODERATORS, TOKEN, StandIn
from tests.world import BENIGN, BORDERLINE, HATEFUL


async def test_it_logs_in_scores_alerts_deletes_and_stops(tmp_path: Path) -> None:
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            assert {"setup", "threshold", "score"} <= {c["name"] for c in standin.commands}
            benign = await standin.say(BENIGN)
            borderline = await standin.say(BORDERLINE)
            hateful = await standin.say(HATEFUL)
            await until(lambda: len(standin.sent) == 2, running)
            # SIGTERM at once: what is under way must be written down as done all the same.
            assert await running.stop() == 0
    assert standin.deleted == [hateful]
    assert [sent["channel_id"] for sent in standin.sent] == [MODERATORS, MODERATORS]
    assert [row[0] for row in rows(tmp_path, MESSAGES)] == [
        benign,
        borderline,
        hateful,
    ]
    assert rows(tmp_path, "SELECT kind, status FROM actions ORDER BY case_id, kind") == [
        ("alert", "done"),
        ("alert", "done"),
        ("delete", "done"),
    ]
    lines = [json.loads(line) for line in running.logged().splitlines()]
    assert {line["event"] for line in lines} >= {"ready", "action finished", "stopped"}
    assert any(line["logger"].startswith("discord") for line in lines)
    for secret in (TOKEN, BENIGN, BORDERLINE, HATEFUL):
        assert secret not in running.logged()


async def test_edits_and_previews_are_read_where_they_bring_something_new(tmp_path: Path) -> None:
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await until(standin.identified.is_set, running)
            message = await standin.say(BENIGN)
            await standin.preview_arrives(message, BENIGN)  # nothing new in it
            await standin.preview_arrives(message, BENIGN, title="a page about tulips")
            await standin.edit(message, BORDERLINE)
            await standin.edit(message, f"{BORDERLINE}?")
            await until(lambda: len(rows(tmp_path, MESSAGES)) == 4, running)
            await until(lambda: standin.sent, running)
            assert await running.stop() == 0
    assert standin.deleted == []
    assert len(standin.sent) == 1


async def test_moderators_learn_that_alerts_do_not_reach_them(tmp_path: Path) -> None:
    await with_alert_channel(tmp_path, channel_id=4444)
    async with StandIn(updates=MODERATORS).serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            for number in range(5):
                await standin.say(f"{BORDERLINE} {number}")
            failed = "SELECT count(*) FROM actions WHERE kind = 'alert' AND status = 'failed'"
            await until(lambda: rows(tmp_path, failed) == [(5,)], running)
            await until(lambda: standin.sent, running)
            assert await running.stop() == 0
    (notice,) = standin.sent
    assert notice["channel_id"] == MODERATORS
    assert "the alert channel no longer exists" in notice["content"]
    assert notice["allowed_mentions"] == {"parse": []}


def catches(running: Running, number: int) -> bool:
    """Whether a process has asked for a signal, by Linux's account of it."""
    status = Path(f"/proc/{running.process.pid}/status").read_text(encoding="ascii")
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(mask, 16) >> (number - 1) & 1)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells")
async def test_sigterm_while_it_starts(tmp_path: Path) -> None:
    async with StandIn().serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await until(lambda: catches(running, signal.SIGTERM), running)
            assert not (tmp_path / DATABASE).exists()  # the model is yet to be loaded
            assert await running.stop() == 0
        assert not standin.identified.is_set()
    assert json.loads(running.logged().splitlines()[-1])["event"] == "stopped"


async def test_sigterm_drains_what_was_received(tmp_path: Path) -> None:
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await until(standin.identified.is_set, running)
            for _ in range(50):
                await standin.say(BORDERLINE)
            await until(lambda: standin.sent, running)
            assert await running.stop() == 0
    recorded = len(rows(tmp_path, MESSAGES))
    assert rows(tmp_path, "SELECT status, count(*) FROM actions GROUP BY 1") == [("done", recorded)]
    (alert,) = standin.sent
    shown = standin.messages[alert["id"]]["embeds"][0]["title"]
    assert shown.endswith(f"{recorded} ×") or recorded == 1


ANY_PORT = {"BELLWETHER_HTTP__ENABLED": "true", "BELLWETHER_HTTP__PORT": "0"}


async def http_port(running: Running) -> int:
    """Wait until the bot is ready, and return the port it took."""
    await ready(running)
    lines = [json.loads(line) for line in running.logged().splitlines()]
    return next(int(line["port"]) for line in lines if line["event"] == "http listening")


async def test_the_bots_own_health(tmp_path: Path) -> None:
    async with StandIn().serving() as standin:
        settings = settings_for(standin, tmp_path, **ANY_PORT)
        async with bellwether(tmp_path, settings) as running:
            port = await http_port(running)
            checking = {**settings, "BELLWETHER_HTTP__PORT": str(port)}
            folder = tmp_path / "health"
            folder.mkdir()
            async with bellwether(folder, checking, "health") as health:
                assert await asyncio.wait_for(health.process.wait(), 30) == 0
            assert json.loads(health.logged())["status"] == "ok"
            await running.stop()
            async with bellwether(folder, checking, "health") as health:
                assert await asyncio.wait_for(health.process.wait(), 30) == 1


async def test_half_a_request_does_not_keep_it_from_stopping(tmp_path: Path) -> None:
    async with StandIn().serving() as standin:
        settings = settings_for(standin, tmp_path, **ANY_PORT)
        async with bellwether(tmp_path, settings) as running:
            port = await http_port(running)
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
            await writer.drain()
            assert await running.stop() == 0
            writer.close()


async def test_it_waits_for_a_discord_that_cannot_be_reached(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    standin = StandIn(port=port)
    async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
        # More than once: the second attempt is the first that starts from a failed one.
        await until(lambda: running.logged().count("could not reach Discord") >= 2, running)
        async with standin.serving():
            await until(standin.identified.is_set, running)
            assert await running.stop() == 0


async def test_an_alert_channel_that_was_deleted(tmp_path: Path) -> None:
    await with_alert_channel(tmp_path, channel_id=4444)
    async with StandIn().serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await until(standin.identified.is_set, running)
            await standin.say(BORDERLINE)
            await standin.say(BORDERLINE)
            failed = "SELECT count(*) FROM actions WHERE status = 'failed'"
            await until(lambda: rows(tmp_path, failed)[0][0] == 2, running)
            assert await running.stop() == 0
    assert running.logged().count("failed.alert_channel_gone") == 1


async def test_missing_permissions(tmp_path: Path) -> None:
    await with_alert_channel(tmp_path)
    permissions = discord.Permissions(view_channel=True)
    async with StandIn(bot_permissions=permissions).serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await until(standin.identified.is_set, running)
            before = len(standin.requests)
            await standin.say(HATEFUL)
            failed = "SELECT count(*) FROM actions WHERE status = 'failed'"
            await until(lambda: rows(tmp_path, failed)[0][0] == 2, running)
            assert await running.stop() == 0
    assert standin.requests[before:] == []
    assert "manage_messages" in running.logged()
    assert "embed_links" in running.logged()


async def test_two_moderators_who_click_at_once_are_one_action(tmp_path: Path) -> None:
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            await standin.say(BORDERLINE)
            await until(lambda: len(standin.sent) == 1, running)
            alert = standin.sent[0]["id"]
            for moderator in (7001, 7002, 7003):
                await standin.click(alert, "delete", by=moderator)
            await until(lambda: len(answered(standin, "followup")) == 2, running)
            assert await running.stop() == 0
    assert len(standin.deleted) == 1
    assert sum(request.startswith("DELETE") for request in standin.requests) == 1
    # Each click was acknowledged before anything else was done about it.
    assert [kind for _, kind, _ in standin.answers[:3]] == ["callback"] * 3
    (edited,) = answered(standin, "edit")
    assert str(edited["embeds"]).count("Deleted by") == 1
    assert all(
        "has already deleted it" in body["content"] for body in answered(standin, "followup")
    )


def answered(standin: StandIn, kind: str) -> list[dict[str, Any]]:
    return [body for _, found, body in standin.answers if found == kind]


async def test_thread_titles_are_told_of_when_made_and_when_renamed(tmp_path: Path) -> None:
    await with_alert_channel(tmp_path)
    async with StandIn().serving() as standin:
        async with bellwether(tmp_path, settings_for(standin, tmp_path)) as running:
            await ready(running)
            identity = await standin.say(BENIGN)
            thread = standin.thread(identity, HATEFUL)
            await standin.dispatch("THREAD_CREATE", {**thread, "newly_created": True})
            await until(lambda: len(standin.sent) == 1, running)
            await standin.dispatch("THREAD_UPDATE", thread)  # something else has changed
            await standin.dispatch("THREAD_UPDATE", {**thread, "name": BORDERLINE})
            renamed = "SELECT count(*) FROM cases WHERE surface = 'title'"
            await until(lambda: rows(tmp_path, renamed)[0][0] == 2, running)
            assert await running.stop() == 0
    assert standin.deleted == []
    shown = str(standin.messages[standin.sent[0]["id"]]["embeds"])
    assert "the title of a thread or post" in shown


async def test_a_backup_of_the_running_bot_and_forgetting_a_person(tmp_path: Path) -> None:
    async with StandIn().serving() as standin:
        settings = settings_for(standin, tmp_path)
        async with bellwether(tmp_path, settings) as running:
            await ready(running)
            await standin.say(BENIGN)
            await standin.say(BENIGN, author=7007)
            await until(lambda: len(rows(tmp_path, MESSAGES)) == 2, running)
            (tmp_path / "copy").mkdir()
            target = tmp_path / "copy" / DATABASE
            async with bellwether(
                tmp_path, settings, "backup", str(target), log=tmp_path / "b"
            ) as done:
                assert await done.process.wait() == 0
            async with bellwether(tmp_path, settings, "forget", "7007", log=tmp_path / "f") as done:
                assert await done.process.wait() == 0
                assert "erased 2 records about user 7007" in done.logged()
            assert len(rows(tmp_path, MESSAGES)) == 1
            assert len(rows(tmp_path / "copy", MESSAGES)) == 2
            async with bellwether(
                tmp_path, settings, "backup", str(target), log=tmp_path / "b"
            ) as done:
                assert await done.process.wait() == 2
                assert "already exists" in done.logged()
            damaged = tmp_path / "damaged"
            damaged.mkdir()
            (damaged / DATABASE).write_bytes(b"\xff" * 5_000)
            async with bellwether(
                damaged, settings_for(standin, damaged), "forget", "7007", log=tmp_path / "d"
            ) as done:
                assert await done.process.wait() == 2
                assert "left as it is" in done.logged()
            assert (damaged / DATABASE).read_bytes() == b"\xff" * 5_000
            assert await running.stop() == 0
