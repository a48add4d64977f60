"""/undo and /history: every change of a setting is on record and can be taken back."""

from __future__ import annotations

import discord
import pytest
from simcord.actors import MemberActor

from bot.app.settings import Settings
from bot.domain import Kind
from tests.answers import ask, said, shown
from tests.database import execute
from tests.world import World

SET = {"class": "insult", "action": "alert"}
NOTHING_RECENT = (
    "Nothing to undo: in the last hour you changed nothing that is still to be undone. "
    "Choose any other change, the alert channel included, in `change`."
)
NO_ALERTS = "⚠ Alerts now go nowhere: use `/setup`"


def threshold(world: World) -> float | None:
    return world.policy.table()["insult", Kind.ALERT].threshold


def second_moderator(world: World) -> MemberActor:
    return world.guild.add_member(world.env.create_user("sam"), roles=[world.moderators])


async def test_every_change_is_on_record_and_can_be_undone(world: World) -> None:
    default = threshold(world)
    assert "No setting has been changed yet." in await ask(world, "history")
    await ask(world, "threshold set", **SET, value="0.7")
    await ask(world, "threshold set", **SET, value="0.8")
    history = await ask(world, "history")
    assert "`#1`" in history
    assert "0.70 → **0.80**" in history
    assert f"<@{world.moderator.id}>" in history
    undone = await ask(world, "undo")
    assert undone == "Change #2 is undone:\n· insult · alert: 0.80 → **0.70**"
    assert threshold(world) == 0.7
    undone = await ask(world, "undo")
    assert undone == "Change #1 is undone:\n· insult · alert: 0.70 → **0.57** (from the preset)"
    assert threshold(world) == default
    assert await ask(world, "undo") == NOTHING_RECENT
    assert "undoes #2" in await ask(world, "history")


@pytest.mark.parametrize(
    ("command", "options", "undone"),
    [
        (
            "threshold set",
            {**SET, "value": "0.8"},
            "insult · alert: 0.80 → **0.57** (from the preset)",
        ),
        ("mode", {"mode": "observe"}, "mode: observe → **default**"),
        (
            "alerts language",
            {"language": "de"},
            "language of alerts: Deutsch (German) → **default**",
        ),
        ("allow add", {"phrase": "damn"}, "harmless phrase “damn”: yes → **no**"),
        ("exempt remove", {"moderators": True}, "moderators exempt: no → **yes**"),
    ],
)
async def test_any_setting_can_be_undone_by_the_command_and_by_the_button_under_the_answer(
    world: World, command: str, options: dict[str, object], undone: str
) -> None:
    before = world.policy
    assert "Saved as change #1. To take it back: `/undo change:1`." in await ask(
        world, command, **options
    )
    assert world.policy != before
    assert await ask(world, "undo") == f"Change #1 is undone:\n· {undone}"
    assert world.policy == before
    answered = await world.moderator.slash(world.desk, command, **options)
    assert answered.response is not None
    await world.moderator.click(answered.response, label="Undo")
    assert answered.response.content == f"Change #3 is undone:\n· {undone}"
    assert answered.response.components == []
    assert world.policy == before


async def test_channel_ping_and_preset_can_be_undone(world: World) -> None:
    before = world.policy
    await world.choose_desk()
    role = world.guild.create_role("On call", mentionable=True)
    await ask(world, "alerts ping", role=role, above=0.8)
    dialogue = await world.moderator.slash(world.desk, "setup")
    assert dialogue.response is not None
    await world.moderator.select(dialogue.response, ["strict"], custom_id="bw:setup_preset")
    assert "Saved as change #3" in dialogue.response.content
    assert "preset: strict → **default**" in await ask(world, "undo")
    undone = await ask(world, "undo")
    assert f"role to ping: <@&{role.id}> → **not set**" in undone
    assert "ping at this score or above: 0.80 → **default**" in undone
    undone = await ask(world, "undo", change=1)
    assert f"alert channel: <#{world.desk.id}> → **not set**" in undone
    assert undone.endswith(NO_ALERTS)
    assert world.policy == before


async def test_pressing_undo_again_never_takes_back_the_alert_channel(world: World) -> None:
    await world.choose_desk()
    await ask(world, "threshold set", **SET, value="0.7")
    assert "0.70" in await ask(world, "undo")
    named = "your latest change, #1, chose the alert channel. To undo it, use `/undo change:1`."
    assert named in await ask(world, "undo")
    assert world.policy.alert_channel_id == world.desk.id


async def test_an_alert_channel_is_not_passed_over_for_an_older_change(world: World) -> None:
    await ask(world, "threshold set", **SET, value="0.7")
    await world.choose_desk()
    assert "your latest change, #2" in await ask(world, "undo")
    assert threshold(world) == 0.7


async def test_an_undo_says_what_is_wrong_with_the_alert_channel_it_brings_back(
    world: World,
) -> None:
    await world.choose_desk()
    await ask(world, "alerts channel", channel=world.general)
    assert "Everybody can read" in await ask(world, "undo", change=2)
    await ask(world, "alerts channel", channel=world.general)
    channel = world.env.bot.get_channel(world.desk.id)
    assert isinstance(channel, discord.TextChannel)
    await channel.delete()
    undone = await world.moderator.slash(world.general, "undo", change=4)
    assert "⚠ the alert channel no longer exists" in said(undone)


async def test_a_change_that_was_redone_can_be_undone_again(world: World) -> None:
    await ask(world, "threshold set", **SET, value="0.7")
    await ask(world, "undo")
    await ask(world, "undo", change=2)
    assert threshold(world) == 0.7
    assert "Change #1 is undone" in await ask(world, "undo")
    assert threshold(world) != 0.7
    assert await ask(world, "undo") == NOTHING_RECENT


