"""The demo, in a real browser: a member writes, the bot acts, a moderator makes a whole round."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Locator, async_playwright

from bot.demo import HATEFUL, world
from tests.round import CHROMIUM, NARROW, PATIENCE, WIDE, moderators_round


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: chromium)")
@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_a_moderators_whole_round(tmp_path: Path, size: dict[str, int]) -> None:
    seen: list[str] = []

    async def picture(name: str, what: Locator) -> None:
        assert await what.bounding_box() is not None
        seen.append(name)

    async with world(tmp_path) as shown, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page(viewport=size)  # type: ignore[arg-type]
        page.set_default_timeout(PATIENCE)
        await page.goto(shown.preview.url)
        await moderators_round(page, shown, picture)
        assert HATEFUL not in [message.content for message in shown.channel.history()]
        await browser.close()
    assert seen == ["alert", "time-out", "preview", "set", "undo"]
