"""Which cases share an alert, and what counts as a refusal."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import (
    Case,
    ChannelId,
    GuildId,
    Kind,
    Outcome,
    Revision,
    Surface,
    failed,
)
from bot.enforcement.actuators import DONE, OBSERVED, Observing
from bot.enforcement.breaker import PAUSE_SECONDS, REFUSALS, Breaker
from bot.enforcement.grouping import (
    CHANNEL_WINDOW,
    LONGEST_OPEN,
    MEMBER_WINDOW,
    MOST_CHARACTERS,
    MOST_IN_ALERT,
    MOST_OPEN,
    OpenAlerts,
    numbered,
    text_key,
)
from bot.enforcement.raids import (
    MOST_SERVERS,
    RAID_AUTHORS,
    RAID_MESSAGES,
    RAID_WINDOW,
    Raids,
)
from tests import making

HERE, DESK = GuildId(2), ChannelId(30)
REFUSED = failed("failed.refused", reason="status 403")
NO_CHANNEL = failed("failed.no_channel")
ALL = (Kind.ALERT, Kind.DELETE, Kind.TIMEOUT)


def case(number: int, *kinds: Kind, **more: Any) -> Case:
    more.setdefault("text", f"text {number}")
    seconds = timedelta(seconds=more.pop("seconds", 0))
    made = making.decision(number, *(kinds or (Kind.ALERT,)), at=making.START + seconds, **more)
    return Case(made)


# ------------------------------------------------------------------ what shares an alert


@pytest.mark.parametrize(
    ("second", "together"),
    [
        ({"seconds": 30, "channel": 9}, True),
        ({"seconds": -30, "channel": 9}, True),
        ({"seconds": 30.001, "channel": 9}, False),
        ({"seconds": 0, "author": 5}, False),
        ({"guild": 7}, False),
        ({"seconds": 3_600, "channel": 9, "text": " TEXT  1"}, True),
        ({"seconds": 3_600, "channel": 9, "text": "text 3"}, False),
        ({"surface": Surface.TITLE}, False),
        ({"webhook": True}, False),
        ({"moderator": True}, False),
    ],
)
def test_which_message_joins_an_alert(second: dict[str, Any], *, together: bool) -> None:
    alerts = OpenAlerts()
    first = alerts.join(case(1), pings=False)
    assert (alerts.join(case(2, **second), pings=False) is first) is together
    assert len(alerts) == (1 if together else 2)


def test_the_windows_are_those_that_the_desk_page_names() -> None:
    assert (timedelta(seconds=30), timedelta(seconds=8)) == (MEMBER_WINDOW, CHANNEL_WINDOW)


def test_an_empty_text_is_not_the_same_text() -> None:
    alerts = OpenAlerts()
    first = alerts.join(case(1, text=""), pings=False)
    assert alerts.join(case(2, text="", seconds=3_600), pings=False) is not first


# ------------------------------------------------------------------ raids


def raided(last: float = 9, *, authors: int = 5, messages: int = 9, channel: int = 3) -> OpenAlerts:
    """Return the alerts of ``messages`` by ``authors`` people, one second apart."""
    alerts = OpenAlerts()
    for number in range(messages):
        seconds = last - messages + 1 + number
        alerts.join(
            case(100 + number, author=50 + number % authors, seconds=seconds, channel=channel),
            pings=False,
        )
    return alerts


@pytest.mark.parametrize(
    ("before", "second", "together"),
    [
        ({}, {}, True),
        ({"messages": 8}, {}, False),
        ({"authors": 4}, {}, True),  # the newcomer is the fifth
        ({"authors": 3}, {}, False),
        ({}, {"channel": 9}, False),
        ({}, {"seconds": 17}, True),
        ({}, {"seconds": 17.001}, False),
        ({}, {"seconds": 31.001}, False),  # the first of them was more than 30 seconds before
        ({}, {"guild": 7}, False),
        ({}, {"surface": Surface.TITLE}, False),
    ],
)
def test_messages_of_different_people_share_an_alert_only_in_a_raid(
    before: dict[str, Any], second: dict[str, Any], *, together: bool
) -> None:
    alerts = raided(**before)
    told = alerts.join(case(1, **({"author": 99, "seconds": 9} | second)), pings=False)
    assert (told.count > 1) is together


def test_a_raid_is_what_the_desk_page_says() -> None:
    assert (10, 5, timedelta(seconds=30)) == (RAID_MESSAGES, RAID_AUTHORS, RAID_WINDOW)


def test_a_retry_does_not_count_towards_a_raid() -> None:
    alerts = raided(messages=5)
    for _ in range(10):
        alerts.join(case(104, author=54, seconds=9), pings=False)
    assert alerts.join(case(1, author=99, seconds=9), pings=False).count == 1


def test_a_message_counts_once_towards_a_raid() -> None:
    alerts = OpenAlerts()
    for number in range(5):
        alerts.join(case(number, author=number), pings=False)
        alerts.close(case(number).id)
        again = alerts.join(case(number, author=number), pings=False)
    assert again.count == 1


def test_the_servers_that_were_quiet_longest_are_forgotten() -> None:
    raids = Raids()
    posts = [making.post(number, author=number % 5) for number in range(RAID_MESSAGES)]
    assert [raids.count(post) for post in posts] == [False] * 9 + [True]
    for guild in range(3, MOST_SERVERS + 2):
        raids.count(making.post(1, guild=guild))
    assert raids.count(posts[0])  # the one too many is still to come
    for guild in range(3, MOST_SERVERS + 3):
        raids.count(making.post(1, guild=guild))
    assert not raids.count(posts[0])


def test_after_a_raid_nobody_joins_an_alert_of_several_people() -> None:
    alerts = raided()
    crowd = alerts.join(case(1, author=99, seconds=9), pings=False)
    assert len(crowd.authors) == 2
    assert alerts.join(case(2, author=99, seconds=20, channel=9), pings=False) is not crowd


def test_a_window_counts_from_the_latest_message_even_where_one_comes_late() -> None:
    alerts = OpenAlerts()
    first = alerts.join(case(1, seconds=20), pings=False)
    assert alerts.join(case(2), pings=False) is first
    assert first.last_at == making.START + timedelta(seconds=20)
    assert alerts.join(case(3, seconds=50), pings=False) is first


@pytest.mark.parametrize(
    ("opened", "joins", "together"),
    [(False, False, True), (False, True, False), (True, True, True), (True, False, True)],
)
def test_a_ping_never_hides_in_an_alert_that_had_none(
    opened: bool,  # noqa: FBT001
    joins: bool,  # noqa: FBT001
    together: bool,  # noqa: FBT001
) -> None:
    alerts = OpenAlerts()
    first = alerts.join(case(1), pings=opened)
    assert first.pinged is opened
    assert (alerts.join(case(2), pings=joins) is first) is together


@pytest.mark.parametrize(
    ("lead", "joining", "together"),
    [
        ({Kind.DELETE: DONE}, {Kind.DELETE: DONE}, True),
        ({Kind.DELETE: DONE}, {Kind.DELETE: OBSERVED}, False),
        ({Kind.DELETE: DONE}, {}, False),
        ({}, {Kind.TIMEOUT: DONE}, False),
        ({Kind.ALERT: DONE}, {}, True),  # the outcome of alerting does not matter
    ],
)
def test_cases_of_one_alert_have_the_same_outcome(
    lead: dict[Kind, Outcome], joining: dict[Kind, Outcome], *, together: bool
) -> None:
    alerts = OpenAlerts()
    first = alerts.join(replace(case(1), outcomes=lead), pings=False)
    second = alerts.join(replace(case(2), outcomes=joining), pings=False)
    assert (second is first) is together


def test_an_alert_counts_each_message_once() -> None:
    alerts = OpenAlerts()
    first = alerts.join(case(1), pings=False)
    for number in (1, 2, 3, 4, 5, 6, 7, 3):
        assert alerts.join(case(number), pings=False) is first
    assert first.count == 7
    assert [each.subject for each in first.cases] == [1, 2, 3, 4, 5, 6, 7]
    assert first.authors == {4}
    assert first.texts == {text_key(case(number)) for number in range(1, 8)}


@pytest.mark.parametrize(("seconds", "left"), [(86_399, 3), (86_400, 2)])
def test_texts_leave_memory_a_day_after_the_last_message(seconds: int, left: int) -> None:
    alerts = OpenAlerts()
    first = alerts.join(case(1), pings=False)
    alerts.join(case(2, author=5, channel=9, seconds=60), pings=False)
    alerts.join(case(3, author=6, channel=10, seconds=seconds), pings=False)
    assert len(alerts) == left
    assert first.closed is (left == 2)
    assert timedelta(days=1) == LONGEST_OPEN


def test_an_alert_closes_a_day_after_its_last_message_in_whatever_order() -> None:
    alerts = OpenAlerts()
    first = alerts.join(case(1), pings=False)
    other = alerts.join(case(2, author=5), pings=False)
    for number, hours in ((3, 20), (4, 40)):
        alerts.join(case(number, seconds=hours * 3_600, text="text 1"), pings=False)
    assert (first.closed, other.closed) == (False, True)
    late = alerts.join(case(5, seconds=65 * 3_600, text="text 1"), pings=False)
    assert late is not first
    assert first.closed


def test_the_oldest_of_too_many_alerts_is_forgotten() -> None:
    alerts = OpenAlerts()
    for number in range(MOST_OPEN + 1):
        alerts.join(case(number, author=number, channel=number), pings=False)
    assert len(alerts) == MOST_OPEN == 1_000
    assert alerts.close(case(0).id) is None
    assert alerts.close(case(1).id) is not None


def test_the_oldest_texts_leave_memory_when_they_are_too_long_together() -> None:
    alerts, long = OpenAlerts(), "a" * (MOST_CHARACTERS // 4)
    for number in range(5):
        alerts.join(case(number, author=number, text=long + str(number)), pings=False)
    assert len(alerts) == 3  # four of them are a few characters too many
    alerts.join(case(9, author=9, text="a" * MOST_CHARACTERS * 2), pings=False)
    assert len(alerts) == 1  # the one at hand stays, whatever its length
    alerts.close(case(9).id)
    alerts.join(case(10, author=10), pings=False)
    alerts.join(case(11, author=11), pings=False)
    assert len(alerts) == 2


def test_an_alert_holds_a_thousand_messages() -> None:
    alerts = OpenAlerts()
    for number in range(MOST_IN_ALERT):
        first = alerts.join(case(number), pings=False)
    assert (first.count, MOST_IN_ALERT) == (1_000, 1_000)
    assert alerts.join(case(2_000), pings=False) is not first


def test_messages_are_numbered_as_discord_counts_them() -> None:
    late = [case(number) for number in (7, 3, 5)]
    edited_twice = [case(3, revision=Revision(f"e{at}")) for at in (2, 1)]
    assert [(each.id.subject, each.id.revision) for each in numbered([*late, *edited_twice])] == [
        (3, ""), (3, "e1"), (3, "e2"), (5, ""), (7, ""),
    ]  # fmt: skip


async def test_close_and_wait_lets_an_update_finish() -> None:
    alerts = OpenAlerts()
    first = alerts.join(case(1), pings=False)
    await first.showing.acquire()
    settling = asyncio.create_task(alerts.close_and_wait(first.lead.id))
    await asyncio.sleep(0)
    assert first.closed
    assert not settling.done()
    first.showing.release()
    await settling
    await alerts.close_and_wait(first.lead.id)  # a second call is harmless
    assert alerts.close(first.lead.id) is None
    assert alerts.join(case(2), pings=False) is not first


# ------------------------------------------------------------------ the breaker and the observer


def test_a_breaker_closes_after_its_pause_and_starts_counting_at_zero() -> None:
    now = 1.0
    breaker = Breaker(lambda: now)
    for _ in range(REFUSALS):
        assert not breaker.open()
        breaker.note([REFUSED])
    now += PAUSE_SECONDS - 0.001
    assert breaker.open()
    now += 0.001
    assert not breaker.open()
    for _ in range(REFUSALS):
        assert not breaker.open()
        breaker.note([REFUSED])
    assert breaker.open()
    assert (REFUSALS, PAUSE_SECONDS) == (5, 300)


def test_one_success_in_a_request_is_a_success() -> None:
    breaker = Breaker(lambda: 1.0)
    for _ in range(REFUSALS - 1):
        breaker.note([REFUSED])
    breaker.note([REFUSED, DONE])
    for _ in range(REFUSALS):
        assert not breaker.open()
        breaker.note([NO_CHANNEL, REFUSED])  # one refusal in a request is one, too
    assert breaker.open()


async def test_while_observing_every_case_is_observed() -> None:
    cases = [case(1), case(2)]
    assert await Observing().delete(cases) == [OBSERVED, OBSERVED]
    assert await Observing().time_out(cases) == [OBSERVED, OBSERVED]
