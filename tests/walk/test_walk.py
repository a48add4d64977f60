"""A walk through the demo in a real browser, as narrow as a phone and wide."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Locator

from bot.demo import world
from bot.desk.people import RefusalError
from bot.policy.thresholds import SettingError
from tests.round import IN_THE_DOCS
from tests.walk import roles
from tests.walk.browser import NARROW, WIDE, needs_chromium, opened
from tests.walk.roles import Walk

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])


@needs_chromium
@pytest.mark.timeout(400)
@SIZES
async def test_a_walk_through_the_demo_meets_no_complaint(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    seen: list[str] = []

    async def picture(name: str, what: Locator) -> None:
        assert await what.bounding_box() is not None
        seen.append(name)

    async with world(tmp_path) as shown, opened(shown.page.url, size) as page:
        walk = Walk(page, shown, picture)
        await roles.look_around(walk)
        await roles.follow_the_guide(walk)
        await roles.report_a_message(walk)
        await roles.look_at_settings(walk)
        await roles.be_refused(walk)
        await roles.ask_what_is_kept(walk)
        for error in shown.env.errors:
            assert isinstance(getattr(error, "original", error), RefusalError | SettingError)
    assert walk.complaints == {}
    assert set(IN_THE_DOCS) <= set(seen)


async def _no_picture(name: str, what: Locator) -> None:
    pass


@needs_chromium
@SIZES
async def test_messages_typed_quickly_all_arrive_and_are_decided(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with world(tmp_path) as shown, opened(shown.page.url, size) as page:
        await roles.type_quickly(Walk(page, shown, _no_picture))
