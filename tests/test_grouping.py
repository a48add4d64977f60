"""Messages that belong together share one alert, against alert fatigue."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import Case, Decision, Kind, Outcome, Reason, Status
from bot.enforcement.grouping import MOST_OPEN, OpenAlerts
from tests import making
from tests.world import BORDERLINE, HATEFUL, World

START = making.START
OTHER_INSULT = "you are such a stupid idiot"


def case(
    number: int,
    *kinds: Kind,
    author: int = 4,
    channel: int = 3,
    seconds: float = 0,
    text: str = "",
) -> Case:
    at = START + timedelta(seconds=seconds)
    post = making.post(number, channel=channel, author=author, at=at, text=text or f"text {number}")
    reasons = tuple(Reason(kind, "hate", 0.9, 0.5) for kind in (kinds or (Kind.ALERT,)))
    return Case(Decision(post, {"hate": 0.9}, "m", reasons))


def lead_of(alerts: OpenAlerts, joining: Case, *, pings: bool = False) -> int:
    return alerts.join(joining, pings=pings).lead.id.subject


@pytest.mark.parametrize(
    ("second", "together"),
    [
        (case(2, seconds=29, channel=9), True),
        (case(2, seconds=31), False),
        (case(2, author=5, seconds=1), False),
        (case(2, seconds=86_399, text="  Text 1 "), True),
        (case(2, seconds=86_400, text="  Text 1 "), False),
        (case(2, author=5, seconds=86_400, text="text 1"), False),
        (replace(case(2, seconds=1), outcomes={Kind.DELETE: Outcome(Status.DONE)}), False),
        (replace(case(2, seconds=1), outcomes={Kind.DELETE: Outcome(Status.FAILED)}), False),
    ],
)
def test_which_cases_share_an_alert(second: Case, *, together: bool) -> None:
    alerts = OpenAlerts()
    lead_of(alerts, case(1))
    assert (lead_of(alerts, second) == 1) is together


def test_a_series_keeps_its_alert_open_and_the_count_is_right_after_a_retry() -> None:
    alerts = OpenAlerts()
    for number in range(1, 21):
        lead_of(alerts, case(number, seconds=20 * number))
    alert = alerts.join(case(20, seconds=400), pings=False)
    assert alert.count == 20
    assert [told.subject for told in alert.cases] == list(range(1, 21))


def test_a_case_with_a_ping_never_joins_an_alert_without_one() -> None:
    alerts = OpenAlerts()
    lead_of(alerts, case(1))
    assert lead_of(alerts, case(2, seconds=1), pings=True) == 2
    assert lead_of(alerts, case(3, seconds=2)) == 2


def test_a_closed_alert_is_not_joined() -> None:
    alerts = OpenAlerts()
    lead_of(alerts, case(1))
    alerts.close(case(1).id)
    assert lead_of(alerts, case(2, text="text 1")) == 2


def test_memory_is_bounded() -> None:
    alerts = OpenAlerts()
    for number in range(MOST_OPEN + 50):
        lead_of(alerts, case(number, author=number, channel=number))
    assert len(alerts) == MOST_OPEN


async def test_one_member_gets_one_alert_and_two_members_get_two(world: World) -> None:
    await world.choose_desk()
    await world.member.send(world.general, BORDERLINE)
    await world.member.send(world.general, OTHER_INSULT)
    second = world.guild.add_member(world.env.create_user("kim"))
    await second.send(world.general, BORDERLINE)
    await world.app.drained()
    first, other = world.alerts
    assert (first.title or "").endswith("2 ×")
    shown = str(first.to_dict())
    assert "1 more message" in shown
    assert "idiot" in shown
    assert "kim" not in shown
    assert "kim" in str(other.to_dict())


async def test_a_repeated_text_gets_a_new_alert_only_after_the_first_was_handled(
    world: World,
) -> None:
    await world.choose_desk()
    await world.say(BORDERLINE)
    await world.say(BORDERLINE.upper())
    assert len(world.alerts) == 1
    await world.moderator.click(world.alert, label="Right call")
    await world.say(BORDERLINE)
    assert len(world.alerts) == 2


async def test_messages_deleted_in_a_row_share_an_alert(world: World) -> None:
    await world.choose_desk()
    for number in range(5):
        await world.member.send(world.general, f"{HATEFUL} {number}")
    await world.app.drained()
    assert world.texts() == []
    (alert,) = world.alerts
    assert (alert.title or "").startswith("Deleted")
    assert (alert.title or "").endswith("5 ×")


async def test_messages_after_a_removed_alert_get_a_new_one(world: World) -> None:
    await world.choose_desk()
    await world.member.send(world.general, BORDERLINE)
    await world.app.drained()
    await world.alert.delete()
    await world.member.send(world.general, OTHER_INSULT)
    await world.app.drained()
    (alert,) = world.alerts
    assert "idiot" in str(alert.to_dict())
    assert "garbage" not in str(alert.to_dict())


def test_a_retry_finds_its_own_alert_whatever_has_joined_it_since() -> None:
    """Without its text, as after a restart, only its id shows which alert it belongs to."""
    alerts = OpenAlerts()
    first = case(1)
    first = replace(
        first, decision=replace(first.decision, post=replace(first.decision.post, text=""))
    )
    alert = alerts.join(first, pings=False)
    for number, seconds in ((2, 29), (3, 58)):
        assert alerts.join(case(number, seconds=seconds), pings=False) is alert
    assert alerts.join(first, pings=False) is alert
    assert len(alerts) == 1
