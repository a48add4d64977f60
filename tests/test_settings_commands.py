"""Setting up, exemptions, phrases and alerts: the commands as moderators use them."""

from __future__ import annotations

import simcord

from bot.app.lifecycle import App
from bot.app.settings import Moderation, Settings
from tests.answers import ask
from tests.world import BORDERLINE, HATEFUL, World


def enforces(world: World) -> bool:
    return world.policy.enforcing


async def test_a_fresh_server_observes_and_mode_shows_first_what_enforcing_would_have_done(
    settings: Settings,
) -> None:
    app = await App.open(settings.model_copy(update={"moderation": Moderation()}))
    try:
        async with simcord.run(app.client) as env:
            world = World.furnish(app, env)
            await world.choose_desk()
            await world.say(HATEFUL)
            assert world.texts() == [HATEFUL]
            assert "Would delete" in (world.alert.embeds[0].title or "")
            await world.moderator.click(world.alert, label="Right call")

            asked = await world.moderator.slash(world.desk, "mode", mode="enforce")
            assert asked.response is not None
            shown = str(asked.response.embeds[0].to_dict())
            assert "**1 message** deleted, **0 time-outs**, 1 alert." in shown
            assert "1 right, 0 false positives, 0 not judged" in shown
            assert not enforces(world)
            await world.moderator.click(asked.response, label="Start enforcing")
            assert enforces(world)

            await world.say(HATEFUL)
            assert world.texts() == [HATEFUL]  # the first one; the second is gone
            assert "Observing" in await ask(world, "mode", mode="observe")
            assert not enforces(world)
    finally:
        await app.close()


async def test_moderators_are_exempt_by_default_and_that_can_be_changed(world: World) -> None:
    await world.choose_desk()
    await world.moderator.send(world.general, HATEFUL)
    await world.app.drained()
    assert world.texts() == [HATEFUL]
    assert world.alerts == []
    assert "Moderators and administrators" in await ask(world, "exempt list")
    await ask(world, "exempt remove", moderators=True)
    assert "**not** exempt" in await ask(world, "exempt list")
    await world.moderator.send(world.general, f"{HATEFUL}!")
    await world.app.drained()
    assert world.texts() == [HATEFUL]
    assert len(world.alerts) == 1
    await ask(world, "exempt add", moderators=True)
    assert world.policy.moderators_exempt


async def test_roles_members_channels_and_categories_can_be_exempt(world: World) -> None:
    await world.choose_desk()
    category = world.guild.create_category("anything goes")
    inside = world.guild.create_text_channel("inside", category=category)
    role = world.guild.create_role("Actor")
    assert str(category.id) in await ask(world, "exempt add", channel=category)
    await world.member.send(inside, HATEFUL)
    await ask(world, "exempt add", role=role)
    other = world.guild.add_member(world.env.create_user("rehearsing"), roles=[role])
    await other.send(world.general, HATEFUL)
    await ask(world, "exempt add", member=world.member)
    await world.say(HATEFUL)
    assert len(inside.history()) == 1
    assert world.texts() == [HATEFUL] * 2
    assert world.alerts == []
    listed = await ask(world, "exempt list")
    for target in (f"<#{category.id}>", f"<@&{role.id}>", f"<@{world.member.id}>"):
        assert target in listed

    assert "No longer exempt" in await ask(world, "exempt remove", member=world.member)
    await world.say(HATEFUL)
    assert world.texts() == [HATEFUL] * 2
    assert len(world.alerts) == 1
    assert "name a role" in await ask(world, "exempt add")
    assert "already exempt" in await ask(world, "exempt add", role=role)


async def test_an_allowed_phrase_excuses_itself_and_nothing_else(world: World) -> None:
    await world.choose_desk()
    await ask(world, "allow add", phrase="  Play like GARBAGE ")
    assert "play like garbage" in await ask(world, "allow list")
    await world.say(BORDERLINE)
    assert world.alerts == []
    await world.say(f"{BORDERLINE}. {HATEFUL}")
    assert len(world.alerts) == 1
    assert "already" in await ask(world, "allow add", phrase="play like garbage")
    choices = await world.moderator.autocomplete(world.desk, "allow remove", "phrase", "play")
    assert [choice["value"] for choice in choices] == ["play like garbage"]
    await ask(world, "allow remove", phrase="play like garbage")
    assert "play like garbage" not in await ask(world, "allow list")
    await world.say(BORDERLINE)
    assert len(world.alerts) == 2


async def test_only_a_chosen_role_is_pinged_and_only_above_a_chosen_score(world: World) -> None:
    await world.choose_desk()
    role = world.guild.create_role("On call", mentionable=True)
    await ask(world, "alerts ping", role=role, above=0.9)
    await world.say(BORDERLINE)  # scores .88
    assert world.alert.content == ""
    await world.say(HATEFUL)
    assert world.alert.content == role.mention
    sent = [r for r in world.env.http_requests if r.method == "POST" and "messages" in r.path][-1]
    assert isinstance(sent.json, dict)
    assert sent.json["allowed_mentions"] == {"parse": [], "roles": [role.id]}
    await ask(world, "alerts ping")
    await world.say(f"{HATEFUL} now")
    assert world.alert.content == ""


async def test_nothing_works_in_direct_messages(world: World) -> None:
    tree = world.app.parts.tree
    synced = await tree.fetch_commands()
    assert {command.name for command in synced} == {command.name for command in tree.get_commands()}
    assert [command.name for command in synced if command.dm_permission] == []
