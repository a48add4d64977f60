"""Every text that Discord shows is read: no field of a message is missed."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain import worded
from bot.platform.surfaces import post_of, text_of
from tests.standin import BOT, GENERAL, MEMBER, StandIn
from tests.world import BENIGN, BORDERLINE, HATEFUL, World

words = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Zs", "Zl", "Zp")),
    min_size=1,
    max_size=20,
).filter(str.strip)


def media(name: str, text: str) -> dict[str, Any]:
    return {name: {"text": text}}


@st.composite
def bodies(draw: st.DrawFn, depth: int = 0) -> tuple[dict[str, Any], list[str]]:
    """A message's fields as Discord sends them, and every text in them."""
    texts: list[str] = []

    def some() -> str:
        texts.append(draw(words))
        return texts[-1]

    body: dict[str, Any] = {"content": some() if draw(st.booleans()) else ""}
    body["embeds"] = [
        {
            "type": "rich",
            "title": some(),
            "description": some(),
            "author": {"name": some()},
            "footer": {"text": some()},
            "fields": [{"name": some(), "value": some()}],
        }
        for _ in range(draw(st.integers(0, 2)))
    ]
    body["attachments"] = [
        {
            "id": "1",
            "filename": some(),
            "title": some(),
            "description": some(),
            "size": 1,
            "url": "https://x.invalid/a",
            "proxy_url": "https://x.invalid/a",
        }
        for _ in range(draw(st.integers(0, 2)))
    ]
    body["sticker_items"] = [
        {"id": "5", "name": some(), "format_type": 1} for _ in range(draw(st.integers(0, 1)))
    ]
    if draw(st.booleans()):
        body["components"] = [
            {"type": 10, "id": 1, "content": some()},
            {
                "type": 1,
                "id": 2,
                "components": [{"type": 2, "style": 1, "label": some(), "custom_id": "a", "id": 3}],
            },
            {
                "type": 17,
                "id": 4,
                "components": [
                    {"type": 10, "id": 5, "content": some()},
                    {
                        "type": 9,
                        "id": 6,
                        "components": [{"type": 10, "id": 7, "content": some()}],
                        "accessory": {
                            "type": 11,
                            "id": 8,
                            "media": {"url": "https://x.invalid"},
                            "description": some(),
                        },
                    },
                ],
            },
            {
                "type": 1,
                "id": 9,
                "components": [
                    {
                        "type": 3,
                        "id": 10,
                        "custom_id": "b",
                        "placeholder": some(),
                        "options": [{"label": some(), "value": "v", "description": some()}],
                    }
                ],
            },
        ]
    if depth == 0 and draw(st.booleans()):
        body["poll"] = {
            **media("question", some()),
            "answers": [{"answer_id": 1, "poll_media": {"text": some()}}],
            "expiry": "2026-01-02T00:00:00+00:00",
            "allow_multiselect": False,
            "layout_type": 1,
        }
    if depth == 0 and draw(st.booleans()):
        inner, inside = draw(bodies(depth=1))
        texts += inside
        snapshot = {
            "type": 0, "timestamp": "2026-01-01T00:00:00+00:00", "edited_timestamp": None,
            "flags": 0, "mentions": [], "mention_roles": [], **inner,
        }  # fmt: skip
        body["message_snapshots"] = [{"message": snapshot}]
        body["message_reference"] = {"type": 1, "channel_id": "1", "message_id": "2"}
    return body, texts


@pytest.fixture(scope="module")
def channel() -> discord.TextChannel:
    """A channel of the real client's cache, filled from a real frame."""
    client = discord.Client(intents=discord.Intents.none())
    guild = discord.Guild(data=StandIn().guild(), state=client._connection)  # type: ignore[arg-type]
    found = guild.get_channel(GENERAL)
    assert isinstance(found, discord.TextChannel)
    return found


def sent() -> dict[str, Any]:
    """A message without any text as Discord sends it."""
    standin = StandIn()
    return standin.messages[asyncio.run(standin.say("", told=False))]


SENT = sent()


def message(channel: discord.TextChannel, body: dict[str, Any]) -> discord.Message:
    return discord.Message(state=channel._state, channel=channel, data=SENT | body)  # type: ignore[arg-type]


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(bodies())
def test_no_text_of_a_message_is_missed(
    channel: discord.TextChannel, drawn: tuple[dict[str, Any], list[str]]
) -> None:
    body, texts = drawn
    read = text_of(message(channel, body))
    for text in texts:
        assert text in read


def test_nothing_is_read_twice(channel: discord.TextChannel) -> None:
    embed = {"type": "rich", "title": "same words", "description": "same words"}
    assert text_of(message(channel, {"content": "same words", "embeds": [embed]})) == "same words"


def test_the_same_text_has_the_same_revision_and_another_another() -> None:
    assert worded("a", "b") == worded("a", "b") != worded("ab")
    # Made once and for all: on another machine the same message must be the same case.
    assert worded("kept as it was") == "tced527a2e8a0efa6136e7947"


def test_unreadable_messages_are_none(channel: discord.TextChannel) -> None:
    assert post_of(message(channel, {"content": "  \n "}), BOT) is None
    joined = message(channel, {"content": BENIGN, "type": 7})
    assert post_of(joined, BOT) is None
    readable = message(channel, {"content": BENIGN})
    assert post_of(readable, BOT) is not None
    assert post_of(readable, MEMBER) is None  # its own


async def test_a_forward_is_read_and_deleted(world: World) -> None:
    await world.choose_desk()
    hidden = world.guild.create_text_channel("elsewhere")
    source = await world.moderator.send(hidden, HATEFUL)
    forwarded = await world.member.forward(source, world.general)
    await world.app.drained()
    assert world.texts() == []
    assert f"/{forwarded.id})" in str(world.alert.embeds[0].to_dict())


async def test_a_file_name_is_read(world: World) -> None:
    await world.choose_desk()
    await world.member.send(world.general, "", attachments=[(f"{BORDERLINE}.txt", b"x")])
    await world.app.drained()
    assert len(world.alerts) == 1


async def test_a_nickname_is_told_of_once(world: World) -> None:
    await world.choose_desk()
    other = world.guild.add_member(world.env.create_user("kim"), nick="you stupid idiot")
    await other.send(world.general, BENIGN)
    await world.app.drained()
    (embed,) = world.alert.embeds
    assert "a nickname" in str(embed.to_dict())
    assert "discord.com/channels" not in str(embed.to_dict())
    await world.env.advance_time(600)
    await other.send(world.general, BENIGN)
    await world.app.drained()
    assert len(world.alerts) == 1


@pytest.mark.parametrize(
    ("webhook", "read"), [(None, False), ("77", True)], ids=["another bot", "a webhook"]
)
def test_other_bots_are_not_read_and_webhooks_are(
    channel: discord.TextChannel, webhook: str | None, *, read: bool
) -> None:
    author = {**SENT["author"], "bot": True}
    body = {"content": "some words", "author": author}
    if webhook is not None:
        body["webhook_id"] = webhook
    post = post_of(message(channel, body), own_id=1)
    assert (post is not None) is read
    # There is no person behind it whose roles could be asked for.
    assert post is None or (post.webhook and post.roles_known)
