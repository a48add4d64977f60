"""The names members go by: each new one is looked at, in each server by itself."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.domain import NOWHERE, GuildId, Judgement, Kind, Surface
from tests.world import BENIGN, World


async def renamed(world: World, name: str) -> None:
    """Have the member take a name, and write so that the bot sees it."""
    await (await world.fetched()).edit(nick=name)
    await world.say(BENIGN)


def alerted_names(world: World) -> list[str]:
    return [alert.description or "" for alert in world.alerts]


async def test_a_second_bad_name_is_alerted_though_the_first_was(world: World) -> None:
    await world.choose_desk()
    await renamed(world, "you stupid idiot")
    await renamed(world, "you pathetic idiot")
    shown = alerted_names(world)
    assert len(shown) == 2
    assert "stupid" in shown[0]
    assert "pathetic" in shown[1]
    # Going back to the first one is no news.
    await renamed(world, "you stupid idiot")
    assert len(world.alerts) == 2


async def test_a_verdict_on_a_name_says_nothing_about_the_next_one(world: World) -> None:
    await world.choose_desk()
    await renamed(world, "you stupid idiot")
    await world.moderator.click(world.alert, label="False positive")
    await renamed(world, "you pathetic idiot")
    pressed = world.alert.components[0].children  # type: ignore[union-attr]
    assert [item.disabled for item in pressed if item.label == "False positive"] == [False]  # type: ignore[union-attr]
    verdicts = world.app.context.store.verdicts
    given = await verdicts.verdicts(world.guild_id, world.app.context.judge.model)
    assert [verdict.judgement for verdict in given] == [Judgement.FALSE_POSITIVE]


async def test_a_name_is_looked_at_in_every_server_it_is_seen_in(world: World) -> None:
    await world.choose_desk()
    await renamed(world, "you stupid idiot")
    assert len(world.alerts) == 1
    elsewhere = world.env.create_guild("Others")
    there = elsewhere.create_text_channel("there")
    same = elsewhere.add_member(world.member.user)
    guild = world.env.bot.get_guild(elsewhere.id)
    assert guild is not None
    await (await guild.fetch_member(same.id)).edit(nick="you stupid idiot")
    await same.send(there, BENIGN)
    await world.app.drained()
    journal, other = world.app.context.store.journal, GuildId(elsewhere.id)
    past = await journal.past(other, datetime(2020, 1, 1, tzinfo=UTC), 0.5, NOWHERE)
    (name,) = [item.decision.post.id for item in past]
    assert (name.guild, name.surface) == (other, Surface.NICKNAME)
    (case,) = await journal.told_by_alert(name)
    assert [reason.kind for reason in case.decision.reasons] == [Kind.ALERT]
