"""What a visitor, a member and a moderator do in the demo; what each of them sees is checked."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from playwright.async_api import Locator, Page, expect

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

REPORTED = "damn, that was a good chapter"
SETTINGS = {
    "/setup": "setup.title",
    "/exempt list": "exempt.title",
    "/allow list": "allow.title",
}
QUICKLY = ("one of five", "two of five", "three of five", "four of five", "five of five")


@dataclass(slots=True)
class Walk:
    """A visitor's window onto a demo, and what they complained of so far."""

    page: Page
    shown: World
    picture: Picture
    complaints: dict[str, str] = field(default_factory=dict)

    @property
    def timeline(self) -> Locator:
        return self.page.locator(TIMELINE)

    async def look(self, where: str) -> None:
        """Note each complaint once, with where it was first met."""
        for found in await complaints(self.page):
            self.complaints.setdefault(found, where)

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[None]:
        """Fail where a step leaves the channel as it was; note what it brings to complain of."""
        before = await self.timeline.inner_text()
        yield
        await expect(self.timeline).not_to_have_text(before)
        await self.look(name)


async def look_around(walk: Walk) -> None:
    """As a visitor: what is there before anything is done."""
    page = walk.page
    guide = message_with(page, "Welcome")
    await expect(guide.locator("li")).to_have_count(len(steps()))
    await expect(guide.locator("li").first).to_be_in_viewport()
    await expect(alerts(page)).to_have_count(0)
    await walk.picture("guide", page.locator("body"))
    await walk.look("at first")
    assert abs((walk.shown.env.now() - datetime.now(UTC)).total_seconds()) < 60


async def type_quickly(walk: Walk) -> None:
    """As a visitor: five messages without waiting for the page."""
    page, shown = walk.page, walk.shown
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


async def follow_the_guide(walk: Walk) -> None:
    """Steps 1 to 5, as whoever the guide says. Each changes what is seen, without scrolling."""
    page, timeline = walk.page, walk.timeline
    guide = message_with(page, "Welcome")
    async with walk.step("a hateful message"):
        await guide.locator("code", has_text=HATEFUL).click()
        await expect(page.locator(COMPOSER)).to_have_value(HATEFUL)
        await page.keyboard.press("Enter")
        await expect(alerts(page)).to_have_count(1)
        await expect(alerts(page).locator(".embed-title")).to_be_in_viewport()
    assert HATEFUL not in [message.content for message in walk.shown.channel.history()]
    await walk.picture("alert", alerts(page).last)

    await view_as(page, "Morgan")
    async with walk.step("a verdict"):
        await control(alerts(page).last, "right").click()
        await expect(timeline.get_by_text(said("verdict.right"))).to_have_count(1)

    await view_as(page, "Robin")
    async with walk.step("an insult"):
        await write(page, BORDERLINE)
        await expect(alerts(page)).to_have_count(2)
        await expect(alerts(page).last.locator(".embed-title")).to_be_in_viewport()
        await expect(message_with(page, BORDERLINE)).to_be_visible()

    await view_as(page, "Morgan")
    alert = alerts(page).last
    async with walk.step("a time-out"):
        await control(alert, "timeout").click()
        await expect(timeline.get_by_text(said("act.how_long"))).to_be_visible()
        await timeline.get_by_role("button", name="1 h", exact=True).click()
        await expect(alert.get_by_text(said("act.timed_out"))).to_have_count(1)
    await walk.picture("time-out", alert)
    async with walk.step("undoing a time-out"):
        await control(alert, "undo").click()
        await expect(alert.get_by_text(said("act.lifted"))).to_have_count(1)
        await expect(alert.locator(".embed-title")).to_have_text(said("alert.title.lifted"))
    await change_a_threshold(walk)


