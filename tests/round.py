"""Pictures of a walk through the demo: ``python -m tests.round docs`` takes those of the README.

``python -m tests.round --every FOLDER`` takes one of every stop, narrow and wide, to be looked at.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.async_api import Locator, Page
from rich.console import Console

from bot.demo import world
from tests.walk import roles
from tests.walk.browser import NARROW, WIDE, Picture, opened
from tests.walk.roles import Walk

TALL: Final = (390, 1500)
"""As narrow as a phone, and high enough for a picture of a whole alert."""

IN_THE_DOCS: Final = ("alert", "preview", "thresholds")


async def whole_walk(
    folder: Path, size: tuple[int, int], wanted: tuple[str, ...] | None, *, scale: int
) -> None:
    """Take the wanted pictures of a walk, by name; all of them, of the whole window, for ``None``."""

    def taker(page: Page) -> Picture:
        async def picture(name: str, what: Locator) -> None:
            if wanted is not None and name not in wanted:
                return
            await page.mouse.move(0, 0)
            await what.evaluate("element => element.scrollIntoView({block: 'center'})")
            await page.wait_for_timeout(500)  # the page scrolls smoothly
            if wanted is None:
                await page.screenshot(path=folder / f"{name}-{size[0]}.png")
            else:
                await what.screenshot(path=folder / f"desk-{name}.png")

        return picture

    with tempfile.TemporaryDirectory() as temporary:
        async with world(Path(temporary)) as shown:
            # A mouse leaves no menu's button in the picture.
            touched = None if wanted is None else False
            async with opened(shown.page.url, size, scale=scale, touched=touched) as page:
                walk = Walk(page, shown, taker(page))
                await roles.look_around(walk)
                await roles.follow_the_guide(walk)
                await roles.report_a_message(walk)
                if wanted is None:
                    await roles.look_at_settings(walk)
                    await roles.be_refused(walk)
                    await roles.ask_what_is_kept(walk)
    for complaint, where in walk.complaints.items():
        Console().print(f"{size[0]} pixels, {where}: {complaint}", markup=False)


async def main(arguments: list[str]) -> None:
    """Take pictures into the folder that is named last."""
    folder = Path(arguments[-1])
    folder.mkdir(parents=True, exist_ok=True)
    if "--every" in arguments:
        for size in (NARROW, WIDE):
            await whole_walk(folder, size, None, scale=1)
    else:
        await whole_walk(folder, TALL, IN_THE_DOCS, scale=2)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
