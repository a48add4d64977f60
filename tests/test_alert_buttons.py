"""The buttons under alerts, pressed by members, moderators and administrators, across restarts."""

from __future__ import annotations

import discord
import pytest
import simcord
from simcord.actors import MemberActor
from simcord.results import InteractionResult

from bot.app.lifecycle import App
from bot.app.settings import Settings
from bot.domain import Judgement, message_case
from tests.answers import ask, asked_of, field, offered, said, timed_out
from tests.world import BORDERLINE, World

MODERATORS = "What moderators did"


def title(world: World) -> str:
    return world.alert.embeds[0].title or ""


@pytest.fixture
async def alerted(world: World) -> World:
    """A world with one borderline message, which was alerted on and not deleted."""
    await world.choose_desk()
    await world.say(BORDERLINE)
    return world


async def test_an_alert_says_all_that_is_needed_to_judge(alerted: World) -> None:
    (embed,) = alerted.alert.embeds
    shown = str(embed.to_dict())
    quotation = embed.description or ""
    assert "\nWords that counted most: garbage" in quotation
    assert quotation.startswith("||")
    assert quotation.count("||") == 2  # one spoiler hides both
    assert "Rule: insult 0." in field(alerted, "Scores")
    account = int(discord.utils.snowflake_time(alerted.member.id).timestamp())
    joined = (await alerted.fetched()).joined_at
    assert joined is not None
    assert field(alerted, "Author").split("\n")[1:] == [
        f"Account created <t:{account}:R>", f"Joined <t:{int(joined.timestamp())}:R>",
    ]  # fmt: skip
    footer = embed.footer.text or ""
    for part in (alerted.member.id, alerted.general.history()[0].id):
        assert str(part) in footer
    assert "Go to the message" in shown
    assert offered(alerted) == {
        "Delete": True, "Time out": True, "Right call": True, "False positive": True,
        "Messages around it": True,
    }  # fmt: skip
    assert alerted.alert.attachments == []


async def test_delete(alerted: World) -> None:
    await alerted.moderator.click(alerted.alert, label="Delete")
    assert alerted.texts() == []
    assert "Deleted by **morgan**" in field(alerted, MODERATORS)
    assert title(alerted).startswith("Deleted · insult")
    assert offered(alerted)["Delete"] is False
    result = await alerted.moderator.click(alerted.alert, label="Undo")
    assert "cannot restore a deleted message" in said(result)
    (quoted,) = result.followups[-1].embeds
    assert "garbage" in (quoted.description or "")


async def choose_time_out(world: World, label: str = "1 h") -> InteractionResult:
    result = await world.moderator.click(world.alert, label="Time out")
    assert result.response is not None
    return await world.moderator.click(result.response, label=label)


async def test_time_out_and_undo(alerted: World) -> None:
    await choose_time_out(alerted)
    until = await timed_out(alerted)
    assert until is not None
    assert 3_500 < (until - alerted.env.now()).total_seconds() <= 3_600
    assert "Timed out for 1 h by **morgan**" in field(alerted, MODERATORS)
    assert title(alerted).startswith("Timed out · insult")
    assert offered(alerted)["Time out"] is False

    await alerted.moderator.click(alerted.alert, label="Undo")
    assert await timed_out(alerted) is None
    assert "Time-out lifted by **morgan**" in field(alerted, MODERATORS)
    assert title(alerted).startswith("Time-out lifted · insult")
    assert offered(alerted)["Time out"] is True


async def test_verdicts_are_kept_and_can_be_changed(alerted: World) -> None:
    verdicts = alerted.app.context.store.verdicts
    version = alerted.app.context.judge.model
    result = await alerted.moderator.click(alerted.alert, label="False positive")
    assert "/allow add" in said(result)
    (verdict,) = await verdicts.verdicts(alerted.guild_id, version)
    assert (verdict.judgement, verdict.harm) == (Judgement.FALSE_POSITIVE, "insult")
    assert verdict.decision.scores["insult"] > 0.6
    assert offered(alerted)["False positive"] is False
    assert "Marked as a false positive by **morgan**" in field(alerted, "Verdict")

    await alerted.moderator.click(alerted.alert, label="Right call")
    assert field(alerted, "Verdict").count("\n") == 0  # it replaces the earlier one
    assert "Marked as a right call by **morgan**" in field(alerted, "Verdict")
    assert field(alerted, "Verdict").endswith("(before: false positive)")
    assert offered(alerted)["False positive"] is True
    (verdict,) = await verdicts.verdicts(alerted.guild_id, version)
    assert verdict.judgement is Judgement.RIGHT
    assert "1 of 1 right (100%)" in await ask(alerted, "threshold show")


@pytest.mark.parametrize("label", ["Delete", "Time out", "Right call", "False positive"])
async def test_members_can_press_nothing(alerted: World, label: str) -> None:
    result = await alerted.member.click(alerted.alert, label=label)
    assert "Only moderators" in said(result)
    assert alerted.texts() == [BORDERLINE]
    assert await timed_out(alerted) is None
    assert field(alerted, MODERATORS) == field(alerted, "Verdict") == ""


