"""What the demo adds to the simulated Discord's page, in a real browser."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import expect

from bot.demo import BORDERLINE, HATEFUL, world
from tests.walk.browser import (
    COMPOSER,
    NARROW,
    TIMELINE,
    WIDE,
    alerts,
    message_with,
    needs_chromium,
    opened,
    view_as,
    write,
)

ELSEWHERE = "here I am, in another window"
SAY = """document => fetch("/demo/say", {
  method: "POST",
  headers: {"X-Simcord-Capability": location.hash.slice(1), "Content-Type": "application/json"},
  body: JSON.stringify(document),
})"""


@needs_chromium
async def test_who_scrolls_back_stays_there_and_finds_the_guide_again(tmp_path: Path) -> None:
    async with world(tmp_path) as shown, opened(shown.page.url, NARROW) as page:
        await write(page, HATEFUL)
        await expect(alerts(page).last).to_be_in_viewport()
        await page.locator(TIMELINE).hover()
        await page.mouse.wheel(0, -3000)
        first = page.locator(f"{TIMELINE} > article").first
        await expect(first).to_be_in_viewport()
        await page.evaluate(SAY, {"viewer_id": str(shown.member.id), "text": ELSEWHERE})
        await expect(page.locator("#new-messages")).to_be_visible()
        await expect(message_with(page, ELSEWHERE)).to_be_attached()
        await expect(first).to_be_in_viewport()

        await page.locator("#demo-steps").click()
        await expect(message_with(page, "Welcome").locator("li").first).to_be_in_viewport()


@needs_chromium
async def test_a_command_without_options_leaves_a_narrow_page_as_wide_as_its_window(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as shown, opened(shown.page.url, NARROW) as page:
        await view_as(page, "Morgan")
        await page.fill(COMPOSER, "/history")
        await page.get_by_role("listbox").get_by_role("option").first.click()
        send = page.locator("#send-message")
        await expect(page.locator(".command-row")).to_be_visible()
        box = await send.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= NARROW[0]


@needs_chromium
async def test_a_reply_stays_a_reply(tmp_path: Path) -> None:
    async with world(tmp_path) as shown, opened(shown.page.url, WIDE) as page:
        asked = message_with(page, "yes, 8 pm")
        await asked.hover()
        await asked.get_by_role("button", name="Reply").click()
        await page.keyboard.type("see you there")
        await page.keyboard.press("Enter")
        await expect(message_with(page, "see you there")).to_be_visible()
        reply = shown.channel.history()[-1]
        assert reply.content == "see you there"
        assert reply.reference is not None


@needs_chromium
async def test_what_could_not_be_sent_is_said_and_stays_in_the_box(tmp_path: Path) -> None:
    async with world(tmp_path) as shown, opened(shown.page.url, NARROW) as page:
        await page.context.set_offline(offline=True)
        await page.fill(COMPOSER, "is anybody there?")
        await page.keyboard.press("Enter")
        await expect(page.locator("#demo-notice")).to_contain_text("The demo does not answer.")
        await expect(page.locator(COMPOSER)).to_have_value("is anybody there?")
        await page.context.set_offline(offline=False)
        await page.keyboard.press("Enter")
        await expect(message_with(page, "is anybody there?")).to_be_visible()
        await expect(page.locator("#demo-notice")).to_be_hidden()


@needs_chromium
async def test_a_message_menu_closes_by_itself_and_by_escape(tmp_path: Path) -> None:
    async with world(tmp_path) as shown, opened(shown.page.url, WIDE) as page:
        menu = page.locator("#demo-menu")
        text = message_with(page, "yes, 8 pm").locator(".message-content")
        await text.click(button="right")
        await expect(menu.get_by_role("menuitem")).to_have_count(1)
        await page.keyboard.press("Escape")
        await expect(menu).to_have_count(0)
        await text.click(button="right")
        await expect(menu).to_have_count(1)
        await page.locator(COMPOSER).click()
        await expect(menu).to_have_count(0)


@needs_chromium
async def test_each_alert_appears_by_itself(tmp_path: Path) -> None:
    async with world(tmp_path) as shown, opened(shown.page.url, WIDE) as page:
        for count, text in enumerate((HATEFUL, BORDERLINE), 1):
            await write(page, text)
            await expect(alerts(page)).to_have_count(count)