async def change_a_threshold(walk: Walk) -> None:
    """Step 5: preview, apply, undo."""
    page, timeline = walk.page, walk.timeline
    async with walk.step("a preview"):
        options = {"class": "insult", "action": "alert", "value": "0.9"}
        await use(page, "/threshold preview", **options)
        preview = message_with(page, said("preview.footer"))
        drawn = preview.locator("img").last
        await drawn.scroll_into_view_if_needed()
        await expect(drawn).to_have_js_property("complete", value=True)
        await expect(drawn).not_to_have_js_property("naturalWidth", 0)
    await walk.picture("preview", preview)
    async with walk.step("applying it"):
        await control(preview, "set").click()
        await expect(timeline.get_by_text(said("set.undo"))).to_be_visible()
    await walk.picture("set", message_with(page, said("set.undo")))
    async with walk.step("/threshold show"):
        await use(page, "/threshold show")
        await expect(message_with(page, said("show.title"))).to_be_visible()
    await walk.picture("thresholds", message_with(page, said("show.title")))
    await watch_time_go_by(walk)
    async with walk.step("undoing a change"):
        await use(page, UNDO)
        await expect(timeline.get_by_text(said("undo.done"))).to_be_visible()
    await walk.picture("undo", message_with(page, said("undo.done")))


async def watch_time_go_by(walk: Walk) -> None:
    """What has just been changed was changed just now, and a moment later, longer ago."""
    page = walk.page
    async with walk.step("what was changed"):
        await use(page, "/history")
        history = message_with(page, said("history.title"))
        when = history.locator(".discord-timestamp").first
        await expect(when).to_have_text(re.compile(r"^(now|\d+ seconds? ago)$"))
    await expect(when).not_to_have_text(await when.inner_text())
    await walk.look("a moment later")


async def report_a_message(walk: Walk) -> None:
    """Steps 6 and 7, as a member, who is answered and told nothing else; as a moderator, who is told."""
    page = walk.page
    await view_as(page, "Robin")
    reported = page.locator(
        f"{TIMELINE} > article", has=page.get_by_text(REPORTED, exact=True)
    ).first
    async with walk.step("a report"):
        await choose_from_menu(page, reported, "report")
        thanks = message_with(page, said("report.thanks"))
        await expect(thanks).to_be_in_viewport()
    await expect(message_with(page, said("report.title"))).to_be_visible()
    await walk.picture("report", message_with(page, said("report.title")))
    await page.fill(COMPOSER, "/threshold")
    await expect(page.get_by_role("listbox").get_by_text("/threshold")).to_have_count(0)
    await page.fill(COMPOSER, "")

    await view_as(page, "Morgan")
    async with walk.step("why this score"):
        await choose_from_menu(page, reported, "why")
        await expect(message_with(page, said("score.follows"))).to_be_in_viewport()
    await walk.picture("why", message_with(page, said("score.follows")))


async def look_at_settings(walk: Walk) -> None:
    """As a moderator with Manage Server: what is set up, exempt and harmless here."""
    for command, key in SETTINGS.items():
        async with walk.step(command):
            await use(walk.page, command)
            answer = message_with(walk.page, said(key))
            await expect(answer).to_be_visible()
        await walk.picture(command.strip("/").replace(" ", "-"), answer)
    async with walk.step("/score"):
        await use(walk.page, "/score", text=BORDERLINE)
        await expect(message_with(walk.page, said("score.follows"))).to_be_visible()
    await walk.picture("score", message_with(walk.page, said("score.follows")))


async def ask_what_is_kept(walk: Walk) -> None:
    """As a member: what the bot keeps of them."""
    await view_as(walk.page, "Robin")
    async with walk.step("/privacy show"):
        await use(walk.page, "/privacy show")
        await expect(message_with(walk.page, said("privacy.kept"))).to_be_visible()
    await walk.picture("privacy", message_with(walk.page, said("privacy.kept")))


async def be_refused(walk: Walk) -> None:
    """As a moderator: a value that is no threshold changes nothing and says so."""
    page = walk.page
    async with walk.step("a refusal"):
        options = {"class": "insult", "action": "alert", "value": "banana"}
        await use(page, "/threshold set", **options)
        await expect(message_with(page, said("refused.unchanged"))).to_be_in_viewport()
        await expect(page.locator(COMPOSER)).to_be_visible()
        await expect(page.locator(".command-row, .command-popup:visible")).to_have_count(0)
        await expect(page.locator("#action-status")).to_have_text("Action completed")
        await expect(page.locator("#inspector-count")).to_be_hidden()
    assert walk.shown.env.errors != []  # it is among what simcord calls errors, and ends nothing