async def test_a_moderator_without_the_permission_is_refused(alerted: World) -> None:
    role = alerted.guild.create_role(
        "Helper", permissions=discord.Permissions(manage_messages=True)
    )
    helper = alerted.guild.add_member(alerted.env.create_user("helper"), roles=[role])
    result = await helper.click(alerted.alert, label="Time out")
    assert "You lack Timeout Members" in said(result)
    assert await timed_out(alerted) is None


async def test_role_order_counts_for_the_person(alerted: World) -> None:
    await (await alerted.fetched()).add_roles(discord.Object(alerted.moderators.id))
    veteran = alerted.guild.create_role("Veteran")
    await (await alerted.fetched()).edit(roles=[discord.Object(veteran.id)])
    guild = alerted.env.bot.get_guild(alerted.guild.id)
    role = guild.get_role(veteran.id) if guild else None
    assert role is not None
    await role.edit(position=2)  # above the moderators now, below the bot
    result = await alerted.moderator.click(alerted.alert, label="Time out")
    assert "highest role is not above theirs" in said(result)
    assert await timed_out(alerted) is None


async def test_role_order_counts_for_the_bot(alerted: World) -> None:
    guild = alerted.env.bot.get_guild(alerted.guild.id)
    assert guild is not None
    administrator = alerted.guild.add_member(
        alerted.env.create_user("admin"),
        roles=[
            alerted.guild.create_role(
                "Admin", permissions=discord.Permissions(administrator=True), position=9
            )
        ],
    )
    high = alerted.guild.create_role("High", position=8)
    await alerted.env.settle()
    alerted.env.backend.get_guild(alerted.guild.id).members[alerted.member.id].role_ids.append(
        high.id
    )
    result = await administrator.click(alerted.alert, label="Time out")
    assert "not below the bot's" in said(result)
    assert await timed_out(alerted) is None


@pytest.mark.parametrize("right", ["manage_messages", "administrator"])
async def test_moderators_and_administrators_are_never_timed_out(world: World, right: str) -> None:
    await world.choose_desk()
    await world.change(exempt__moderators=False, threshold__0__insult__timeout=0.7)
    role = world.guild.create_role("Trusted", permissions=discord.Permissions(**{right: True}))
    trusted = world.guild.add_member(world.env.create_user("kim"), roles=[role])
    await trusted.send(world.general, BORDERLINE)
    await world.app.drained()
    assert await timed_out(world, trusted) is None
    assert offered(world)["Time out"] is False
    assert len(world.alerts) == 1


@pytest.mark.parametrize(
    ("right", "refusal"),
    [
        ("manage_messages", "moderators are never timed out"),
        ("administrator", "administrators and the owner cannot be timed out"),
    ],
)
async def test_somebody_who_became_a_moderator_since_is_not_timed_out(
    alerted: World, right: str, refusal: str
) -> None:
    role = alerted.guild.create_role("New", permissions=discord.Permissions(**{right: True}))
    await (await alerted.fetched()).add_roles(discord.Object(role.id))
    result = await alerted.moderator.click(alerted.alert, label="Time out")
    assert refusal in said(result)
    assert await timed_out(alerted) is None


async def test_the_reason_is_given_when_an_action_fails(alerted: World) -> None:
    message = alerted.general.history()[0]
    alerted.env.inject_error("DELETE", "/channels/*/messages/*", status=403, code=50013)
    result = await alerted.moderator.click(alerted.alert, label="Delete")
    assert "Discord refused it" in said(result)
    assert alerted.general.history()[0].id == message.id
    assert field(alerted, MODERATORS) == ""


async def test_buttons_work_after_a_restart(settings: Settings) -> None:
    app = await App.open(settings)
    async with simcord.run(app.client) as env:
        world = World.furnish(app, env)
        await world.choose_desk()
        await world.say(BORDERLINE)
        await app.close()

        world.app = await App.open(settings)
        await env.restart_bot(world.app.client)
        await world.moderator.click(world.alert, label="Right call")
        result = await world.moderator.click(world.alert, label="Time out")
        choice = result.response
        assert choice is not None
        await world.app.close()

        # Between the choice of the button and that of the duration, too.
        world.app = await App.open(settings)
        await env.restart_bot(world.app.client)
        await world.moderator.click(choice, label="10 min")
        assert await timed_out(world) is not None
        await world.moderator.click(world.alert, label="Delete")
        assert world.texts() == []
        lines = field(world, MODERATORS).split("\n")
        assert [line.split(" ", 1)[1].split(" ")[0] for line in lines] == ["Timed", "Deleted"]
        assert "right call" in field(world, "Verdict")
        await world.app.close()


