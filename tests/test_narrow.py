"""Answers in a window as narrow as a phone, in a real browser: nothing is cut off."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page

from bot.demo import BORDERLINE, world
from tests.locales import client_in
from tests.walk.browser import NARROW, TIMELINE, needs_chromium, opened, view_as

WIDER_THAN_SHOWN = """timeline => [...timeline.lastElementChild.querySelectorAll("*")]
    .filter(each => each.clientWidth && each.scrollWidth > each.clientWidth + 1)
    .map(each => each.tagName + ": " + each.innerText.slice(0, 80))"""

INSULT = {"class": "insult", "action": "alert"}


async def cut_off(page: Page, said: str) -> list[str]:
    """Return the parts of the latest answer that are wider than the window shows."""
    await page.locator(TIMELINE).get_by_text(said).last.wait_for()
    found: list[str] = await page.locator(TIMELINE).evaluate(WIDER_THAN_SHOWN)
    return found


@needs_chromium
async def test_no_answer_is_cut_off_on_a_phone(tmp_path: Path) -> None:
    async with world(tmp_path) as shown, opened(shown.page.url, NARROW) as page:
        await view_as(page, "Morgan")
        for locale, name, options, said in (
            ("en-US", "threshold set", {**INSULT, "value": "0.96"}, "No message reached"),
            ("en-US", "threshold show", {}, "Who may change what"),
            ("en-US", "setup", {}, "Set up Bellwether"),
            ("en-US", "help", {}, "How to use Bellwether"),
            ("en-US", "history", {}, "Changes"),
            ("en-US", "score", {"text": BORDERLINE}, "Scores"),
            ("de", "threshold show", {}, "Wer was ändern darf"),
            ("es-ES", "threshold show", {}, "Quién puede cambiar qué"),
        ):
            with client_in(locale):
                await shown.moderator.slash(shown.channel, name, **options)
            await shown.preview.refresh()
            assert await cut_off(page, said) == [], f"/{name} in {locale}"