async def test_an_undo_that_leaves_another_alert_channel_does_not_warn(world: World) -> None:
    await world.choose_desk()
    await ask(world, "alerts channel", channel=world.general)
    assert NO_ALERTS not in await ask(world, "undo", change=2)
    assert world.policy.alert_channel_id == world.desk.id


async def test_only_a_change_of_the_last_hour_is_undone_by_default(
    world: World, settings: Settings
) -> None:
    await ask(world, "threshold set", **SET, value="0.7")
    an_hour = 3_600_000  # milliseconds
    execute(settings.storage.database, f"UPDATE changes SET changed_at = changed_at - {an_hour}")
    assert await ask(world, "undo") == NOTHING_RECENT
    assert threshold(world) == 0.7
    assert "Change #1 is undone" in await ask(world, "undo", change=1)


async def test_what_is_inherited_after_an_undo_is_shown(world: World) -> None:
    await ask(world, "threshold set", **SET, value="0.7")
    await ask(world, "threshold set", **SET, value="0.8", channel=world.general)
    undone = await ask(world, "undo")
    assert undone.endswith(f"insult · alert <#{world.general.id}>: 0.80 → **0.70** (inherited)")


async def test_by_default_ones_own_latest_change_is_undone(world: World) -> None:
    sam = second_moderator(world)
    assert said(await sam.slash(world.desk, "undo")) == "Nothing to undo."
    await ask(world, "threshold set", **SET, value="0.7")
    await sam.slash(world.desk, "allow add", phrase="damn")
    assert "insult" in await ask(world, "undo")
    assert list(world.policy.phrases.all) == ["damn"]
    assert await ask(world, "undo") == NOTHING_RECENT
    assert "damn" in await ask(world, "undo", change=2)
    assert list(world.policy.phrases.all) == []
    assert await ask(world, "undo", change=99) == (
        "There is no change #99. `/history` lists the latest ones."
    )


async def test_an_older_change_is_undone_only_if_nothing_changed_since(world: World) -> None:
    await ask(world, "threshold set", **SET, value="0.7")
    await ask(world, "threshold set", **SET, value="0.8")
    assert "#1 cannot be undone" in await ask(world, "undo", change=1)
    assert threshold(world) == 0.8


async def test_the_changes_that_can_be_undone_are_offered_in_words(world: World) -> None:
    await world.choose_desk()
    await ask(world, "threshold set", **SET, value="0.7")
    sam = second_moderator(world)
    await sam.slash(world.desk, "threshold set", **SET, value="0.8", channel=world.general)
    role = world.guild.create_role("Actor")
    await ask(world, "exempt add", role=role)

    async def offered(typed: str) -> dict[int, str]:
        found = await world.moderator.autocomplete(world.desk, "undo", "change", typed)
        return {choice["value"]: choice["name"] for choice in found}

    choices = await offered("")
    # Discord shows mentions as numbers here, so names stand in their place.
    assert choices == {
        4: "#4 (yours) @Actor exempt: no → yes",
        3: "#3 insult · alert #general: inherit → 0.80",
        2: "#2 (yours) insult · alert: preset → 0.70",
        1: "#1 (yours) alert channel: not set → #desk",
    }
    assert list(choices) == [4, 3, 2, 1]
    assert list(await offered("INSULT")) == [3, 2]
    await ask(world, "undo")
    # An undo can be undone as well; what it undid cannot.
    assert list(await offered("")) == [5, 3, 2, 1]


async def test_who_may_not_change_a_setting_may_not_undo_it(world: World) -> None:
    helper_role = world.guild.create_role(
        "Helper", permissions=discord.Permissions(manage_messages=True)
    )
    helper = world.guild.add_member(world.env.create_user("kim"), roles=[helper_role])
    await ask(world, "mode", mode="observe")
    refused = said(await helper.slash(world.desk, "undo", change=1))
    assert refused == "You need Manage Server in this server to do that."
    assert not world.policy.enforcing


async def test_setting_what_is_set_is_no_change_and_shows_no_preview(world: World) -> None:
    await ask(world, "threshold set", **SET, value="0.7")
    again = "Nothing to change: **insult** · alert is already **0.70**."
    assert await ask(world, "threshold set", **SET, value="0.7") == again
    assert await ask(world, "threshold preview", **SET, value="0.7") == again
    role = world.guild.create_role("On call", mentionable=True)
    changing, as_it_is = True, False
    for command, options, answer, first in (
        ("mode", {"mode": "enforce"}, "this server already enforces.", as_it_is),
        ("alerts channel", {"channel": world.desk}, "alerts already go to", changing),
        ("alerts ping", {}, "alerts ping nobody.", as_it_is),
        ("alerts ping", {"role": role}, "alerts already ping", changing),
        ("alerts language", {}, "the server's own language: English", as_it_is),
        ("alerts language", {"language": "es"}, "already in Español", changing),
        ("exempt add", {"moderators": True}, "already exempt.", as_it_is),
        ("exempt remove", {"role": role}, "not exempt.", as_it_is),
        ("mode", {"mode": "observe"}, "this server already observes.", changing),
    ):
        if first is changing:
            await ask(world, command, **options)
        said_again = await ask(world, command, **options)
        assert said_again.startswith("Nothing to change"), said_again
        assert answer in said_again
    # One for the threshold, two for the ping, one each for channel, language and mode.
    assert len(((await shown(world, "history")).description or "").splitlines()) == 6


async def test_pinning_an_inherited_value_is_a_change_that_says_so(world: World) -> None:
    value = str(threshold(world))
    said_ = await ask(world, "threshold set", **SET, value=value)
    assert "0.57 → **0.57**" in said_
    assert "The threshold stays the same; only where it is set has changed." in said_
    assert "Saved as change #1" in said_
