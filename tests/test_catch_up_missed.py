"""Posts that a full queue rejected: their channel never seems caught up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain import ChannelId, GuildId, SubjectId
from bot.intake.catch_up.runner import SHORTEST_LIFE
from bot.platform.history import DiscordHistory
from bot.retries import RefusedError, TemporaryError
from tests import making
from tests.histories import Reader, Written, at, make_channel
from tests.world import World

HERE = GuildId(2)


async def test_no_watermark_moves_while_gaps_are_being_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = at(30), at(20)
    history = Written(dict([make_channel(3, first, second), make_channel(4, first)]))
    async with Reader.open(tmp_path / "db", history) as reader:
        await reader.mark(_3=second, _4=first)
        await reader.started()
        seen: list[tuple[bool, bool]] = []
        whole = reader.store.watermarks.all

        async def watched() -> Mapping[GuildId, dict[ChannelId, SubjectId]]:
            found = await whole()
            channels = (making.post(channel=3), making.post(channel=4))
            seen.append((reader.gaps.caught_up(channels[0]), reader.gaps.caught_up(channels[1])))
            return found

        monkeypatch.setattr(reader.store.watermarks, "all", watched)
        for channel in (3, 4):
            reader.catch_up.missed(making.post(second + 5, channel=channel))
        await reader.catch_up.done()
        assert seen == [(False, False)]


async def test_an_unavailable_server_has_no_channels_and_raises_nothing(world: World) -> None:
    history = DiscordHistory(world.app.client)
    assert history.channel(GuildId(77), ChannelId(world.general.id)) is None
    assert history.channels(GuildId(77)) == []
    assert history.channel(world.guild_id, ChannelId(world.general.id)) is not None


LONG_AGO, MEANWHILE = at(180), at(90)


async def test_archived_threads_are_requested_again_after_a_temporary_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.intake.catch_up.runner.AGAIN", 0.01)
    archived = dict([make_channel(9, MEANWHILE)])
    history = Written(dict([make_channel(3, LONG_AGO)]), hidden=archived)
    history.raises[ChannelId(0)] = [TemporaryError("status 503"), TemporaryError("status 503")]
    async with Reader.open(tmp_path / "db", history) as reader:
        await reader.mark(_3=LONG_AGO, _9=LONG_AGO)
        await reader.started()
        assert history.asked.count(("archived", HERE)) == 3
        assert MEANWHILE in reader.read()


@pytest.mark.parametrize("error", [RefusedError("status 403"), RuntimeError("unforeseen")])
async def test_unreadable_archived_threads_do_not_affect_other_channels(
    tmp_path: Path, error: Exception
) -> None:
    history = Written(dict([make_channel(3, LONG_AGO, MEANWHILE)]))
    history.raises[ChannelId(0)] = [error]
    async with Reader.open(tmp_path / "db", history) as reader:
        await reader.mark(_3=LONG_AGO)
        await reader.started()
        assert reader.read() == [MEANWHILE]
        assert reader.caught_up()


async def test_archives_are_not_listed_after_a_short_downtime(tmp_path: Path) -> None:
    assert timedelta(minutes=30) < SHORTEST_LIFE < timedelta(minutes=90)
    history = Written(dict([make_channel(3, at(30))]))
    async with Reader.open(tmp_path / "db", history) as reader:
        await reader.mark(_3=at(30))
        await reader.started()
        assert ("archived", HERE) not in history.asked
