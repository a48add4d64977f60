"""/help: made from the tree, different for members and moderators."""

from __future__ import annotations

from bot.ui.words import table
from tests.answers import shown
from tests.locales import client_in
from tests.world import World


async def test_a_moderator_sees_the_first_steps_and_every_command(world: World) -> None:
    said = (await shown(world, "help")).description or ""
    assert said.startswith("1. `/setup`")
    for command in world.app.parts.tree.get_commands():
        assert (
            (f"`/{command.name}`" in said)
            or (f"*{command.name}*" in said)
            or (command.name == "help")
        )
    assert len(said) < 4_096
    with client_in("de"):
        german = (await shown(world, "help")).description or ""
    assert table("de")("command.threshold") in german
    assert "*Der Moderation melden*" in german
    assert table("en")("command.threshold") not in german


async def test_a_member_sees_only_what_members_can_use(world: World) -> None:
    result = await world.member.slash(world.general, "help")
    assert result.response is not None
    assert result.response.ephemeral
    said = result.response.embeds[0].description or ""
    assert "`/privacy`" in said
    assert "*Report to moderators*" in said
    for hidden in ("/setup", "/threshold", "/undo", "Why this score?"):
        assert hidden not in said