async def test_another_servers_alert_cannot_be_pressed_from_here(alerted: World) -> None:
    verdicts = alerted.app.context.store.verdicts
    other = alerted.env.create_guild("Others")
    channel = other.create_text_channel("there")
    stranger: MemberActor = other.add_member(
        alerted.env.create_user("stranger"),
        roles=[other.create_role("Boss", permissions=discord.Permissions.all())],
    )
    there = alerted.env.bot.get_channel(channel.id)
    assert isinstance(there, discord.TextChannel)
    # The same buttons, as somebody who knows the ids could make another bot post them.
    copied = await there.send(view=discord.ui.View.from_message(alerted.alert, timeout=None))
    for label in ("Delete", "Right call"):
        result = await stranger.click(copied, label=label)
        assert "Nothing is stored about this message any more" in said(result)
    assert alerted.texts() == [BORDERLINE]
    case = message_case(alerted.guild.id, alerted.general.history()[0].id)
    assert await verdicts.judgements([case]) == {}


async def test_a_button_of_another_version_says_so(alerted: World) -> None:
    channel = alerted.env.bot.get_channel(alerted.desk.id)
    assert isinstance(channel, discord.TextChannel)
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label="Old", custom_id="bw:ancient:1:2"))
    result = await alerted.moderator.click(await channel.send(view=view), label="Old")
    assert "another version" in said(result)


async def test_an_automatic_time_out_can_be_undone(world: World) -> None:
    await world.choose_desk()
    await world.change(threshold__0__insult__timeout=0.7, minutes__0__insult=30)
    await world.say(BORDERLINE)
    until = await timed_out(world)
    assert until is not None
    assert 1_700 < (until - world.env.now()).total_seconds() <= 1_800
    assert title(world).startswith("Timed out")
    assert "30 min" in field(world, "What the bot did")
    await world.moderator.click(world.alert, label="Undo")
    assert await timed_out(world) is None


async def test_observe_mode_only_reports_time_outs(world: World) -> None:
    await world.choose_desk()
    await world.change(mode="observe", threshold__0__insult__timeout=0.7)
    await world.say(BORDERLINE)
    assert world.texts() == [BORDERLINE]
    assert await timed_out(world) is None
    assert (world.alert.embeds[0].title or "").startswith("Would time out")
    # The same, where it is meant.
    await world.change(mode="enforce")
    await world.say(f"{BORDERLINE}!")
    assert await timed_out(world) is not None
    assert title(world).startswith("Timed out")


async def test_a_role_above_the_moderators_keeps_its_time_out(alerted: World) -> None:
    await choose_time_out(alerted)
    veteran = alerted.guild.create_role("Veteran")
    await (await alerted.fetched()).edit(roles=[discord.Object(veteran.id)])
    guild = alerted.env.bot.get_guild(alerted.guild.id)
    role = guild.get_role(veteran.id) if guild else None
    assert role is not None
    await role.edit(position=2)
    result = await alerted.moderator.click(alerted.alert, label="Undo")
    assert "highest role is not above theirs" in said(result)
    assert await timed_out(alerted) is not None


async def test_the_result_is_shown_even_if_the_alert_was_deleted(alerted: World) -> None:
    asked = await alerted.moderator.click(alerted.alert, label="Time out")
    assert asked.response is not None
    await alerted.alert.delete()
    result = await alerted.moderator.click(asked.response, label="1 h")
    assert "alert itself could not be updated" in said(result)
    assert await timed_out(alerted) is not None


async def test_nothing_joins_an_alert_that_a_moderator_is_handling(alerted: World) -> None:
    await alerted.moderator.click(alerted.alert, label="Time out")
    await alerted.member.send(alerted.general, "you are such a stupid idiot")
    await alerted.app.drained()
    assert len(alerted.alerts) == 2


async def test_an_alert_of_hundreds_can_be_deleted(world: World) -> None:
    await world.choose_desk()
    for _ in range(101):
        await world.member.send(world.general, BORDERLINE)
    await world.app.drained()
    assert "101 ×" in (world.alert.embeds[0].title or "")
    asked = await world.moderator.click(world.alert, label="Delete")
    await world.moderator.click(asked_of(asked), label="All (101)")
    assert world.texts() == []


async def test_one_refused_alert_does_not_affect_others(world: World) -> None:
    await world.choose_desk()
    other = world.guild.add_member(world.env.create_user("kim"))
    second = world.guild.create_text_channel("second")
    world.env.inject_error("POST", "/channels/*/messages", status=400, code=50035, times=1)
    await world.member.send(world.general, BORDERLINE)
    await other.send(second, BORDERLINE)
    await world.app.drained()
    assert len(world.alerts) == 1


async def test_alerts_follow_to_a_new_channel(world: World) -> None:
    await world.choose_desk()
    await world.member.send(world.general, BORDERLINE)
    await world.app.drained()
    world.desk = world.guild.create_text_channel("new desk")
    await world.choose_desk()
    await world.member.send(world.general, BORDERLINE)
    await world.app.drained()
    assert len(world.alerts) == 1
