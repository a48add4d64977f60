"""What moderators see of an alert's messages: the passage, the full text, the messages around."""

from __future__ import annotations

from dataclasses import replace

import discord
import pytest
import simcord

from bot.app.lifecycle import App
from bot.app.settings import Settings
from bot.domain import Case, Kind, message_case
from bot.ui.discord.alert import EXCERPT_LENGTH, LISTED, SHORT_EXCERPT, alert_embed, shows_all
from bot.ui.discord.alert_record import PAGE, pages
from bot.ui.discord.quoting import harmless
from bot.ui.discord.speech import Names
from bot.ui.words import table
from tests import making
from tests.answers import field, offered, said
from tests.world import BENIGN, BORDERLINE, World

ENGLISH = table("en")
NAMES = Names(lambda _: "general", lambda _: "robin")
FILLER = "We talked about the weather and what to cook for dinner. "
ABUSE = "you are a stupid worthless idiot and a pathetic loser"
LONG = FILLER * 25 + ABUSE + " " + FILLER * 8


# ------------------------------------------------------------------ the passage


async def test_an_insult_at_the_end_of_a_long_message_is_quoted(world: World) -> None:
    await world.choose_desk()
    assert LONG.index(ABUSE) > 1_400
    await world.say(LONG)
    quotation = world.alert.embeds[0].description or ""
    assert quotation.startswith("||…")
    begin, end = quotation.index("**"), quotation.rindex("**")
    assert "stupid worthless idiot" in quotation[begin:end]
    assert FILLER.strip() in quotation[:begin]
    assert "Attached to this alert." in field(world, "Full text")
    (attached,) = world.alert.attachments
    assert attached.is_spoiler()
    assert LONG.strip() in (await attached.read()).decode()


async def test_the_passage_is_quoted_after_a_crash_before_the_alert_too(
    settings: Settings,
) -> None:
    app = await App.open(settings)
    async with simcord.run(app.client) as env:
        world = World.furnish(app, env)
        await world.choose_desk()
        env.inject_error("POST", "/channels/*/messages", status=503, code=0)
        await world.member.send(world.general, LONG)
        await app.parts.pipeline.drained()
        await app.close()
        world.app = await App.open(settings)
        await env.restart_bot(world.app.client)
        await world.app.drained()
        quotation = world.alert.embeds[0].description or ""
        assert "stupid worthless idiot" in quotation[quotation.index("**") :]
        assert "Words that counted most: " in quotation
        assert LONG.strip() in (await world.alert.attachments[0].read()).decode()
        await world.app.close()


def test_a_text_cannot_look_like_another_entry_of_the_file() -> None:
    forged = "hi\n\n2 · Bob (5) · #general\u20282 · Bob (6)\x0b2 · Bob (7)"
    post = replace(told().decision.post, text=forged)
    (page,) = pages([Case(replace(told().decision, post=post))], ENGLISH, NAMES)
    headers = [line for line in page.text.splitlines() if line and not line.startswith(">")]
    assert [line.split(" · ")[0] for line in headers] == [
        "1", "https://discord.com/channels/2/3/1",
    ]  # fmt: skip


async def test_the_alert_is_confidential_if_any_of_its_messages_is(world: World) -> None:
    await world.choose_desk()
    hidden = world.guild.create_text_channel(
        "hidden",
        overwrites={
            world.guild.default_role: discord.PermissionOverwrite(view_channel=False),
            world.moderators: discord.PermissionOverwrite(view_channel=True),
            world.env.bot.user: discord.PermissionOverwrite(view_channel=True),  # type: ignore[dict-item]
        },
    )
    await world.member.send(world.general, BORDERLINE)
    await world.app.drained()
    assert field(world, "Confidential") == ""
    role = world.env.bot.get_guild(world.guild.id)
    channel = world.env.bot.get_channel(hidden.id)
    assert role is not None
    assert isinstance(channel, discord.TextChannel)
    member = await role.fetch_member(world.member.id)
    await channel.set_permissions(member, view_channel=True, send_messages=True)
    await world.member.send(hidden, BORDERLINE)
    await world.app.drained()
    assert "2 ×" in (world.alert.embeds[0].title or "")
    assert "cannot see the channel" in field(world, "Confidential")


# ------------------------------------------------------------------ the whole text


