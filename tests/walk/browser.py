"""The demo's page in headless Chromium: what a person does there, and what they see."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from bot.ui.words import table

CHROMIUM: Final = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium is not installed (Debian: chromium)"
)
COMPOSER: Final = "#channel-composer-input"
TIMELINE: Final = "#channel-message-list"
PATIENCE: Final = 30_000
"""Milliseconds that a loaded machine may take to show what is there."""

NARROW: Final = (390, 844)
WIDE: Final = (1280, 900)
WORDS: Final = table("en")

expect.set_options(timeout=PATIENCE)

Picture = Callable[[str, Locator], Awaitable[None]]


@asynccontextmanager
async def opened(
    url: str, size: tuple[int, int], *, scale: int = 1, touched: bool | None = None
) -> AsyncIterator[Page]:
    """The page in a window; one as narrow as a phone is touched, unless said otherwise."""
    width, height = size
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page(
            viewport={"width": width, "height": height},
            device_scale_factor=scale,
            has_touch=width < 600 if touched is None else touched,
        )
        page.set_default_timeout(PATIENCE)
        await page.goto(url)
        await expect(page.locator(COMPOSER)).to_be_visible()
        yield page
        await browser.close()


def said(key: str, **values: str) -> re.Pattern[str]:
    """What a text of the bot looks like on the page, whatever stands in for the other values."""
    template = re.sub(r"[*`]|^-# ", "", WORDS.texts[key], flags=re.MULTILINE)
    pattern = ""
    for part in re.split(r"(\{[^{}]+\})", template):
        name = part.strip("{}").partition(":")[0] if part.startswith("{") else ""
        literal = r"\s*".join(re.escape(line) for line in part.split("\n"))
        pattern += re.escape(values[name]) if name in values else ".*?" if name else literal
    return re.compile(pattern, re.DOTALL)


def message_with(page: Page, text: str | re.Pattern[str]) -> Locator:
    """The latest message that has a text in it."""
    return page.locator(f"{TIMELINE} > article", has_text=text).last


def alerts(page: Page) -> Locator:
    """Every alert there is: the messages that can be judged."""
    verdict = page.get_by_role("button", name=WORDS("button.wrong"), exact=True)
    return page.locator(f"{TIMELINE} > article", has=verdict)


def control(inside: Locator, key: str) -> Locator:
    return inside.get_by_role("button", name=WORDS(f"button.{key}"), exact=True)


async def write(page: Page, text: str) -> None:
    await page.fill(COMPOSER, text)
    await page.keyboard.press("Enter")
    await expect(page.locator(COMPOSER)).to_have_value("")


async def view_as(page: Page, name: str) -> None:
    viewer = await page.locator("#viewer-picker option", has_text=name).get_attribute("value")
    await page.locator("#viewer-picker").select_option(viewer)
    await page.wait_for_function(
        "id => simcordPreview.viewerId === id && simcordPreview.ready", arg=viewer
    )


async def use(page: Page, command: str, **options: str) -> None:
    """Type a slash command and its options as a person would."""
    await page.fill(COMPOSER, command)
    offered = page.get_by_role("listbox").get_by_role("option")
    await offered.filter(has_text=re.compile(rf"{re.escape(command)}(?![a-z-])")).first.click()
    for name, value in options.items():
        entry = page.locator(f'input[data-option="{name}"]')
        await entry.fill(value)
        choice = page.locator(f'.command-suggestion[data-value="{value}"]')
        if await choice.count():
            await choice.first.click()
    await page.locator("#send-message").click()


async def choose_from_menu(page: Page, message: Locator, key: str) -> None:
    """Right-click a message, or tap its menu's button, and choose a command."""
    if await page.evaluate("matchMedia('(hover: none)').matches"):
        await message.locator(".demo-apps").click()
    else:
        await message.locator(".message-content, .message-header").last.click(button="right")
    await page.get_by_role("menuitem", name=WORDS(f"menu.{key}"), exact=True).click()
