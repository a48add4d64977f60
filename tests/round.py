"""A moderator's whole round in the demo's page, in a real browser; `python -m tests.round docs`
takes the pictures of it that the README shows."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from playwright.async_api import Locator, Page, async_playwright, expect

from bot.demo import BORDERLINE, HATEFUL, World, world

CHROMIUM = shutil.which("chromium")
COMPOSER = "#channel-composer-input"
TIMELINE = "#channel-message-list"
PATIENCE = 30_000
"""Milliseconds that a loaded machine may take to show what is there."""

NARROW = {"width": 390, "height": 844}
TALL = {"width": 390, "height": 1500}
"""As narrow, and high enough for a picture of a whole alert."""
WIDE = {"width": 1280, "height": 2400}

expect.set_options(timeout=PATIENCE)

Picture = Callable[[str, Locator], Awaitable[None]]


async def write(page: Page, text: str) -> None:
    await page.fill(COMPOSER, text)
    await page.locator("#send-message").click()
    await expect(page.locator(COMPOSER)).to_have_value("")


async def view_as(page: Page, name: str) -> None:
    option = page.locator("#viewer-picker option", has_text=name)
    await page.locator("#viewer-picker").select_option(await option.get_attribute("value"))
    await expect(page.locator("#viewer-picker option:checked")).to_contain_text(name)


async def use(page: Page, command: str, **options: str) -> None:
    """Type a slash command and its options as a person would."""
    await page.fill(COMPOSER, command)
    await page.get_by_role("listbox").get_by_role("option").first.click()
    for name, value in options.items():
        entry = page.locator(f'input[data-option="{name}"]')
        await entry.fill(value)
        choice = page.locator(f'.command-suggestion[data-value="{value}"]')
        await choice.first.click()
    await page.locator("#send-message").click()


def message_with(page: Page, text: str) -> Locator:
    return page.locator(f"{TIMELINE} > *", has_text=text).last


async def moderators_round(page: Page, shown: World, picture: Picture) -> None:
    """Alert, verdict, time-out, undo, preview, set, undo: each seen on the page."""
    timeline = page.locator(TIMELINE)
    await write(page, HATEFUL)
    await expect(timeline.get_by_text("Deleted ·")).to_have_count(1)
    await picture("alert", message_with(page, "Deleted ·"))

    await view_as(page, "Morgan")
    alert = message_with(page, "Alert ·")
    await alert.get_by_role("button", name="Right call").click()
    await expect(timeline.get_by_text("right call, says")).to_have_count(1)

    await alert.get_by_role("button", name="Time out").click()
    await expect(timeline.get_by_text("For how long is")).to_be_visible()
    await timeline.get_by_role("button", name="1 h", exact=True).click()
    await expect(timeline.get_by_text("timed out for 1 h by")).to_have_count(1)
    await picture("time-out", message_with(page, "timed out for 1 h by"))
    await alert.get_by_role("button", name="Undo").click()
    await expect(timeline.get_by_text("time-out lifted by")).to_have_count(1)

    options = {"class": "insult", "action": "alert", "value": "0.9"}
    await use(page, "/threshold preview", **options)
    await expect(timeline.get_by_text("Nothing has been changed.")).to_be_visible()
    drawn = message_with(page, "Nothing has been changed.").locator("img").last
    await drawn.scroll_into_view_if_needed()
    await expect(drawn).to_have_js_property("naturalWidth", 640)
    await picture("preview", message_with(page, "Nothing has been changed."))
    await timeline.get_by_role("button", name="Apply").click()
    await expect(timeline.get_by_text("takes it back")).to_be_visible()
    await picture("set", message_with(page, "takes it back"))

    await view_as(page, "Robin")
    await write(page, BORDERLINE)
    await shown.app.drained()
    await expect(timeline.get_by_text(BORDERLINE, exact=True)).not_to_have_count(0)
    # Asked of the channel itself: the page would show a further alert a moment later only.
    titles = [embed.title or "" for each in shown.channel.history() for embed in each.embeds]
    assert sum(title.startswith("Alert ·") for title in titles) == 1

    await view_as(page, "Morgan")
    await use(page, "/undo")
    await expect(timeline.get_by_text("is undone")).to_be_visible()
    await picture("undo", message_with(page, "is undone"))


async def take_pictures(folder: Path) -> None:
    """Save every picture of a round in a narrow window, as a phone shows it."""
    with tempfile.TemporaryDirectory() as temporary:
        async with world(Path(temporary)) as shown, async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
            )
            page = await browser.new_page(viewport=TALL, device_scale_factor=2)  # type: ignore[arg-type]
            page.set_default_timeout(PATIENCE)
            await page.goto(shown.preview.url)

            async def picture(name: str, what: Locator) -> None:
                await page.mouse.move(0, 0)
                await what.evaluate("element => element.scrollIntoView({block: 'center'})")
                await page.wait_for_timeout(500)  # the page scrolls smoothly
                await what.screenshot(path=folder / f"desk-{name}.png")

            await moderators_round(page, shown, picture)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(take_pictures(Path(sys.argv[1])))