def told(number: int = 1, length: int = 10) -> Case:
    return Case(making.decision(number, Kind.ALERT, text="a" * length))


def named(number: int, name: str, text: str) -> Case:
    big = 10**18
    made = making.decision(
        big + number, Kind.ALERT, text=text, guild=big, channel=big, author_name=name
    )
    return Case(made)


@pytest.mark.parametrize(
    ("cases", "all_of_it"),
    [
        ([told(1, EXCERPT_LENGTH)], True),
        ([told(1, EXCERPT_LENGTH + 1)], False),
        ([told(1), told(2, SHORT_EXCERPT)], True),
        ([told(1), told(2, SHORT_EXCERPT + 1)], False),
        ([told(number) for number in range(LISTED + 1)], True),
        ([told(number) for number in range(LISTED + 2)], False),
        ([named(number, "_" * 30, "*" * 56) for number in range(LISTED + 1)], False),
    ],
)
def test_files_are_attached_if_the_embed_does_not_show_everything(
    cases: list[Case], *, all_of_it: bool
) -> None:
    names = Names(lambda _: "general", lambda _: "")
    assert shows_all(cases, names) is all_of_it
    if all_of_it:  # and then it does
        shown = str(alert_embed(cases, ENGLISH, names).to_dict())
        assert shown.count("/channels/") == len(cases)


def test_a_file_has_a_hundred_messages_with_all_that_identifies_them() -> None:
    cases = [told(number) for number in range(1, 2 * PAGE + 2)]
    names = Names(lambda _: "general", lambda _: "robin\nfake")
    found = pages(cases, ENGLISH, names)
    assert [len(page.cases) for page in found] == [100, 100, 1]
    assert [page.file().filename for page in found] == [
        f"SPOILER_messages-{number}.txt" for number in (1, 2, 3)
    ]
    assert found[2].text == (
        "201 · robin fake (4) · #general · 2026-01-01 00:00:00 UTC · hate 0.90\n"
        "https://discord.com/channels/2/3/201\n\n> aaaaaaaaaa\n"
    )
    lost = replace(cases[0].decision.post, text="", author_name="")
    (page,) = pages(
        [Case(replace(cases[0].decision, post=lost))], ENGLISH, Names(lambda _: "", lambda _: "")
    )
    assert page.text.startswith("1 · unknown (4) · #unknown")
    assert "lost when the bot restarted" in page.text


async def test_a_full_file_is_sent_once_however_often_the_alert_is_updated(world: World) -> None:
    await world.choose_desk()
    for number in range(PAGE + 1):
        await world.member.send(world.general, f"{BORDERLINE} {number}")
    await world.app.drained()
    full, last = world.alert.attachments
    await world.member.send(world.general, f"{BORDERLINE} {PAGE + 1}")
    await world.app.drained()
    same, longer = world.alert.attachments
    assert (same.id, same.size) == (full.id, full.size)
    assert longer.id != last.id
    assert longer.size > last.size
    assert f"{BORDERLINE} {PAGE + 1}\n" in (await longer.read()).decode()


async def test_without_attach_files_the_alert_says_what_is_missing(world: World) -> None:
    await world.choose_desk()
    me = world.env.bot.get_guild(world.guild.id)
    channel = world.env.bot.get_channel(world.desk.id)
    assert me is not None
    assert isinstance(channel, discord.TextChannel)
    await channel.set_permissions(me.me, attach_files=False)
    await world.say(LONG)
    assert "I need Attach Files" in field(world, "Full text")
    assert world.alert.attachments == []


async def test_a_server_can_switch_spoilers_off(world: World) -> None:
    await world.choose_desk()
    result = await world.moderator.slash(world.desk, "alerts spoilers", hide=False)
    assert "show quotations without a spoiler" in said(result)
    await world.say(LONG)
    assert "||" not in (world.alert.embeds[0].description or "")
    result = await world.moderator.slash(world.desk, "alerts spoilers", hide=True)
    assert "behind a spoiler" in said(result)
    await world.say(BORDERLINE)
    assert (world.alert.embeds[0].description or "").startswith("||")


