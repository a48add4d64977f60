from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Decision, Kind, Post
from bot.policy.book import PolicyBook
from bot.policy.thresholds import Policy, ThresholdError, Thresholds, decide
from model.classes import CLASSES, HARMS

POST = Post(1, 2, 3, 4, datetime(2026, 1, 1, tzinfo=UTC), "text")
probability = st.floats(0, 1)
maybe = st.none() | probability


@st.composite
def thresholds(draw: st.DrawFn) -> Thresholds:
    alert, delete = draw(maybe), draw(maybe)
    if alert is not None and delete is not None:
        alert, delete = sorted((alert, delete))
    return Thresholds(alert, delete)


policies = st.fixed_dictionaries({harm: thresholds() for harm in HARMS}).map(Policy)
scores = st.fixed_dictionaries(dict.fromkeys(CLASSES, probability))


def kinds(decision: Decision) -> set[Kind]:
    return {reason.kind for reason in decision.reasons}


@given(policies, scores)
def test_each_reason_reached_its_threshold(policy: Policy, scored: dict[str, float]) -> None:
    for reason in decide(policy, POST, scored, "m").reasons:
        assert reason.score == scored[reason.harm] >= reason.threshold


@given(policies, scores)
def test_an_action_is_due_exactly_where_a_threshold_is_reached(
    policy: Policy, scored: dict[str, float]
) -> None:
    due = {
        kind
        for kind in Kind
        for harm, limits in policy.thresholds.items()
        if (limit := limits.of(kind)) is not None and scored[harm] >= limit
    }
    if Kind.DELETE in due:
        due.add(Kind.ALERT)  # nothing disappears without a moderator being told
    assert kinds(decide(policy, POST, scored, "m")) == due


@given(policies, scores, st.sampled_from(HARMS), probability)
def test_a_higher_score_never_leads_to_less(
    policy: Policy, scored: dict[str, float], harm: str, more: float
) -> None:
    raised = scored | {harm: max(scored[harm], more)}
    before, after = decide(policy, POST, scored, "m"), decide(policy, POST, raised, "m")
    assert kinds(before) <= kinds(after)


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), float("inf")])
def test_a_threshold_lies_between_0_and_1(value: float) -> None:
    with pytest.raises(ThresholdError, match="between 0 and 1"):
        Thresholds(alert=value)


def test_deleting_below_alerting_is_refused() -> None:
    with pytest.raises(ThresholdError, match=r"delete \(0.4\) is below alert \(0.5\)"):
        Thresholds(alert=0.5).changed(Kind.DELETE, 0.4)


def test_the_book_lays_a_servers_values_over_the_defaults() -> None:
    book = PolicyBook({harm: Thresholds(0.5, 0.9) for harm in HARMS})
    book.load({7: 70}, {7: {("hate", Kind.ALERT): 0.2, ("hate", Kind.DELETE): None}})
    assert book.of(7).thresholds["hate"] == Thresholds(0.2, None)
    assert book.of(7).alert_channel_id == 70
    assert book.of(7).thresholds["insult"] == Thresholds(0.5, 0.9)
    assert book.of(8) == Policy(book.defaults)
