"""Alerts about several messages or people, where a moderator chooses among them."""

from __future__ import annotations

from typing import TypeVar

import discord
import pytest
from simcord.actors import MemberActor
from simcord.results import InteractionResult

from bot.desk.alerts import AlertDesk
from bot.desk.record import Record
from bot.domain import CaseId, Judgement
from tests.answers import asked_of, field, offered, said, timed_out
from tests.world import BORDERLINE, HATEFUL, World

INSULTS = (BORDERLINE, "you are such a stupid idiot", "what a pathetic loser you are")
T = TypeVar("T")
MODERATORS = "What moderators did"


@pytest.fixture
async def three(world: World) -> World:
    """A world with one alert about three messages of one member."""
    await world.choose_desk()
    for text in INSULTS:
        await world.member.send(world.general, text)
    await world.app.drained()
    assert title(world).endswith("3 ×")
    return world


async def raid(world: World, people: int = 12) -> list[MemberActor]:
    """Let several people write at once. The last ones share an alert."""
    await world.choose_desk()
    members = [
        world.guild.add_member(world.env.create_user(f"raider{number}")) for number in range(people)
    ]
    for member in members:
        await member.send(world.general, BORDERLINE)
    await world.app.drained()
    return members


def title(world: World) -> str:
    return world.alert.embeds[0].title or ""


def options(asked: InteractionResult) -> list[discord.SelectOption]:
    (select,) = _items(asked, discord.SelectMenu)
    return list(select.options)


def labels(asked: InteractionResult) -> list[str]:
    return [button.label or "" for button in _items(asked, discord.Button)]


def _items(asked: InteractionResult, kind: type[T]) -> list[T]:
    return [
        item
        for row in asked_of(asked).message.components
        for item in getattr(row, "children", ())
        if isinstance(item, kind)
    ]


async def press(world: World, label: str) -> InteractionResult:
    return await world.moderator.click(world.alert, label=label)


async def choose(world: World, asked: InteractionResult, values: list[str]) -> InteractionResult:
    (select,) = _items(asked, discord.SelectMenu)
    return await world.moderator.select(asked_of(asked), values=values, custom_id=select.custom_id)


async def test_one_of_several_messages_is_deleted(three: World) -> None:
    asked = await press(three, "Delete")
    found = options(asked)
    assert [option.label.split(" · ")[:2] for option in found] == [
        ["1", "robin"], ["2", "robin"], ["3", "robin"],
    ]  # fmt: skip
    assert three.texts() == list(INSULTS)
    await choose(three, asked, [found[1].value])
    assert three.texts() == [INSULTS[0], INSULTS[2]]
    assert field(three, MODERATORS).endswith(": 2")
    assert title(three).startswith("Alert")  # not all of them are deleted
    assert offered(three)["Delete"] is True
    again = await press(three, "Delete")
    assert "deleted" in (options(again)[1].description or "")
    await three.moderator.click(asked_of(again), label="All (3)")
    assert three.texts() == []
    assert title(three).startswith("Deleted")
    assert offered(three)["Delete"] is False


async def test_a_verdict_is_given_for_the_messages_it_is_about(three: World) -> None:
    verdicts, version = three.app.context.store.verdicts, three.app.context.judge.model
    asked = await press(three, "False positive")
    assert "Which messages are false positives?" in said(asked)
    await choose(three, asked, [option.value for option in options(asked)][:2])
    given = await verdicts.verdicts(three.guild_id, version)
    assert [verdict.judgement for verdict in given] == [Judgement.FALSE_POSITIVE] * 2
    assert "false positive: 1, 2\n" in field(three, "Verdict")
    assert "Last changed by **morgan**" in field(three, "Verdict")
    asked = await press(three, "Right call")
    assert "false positive" in (options(asked)[0].description or "")
    await choose(three, asked, [options(asked)[1].value, options(asked)[2].value])
    given = await verdicts.verdicts(three.guild_id, version)
    assert sorted(verdict.judgement for verdict in given) == [
        Judgement.FALSE_POSITIVE, Judgement.RIGHT, Judgement.RIGHT,
    ]  # fmt: skip
    shown = field(three, "Verdict")
    assert shown.startswith("right call: 2, 3\nfalse positive: 1\n")
    assert shown.endswith("(before: false positive)")


async def test_cancel_changes_nothing(three: World) -> None:
    for label in ("Delete", "False positive", "Time out"):
        asked = await press(three, label)
        assert "Cancel" in labels(asked)
        result = await three.moderator.click(asked_of(asked), label="Cancel")
        assert result.response is not None
        assert "Nothing was changed" in result.response.content
        assert result.response.components == []
    assert three.texts() == list(INSULTS)
    assert await timed_out(three) is None
    assert field(three, MODERATORS) == field(three, "Verdict") == ""


async def test_a_member_cannot_choose_in_a_moderators_question(three: World) -> None:
    asked = await press(three, "Delete")
    channel = three.env.bot.get_channel(three.desk.id)
    assert isinstance(channel, discord.TextChannel)
    # The same buttons, as somebody who knows the ids could make another bot post them.
    view = discord.ui.View(timeout=None)
    for button in _items(asked, discord.Button):
        view.add_item(discord.ui.Button(label=button.label, custom_id=button.custom_id))
    copied = await channel.send(view=view)
    for label in ("All (3)", "Cancel"):
        result = await three.member.click(copied, label=label)
        assert "Only moderators" in said(result)
    assert three.texts() == list(INSULTS)


