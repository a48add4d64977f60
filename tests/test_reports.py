"""The message menu: members report, moderators ask why."""

from __future__ import annotations

import discord
import pytest
from simcord.backend.errors import SetupError

from bot.desk.reports import REPORTS
from bot.domain import Judgement
from tests.answers import offered, ruled, said
from tests.world import BENIGN, BORDERLINE, World

REPORT, WHY = "Report to moderators", "Why this score?"
FRIENDLY = "nobody wants to read your poetry again"


async def test_a_report_reaches_moderators_and_nobody_else(world: World) -> None:
    world.desk = world.guild.create_text_channel(
        "private",
        overwrites={
            world.guild.default_role: discord.PermissionOverwrite(view_channel=False),
            world.moderators: discord.PermissionOverwrite(view_channel=True),
            world.env.bot.user: discord.PermissionOverwrite(view_channel=True),  # type: ignore[dict-item]
        },
    )
    await world.choose_desk()
    message = await world.say(FRIENDLY)
    other = world.guild.add_member(world.env.create_user("kim"))
    result = await other.context_menu(world.general, REPORT, message)
    assert result.ephemeral
    assert "Other members cannot see" in said(result)
    assert len(world.general.history()) == 1
    shown = str(world.alert.embeds[0].to_dict())
    assert f"<@{other.id}>" in shown
    assert "poetry" in shown
    assert offered(world) == {
        "Delete": True, "Time out": True, "Should have been caught": True, "Nothing wrong": True,
        "Messages around it": True,
    }  # fmt: skip

    await world.moderator.click(world.alert, label="Should have been caught")
    verdicts, version = world.app.context.store.verdicts, world.app.context.judge.model
    (verdict,) = await verdicts.verdicts(world.guild_id, version)
    assert verdict.judgement is Judgement.MISSED
    await world.moderator.click(world.alert, label="Delete")
    assert world.texts() == []


async def test_who_reported_is_not_told_where_everybody_reads(world: World) -> None:
    await world.choose_desk()
    message = await world.say(FRIENDLY)
    other = world.guild.add_member(world.env.create_user("kim"))
    await other.context_menu(world.general, REPORT, message)
    assert str(other.id) not in str(world.alert.embeds[0].to_dict())


async def test_an_edited_message_can_be_reported_again(world: World) -> None:
    await world.choose_desk()
    message = await world.say(FRIENDLY)
    await world.member.context_menu(world.general, REPORT, message)
    await world.member.edit(message, f"{FRIENDLY}, ever")
    await world.member.context_menu(world.general, REPORT, world.general.history()[0])
    titles = [alert.title for alert in world.alerts]
    assert titles.count("Reported by a member") == 2


async def test_a_report_of_nothing_leaves_no_verdict(world: World) -> None:
    await world.choose_desk()
    message = await world.say(FRIENDLY)
    await world.member.context_menu(world.general, REPORT, message)
    await world.moderator.click(world.alert, label="Nothing wrong")
    verdicts, version = world.app.context.store.verdicts, world.app.context.judge.model
    assert await verdicts.verdicts(world.guild_id, version) == []
    assert "Dismissed by" in str(world.alert.embeds[0].to_dict())


async def test_a_message_is_reported_once_however_many_say_so(world: World) -> None:
    await world.choose_desk()
    message = await world.say(FRIENDLY)
    for name in ("kim", "lee"):
        other = world.guild.add_member(world.env.create_user(name))
        assert "Thank you" in said(await other.context_menu(world.general, REPORT, message))
    assert len(world.alerts) == 1


async def test_reports_are_rate_limited(world: World) -> None:
    await world.choose_desk()
    messages = [await world.say(f"{FRIENDLY} {number}") for number in range(REPORTS + 1)]
    other = world.guild.add_member(world.env.create_user("kim"))
    answers = [said(await other.context_menu(world.general, REPORT, m)) for m in messages]
    assert "several messages" in answers[-1]
    assert len(world.alerts) == REPORTS


async def test_without_an_alert_channel_the_member_is_told(world: World) -> None:
    message = await world.say(FRIENDLY)
    result = await world.member.context_menu(world.general, REPORT, message)
    assert "has not set up a channel for reports" in said(result)
    await world.choose_desk()
    assert "Thank you" in said(await world.member.context_menu(world.general, REPORT, message))
    assert len(world.alerts) == 1


async def test_why_says_for_every_rule_whether_it_was_reached(world: World) -> None:
    message = await world.say(BORDERLINE)
    result = await world.moderator.context_menu(world.general, WHY, message)
    assert result.ephemeral
    assert result.response is not None
    (embed,) = result.response.embeds
    assert ruled(embed) == {
        "hate": ["< 0.57 alert", "< 0.86 delete"],
        "insult": ["≥ 0.57 alert"],
        "threat": ["< 0.57 alert", "< 0.86 delete"],
        "offensive": [],
    }
    assert "||garbage||" in str(embed.to_dict())


async def test_what_was_missed_can_be_said_where_it_stands(world: World) -> None:
    message = await world.say(FRIENDLY)
    result = await world.moderator.context_menu(world.general, WHY, message)
    assert result.response is not None
    await world.moderator.click(result.response, label="Should have been caught")
    verdicts, version = world.app.context.store.verdicts, world.app.context.judge.model
    (verdict,) = await verdicts.verdicts(world.guild_id, version)
    assert verdict.judgement is Judgement.MISSED


async def test_why_says_that_an_author_is_exempt(world: World) -> None:
    message = await world.moderator.send(world.general, BORDERLINE)
    result = await world.moderator.context_menu(world.general, WHY, message)
    assert result.response is not None
    assert "This author or channel is exempt" in str(result.response.embeds[0].to_dict())


async def test_members_are_not_told_why(world: World) -> None:
    message = await world.say(BENIGN)
    with pytest.raises(SetupError):
        await world.member.context_menu(world.general, WHY, message)


async def test_a_bots_message_is_not_read(world: World) -> None:
    other = world.guild.add_member(world.env.create_user("other", bot=True))
    message = await other.send(world.general, BORDERLINE)
    result = await world.moderator.context_menu(world.general, WHY, message)
    assert "does not read this message" in said(result)
    report = await world.member.context_menu(world.general, REPORT, message)
    assert "only report messages that contain text" in said(report)
