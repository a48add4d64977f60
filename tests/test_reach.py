"""How much of the past reaches a threshold, and what a server's own thresholds would alert on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain import Kind, Past, Reason, edited
from bot.policy.example import example
from bot.policy.replay import Reach, reach
from bot.policy.rules import SERVER, Policy, decide
from bot.policy.thresholds import Thresholds
from tests import making

OFF = Thresholds()


def past(number: int, score: float, *, exempt: bool = False, at: int = 0) -> Past:
    made = making.decision(number)
    post = made.post
    if at:
        revision = edited(making.START.replace(minute=at))
        post = replace(post, id=making.case_id(number, revision=revision))
    return Past(replace(made, post=post, scores={"hate": score}, exempt=exempt), None)


def test_a_message_reaches_a_threshold_from_that_score_on() -> None:
    seen = [past(1, 0.2), past(2, 0.5), past(3, 0.8)]
    assert reach(seen, "hate", 0.5, 0.2) == Reach(2, 3, 0.8)
    assert reach(seen, "hate", 0.9, 0.2) == Reach(0, 3, 0.8)
    assert reach(seen, "hate", 0.9, 0.3) == Reach(0, 2, 0.8)
    assert reach(seen, "insult", 0.5, 0.2) == Reach(0, 0, None)
    assert reach([], "hate", 0.5, 0.2) == Reach(0, 0, None)


def test_an_edited_message_counts_once_by_its_highest_score() -> None:
    assert reach([past(1, 0.9), past(1, 0.4, at=5)], "hate", 0.5, 0.2) == Reach(1, 1, 0.9)


def test_exempt_messages_do_not_count() -> None:
    assert reach([past(1, 0.9, exempt=True), past(2, 0.3)], "hate", 0.5, 0.2) == Reach(0, 1, 0.3)


def test_an_example_is_over_its_own_threshold_and_nothing_else_is() -> None:
    policy = Policy({"hate": Thresholds(0.01), "insult": Thresholds(0.6, 0.7)})
    shown = example(policy, ["insult", "hate"])
    assert shown is not None
    scores, reason = shown
    assert reason == Reason(Kind.ALERT, "insult", 0.8, 0.6)
    assert scores == {"hate": 0.005, "insult": 0.8}
    decided = decide(policy, making.post(), scores, "m")
    assert decided.reason_for(Kind.ALERT) == reason


def test_an_example_follows_what_moderators_set() -> None:
    overrides = {SERVER: {("insult", Kind.ALERT): 0.9, ("hate", Kind.ALERT): None}}
    policy = Policy({"hate": Thresholds(0.5), "insult": Thresholds(0.5)}, overrides=overrides)
    shown = example(policy, ["insult", "hate"])
    assert shown is not None
    assert (shown[1].harm, shown[1].threshold) == ("insult", 0.9)
    assert shown[1].score == pytest.approx(0.95)


def test_a_class_that_is_only_deleted_is_an_example_too() -> None:
    shown = example(Policy({"insult": OFF, "hate": Thresholds(None, 0.8)}), ["insult", "hate"])
    assert shown is not None
    assert (shown[1].kind, shown[1].harm, shown[1].threshold) == (Kind.ALERT, "hate", 0.8)


def test_where_everything_is_off_there_is_no_example() -> None:
    assert example(Policy({"insult": OFF, "hate": OFF}), ["insult", "hate"]) is None