async def test_a_raid_is_one_alert_and_people_are_chosen(world: World) -> None:
    members = await raid(world)
    # Nine before it is a raid, each with an alert of their own; the ninth takes in the rest.
    assert len(world.alerts) == 9
    assert title(world).endswith("4 ×")
    asked = await press(world, "Time out")
    assert "4 authors" in said(asked)
    whom = await world.moderator.click(asked_of(asked), label="1 h")
    assert await timed_out(world, members[-1]) is None
    found = options(whom)
    assert [option.label for option in found] == [f"raider{number}" for number in (8, 9, 10, 11)]
    await choose(world, whom, [found[0].value, found[2].value])
    assert [await timed_out(world, member) is not None for member in members[8:]] == [
        True, False, True, False,
    ]  # fmt: skip
    assert field(world, MODERATORS).endswith(": raider8, raider10")
    assert offered(world)["Time out"] is True
    assert "Undo" in offered(world)

    asked = await press(world, "Time out")
    whom = await world.moderator.click(asked_of(asked), label="10 min")
    await world.moderator.click(asked_of(whom), label="All (4)")
    assert None not in [await timed_out(world, member) for member in members[8:]]
    assert offered(world)["Time out"] is False

    lifted = await press(world, "Undo")
    whose = lifted.followups[-1]
    row = next(row for row in whose.message.components if isinstance(row, discord.ActionRow))
    select = next(item for item in row.children if isinstance(item, discord.SelectMenu))
    assert len(select.options) == 4
    await world.moderator.select(
        whose, values=[select.options[3].value], custom_id=select.custom_id
    )
    assert [await timed_out(world, member) is None for member in members[8:]] == [
        False, False, False, True,
    ]  # fmt: skip
    assert field(world, MODERATORS).endswith(": raider11")


async def test_more_messages_than_a_select_holds_are_on_pages(world: World) -> None:
    await world.choose_desk()
    for _ in range(30):
        await world.member.send(world.general, BORDERLINE)
    await world.app.drained()
    asked = await press(world, "False positive")
    assert len(options(asked)) == 25
    assert labels(asked) == ["◀", "▶", "All (30)", "Cancel"]
    turned = await world.moderator.click(asked_of(asked), label="▶")
    assert [option.label.split(" ")[0] for option in options(turned)] == [
        "26", "27", "28", "29", "30",
    ]  # fmt: skip
    await choose(world, turned, [options(turned)[4].value])
    assert field(world, "Verdict").startswith("false positive: 30\n")


async def test_choices_survive_a_restart_as_alerts_do(three: World) -> None:
    """The custom ids contain all that is needed, and nothing is kept in memory."""
    asked = await press(three, "Delete")
    await three.env.restart_bot()
    await choose(three, asked, [options(asked)[0].value])
    assert three.texts() == list(INSULTS[1:])


async def test_undo_shows_every_deleted_message(world: World) -> None:
    await world.choose_desk()
    texts = [f"{HATEFUL} {number}" for number in range(8)]
    for text in texts:
        await world.member.send(world.general, text)
    await world.app.drained()
    assert world.texts() == []
    assert "8 ×" in title(world)
    (attached,) = world.alert.attachments
    assert attached.is_spoiler()
    whole = (await attached.read()).decode()
    for number, text in enumerate(texts, 1):
        assert f"{number} · robin ({world.member.id}) · #general" in whole
        assert f"\n\n> {text}\n" in whole
    result = await press(world, "Undo")
    answer = result.followups[-1]
    assert answer.embeds
    (given,) = answer.attachments
    assert (await given.read()).decode() == whole


async def test_undo_is_offered_while_somebody_is_timed_out(world: World) -> None:
    members = await raid(world)
    asked = await press(world, "Time out")
    whom = await world.moderator.click(asked_of(asked), label="1 h")
    await world.moderator.click(asked_of(whom), label="All (4)")
    for left in (3, 2, 1, 0):
        await press(world, "Undo") if left == 0 else await lift_one(world)
        assert ("Undo" in offered(world)) is (left > 0)
    assert [await timed_out(world, member) for member in members] == [None] * len(members)


async def lift_one(world: World) -> None:
    lifted = await press(world, "Undo")
    (select,) = _items(lifted, discord.SelectMenu)
    await world.moderator.select(
        asked_of(lifted), values=[select.options[0].value], custom_id=select.custom_id
    )


@pytest.mark.parametrize("label", ["Delete", "Right call", "False positive", "Time out"])
async def test_a_click_is_acknowledged_before_the_alert_is_waited_for(
    three: World, monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    """Discord waits three seconds. An update of the alert can wait longer, for a rate limit say."""
    acknowledged: list[bool] = []
    record = AlertDesk.record

    async def noting(desk: AlertDesk, lead: CaseId) -> Record:
        seen = three.env.backend.interactions.values()
        acknowledged.append(all(each.responded for each in seen))
        return await record(desk, lead)

    monkeypatch.setattr(AlertDesk, "record", noting)
    await press(three, label)
    assert acknowledged
    assert all(acknowledged)


async def test_a_verdict_of_several_moderators_is_not_credited_to_the_last(three: World) -> None:
    asked = await press(three, "Right call")
    found = options(asked)
    await choose(three, asked, [found[0].value, found[1].value])
    zoe = three.guild.add_member(three.env.create_user("zoe"), roles=[three.moderators])
    asked = await zoe.click(three.alert, label="Right call")
    (select,) = _items(asked, discord.SelectMenu)
    result = await zoe.select(
        asked_of(asked), values=[option.value for option in found], custom_id=select.custom_id
    )
    assert field(three, "Verdict").startswith("right call: 1, 2, 3\n")
    assert "Last changed by **zoe**" in field(three, "Verdict")
    assert "1" in asked_of(result).content  # two of them had that verdict already
