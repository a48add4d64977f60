"""What the docs say must be what there is."""

from __future__ import annotations

from pathlib import Path

import discord

from bot.platform.permissions import (
    ALERT_PERMISSIONS,
    DELETE_PERMISSIONS,
    EVIDENCE_PERMISSIONS,
    TIMEOUT_PERMISSIONS,
    lacking,
)
from bot.ui.discord.reference import reference
from bot.ui.discord.translation import text
from bot.ui.words import table
from tests.world import World

ROOT = Path(__file__).parent.parent


async def test_the_command_reference_is_fresh(world: World) -> None:
    written = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert written == reference(world.app.parts.tree), "run `make docs`"
    for command in world.app.parts.tree.get_commands():
        assert command.name in written
    assert text("command.score").message in written


def test_the_invitation_asks_for_the_permissions_that_are_used() -> None:
    used = ALERT_PERMISSIONS | DELETE_PERMISSIONS | TIMEOUT_PERMISSIONS | EVIDENCE_PERMISSIONS
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"&permissions={used.value}`" in readme
    paragraph = readme.partition("The permissions in the link are")[2].partition("\n\n")[0]
    for name in table("en").permissions(lacking(discord.Permissions.none(), used)).split(", "):
        assert f"*{name}*" in paragraph.replace("\n", " ").replace(
            "*View Channels*", "*View Channel*"
        )


def test_pictures_and_pages_that_are_named_exist() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        written = page.read_text(encoding="utf-8")
        for part in written.replace('src="', "](").split("](")[1:]:
            target = part.split(")")[0].split('"')[0].split("#")[0]
            if target and not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name} names {target}"
