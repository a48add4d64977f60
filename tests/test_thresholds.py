"""Thresholds as moderators set, preview, undo and reset them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import discord
import pytest

from bot.domain import ChannelId, Decision, Judgement, Kind, UserId, Verdict
from bot.policy.thresholds import SettingError
from model.classes import CLASSES
from tests import making
from tests.answers import ask, said, timed_out
from tests.world import BENIGN, BORDERLINE, HATEFUL, World

SET = {"class": "insult", "action": "alert"}


def threshold(world: World, *scopes: int) -> float | None:
    return world.policy.table(tuple(map(ChannelId, scopes)))["insult", Kind.ALERT].threshold


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("0.9", 0.9), ("0,9", 0.9), (" OFF ", None), ("aus", None), ("nunca", None)],
)
async def test_a_value_is_read_as_people_type_it(
    world: World, typed: str, expected: float | None
) -> None:
    await ask(world, "threshold set", **SET, value=typed)
    assert threshold(world) == expected


@pytest.mark.parametrize("typed", ["high", "1.2", "-1", "nan", "90%", ""])
async def test_a_value_that_makes_no_sense_is_refused(world: World, typed: str) -> None:
    before = threshold(world)
    assert "Nothing was changed" in await ask(world, "threshold set", **SET, value=typed or " ")
    assert threshold(world) == before


async def test_channels_categories_and_forums_override_the_server(world: World) -> None:
    category = world.guild.create_category("games")
    channel = world.guild.create_text_channel("chess", category=category)
    await ask(world, "threshold set", **SET, value="0.95", channel=category)
    assert threshold(world) != 0.95
    assert threshold(world, channel.id, category.id) == 0.95
    await ask(world, "threshold set", **SET, value="off", channel=channel)
    assert threshold(world, channel.id, category.id) is None
    # "inherit" is a value: the channel follows its category again.
    await ask(world, "threshold set", **SET, value="inherit", channel=channel)
    assert threshold(world, channel.id, category.id) == 0.95
    assert "0.95" in await ask(world, "threshold show", channel=channel)
    assert f"<#{category.id}>" in await ask(world, "threshold show")

    await world.choose_desk()
    await world.member.send(channel, BORDERLINE)
    await world.app.drained()
    assert world.alerts == []
    await world.say(BORDERLINE)
    assert len(world.alerts) == 1


async def test_an_override_decides_threads_and_the_alert_names_it(world: World) -> None:
    forum = world.guild.create_forum_channel("ideas")
    await ask(world, "threshold set", **SET, value="0.8", channel=forum)
    await world.choose_desk()
    guild = world.env.bot.get_guild(world.guild.id)
    parent = guild.get_channel(forum.id) if guild else None
    assert isinstance(parent, discord.ForumChannel)
    made = await parent.create_thread(name="a thought", content="welcome")
    (thread,) = [t for t in forum.threads if t.id == made.thread.id]
    await world.member.send(thread, BORDERLINE)
    await world.app.drained()
    assert f"Rule in <#{forum.id}>" in str(world.alert.embeds[0].to_dict())


async def test_a_contradiction_in_a_channel_is_refused_too(world: World) -> None:
    await ask(world, "threshold set", **SET, value="0.8", channel=world.general)
    refused = await ask(
        world, "threshold set", **{"class": "insult", "action": "delete"}, value="0.7"
    )
    assert f"in <#{world.general.id}>, the threshold for delete (0.7) would be below the" in refused


async def test_a_time_out_has_a_duration(world: World) -> None:
    options = {"class": "insult", "action": "timeout"}
    assert "(2 h)" in await ask(world, "threshold set", **options, value="0.8", minutes=120)
    assert "only time-outs have a length" in await ask(
        world, "threshold set", **SET, value="0.8", minutes=120
    )
    await world.choose_desk()
    await world.say(BORDERLINE)
    until = await timed_out(world)
    assert until is not None
    assert 7_000 < (until - world.env.now()).total_seconds() <= 7_200


async def test_preview_replays_the_stored_scores_and_changes_nothing(world: World) -> None:
    await world.choose_desk()
    await world.say(BORDERLINE)
    await world.moderator.click(world.alert, label="False positive")
    await world.say(BENIGN)
    await world.say(HATEFUL)
    before = threshold(world)
    result = await world.moderator.slash(
        world.desk, "threshold preview", **SET, value="0.95", days=3
    )
    assert result.response is not None
    (embed,) = result.response.embeds
    shown = str(embed.to_dict())
    assert "alerts, all classes: 2 → **1**" in shown
    (field,) = embed.fields
    assert field.name == "No longer alerted"
    assert field.value == "1 message: 0 right, 1 false positive, 0 not judged"
    (picture,) = result.response.attachments
    assert (await picture.read()).startswith(b"\x89PNG")
    assert picture.description
    assert threshold(world) == before

    await world.moderator.click(result.response, label="Apply")
    assert threshold(world) == 0.95


async def test_preview_counts_a_channel_alone(world: World) -> None:
    await world.say(BORDERLINE)
    quiet = world.guild.create_text_channel("quiet")
    shown = await ask(world, "threshold preview", **SET, value="0.95", channel=quiet)
    assert "alerts, all classes: 0 → **0**" in shown
    shown = await ask(world, "threshold preview", **SET, value="0.95", channel=world.general)
    assert "alerts, all classes: 1 → **0**" in shown


async def test_suggest_needs_verdicts_and_says_how_many_it_has(world: World) -> None:
    said = await ask(world, "threshold suggest", **{"class": "insult"})
    assert said.startswith("Too few verdicts for a suggestion: 0 on insult so far, 20 needed.")


async def test_suggest_gives_the_lowest_score_that_is_right_as_often_as_wished(
    world: World,
) -> None:
    """The ten lowest of forty alerts were false positives."""
    store = world.app.context.store
    verdicts = []
    for number in range(40):
        score = (60 + number) / 100
        post = making.post(number + 1, guild=world.guild.id, at=datetime.now(UTC), text="")
        scores = {**dict.fromkeys(CLASSES, 0.0), "insult": score}
        decision = Decision(post, scores, world.app.context.judge.model)
        judgement = Judgement.FALSE_POSITIVE if number < 10 else Judgement.RIGHT
        verdicts.append(Verdict(decision, "insult", judgement, UserId(5), datetime.now(UTC)))
    await store.journal.record([verdict.decision for verdict in verdicts])
    await store.verdicts.judge(verdicts)
    # 30 of 33 from 0.67 on; one verdict lower it is 30 of 34.
    said = await ask(world, "threshold suggest", **{"class": "insult", "precision": 0.9})
    assert "**0.67**: of 33 judged messages at or above it, 30 were right calls (91%" in said
    said = await ask(world, "threshold suggest", **{"class": "insult", "precision": 1.0})
    assert "**0.70**: of 30 judged messages at or above it, 30 were right calls (100%" in said
    # One more, and only the 14 alerts above it are all right: too few to promise anything.
    wrong = replace(verdicts[25], judgement=Judgement.FALSE_POSITIVE)
    await store.verdicts.judge([wrong])
    said = await ask(world, "threshold suggest", **{"class": "insult", "precision": 1.0})
    assert said.startswith("No threshold for insult is right 100% of the time.")


async def test_reset_gives_back_what_is_inherited(world: World) -> None:
    default = threshold(world)
    assert "Nothing to reset" in await ask(world, "threshold reset")
    await ask(world, "threshold set", **SET, value="0.7")
    await ask(world, "threshold set", **{"class": "hate", "action": "alert"}, value="0.7")
    answer = await ask(world, "threshold reset", **{"class": "insult"})
    assert "the category, the server or the preset:\n· insult · alert: **0.57**" in answer
    assert threshold(world) == default
    table = world.policy.table()
    assert table["hate", Kind.ALERT].threshold == 0.7


async def test_values_are_offered_while_typing(world: World) -> None:
    choices = await world.moderator.autocomplete(world.desk, "threshold set", "value", "", **SET)
    values = [choice["value"] for choice in choices]
    assert {"off", "inherit", f"{threshold(world):g}"} <= set(values)
    (refused,) = await world.moderator.autocomplete(
        world.desk, "threshold set", "value", "seven", **SET
    )
    assert "not a valid threshold" in refused["name"]


async def test_settings_belong_to_one_server(world: World) -> None:
    other = world.env.create_guild("Others")
    role = other.create_role("Boss", permissions=discord.Permissions.all())
    boss = other.add_member(world.env.create_user("boss"), roles=[role])
    there = other.create_text_channel("there")
    await ask(world, "threshold set", **SET, value="0.7")
    assert said(await boss.slash(there, "undo")) == "Nothing to undo."
    assert said(await boss.slash(there, "undo", change=1)).startswith("There is no change #1.")
    await boss.slash(there, "threshold set", **SET, value="0.99")
    assert threshold(world) == 0.7
    result = await boss.slash(there, "history")
    assert result.response is not None
    (line,) = (result.response.embeds[0].description or "").splitlines()
    assert line.endswith("insult · alert: preset → **0.99**")
    # A channel's id of another server, in a button that was made up.
    view = discord.ui.View(timeout=None)
    view.add_item(
        discord.ui.Button(label="Set", custom_id=f"bw:set:insult:alert:0.5:{world.general.id}")
    )
    channel = world.env.bot.get_channel(there.id)
    assert isinstance(channel, discord.TextChannel)
    refused = await boss.click(await channel.send(view=view), label="Set")
    assert "no longer exists" in said(refused)
    assert threshold(world, world.general.id) == 0.7


async def test_two_changes_at_once_see_each_other(world: World) -> None:
    await asyncio.gather(
        world.change(threshold__0__insult__alert=0.7),
        world.change(threshold__0__hate__alert=0.8),
    )
    table = world.policy.table()
    assert table["insult", Kind.ALERT].threshold == 0.7
    assert table["hate", Kind.ALERT].threshold == 0.8
    done = await asyncio.gather(
        world.change(threshold__0__threat__alert=0.9),
        world.change(threshold__0__threat__delete=0.7),
        return_exceptions=True,
    )
    assert sum(isinstance(one, SettingError) for one in done) == 1