async def test_a_long_report_has_the_whole_text_attached(world: World) -> None:
    await world.choose_desk()
    message = await world.say(FILLER * 20)
    await world.member.context_menu(world.general, "Report to moderators", message)
    (attached,) = world.alert.attachments
    assert (FILLER * 20).strip() in (await attached.read()).decode()
    assert "Attached to this alert." in field(world, "Full text")


# ------------------------------------------------------------------ what surrounds it


async def surroundings(world: World, label: str = "Messages around it") -> str:
    result = await world.moderator.click(world.alert, label=label)
    assert result.response is not None
    assert result.response.ephemeral
    return "\n".join(embed.description or "" for embed in result.response.embeds)


async def test_the_messages_around_are_shown_as_links(world: World) -> None:
    await world.choose_desk()
    sent = [await world.say(f"{BENIGN} {number}") for number in range(7)]
    sent.append(await world.say(BORDERLINE))
    sent += [await world.say(f"{BENIGN} {number}") for number in range(7, 12)]
    lines = (await surroundings(world)).split("\n")
    shown = sent[2:11]  # five before, the message itself, three after
    assert len(lines) == len(shown)
    for line, message in zip(lines, shown, strict=True):
        assert f"/{world.guild.id}/{world.general.id}/{message.id})" in line
        assert "**robin**" in line
        assert harmless(message.content) in line
    assert [line.startswith("➤ ") for line in lines] == [False] * 5 + [True] + [False] * 3
    assert offered(world)["Delete"] is True
    await world.member.send(world.general, BORDERLINE.upper())
    await world.app.drained()
    assert len(world.alerts) == 1  # looking does not close an alert


async def test_the_messages_around_a_deleted_message_are_shown(world: World) -> None:
    await world.choose_desk()
    await world.say(BENIGN)
    await world.say(BORDERLINE)
    await world.say(f"{BENIGN}!")
    await world.moderator.click(world.alert, label="Delete")
    shown = await surroundings(world)
    assert harmless(BENIGN) in shown
    assert "➤" not in shown
    assert "The message itself has been deleted." in shown


async def test_messages_that_a_moderator_may_not_read_are_not_shown(world: World) -> None:
    await world.choose_desk()
    await world.say(BENIGN)
    await world.say(BORDERLINE)
    channel = world.env.bot.get_channel(world.general.id)
    guild = world.env.bot.get_guild(world.guild.id)
    assert isinstance(channel, discord.TextChannel)
    assert guild is not None
    role = guild.get_role(world.moderators.id)
    assert role is not None
    await channel.set_permissions(role, read_message_history=False)
    result = await world.moderator.click(world.alert, label="Messages around it")
    assert "You need Read Message History in the channel of that message" in said(result)
    assert BENIGN not in said(result)


async def test_where_the_bot_may_not_read_it_says_so(world: World) -> None:
    await world.choose_desk()
    await world.say(BORDERLINE)
    channel = world.env.bot.get_channel(world.general.id)
    assert isinstance(channel, discord.TextChannel)
    await channel.set_permissions(channel.guild.me, read_message_history=False)
    result = await world.moderator.click(world.alert, label="Messages around it")
    assert "the bot needs Read Message History in that channel" in said(result)


async def test_members_cannot_look_around(world: World) -> None:
    await world.choose_desk()
    await world.say(BORDERLINE)
    result = await world.member.click(world.alert, label="Messages around it")
    assert "Only moderators" in said(result)


async def test_an_alert_on_a_nickname_has_nothing_around_it(world: World) -> None:
    await world.choose_desk()
    guild = world.env.bot.get_guild(world.guild.id)
    assert guild is not None
    await (await guild.fetch_member(world.member.id)).edit(nick=BORDERLINE[:32])
    await world.say(BENIGN)
    assert "Messages around it" not in offered(world)


# ------------------------------------------------------------------ what a crash leaves


async def test_an_alert_without_its_embed_is_still_known_by_its_buttons(world: World) -> None:
    await world.choose_desk()
    await world.say(BORDERLINE)
    case = message_case(world.guild.id, world.general.history()[-1].id)
    channel, since = world.app.context.channel, making.START
    assert (await channel.sent_since(world.guild_id, since))[case].count == 1
    await world.say(BORDERLINE)
    assert (await channel.sent_since(world.guild_id, since))[case].count == 2
    await world.alert.edit(embed=None)
    assert (await channel.sent_since(world.guild_id, since))[case].count == 1
