"""Slash commands, used as members and moderators use them."""

from __future__ import annotations

import discord
import pytest
import simcord
from simcord.backend.errors import SetupError

from bot.app.lifecycle import App
from bot.app.settings import Settings
from bot.domain import GuildId, Kind
from bot.platform.members import MODERATOR
from model.classes import HARMS
from model.scorer import Scorer
from tests.answers import ask, ruled, shown
from tests.world import BORDERLINE, World

DEFAULTS = Settings().moderation.defaults(Scorer.load().presets)
DEFAULT = DEFAULTS.presets["balanced"]["hate"].alert or 0.0
HIGHER = 0.9
"""Above BORDERLINE's score and not above the default for deletions."""


async def test_a_new_threshold_decides_the_next_message(world: World) -> None:
    await world.choose_desk()
    await world.say(BORDERLINE)
    assert len(world.alerts) == 1
    said = await ask(
        world, "threshold set", **{"class": "insult", "action": "alert", "value": str(HIGHER)}
    )
    assert f"{DEFAULT:.2f} → **{HIGHER:.2f}**" in said
    await world.say(BORDERLINE)
    assert len(world.alerts) == 1


async def test_a_threshold_can_be_switched_off_and_on(world: World) -> None:
    await world.choose_desk()
    assert "**off**" in await ask(
        world, "threshold set", **{"class": "hate", "action": "delete", "value": "off"}
    )
    assert "off → **0.99**" in await ask(
        world, "threshold set", **{"class": "hate", "action": "delete", "value": "0.99"}
    )


async def test_deleting_below_alerting_is_refused_and_changes_nothing(world: World) -> None:
    before = world.policy
    said = await ask(
        world, "threshold set", **{"class": "hate", "action": "delete", "value": "0.1"}
    )
    assert "Nothing was changed" in said
    assert f"delete (0.1) would be below the one for alert ({DEFAULT:g})" in said
    assert world.policy == before


async def test_thresholds_survive_a_restart_and_belong_to_one_server(
    settings: Settings,
) -> None:
    app = await App.open(settings)
    async with simcord.run(app.client) as env:
        world = World.furnish(app, env)
        await world.choose_desk()
        await ask(world, "threshold set", **{"class": "hate", "action": "alert", "value": "0.75"})
        await app.close()
        again = await App.open(settings)
        await env.restart_bot(again.client)
        world.app = again
        assert world.policy.table()["hate", Kind.ALERT].threshold == 0.75
        assert (
            again.parts.book.of(GuildId(world.guild.id + 1)).table()["hate", Kind.ALERT].threshold
            == DEFAULT
        )
        assert "0.75" in await ask(world, "threshold show")
        await again.close()


async def test_show_tells_thresholds_channel_and_mode(world: World) -> None:
    assert "No channel yet" in await ask(world, "threshold show")
    await world.choose_desk()
    embed = await shown(world, "threshold show")
    (_, *lines) = (embed.description or "").splitlines()
    assert lines == [
        "**hate**: alert 0.57 · delete 0.86",
        "**insult**: alert 0.57",
        "**threat**: alert 0.57 · delete 0.86",
        "**offensive**: off",
    ]
    fields = {found.name: found.value or "" for found in embed.fields}
    assert fields["Alerts go to"] == f"<#{world.desk.id}>"
    assert fields["Mode"].startswith("Enforcing")


async def test_score_shows_every_class_and_what_would_happen(world: World) -> None:
    alerted = await shown(world, "score", text=BORDERLINE)
    rules = ruled(alerted)
    assert list(rules) == list(HARMS)
    assert rules["insult"] == [f"≥ {DEFAULT:.2f} alert"]
    follows, moved = alerted.fields
    assert follows.value == "alert"
    assert "||garbage||" in (moved.value or "")
    harmless = await shown(world, "score", text="see you tomorrow")
    assert harmless.fields[0].value == "nothing"
    assert world.general.history() == []


async def test_a_public_alert_channel_is_pointed_out(world: World) -> None:
    assert "Everybody can read" in await ask(world, "alerts channel", channel=world.general)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("threshold show", {}),
        ("threshold set", {"class": "hate", "action": "alert", "value": "0.5"}),
        ("score", {"text": "hello"}),
    ],
)
async def test_members_are_not_offered_the_commands(
    world: World, name: str, options: dict[str, object]
) -> None:
    with pytest.raises(SetupError):
        await world.member.slash(world.general, name, **options)


@pytest.mark.parametrize("name", ["threshold", "score"])
async def test_members_are_refused_in_code_where_an_admin_opened_a_command(
    world: World, name: str
) -> None:
    command = world.app.parts.tree.get_command(name)
    assert command is not None
    ids = {c["name"]: int(c["id"]) for c in await synced(world)}
    world.guild.set_command_permissions(ids[name], {world.guild.default_role: True})
    if name == "score":
        result = await world.member.slash(world.general, "score", text="hello")
    else:
        result = await world.member.slash(
            world.general, "threshold set", **{"class": "hate", "action": "alert", "value": "0.1"}
        )
    assert result.ephemeral
    assert "Only moderators" in result.response.content  # type: ignore[union-attr]
    assert world.policy.table()["hate", Kind.ALERT].threshold == DEFAULT


async def synced(world: World) -> list[dict[str, str]]:
    commands = await world.app.parts.tree.fetch_commands()
    return [{"name": command.name, "id": str(command.id)} for command in commands]


async def test_commands_are_synced_only_when_they_changed(settings: Settings) -> None:
    app = await App.open(settings)
    async with simcord.run(app.client) as env:
        await app.close()
        again = await App.open(settings)
        await env.restart_bot(again.client)
        puts = [r.path for r in env.http_requests if r.method == "PUT" and "commands" in r.path]
        assert len(puts) == 1
        await again.close()


async def test_names_and_limits_are_discords(world: World) -> None:
    for command in world.app.parts.tree.walk_commands(type=discord.AppCommandType.chat_input):
        assert command.name == command.name.lower()
        assert 1 <= len(command.description) <= 100
        assert (command.root_parent or command).guild_only
    for root in world.app.parts.tree.get_commands():
        for_members = root.name in {"Report to moderators", "privacy", "help"}
        assert root.default_permissions == (None if for_members else MODERATOR)
