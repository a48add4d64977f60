"""The state machine of catching up, which skips nothing whatever the order of events."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.domain import ChannelId, GuildId, SubjectId
from bot.intake.catch_up.gaps import Bounds, Gap, Gaps, Reading, gap_of, page_size
from bot.intake.history import PAGE, Channel, Page
from bot.retries import RETRY_SECONDS
from tests import making

HERE, CHANNEL = GuildId(2), ChannelId(3)


def make_channel(
    latest: int = 50, *, channel: int = 3, guild: int = 2, readable: bool = True
) -> Channel:
    return Channel(GuildId(guild), ChannelId(channel), SubjectId(latest), readable=readable)


def bounds(came: int = 0, oldest: int = 0, messages: int = 1_000) -> Bounds:
    return Bounds(SubjectId(came), SubjectId(oldest), messages)


def marks(**at: int) -> Mapping[ChannelId, SubjectId]:
    return {ChannelId(int(name[1:])): SubjectId(value) for name, value in at.items()}


def page(count: int, last: int | None) -> Page:
    return Page([making.post()] * count, count, None if last is None else SubjectId(last))


@pytest.mark.parametrize(
    ("known", "limits", "expected"),
    [
        (marks(_3=20), bounds(), (20, 50, True)),  # what was missed, and edits before it
        (marks(_3=50), bounds(), (50, 50, True)),  # nothing missed, an edit perhaps
        (marks(_3=20), bounds(oldest=30), (30, 50, False)),  # older ones are too old
        (marks(_3=50), bounds(oldest=60), None),  # no messages in the look-back time
        (marks(_3=20), bounds(came=40), (40, 50, True)),  # before the bot joined
        (
            marks(),
            bounds(),
            (3, 50, True),
        ),  # a channel created meanwhile is read from its beginning
        (marks(), bounds(came=45), (45, 50, True)),
    ],
)
def test_the_gap_of_a_channel(
    known: Mapping[ChannelId, SubjectId], limits: Bounds, expected: tuple[int, int, bool] | None
) -> None:
    gap = gap_of(make_channel(), known, limits)
    assert (None if gap is None else (gap.after, gap.until, gap.edits)) == expected


def test_an_unreadable_channel_has_no_gap() -> None:
    assert gap_of(make_channel(readable=False), marks(_3=20), bounds()) is None


def test_a_rejected_message_is_read_again_even_in_an_old_channel() -> None:
    gap = gap_of(make_channel(latest=50), marks(_3=60), bounds(oldest=70), SubjectId(90))
    assert gap is not None
    assert (gap.after, gap.until, gap.edits) == (70, 90, True)


@pytest.mark.parametrize(
    ("got", "state", "after"),
    [
        (page(100, 40), Reading.GOES_ON, 40),  # a full page: there may be more
        (page(99, 40), Reading.CLOSED, 50),  # a page that is not full is the last
        (page(100, 60), Reading.CLOSED, 60),  # past its end
        (page(0, None), Reading.CLOSED, 50),
    ],
)
def test_a_gap_ends_where_its_last_page_does(got: Page, state: Reading, after: int) -> None:
    gap = Gap(make_channel(), SubjectId(10), SubjectId(50), 1_000, edits=False)
    gap.advance(got, PAGE)
    assert (gap.state(), gap.after) == (state, after)


def test_a_gap_beyond_the_limit_is_cut_off() -> None:
    gap = Gap(make_channel(), SubjectId(10), SubjectId(500), 150, edits=False)
    assert page_size(gap) == PAGE
    gap.advance(page(100, 200), 100)
    assert page_size(gap) == 50
    gap.advance(page(50, 300), 50)
    assert gap.state() is Reading.CUT_OFF


def test_a_gap_stays_open_until_edits_were_checked() -> None:
    gap = Gap(make_channel(), SubjectId(50), SubjectId(50), 1_000, edits=True)
    assert gap.state() is Reading.GOES_ON
    gap.edits = False
    assert gap.state() is Reading.CLOSED


def test_servers_take_turns_and_one_that_failed_waits() -> None:
    gaps = Gaps()
    for guild, channels in ((1, (11, 12, 13)), (2, (21,))):
        found = [gap_of(make_channel(channel=c, guild=guild), {}, bounds()) for c in channels]
        gaps.know(GuildId(guild), [gap for gap in found if gap is not None])
    order = []
    for _ in range(4):
        gap = gaps.next(0.0)
        assert gap is not None
        order.append(gap.channel.guild)
    assert order == [1, 2, 1, 2]
    failing = gaps.next(0.0)
    assert failing is not None
    assert gaps.put_off(failing, now=100.0) == RETRY_SECONDS[0]
    assert gaps.put_off(failing, now=100.0) == RETRY_SECONDS[1]
    others = {gap.channel.guild for _ in range(5) if (gap := gaps.next(100.0)) is not None}
    assert failing.channel.guild not in others
    assert gaps.next(100.0 + RETRY_SECONDS[1]) is not None


def test_missing_messages_are_read_before_possible_edits() -> None:
    gaps = Gaps()
    edited = Gap(make_channel(channel=1), SubjectId(50), SubjectId(50), 10, edits=True)
    missing = Gap(make_channel(channel=2), SubjectId(20), SubjectId(50), 10, edits=True)
    gaps.know(HERE, [edited, missing])
    assert gaps.next(0.0) is missing


def test_a_channel_that_fails_holds_only_its_own_watermark() -> None:
    gaps = Gaps()
    broken = Gap(make_channel(channel=3), SubjectId(20), SubjectId(50), 10, edits=False)
    gaps.know(HERE, [broken])
    gaps.give_up(broken)
    assert not gaps.caught_up(making.post(channel=3))
    assert gaps.caught_up(making.post(channel=4))
    gaps.begin()
    gaps.know(HERE)
    assert gaps.caught_up(making.post(channel=3))  # the next session tries again


def test_closing_an_old_gap_keeps_its_replacement() -> None:
    gaps = Gaps()
    old = Gap(make_channel(), SubjectId(20), SubjectId(50), 10, edits=False)
    new = Gap(make_channel(), SubjectId(20), SubjectId(90), 10, edits=False)
    gaps.know(HERE, [old])
    gaps.know(HERE, [new])
    gaps.close(old)
    assert not gaps.caught_up(making.post())
    gaps.close(new)
    assert gaps.caught_up(making.post())


@given(st.integers(1, 90), st.integers(1, 90), st.booleans(), st.booleans())
def test_a_wider_gap_covers_both(first: int, second: int, one: bool, other: bool) -> None:  # noqa: FBT001
    gaps = Gaps()
    begun = Gap(make_channel(), SubjectId(0), SubjectId(first), 10, edits=one)
    gaps.know(HERE, [begun])
    gaps.widen(Gap(make_channel(), SubjectId(0), SubjectId(second), 10, edits=other))
    assert gaps.next(0.0) is begun
    assert (begun.until, begun.edits) == (max(first, second), one or other)


class Watched(RuleBasedStateMachine):
    """Sessions, outages and full queues in any order, checked against the invariants."""

    def __init__(self) -> None:
        super().__init__()
        self.gaps = Gaps()
        self.known = False
        self.behind = False

    @rule()
    def a_session_begins(self) -> None:
        self.gaps.begin()
        self.known = False

    @rule()
    def the_server_is_out(self) -> None:
        self.gaps.unavailable(HERE)
        self.known = False

    @rule(missing=st.booleans())
    def its_gaps_are_known(self, *, missing: bool) -> None:
        gap = Gap(make_channel(), SubjectId(1), SubjectId(9), 10, edits=False)
        self.gaps.know(HERE, [gap] if missing else [])
        self.known = True
        self.behind = self.behind or missing

    @rule()
    def the_queue_is_full(self) -> None:
        self.gaps.miss(making.post())
        self.behind = True

    @rule()
    def all_is_read(self) -> None:
        for channel, post in self.gaps.take_missed().items():
            found = gap_of(make_channel(channel=channel), {}, bounds(), post.subject_id)
            assert found is not None
            self.gaps.widen(found)
        while (gap := self.gaps.next(0.0)) is not None:
            self.gaps.close(gap)
        self.behind = False

    @invariant()
    def a_mark_rises_only_where_nothing_is_missing(self) -> None:
        assert self.gaps.caught_up(making.post()) == (self.known and not self.behind)
        assert bool(self.gaps) == self.behind


TestWatched = Watched.TestCase


def test_a_post_waiting_for_roles_holds_its_channels_watermark() -> None:
    gaps = Gaps()
    gaps.know(HERE)
    gaps.hold(CHANNEL)
    gaps.hold(CHANNEL)
    gaps.release(CHANNEL)
    assert not gaps.caught_up(making.post())
    assert gaps.caught_up(making.post(channel=4))
    gaps.release(CHANNEL)
    assert gaps.caught_up(making.post())
