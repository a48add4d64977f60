"""How gaps are found and closed, with a history in memory and a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.domain import ChannelId, GuildId, Post, Revision, SubjectId
from bot.domain.snowflakes import time_at
from bot.intake.catch_up.gaps import Bounds, Gaps, gap_of
from bot.intake.catch_up.runner import SHORTEST_LIFE
from bot.intake.history import Channel
from bot.retries import RefusedError, TemporaryError
from bot.store.ports import Mark
from tests import making
from tests.histories import Reader, Written, at, make_channel

HERE, THERE = GuildId(2), GuildId(3)
OLD, SEEN, FIRST, SECOND = at(90), at(40), at(20), at(10)


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.retries.RETRY_SECONDS", (0.001,))
    monkeypatch.setattr("bot.intake.catch_up.runner.A_MOMENT", 0.001)


async def test_a_server_without_watermarks_starts_at_its_latest_messages(tmp_path: Path) -> None:
    history = Written(dict([make_channel(3, FIRST), make_channel(4)]))
    async with Reader.open(tmp_path / "db", history) as reader:
        assert not reader.caught_up()
        await reader.started()
        assert (reader.read(), history.asked) == ([], [])
        assert await reader.marks() == {3: FIRST, 4: 4}
        assert reader.caught_up()


async def test_edits_are_read_first_and_then_missed_messages_in_order(tmp_path: Path) -> None:
    history = Written(dict([make_channel(3, OLD, SEEN, FIRST, SECOND)]))
    edit = making.post(OLD, channel=3, revision=Revision("e1"))
    history.edits[ChannelId(3)] = [edit]
    async with Reader.open(tmp_path / "db", history) as reader:
        await reader.mark(_3=SEEN)
        await reader.started()
        assert reader.read() == [OLD, FIRST, SECOND]
        assert reader.entered[0] == edit
        assert history.asked == [("edited", 3), ("after", 3)]
        assert history.since == [time_at(SEEN)]
        assert await reader.marks() == {3: SECOND}
        assert reader.caught_up()
        assert history.forgot >= 2  # roles are requested again, before and after


@pytest.mark.parametrize(
    ("limit", "read", "pages"), [(1_000, 250, 3), (150, 150, 2), (100, 100, 1), (250, 250, 3)]
)
async def test_only_a_limited_number_of_messages_is_read_in_a_channel(
    tmp_path: Path, limit: int, read: int, pages: int
) -> None:
    missed = [FIRST + number for number in range(250)]
    history = Written(dict([make_channel(3, *missed)]))
    async with Reader.open(tmp_path / "db", history, messages=limit) as reader:
        await reader.mark(_3=SEEN)
        await reader.started()
        assert reader.read() == missed[:read]
        assert history.asked.count(("after", 3)) == pages
        assert await reader.marks() == {3: missed[read - 1]}


@pytest.mark.parametrize(
    ("hours", "came", "read"),
    [
        (24, None, [OLD, FIRST]),
        (1, None, [FIRST]),
        (24, 30, [FIRST]),
        (24, 100, [OLD, FIRST]),
        (0.25, None, []),
    ],
)
async def test_messages_too_old_or_from_before_the_bot_joined_are_not_read(
    tmp_path: Path, hours: float, came: int | None, read: list[int]
) -> None:
    history = Written(dict([make_channel(3, OLD, FIRST)]))
    history.came = None if came is None else time_at(at(came))
    async with Reader.open(tmp_path / "db", history, hours=hours) as reader:
        await reader.mark(_3=at(120))
        await reader.started()
        assert reader.read() == read


async def test_a_channel_created_meanwhile_is_read_from_its_beginning(tmp_path: Path) -> None:
    history = Written(dict([make_channel(3, SEEN), make_channel(SEEN, FIRST)]))
    async with Reader.open(tmp_path / "db", history) as reader:
        await reader.mark(_3=SEEN)
        await reader.started()
        assert reader.read() == [FIRST]


async def test_servers_take_turns_and_so_do_the_channels_of_each(tmp_path: Path) -> None:
    channels = [
        make_channel(3, FIRST),
        make_channel(4, FIRST),
        make_channel(5, FIRST),
        make_channel(8, FIRST, guild=3),
    ]
    history = Written(dict(channels))
    async with Reader.open(tmp_path / "db", history) as reader:
        await reader.mark(_3=SEEN, _4=SEEN, _5=SEEN)
        await reader.store.watermarks.raise_to([Mark(THERE, ChannelId(8), SubjectId(SEEN))])
        await reader.started()
        assert [channel for _, channel in history.asked] == [3, 8, 4, 8, 5, 3, 4, 5]


@pytest.mark.parametrize(
    ("error", "read", "level"),
    [
        (RefusedError("status 403"), False, True),
        (TemporaryError("status 503"), True, True),
        (RuntimeError("garbage"), False, False),
    ],
)
async def test_an_unreadable_channel_delays_no_other(
    tmp_path: Path, error: Exception, *, read: bool, level: bool
) -> None:
    history = Written(dict([make_channel(3, FIRST), make_channel(4, FIRST)]))
    history.raises[ChannelId(3)] = [error]
    async with Reader.open(tmp_path / "db", history) as reader:
        await reader.mark(_3=SEEN, _4=SEEN)
        await reader.started()
        assert await reader.marks() == {3: FIRST if read else SEEN, 4: FIRST}
        assert (reader.caught_up(3), reader.caught_up(4)) == (level, True)
        reader.catch_up.begin()
        await reader.started()
        assert await reader.marks() == {3: FIRST, 4: FIRST}
        assert reader.caught_up(3)


async def test_roles_are_requested_again_after_a_wait(tmp_path: Path) -> None:
    history = Written(dict([make_channel(3, FIRST)]))
    history.raises[ChannelId(3)] = [TemporaryError("status 503")] * 3
    async with Reader.open(tmp_path / "db", history) as reader:
        await reader.mark(_3=SEEN)
        await reader.started()
        assert reader.read() == [FIRST]
        assert history.forgot >= 3


async def test_an_unavailable_server_is_read_once_it_is_available(tmp_path: Path) -> None:
    history = Written(dict([make_channel(3, FIRST), make_channel(8, FIRST, guild=3)]), out={HERE})
    async with Reader.open(tmp_path / "db", history) as reader:
        await reader.mark(_3=SEEN)
        await reader.catch_up.available(HERE)
        await reader.catch_up.available(THERE)  # the start will find them
        assert not reader.caught_up(8, 3)
        await reader.started()
        assert (reader.caught_up(), reader.caught_up(8, 3)) == (False, True)
        await reader.catch_up.available(HERE)
        assert not reader.caught_up()
        history.out.clear()
        await reader.catch_up.available(HERE)
        await reader.catch_up.done()
        assert reader.read() == [FIRST]
        assert reader.caught_up()
        reader.catch_up.unavailable(HERE)
        assert (reader.caught_up(), reader.caught_up(8, 3)) == (False, True)
        reader.catch_up.begin()  # its start will find them
        await reader.catch_up.available(THERE)
        assert not reader.caught_up(8, 3)


async def test_no_gaps_are_found_before_the_first_session(tmp_path: Path) -> None:
    history = Written(dict([make_channel(3, FIRST)]))
    async with Reader.open(tmp_path / "db", history, begun=False) as reader:
        await reader.catch_up.available(HERE)
        assert (await reader.marks(), reader.caught_up()) == ({}, False)


async def test_messages_of_a_newly_joined_server_are_not_read(tmp_path: Path) -> None:
    history = Written(dict([make_channel(3, FIRST)]))
    async with Reader.open(tmp_path / "db", history) as reader:
        await reader.catch_up.joined(HERE)
        assert (await reader.marks(), reader.caught_up()) == ({3: FIRST}, True)
        joining = asyncio.create_task(reader.catch_up.joined(HERE))
        await asyncio.sleep(0)
        reader.catch_up.begin()  # a new session: nothing is known any more
        await joining
        assert not reader.caught_up()


async def test_rejected_posts_are_read_again(tmp_path: Path) -> None:
    history = Written(dict([make_channel(3, SEEN, FIRST, SECOND)]))
    async with Reader.open(tmp_path / "db", history) as reader:
        await reader.mark(_3=SECOND)
        await reader.started()
        history.asked.clear()
        reader.catch_up.missed(making.post(SECOND + 5, channel=3))
        assert not reader.caught_up()
        history.messages[next(iter(history.messages))].append(SECOND + 5)
        reader.catch_up.missed(making.post(SECOND, channel=99))  # a channel that is gone
        await reader.catch_up.done()
        assert reader.read() == [SECOND + 5]
        assert history.asked == [("edited", 3), ("after", 3)]
        assert await reader.marks() == {3: SECOND + 5}
        assert (reader.caught_up(), reader.caught_up(99)) == (True, True)


async def test_a_page_with_a_rejected_post_is_read_again_in_full(tmp_path: Path) -> None:
    history = Written(dict([make_channel(3, FIRST, SECOND)]))
    async with Reader.open(tmp_path / "db", history, messages=100) as reader:
        await reader.mark(_3=SEEN)
        reader.full_for.append(making.post(FIRST, channel=3))
        await reader.started()
        assert reader.read() == [SECOND, FIRST, SECOND]
        assert await reader.marks() == {3: SECOND}
        assert reader.caught_up()


async def test_gaps_left_by_a_stop_are_closed_after_the_next_start(tmp_path: Path) -> None:
    history = Written(dict([make_channel(3, FIRST)]))
    async with Reader.open(tmp_path / "db", history) as reader:
        await reader.mark(_3=SEEN)
        await reader.catch_up.start()
        await reader.catch_up.stop()
        assert (await reader.marks(), reader.caught_up()) == ({3: SEEN}, False)
        await reader.started()
        assert (await reader.marks(), reader.caught_up()) == ({3: FIRST}, True)


async def test_a_new_start_forgets_gaps_and_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.retries.RETRY_SECONDS", (1_000,))
    history = Written(dict([make_channel(3, FIRST), make_channel(4, FIRST)]))
    history.raises[ChannelId(3)] = [TemporaryError("status 503")]
    async with Reader.open(tmp_path / "db", history) as reader:
        await reader.mark(_3=SEEN, _4=SEEN)
        await reader.catch_up.start()
        async with asyncio.timeout(20):
            await history.began.wait()
        history.messages.pop(next(iter(history.messages)))
        await reader.started()
        assert history.asked == [("edited", 3), ("edited", 4), ("after", 4)]
        assert (reader.caught_up(3), reader.caught_up(4)) == (True, True)


class Silent(Written):
    """A history whose first request never returns."""

    async def edited(self, channel: Channel, until: SubjectId, since: datetime) -> Sequence[Post]:
        first = not self.began.is_set()
        found = await super().edited(channel, until, since)
        if first:
            await asyncio.Event().wait()
        return found


async def test_a_new_start_does_not_wait_for_an_answer_to_the_old_one(tmp_path: Path) -> None:
    history = Silent(dict([make_channel(3, FIRST)]))
    async with Reader.open(tmp_path / "db", history) as reader:
        await reader.mark(_3=SEEN)
        await reader.catch_up.start()
        async with asyncio.timeout(20):
            await history.began.wait()
        await reader.started()
        assert reader.read() == [FIRST]


def test_a_success_resets_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.retries.RETRY_SECONDS", (1, 2, 4))
    gaps = Gaps()
    gap = gap_of(make_channel(3, FIRST)[0], {}, Bounds(SubjectId(0), SubjectId(0), 100))
    assert gap is not None
    assert [gaps.put_off(gap, now=0) for _ in range(4)] == [1, 2, 4, 4]
    gaps.succeeded(gap)
    assert gaps.put_off(gap, now=0) == 1


# ------------------------------------------------------------------ threads, and channels that go


@pytest.mark.parametrize(("away", "looked"), [(50, False), (60, True)])
async def test_archived_threads_are_listed_only_after_a_long_absence(
    tmp_path: Path, away: int, *, looked: bool
) -> None:
    history = Written(dict([make_channel(3, at(away)), make_channel(8, at(100), guild=3)]))
    thread = at(away - 5)
    quiet_thread, secret = make_channel(at(away - 6)), make_channel(at(away - 7), FIRST)
    history.hidden = dict([make_channel(thread, FIRST), quiet_thread])
    history.hidden[replace(secret[0], readable=False)] = secret[1]
    async with Reader.open(tmp_path / "db", history) as reader:
        await reader.mark(_3=at(away))
        quiet = Mark(THERE, ChannelId(8), SubjectId(at(100)))  # nobody writes there
        await reader.store.watermarks.raise_to([quiet])
        await reader.started()
        assert (("archived", 2) in history.asked) is looked
        assert reader.read() == ([FIRST] if looked else [])
        assert ("edited", quiet_thread[0].id) not in history.asked
    assert timedelta(minutes=55) == SHORTEST_LIFE


@pytest.mark.parametrize(("came", "since"), [(None, 24 * 60), (90, 90)])
async def test_archives_are_read_no_further_back_than_messages(
    tmp_path: Path, came: int | None, since: int
) -> None:
    history = Written(dict([make_channel(3, at(100))]))
    history.came = None if came is None else time_at(at(came))
    async with Reader.open(tmp_path / "db", history) as reader:
        await reader.mark(_3=at(100))
        await reader.started()
        assert abs(history.since[-1] - time_at(at(since))) < timedelta(minutes=5)


@pytest.mark.parametrize("error", [RefusedError("status 403"), TemporaryError("status 503")])
async def test_archives_that_cannot_be_listed_are_skipped(tmp_path: Path, error: Exception) -> None:
    history = Written(dict([make_channel(3, at(100))]))
    history.raises[ChannelId(0)] = [error]
    async with Reader.open(tmp_path / "db", history) as reader:
        await reader.mark(_3=at(100))
        await reader.started()
        assert reader.caught_up()


@pytest.mark.parametrize(
    ("marks", "left"),
    [
        ({"_3": SEEN, "_8": at(25 * 60)}, {3: SEEN}),  # gone, and too old to come back
        ({"_3": SEEN, "_8": at(23 * 60)}, {3: SEEN, 8: at(23 * 60)}),  # it may be archived
        ({"_8": at(25 * 60)}, {8: at(25 * 60)}),  # with no mark at all it would be a new server
    ],
)
async def test_watermarks_of_deleted_channels_are_dropped(
    tmp_path: Path, marks: dict[str, int], left: dict[int, int]
) -> None:
    channels = dict([make_channel(3, SEEN)]) if "_3" in marks else dict([make_channel(7)])
    async with Reader.open(tmp_path / "db", Written(channels)) as reader:
        await reader.mark(**marks)
        await reader.started()
        known = await reader.marks()
        assert {channel: known.get(ChannelId(channel)) for channel in left} == left
        assert set(known) <= {*left, 7}
