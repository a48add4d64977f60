"""What the docs say must be what there is."""

from __future__ import annotations

from pathlib import Path

from bot.ui.discord.reference import reference
from bot.ui.discord.translation import text
from tests.world import World

ROOT = Path(__file__).parent.parent


async def test_the_command_reference_is_fresh(world: World) -> None:
    written = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert written == reference(world.app.parts.tree), "run `make docs`"
    for command in world.app.parts.tree.get_commands():
        assert command.name in written
    assert text("command.score").message in written


def test_pictures_and_pages_that_are_named_exist() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        written = page.read_text(encoding="utf-8")
        for part in written.replace('src="', "](").split("](")[1:]:
            target = part.split(")")[0].split('"')[0].split("#")[0]
            if target and not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name} names {target}"
