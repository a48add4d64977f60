"""The chart of a preview, and a bot that is installed without charts."""

from __future__ import annotations

import sys

import pytest

from bot.ui.discord.previews import PICTURE
from tests.world import World

PREVIEW = {"class": "insult", "action": "alert", "value": "0.95", "days": 3}


async def test_a_preview_has_its_chart(world: World) -> None:
    answer = await world.moderator.slash(world.desk, "threshold preview", **PREVIEW)
    assert answer.response is not None
    (shown,) = answer.response.embeds
    assert shown.image.url is not None
    assert [file.filename for file in answer.response.attachments] == [PICTURE]


async def test_without_matplotlib_a_preview_says_why_it_has_no_chart(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    answer = await world.moderator.slash(world.desk, "threshold preview", **PREVIEW)
    assert answer.response is not None
    (shown,) = answer.response.embeds
    assert shown.image.url is None
    assert shown.footer.text == (
        "Nothing has been changed. There is no chart because this bot is installed without chart "
        "support."
    )
    assert answer.response.attachments == []
