"""The stand-in follows Discord's rules on what is refused and what is remembered."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest

from tests.standin import (
    BOT,
    BOT_ROLE,
    GENERAL,
    GUILD,
    MEMBER,
    MODERATOR_ROLE,
    MODERATORS,
    OWNER,
    StandIn,
    only,
)
from tests.standin.asking import LINE, Asking, asking, hook
from tests.standin.interactions import COMMAND, DEFER_SEND, SEND, Interaction

DAY = 24 * 3_600
MESSAGES = f"/channels/{GENERAL}/messages"


@pytest.fixture
async def bot() -> AsyncIterator[Asking]:
    """Makes requests that Discord refuses, so nothing is checked against its document."""
    async with asking(StandIn(schema=None)) as found:
        yield found


@pytest.fixture
async def command(bot: Asking) -> Interaction:
    return await bot.standin.interact(COMMAND, {"name": "score"})


# -------------------------------------------------------------------- messages


async def test_a_nonce_is_good_for_one_message_in_its_channel(bot: Asking) -> None:
    first = await bot.send(nonce="n", enforce_nonce=True)
    assert await bot.send(nonce="n", enforce_nonce=True) == first
    assert (await bot.send(nonce="m", enforce_nonce=True))["id"] != first["id"]
    assert (await bot.send(nonce="n"))["id"] != first["id"]
    elsewhere = await bot.send(MODERATORS, nonce="n", enforce_nonce=True)
    assert elsewhere["channel_id"] == str(MODERATORS)
    assert len(bot.standin.sent) == 4


async def test_a_nonce_is_forgotten_after_some_minutes(bot: Asking) -> None:
    first = await bot.send(nonce="n", enforce_nonce=True)
    bot.standin.ahead_seconds += bot.standin.nonce_seconds - 1
    assert (await bot.send(nonce="n", enforce_nonce=True))["id"] == first["id"]
    bot.standin.ahead_seconds += 2
    assert (await bot.send(nonce="n", enforce_nonce=True))["id"] != first["id"]


async def test_a_nonce_has_25_characters(bot: Asking) -> None:
    assert (await bot.send(nonce="n" * 25))["nonce"] == "n" * 25
    assert await bot.send(nonce="n" * 26) == (400, 50035)


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_a_deleted_message_is_unknown(bot: Asking, method: str) -> None:
    body = {"content": "new"} if method == "PATCH" else None
    message = (await bot.send())["id"]
    taken_back = await bot.standin.say(LINE)
    await bot.standin.take_back(taken_back)
    path = MESSAGES
    assert await bot.ask("DELETE", f"{path}/{message}") is None
    assert await bot.ask(method, f"{path}/{message}", body) == (404, 10008)
    assert await bot.ask(method, f"{path}/{taken_back}", body) == (404, 10008)
    elsewhere = await bot.standin.say(LINE, where=MODERATORS)
    assert await bot.ask(method, f"{path}/{elsewhere}", body) == (404, 10008)


async def test_an_unknown_channel(bot: Asking) -> None:
    assert await bot.send(4444) == (404, 10003)
    for path in ("", "/messages", "/messages/1", "/threads/archived/public"):
        assert await bot.ask("GET", f"/channels/4444{path}") == (404, 10003)


async def delete_many(bot: Asking, *ids: int) -> Any:
    body = {"messages": [str(number) for number in ids]}
    return await bot.ask("POST", f"{MESSAGES}/bulk-delete", body)


async def test_bulk_deletion_skips_unknown_messages(bot: Asking) -> None:
    ids = [await bot.standin.say(LINE) for _ in range(3)]
    elsewhere = await bot.standin.say(LINE, where=MODERATORS)
    await bot.standin.take_back(ids[0])
    assert await delete_many(bot, *ids, elsewhere) is None
    assert bot.standin.deleted == ids[1:]
    assert list(bot.standin.messages) == [elsewhere]


async def test_bulk_deletion_takes_2_to_100_different_messages(bot: Asking) -> None:
    ids = [await bot.standin.say(LINE) for _ in range(101)]
    assert await delete_many(bot, *ids) == (400, 50016)
    assert await delete_many(bot, ids[0]) == (400, 50016)
    assert await delete_many(bot, ids[0], ids[0]) == (400, 50035)
    assert bot.standin.deleted == []
    assert await delete_many(bot, *ids[1:]) is None


async def test_bulk_deletion_fails_with_a_message_older_than_14_days(bot: Asking) -> None:
    old = await bot.standin.say(LINE)
    bot.standin.ahead_seconds += 14 * DAY - 60
    young = await bot.standin.say(LINE)
    newest = await bot.standin.say(LINE)
    bot.standin.ahead_seconds += 120
    assert await delete_many(bot, old, young) == (400, 50034)
    assert bot.standin.deleted == []
    assert await delete_many(bot, young, newest) is None
    assert await bot.ask("DELETE", f"{MESSAGES}/{old}") is None


async def test_messages_too_long_or_empty_are_refused(bot: Asking) -> None:
    assert await bot.send(content="x" * 2_001) == (400, 50035)
    assert await bot.send(content="") == (400, 50006)
    embeds = [{"description": "x" * 4_000}, {"description": "x" * 2_001}]
    assert await bot.send(embeds=embeds) == (400, 50035)
    assert bot.standin.sent == []


async def test_only_its_own_messages_can_be_edited(bot: Asking) -> None:
    theirs, own = await bot.standin.say(LINE), (await bot.send())["id"]
    path, body = MESSAGES, {"content": "new"}
    assert await bot.ask("PATCH", f"{path}/{theirs}", body) == (403, 50005)
    edited = await bot.ask("PATCH", f"{path}/{own}", body)
    assert edited["content"] == "new"
    assert edited["edited_timestamp"] is not None


async def test_requests_without_permission_are_refused(bot: Asking) -> None:
    message, path = await bot.standin.say(LINE), f"/channels/{GENERAL}"
    general = bot.standin.channels[GENERAL]

    def deny(holder: int, **names: bool) -> None:
        denied = str(discord.Permissions(**names).value)
        general["permission_overwrites"] = [
            {"id": str(holder), "type": 0, "allow": "0", "deny": denied}
        ]

    deny(GUILD, send_messages=True)
    assert await bot.send() == (403, 50013)
    deny(BOT_ROLE, embed_links=True)
    assert await bot.send(embeds=[{"title": "t"}]) == (403, 50013)
    assert "id" in await bot.send()
    deny(BOT, manage_messages=True)
    assert await bot.ask("DELETE", f"{path}/messages/{message}") == (403, 50013)
    assert await delete_many(bot, message, message + 1) == (403, 50013)
    deny(BOT, read_message_history=True)
    assert await bot.ask("GET", f"{path}/messages") == []
    assert await bot.ask("GET", f"{path}/messages/{message}") == (403, 50013)
    deny(BOT, view_channel=True)
    for asked in (path, f"{path}/messages", f"{path}/messages/{message}"):
        assert await bot.ask("GET", asked) == (403, 50001)
    assert await bot.send() == (403, 50001)
    assert message in bot.standin.messages


# -------------------------------------------------------------------- threads and members


async def test_active_and_archived_threads_are_listed(bot: Asking) -> None:
    standin = bot.standin
    for number, month in ((41, 1), (42, 2), (43, 3), (44, 0)):
        thread = standin.thread(number, "t")
        if month:
            thread["thread_metadata"]["archived"] = True
            thread["thread_metadata"]["archive_timestamp"] = f"2026-0{month}-01T00:00:00+00:00"
        standin.channels[number] = thread
    assert [t["id"] for t in standin.guild()["threads"]] == ["44"]
    active = await bot.ask("GET", f"/guilds/{GUILD}/threads/active")
    assert [t["id"] for t in active["threads"]] == ["44"]
    path = f"/channels/{GENERAL}/threads/archived/public"
    page = await bot.ask("GET", path, params={"limit": "2"})
    assert ([t["id"] for t in page["threads"]], page["has_more"]) == (["43", "42"], True)
    before = page["threads"][-1]["thread_metadata"]["archive_timestamp"]
    page = await bot.ask("GET", path, params={"limit": "2", "before": before})
    assert ([t["id"] for t in page["threads"]], page["has_more"]) == (["41"], False)
    assert await bot.ask("GET", "/guilds/77/threads/active") == (404, 10004)


async def test_a_message_unarchives_a_thread(bot: Asking) -> None:
    standin = bot.standin
    standin.bot_permissions |= discord.Permissions(send_messages_in_threads=True)
    standin.channels[41] = standin.thread(41, "t")
    metadata = standin.channels[41]["thread_metadata"]
    own = (await bot.send(41))["id"]
    metadata["archived"] = metadata["locked"] = True
    assert await bot.send(41) == (400, 50083)
    body = {"content": "new"}
    assert await bot.ask("PATCH", f"/channels/41/messages/{own}", body) == (400, 50083)
    metadata["locked"] = False
    assert "id" in await bot.send(41)
    assert not metadata["archived"]
    standin.bot_permissions &= ~discord.Permissions(send_messages_in_threads=True)
    assert await bot.send(41) == (403, 50013)


async def test_members_have_their_roles_and_whoever_left_is_unknown(bot: Asking) -> None:
    bot.standin.roles[MEMBER] = [MODERATOR_ROLE]
    path = f"/guilds/{GUILD}/members"
    found = await bot.ask("GET", f"{path}/{MEMBER}")
    assert found["roles"] == [str(MODERATOR_ROLE)]
    bot.standin.left.add(MEMBER)
    assert await bot.ask("GET", f"{path}/{MEMBER}") == (404, 10007)
    assert await bot.ask("GET", f"/guilds/77/members/{MEMBER}") == (404, 10004)


async def test_a_timeout_needs_the_permission_and_lasts_28_days_at_most(bot: Asking) -> None:
    async def time_out(whom: int, days: float) -> Any:
        until = (datetime.now(UTC) + timedelta(days=days)).isoformat()
        body = {"communication_disabled_until": until}
        return await bot.ask("PATCH", f"/guilds/{GUILD}/members/{whom}", body)

    assert await time_out(MEMBER, 1) == (403, 50013)
    bot.standin.bot_permissions |= discord.Permissions(moderate_members=True)
    assert await time_out(MEMBER, 28.1) == (400, 50035)
    assert await time_out(OWNER, 1) == (403, 50013)
    assert bot.standin.timed_out == {}
    found = await time_out(MEMBER, 27.9)
    assert found["communication_disabled_until"] == bot.standin.timed_out[MEMBER]


# -------------------------------------------------------------------- forms, faults, the document


@pytest.mark.parametrize("kind", ["message", "callback", "followup"])
async def test_files_are_sent_with_the_json(bot: Asking, command: Interaction, kind: str) -> None:
    bot.standin.bot_permissions |= discord.Permissions(attach_files=True)
    data = {"content": LINE, "attachments": [{"id": 0, "description": "a chart"}]}
    body: dict[str, Any] = {"type": SEND, "data": data} if kind == "callback" else data
    path = {
        "message": MESSAGES,
        "callback": f"/interactions/{command.id}/{command.token}/callback?with_response=true",
        "followup": hook(command),
    }[kind]
    if kind == "followup":
        await bot.reply(command, DEFER_SEND)
    form = aiohttp.FormData()
    form.add_field("payload_json", json.dumps(body))
    form.add_field("files[0]", b"1234", filename="chart.png", content_type="image/png")
    found = await bot.ask("POST", path, data=form)
    message = found["resource"]["message"] if kind == "callback" else found
    (attachment,) = message["attachments"]
    assert attachment["filename"] == "chart.png"
    assert attachment["size"] == 4
    assert attachment["description"] == "a chart"
    assert message["content"] == LINE
    recorded = bot.standin.sent[-1] if kind == "message" else bot.standin.answers[-1][2]
    assert recorded["files"] == ["chart.png"]


async def test_a_fault_applies_to_one_route_only(bot: Asking, command: Interaction) -> None:
    bot.standin.fault = only("503", "/callback")
    assert await bot.reply(command, SEND, content=LINE) == (503, 0)
    assert "id" in await bot.send()
    bot.standin.fault = only("500", MESSAGES, "GET")
    assert "id" in await bot.send()
    assert await bot.ask("GET", MESSAGES) == (500, 0)
    await bot.reply(command, SEND, content=LINE)
    bot.standin.fault = only("429", "/webhooks/")
    assert await bot.ask("GET", hook(command, "@original")) == (429, None)


def test_nothing_is_checked_without_discords_document(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DISCORD_OPENAPI", raising=False)
    assert StandIn().schema is None
    monkeypatch.setenv("DISCORD_OPENAPI", str(tmp_path / "absent.json"))
    with pytest.raises(FileNotFoundError):
        StandIn()


async def test_an_error_of_the_stand_in_is_a_failure() -> None:
    standin = StandIn(schema=None)
    with pytest.raises(AssertionError, match=r"failed at POST .*/bulk-delete: KeyError"):
        async with asking(standin) as bot:
            await bot.session.post(standin.api_base + f"{MESSAGES}/bulk-delete", json={"ids": []})


async def test_a_request_unknown_to_the_stand_in_is_a_failure() -> None:
    standin = StandIn(schema=None)
    with pytest.raises(AssertionError, match="does not know GET /api/v10/gateway"):
        async with asking(standin) as bot:
            assert await bot.ask("GET", "/gateway") == (404, 0)
