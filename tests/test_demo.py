"""The demo, in a real browser: a member writes, the bot acts, a moderator changes its mind."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from bot.demo import BORDERLINE, HATEFUL, world

CHROMIUM = shutil.which("chromium")
COMPOSER = "#channel-composer-input"
TIMELINE = "#channel-message-list"
PATIENCE = 30_000
"""Milliseconds that a loaded machine may take to show what is there."""

expect.set_options(timeout=PATIENCE)


async def write(page: Page, text: str) -> None:
    await page.fill(COMPOSER, text)
    await page.press(COMPOSER, "Enter")
    await expect(page.locator(COMPOSER)).to_have_value("")


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: chromium)")
async def test_the_demo_in_a_browser(tmp_path: Path) -> None:
    async with world(tmp_path) as shown, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page(viewport={"width": 1280, "height": 2400})
        page.set_default_timeout(PATIENCE)
        await page.goto(shown.preview.url)
        timeline = page.locator(TIMELINE)
        alerts = timeline.get_by_text("Jump to the message")
        deletions = timeline.get_by_text("Deleted ·")
        await expect(alerts).to_have_count(1)  # the seeded conversation has one already

        await write(page, BORDERLINE)
        await expect(alerts).to_have_count(2)

        await write(page, HATEFUL)
        await expect(deletions).to_have_count(1)
        said = [message.content for message in shown.channel.history()]
        assert HATEFUL not in said
        assert said.count(BORDERLINE) == 2

        await shown.moderator.slash(
            shown.channel, "threshold set", **{"class": "insult", "action": "alert", "value": 0.9}
        )
        await write(page, BORDERLINE)
        await shown.app.drained()
        await expect(timeline.get_by_text(BORDERLINE)).not_to_have_count(0)
        await expect(alerts).to_have_count(2)
        await browser.close()
