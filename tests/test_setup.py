"""/setup shows what is chosen, what is missing, and ends with a true example of an alert."""

from __future__ import annotations

import re
from typing import Any

import discord
import pytest

from bot.domain import Kind
from bot.policy.entries import threshold_entry
from bot.policy.rules import SERVER
from model.classes import HARMS
from tests.answers import ask, field, offered
from tests.world import World


async def opened(world: World) -> Any:
    result = await world.moderator.slash(world.general, "setup")
    assert result.response is not None
    return result.response


def preselected(dialogue: Any) -> tuple[list[int], list[str]]:
    """Return the channels and the presets that the menus show as chosen."""
    channels, presets = (row["components"][0] for row in dialogue.components[:2])
    return (
        [int(value["id"]) for value in channels.get("default_values", [])],
        [option["value"] for option in presets["options"] if option.get("default")],
    )


def state(dialogue: Any) -> dict[str, str]:
    (embed,) = dialogue.embeds
    return {found.name or "": found.value or "" for found in embed.fields}


async def test_setup_asks_for_channel_and_preset_and_ends_with_a_test_alert(world: World) -> None:
    dialogue = await opened(world)
    assert preselected(dialogue) == ([], ["balanced"])
    await world.moderator.select(dialogue, [world.desk], custom_id="bw:setup_channel")
    assert world.policy.alert_channel_id == world.desk.id
    await world.moderator.select(dialogue, ["strict"], custom_id="bw:setup_preset")
    assert world.policy.preset == "strict"
    assert preselected(dialogue) == ([world.desk.id], ["strict"])
    await world.moderator.click(dialogue, custom_id="bw:setup_test")
    assert "Test alert" in (world.alert.embeds[0].title or "")
    assert offered(world) == dict.fromkeys(
        ("Delete", "Time out", "Right call", "False positive", "Messages around it"), False
    )
    assert "there is a test alert" in dialogue.content


async def test_setup_without_a_channel_says_where_to_choose_one(world: World) -> None:
    assert state(await opened(world))["Alerts go to"] == "No channel yet: choose one below"
    await world.choose_desk()
    dialogue = await opened(world)
    await ask(world, "undo", change=1)
    await world.moderator.click(dialogue, custom_id="bw:setup_test")
    assert dialogue.content == "Choose a channel above first."


async def test_setup_shows_what_is_chosen_already(world: World) -> None:
    await world.choose_desk()
    await world.change(preset="observe")
    role = world.guild.create_role("On call", mentionable=True)
    await ask(world, "alerts ping", role=role, above=0.8)
    dialogue = await opened(world)
    assert preselected(dialogue) == ([world.desk.id], ["observe"])
    found = state(dialogue)
    assert found["Alerts go to"] == (
        f"<#{world.desk.id}>\nThey ping <@&{role.id}> at a score of 0.80 or above."
    )
    assert found["Preset"].startswith("observe: Few alerts")
    assert found["Mode"].startswith("Enforcing")
    for choice, menu in ((world.desk, "bw:setup_channel"), ("observe", "bw:setup_preset")):
        await world.moderator.select(dialogue, [choice], custom_id=menu)
        assert dialogue.content.startswith("Nothing to change")


async def test_setup_says_what_the_bot_lacks_in_a_channel_and_changes_nothing(
    world: World,
) -> None:
    me = world.env.bot.user
    assert me is not None
    closed = world.guild.create_text_channel(
        "closed", overwrites={me: discord.PermissionOverwrite(send_messages=False)}
    )
    dialogue = await opened(world)
    await world.moderator.select(dialogue, [closed], custom_id="bw:setup_channel")
    assert "I lack **Send Messages" in dialogue.content
    assert world.policy.alert_channel_id is None


async def test_setup_and_show_say_what_the_bot_lacks_in_the_chosen_channel(world: World) -> None:
    me = world.env.bot.user
    assert me is not None
    closed = world.guild.create_text_channel(
        "closed", overwrites={me: discord.PermissionOverwrite(embed_links=False)}
    )
    assert "⚠ Permissions I lack" not in state(await opened(world))
    await world.change(alerts__channel=closed.id)
    lacking = f"**Embed Links** in <#{closed.id}>: needed to send alerts."
    assert state(await opened(world))["⚠ Permissions I lack"] == lacking
    assert lacking in await ask(world, "threshold show")
    await world.change(alerts__channel=12345)
    assert "no longer exists" in state(await opened(world))["⚠ Permissions I lack"]
    assert preselected(await opened(world))[0] == []


@pytest.mark.parametrize("threshold", [0.3, 0.57, 0.96])
async def test_the_test_alert_obeys_the_servers_own_threshold(
    world: World, threshold: float
) -> None:
    await world.choose_desk()
    await world.change(**{threshold_entry(SERVER, "insult", Kind.ALERT): threshold})
    await world.moderator.click(await opened(world), custom_id="bw:setup_test")
    scores = field(world, "Scores")
    rule = re.search(r"insult ([\d.]+) ≥ ([\d.]+) → alert", scores)
    assert rule is not None, scores
    score, limit = map(float, rule.groups())
    assert limit == threshold
    assert score > threshold
    assert f"{rule[1]} ≥ {rule[2]}" in scores.split("```")[1]
    assert scores.count("≥") == 2  # no other class reached anything


async def test_there_is_no_test_alert_if_nothing_is_ever_alerted(world: World) -> None:
    await world.choose_desk()
    off = {threshold_entry(SERVER, harm, kind): "off" for harm in HARMS for kind in Kind}
    await world.change(**off)
    dialogue = await opened(world)
    await world.moderator.click(dialogue, custom_id="bw:setup_test")
    assert dialogue.content.startswith("No test alert: every threshold is off")
    assert world.desk.history() == []


async def test_a_threshold_that_nothing_reaches_is_answered_with_what_was_seen(
    world: World,
) -> None:
    options = {"class": "insult", "action": "alert"}
    answer = await ask(world, "threshold set", **options, value="0.96")
    assert "There is no history to compare with" in answer
    for _ in range(3):
        await world.say("you play like garbage")
    for command in ("threshold preview", "threshold set"):
        answer = await ask(world, command, **options, value="0.97")
        assert "⚠ No message reached 0.97 for insult. The highest score was 0.87." in answer
        assert "only 3 messages scored 0.2 or more" in answer
    answer = await ask(world, "threshold set", **options, value="0.8")
    assert "3 messages reached 0.80 for insult. The highest score was 0.87." in answer
    assert "reached" not in await ask(world, "threshold set", **options, value="off")
