"""What a visitor, a member and a moderator do in the demo; what each of them sees is checked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from playwright.async_api import Page, expect

from bot.demo import BORDERLINE, HATEFUL, World
from bot.demo.narration import UNDO, steps
from bot.domain import NOWHERE, GuildId
from tests.walk.browser import (
    COMPOSER,
    TIMELINE,
    Picture,
    alerts,
    choose_from_menu,
    control,
    message_with,
    said,
    use,
    view_as,
    write,
)
from tests.walk.complaints import complaints

QUICKLY = ("one of five", "two of five", "three of five", "four of five", "five of five")


@asynccontextmanager
async def something_changes(page: Page) -> AsyncIterator[None]:
    """Fail where a step of the guide leaves the channel as it was, or brings a complaint."""
    timeline = page.locator(TIMELINE)
    before = await timeline.inner_text()
    yield
    await expect(timeline).not_to_have_text(before)
    assert await complaints(page) == []


async def look_around(page: Page, shown: World, picture: Picture) -> None:
    """As a visitor: what is there before anything is done."""
    guide = message_with(page, "Welcome")
    await expect(guide.locator("li")).to_have_count(len(steps()))
    await expect(guide.locator("li").first).to_be_in_viewport()
    await expect(alerts(page)).to_have_count(0)
    await picture("guide", page.locator("body"))
    assert await complaints(page) == []
    assert abs((shown.env.now() - datetime.now(UTC)).total_seconds()) < 60


async def type_quickly(page: Page, shown: World) -> None:
    """As a visitor: five messages without waiting for the page."""
    await page.locator(COMPOSER).focus()
    for text in QUICKLY:
        await page.keyboard.type(text)
        await page.keyboard.press("Enter")
    for text in QUICKLY:
        await expect(page.locator(TIMELINE).get_by_text(text, exact=True)).to_have_count(1)
    await expect(page.locator(COMPOSER)).to_have_value("")
    await shown.app.drained()

    sent = [m for m in shown.channel.history() if m.content in QUICKLY]
    assert [message.content for message in sent] == list(QUICKLY)
    since = datetime.now(UTC) - timedelta(days=1)
    guild_id = GuildId(shown.channel.history()[0].guild.id)  # type: ignore[union-attr]
    past = await shown.app.context.store.journal.past(guild_id, since, 0.0, NOWHERE)
    decided = {int(item.decision.post.subject_id) for item in past}
    assert {message.id for message in sent} <= decided


async def follow_the_guide(page: Page, shown: World, picture: Picture) -> None:
    """Steps 1 to 5, as whoever the guide says. Each changes what is seen, without scrolling."""
    timeline, guide = page.locator(TIMELINE), message_with(page, "Welcome")
    async with something_changes(page):
        await guide.locator("code", has_text=HATEFUL).click()
        await expect(page.locator(COMPOSER)).to_have_value(HATEFUL)
        await page.keyboard.press("Enter")
        await expect(alerts(page)).to_have_count(1)
        await expect(control(alerts(page), "wrong")).to_be_in_viewport()
    assert HATEFUL not in [message.content for message in shown.channel.history()]
    await picture("alert", alerts(page).last)

    await view_as(page, "Morgan")
    async with something_changes(page):
        await control(alerts(page).last, "right").click()
        await expect(timeline.get_by_text(said("act.right"))).to_have_count(1)

    await view_as(page, "Robin")
    async with something_changes(page):
        await write(page, BORDERLINE)
        await expect(alerts(page)).to_have_count(2)
        await expect(control(alerts(page).last, "wrong")).to_be_in_viewport()
        await expect(message_with(page, BORDERLINE)).to_be_visible()

    await view_as(page, "Morgan")
    alert = alerts(page).last
    async with something_changes(page):
        await control(alert, "timeout").click()
        await expect(timeline.get_by_text(said("act.how_long"))).to_be_visible()
        await timeline.get_by_role("button", name="1 h", exact=True).click()
        await expect(alert.get_by_text(said("act.timed_out"))).to_have_count(1)
    await picture("time-out", alert)
    async with something_changes(page):
        await control(alert, "undo").click()
        await expect(alert.get_by_text(said("act.undone"))).to_have_count(1)
    await change_a_threshold(page, picture)


async def change_a_threshold(page: Page, picture: Picture) -> None:
    """Step 5: preview, apply, undo."""
    timeline = page.locator(TIMELINE)
    async with something_changes(page):
        options = {"class": "insult", "action": "alert", "value": "0.9"}
        await use(page, "/threshold preview", **options)
        preview = message_with(page, said("preview.footer"))
        drawn = preview.locator("img").last
        await drawn.scroll_into_view_if_needed()
        await expect(drawn).to_have_js_property("complete", value=True)
        await expect(drawn).not_to_have_js_property("naturalWidth", 0)
    await picture("preview", preview)
    async with something_changes(page):
        await control(preview, "set").click()
        await expect(timeline.get_by_text(said("set.undo"))).to_be_visible()
    await picture("set", message_with(page, said("set.undo")))
    async with something_changes(page):
        await use(page, "/threshold show")
        await expect(message_with(page, said("show.title"))).to_be_visible()
    await picture("thresholds", message_with(page, said("show.title")))
    async with something_changes(page):
        await use(page, UNDO)
        await expect(timeline.get_by_text(said("undo.done"))).to_be_visible()
    await picture("undo", message_with(page, said("undo.done")))


async def report_a_message(page: Page, picture: Picture) -> None:
    """Step 6, as a member, who is answered and told nothing else; as a moderator, who is told."""
    await view_as(page, "Robin")
    reported = message_with(page, "damn, that was a good chapter")
    async with something_changes(page):
        await choose_from_menu(page, reported, "report")
        thanks = message_with(page, said("report.thanks"))
        await expect(thanks).to_be_in_viewport()
    await expect(message_with(page, said("report.title"))).to_be_visible()
    await picture("report", message_with(page, said("report.title")))
    await page.fill(COMPOSER, "/threshold")
    await expect(page.get_by_role("listbox").get_by_text("/threshold")).to_have_count(0)
    await page.fill(COMPOSER, "")

    await view_as(page, "Morgan")
    async with something_changes(page):
        await choose_from_menu(page, reported, "why")
        await expect(message_with(page, said("score.title"))).to_be_in_viewport()
    await picture("why", message_with(page, said("score.title")))


async def be_refused(page: Page, shown: World) -> None:
    """As a moderator: a value that is no threshold changes nothing and says so."""
    async with something_changes(page):
        options = {"class": "insult", "action": "alert", "value": "banana"}
        await use(page, "/threshold set", **options)
        await expect(message_with(page, said("refused.unchanged"))).to_be_visible()
    assert shown.env.errors != []  # it is among what simcord calls errors, and ends nothing
