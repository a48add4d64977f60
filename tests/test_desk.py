"""Which rights a change needs, and that nobody without them changes anything."""

from __future__ import annotations

import discord
import pytest

from bot.desk.people import Asker, RefusalError, Right
from bot.desk.settings import rights_for
from bot.domain import Kind, UserId
from bot.policy.entries import (
    ALERT_CHANNEL,
    EXEMPT_MODERATORS,
    LANGUAGE,
    MODE,
    PING_ROLE,
    PRESET,
    allow_entry,
    exempt_entry,
)
from tests.answers import said
from tests.world import BORDERLINE, World

HELPERS = discord.Permissions(manage_messages=True)
MESSAGES, MEMBERS, SERVER = Right.MANAGE_MESSAGES, Right.MODERATE_MEMBERS, Right.MANAGE_SERVER


@pytest.mark.parametrize(
    ("entry", "needed"),
    [
        ("threshold.0.hate.alert", {MESSAGES}),
        ("threshold.5.hate.delete", {MESSAGES}),
        ("threshold.0.hate.timeout", {MESSAGES, MEMBERS}),
        ("minutes.0.hate", {MESSAGES, MEMBERS}),
        (MODE, {MESSAGES, SERVER}),
        (PRESET, {MESSAGES, SERVER}),
        (EXEMPT_MODERATORS, {MESSAGES, SERVER}),
        (exempt_entry("role", 7), {MESSAGES, SERVER}),
        (ALERT_CHANNEL, {MESSAGES}),
        (PING_ROLE, {MESSAGES}),
        (LANGUAGE, {MESSAGES}),
        (allow_entry("bloody hell"), {MESSAGES}),
    ],
)
def test_which_rights_a_change_needs(entry: str, needed: set[Right]) -> None:
    assert rights_for({entry: None}) == needed


def test_a_change_of_several_entries_needs_the_rights_of_all() -> None:
    assert rights_for({MODE: None, "minutes.0.hate": 5}) == set(Right)


def test_a_refusal_names_what_is_missing() -> None:
    asker = Asker(UserId(1), frozenset({MESSAGES}))
    asker.require(MESSAGES)
    with pytest.raises(RefusalError) as refused:
        asker.require(*sorted(Right))
    assert refused.value.note.values == {"missing": "manage_guild moderate_members"}


@pytest.mark.parametrize(
    ("command", "options", "missing"),
    [
        ("mode", {"mode": "observe"}, "Manage Server"),
        ("exempt add", {"member": "kim"}, "Manage Server"),
        (
            "threshold set",
            {"class": "hate", "action": "timeout", "value": "0", "minutes": 40_320},
            "Timeout Members",
        ),
    ],
)
async def test_manage_messages_alone_does_not_reach_far(
    world: World, command: str, options: dict[str, object], missing: str
) -> None:
    before = world.policy
    helper = world.guild.create_role("Helper", permissions=HELPERS)
    person = world.guild.add_member(world.env.create_user("kim"), roles=[helper])
    given = {name: person if value == "kim" else value for name, value in options.items()}
    answer = said(await person.slash(world.desk, command, **given))
    assert f"You need {missing}" in answer
    assert world.policy == before


async def test_manage_messages_alone_tunes_alerts_and_deletions(world: World) -> None:
    helper = world.guild.create_role("Helper", permissions=HELPERS)
    person = world.guild.add_member(world.env.create_user("kim"), roles=[helper])
    options = {"class": "hate", "action": "delete", "value": "0.9"}
    assert "→ **0.90**" in said(await person.slash(world.desk, "threshold set", **options))
    assert world.policy.table()["hate", Kind.DELETE].threshold == 0.9


async def test_who_may_do_what_stands_where_thresholds_are_shown(world: World) -> None:
    shown = await world.moderator.slash(world.desk, "threshold show")
    assert shown.response is not None
    text = str(shown.response.embeds[0].to_dict())
    assert "**Manage Server**: mode, preset and exemptions as well" in text


@pytest.mark.parametrize("hidden", [True, False])
async def test_an_alert_says_when_its_readers_could_not_read_the_original(
    world: World, *, hidden: bool
) -> None:
    """Everybody can see the alert channel here, but not the channel of the message."""
    await world.choose_desk()
    place = world.guild.create_text_channel(
        "board",
        overwrites={
            world.guild.default_role: discord.PermissionOverwrite(view_channel=not hidden),
            world.moderators: discord.PermissionOverwrite(view_channel=True),
        },
    )
    await world.moderator.slash(world.desk, "exempt remove", moderators=True)
    await world.moderator.send(place, BORDERLINE)
    await world.app.drained()
    assert ("Confidential" in str(world.alert.embeds[0].to_dict())) is hidden
    chosen = said(await world.moderator.slash(world.desk, "alerts channel", channel=world.desk))
    assert (f"<#{place.id}>" in chosen) is hidden
