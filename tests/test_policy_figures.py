"""What previews and verdicts count, and which phrases are left out: tables beside pure functions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import Judgement, Kind, Past, Post, Revision, Surface, UserId, Verdict
from bot.policy.phrases import LONGEST_PHRASE, MOST_PHRASES, Phrases, normal
from bot.policy.precision import FEWEST, precision_at, suggest, wilson
from bot.policy.replay import Judged, compare, tally
from bot.policy.rules import Policy
from bot.policy.thresholds import Thresholds
from tests import making

RIGHT, WRONG, MISSED = Judgement.RIGHT, Judgement.FALSE_POSITIVE, Judgement.MISSED
ALERTS = Policy({"hate": Thresholds(alert=0.5)})
DELETES = Policy({"hate": Thresholds(0.5, 0.8)})


def past(
    subject: int,
    score: float,
    said: Judgement | None = None,
    *,
    days: int = 0,
    exempt: bool = False,
    revision: str = "",
) -> Past:
    made = making.decision(subject, revision=Revision(revision))
    post = replace(made.post, created_at=making.START + timedelta(days=days))
    return Past(replace(made, post=post, scores={"hate": score}, exempt=exempt), said)


def verdict(score: float, said: Judgement, harm: str = "hate") -> Verdict:
    decision = replace(making.decision(), scores={"hate": score})
    return Verdict(decision, harm, said, UserId(9), making.START)


# ------------------------------------------------------------------ previews


def test_actions_are_counted_on_the_day_their_message_was_written() -> None:
    counted, judged = tally([past(1, 0.9), past(2, 0.6, days=1), past(3, 0.1)], DELETES)
    day = making.START.date()
    assert counted.days == {
        day: {Kind.ALERT: 1, Kind.DELETE: 1},
        day + timedelta(days=1): {Kind.ALERT: 1},
    }
    assert (counted.total(Kind.ALERT), counted.total(Kind.DELETE)) == (2, 1)
    assert counted.total(Kind.TIMEOUT) == 0
    assert judged == Judged(unjudged=1)


@pytest.mark.parametrize(
    ("said", "judged"),
    [
        (RIGHT, Judged(right=1)),
        (MISSED, Judged(right=1)),
        (WRONG, Judged(wrong=1)),
        (None, Judged(unjudged=1)),
    ],
)
def test_what_was_said_counts_where_more_than_an_alert_was_due(
    said: Judgement | None, judged: Judged
) -> None:
    assert tally([past(1, 0.9, said)], DELETES)[1] == judged
    assert judged.total == 1
    assert tally([past(1, 0.7, said)], DELETES)[1] == Judged()


def test_an_edit_counts_once_and_the_latest_verdict_on_its_message_stands() -> None:
    both = [past(1, 0.9, WRONG), past(1, 0.9, revision="e0000000000000001")]
    counted, judged = tally(both, DELETES)
    assert (counted.total(Kind.DELETE), judged) == (1, Judged(wrong=1))
    again = [*both, past(1, 0.9, RIGHT, revision="e0000000000000002")]
    assert tally(again, DELETES)[1] == Judged(right=1)


def test_a_name_is_no_edit_of_another_name() -> None:
    names = [past(1, 0.9), past(1, 0.9, revision="t2")]
    titles = [
        replace(each, decision=replace(each.decision, post=titled(each.decision.post)))
        for each in names
    ]
    assert tally(titles, ALERTS)[0].total(Kind.ALERT) == 2


def titled(post: Post) -> Post:
    return replace(post, id=post.id._replace(surface=Surface.TITLE))


def test_what_was_exempt_stays_exempt_in_a_preview() -> None:
    assert tally([past(1, 0.9, exempt=True)], DELETES)[0].days == {}


@pytest.mark.parametrize(
    ("kind", "only_new", "only_now"),
    [(Kind.DELETE, Judged(wrong=1), Judged()), (Kind.ALERT, Judged(), Judged(right=1))],
)
def test_a_comparison_names_what_only_one_of_both_does(
    kind: Kind, only_new: Judged, only_now: Judged
) -> None:
    seen = [past(1, 0.95, WRONG), past(2, 0.55, RIGHT), past(3, 0.1)]
    stricter = Policy({"hate": Thresholds(0.6, 0.9)})
    found = compare(seen, ALERTS, stricter, kind)
    assert (found.only_new, found.only_now) == (only_new, only_now)
    assert (found.now.total(kind), found.new.total(kind)) == (
        (0, 1) if kind is Kind.DELETE else (2, 1)
    )
    turned = compare(seen, stricter, ALERTS, kind)
    assert (turned.only_new, turned.only_now) == (only_now, only_new)


# ------------------------------------------------------------------ verdicts


def test_a_precision_counts_one_class_at_or_above_a_score() -> None:
    given = [
        verdict(0.5, RIGHT),
        verdict(0.5, WRONG),
        verdict(0.9, MISSED),
        verdict(0.49, WRONG),
        verdict(0.9, WRONG, "insult"),
    ]
    found = precision_at(given, "hate", 0.5)
    assert found is not None
    assert (found.threshold, found.judged, found.right) == (0.5, 3, 2)
    assert found.share == pytest.approx(2 / 3)
    assert (found.low, found.high) == wilson(2, 3)
    assert precision_at(given, "threat") is None
    assert precision_at(given, "hate", 0.91) is None


def test_a_verdict_on_a_class_without_a_score_counts_nowhere() -> None:
    scoreless = replace(verdict(0.5, RIGHT), harm="threat")
    assert precision_at([scoreless], "threat") is None
    assert suggest([scoreless] * FEWEST, "threat", 0.1) is None


@pytest.mark.parametrize(
    ("right", "judged", "low", "high"),
    [(0, 20, 0.0, 0.161), (20, 20, 0.839, 1.0), (10, 20, 0.299, 0.701), (19, 20, 0.764, 0.991)],
)
def test_the_interval_is_that_of_the_tables(
    right: int, judged: int, low: float, high: float
) -> None:
    assert wilson(right, judged) == pytest.approx((low, high), abs=0.001)


def test_the_lowest_score_is_suggested_from_which_verdicts_are_right_often_enough() -> None:
    given = [verdict(0.6, WRONG)] * 5 + [verdict(0.7, RIGHT)] * 20
    for wished, threshold, share in ((0.8, 0.6, 0.8), (0.9, 0.7, 1.0)):
        found = suggest(given, "hate", wished)
        assert found is not None
        assert (found.threshold, found.share) == (threshold, share)


def test_of_several_scores_that_are_right_often_enough_the_lowest_is_suggested() -> None:
    given = [verdict(score / 100, RIGHT) for score in range(50, 90, 5)] * FEWEST
    found = suggest(given, "hate", 0.9)
    assert found is not None
    assert found.threshold == 0.5


def test_a_suggestion_has_two_decimals_and_is_never_below_the_score() -> None:
    found = suggest([verdict(0.605, RIGHT)] * 5 + [verdict(0.7, RIGHT)] * 20, "hate", 0.8)
    assert found is not None
    assert (found.threshold, found.judged) == (0.61, 20)


def test_too_few_verdicts_suggest_nothing() -> None:
    assert suggest([verdict(0.7, RIGHT)] * (FEWEST - 1), "hate", 0.1) is None
    assert suggest([verdict(0.7, RIGHT)] * FEWEST, "hate", 0.1) is not None
    assert suggest([verdict(0.7, WRONG)] * FEWEST, "hate", 0.1) is None
    assert suggest([], "hate", 0.1) is None


def test_what_was_missed_below_suggests_no_score_of_its_own() -> None:
    given = [verdict(0.2, MISSED)] * 30 + [verdict(0.7, RIGHT)] * 20
    found = suggest(given, "hate", 0.9)
    assert found is not None
    assert found.threshold == 0.7


# ------------------------------------------------------------------ phrases


@pytest.mark.parametrize(
    ("phrases", "text", "left"),
    [
        (["kill it"], "you KILL   it now", "you   now"),
        (["kill"], "killer skill", "killer skill"),
        (["bloody", "bloody hell"], "bloody hell", " "),
        (["a.c"], "abc", "abc"),
        ([], "anything", "anything"),
    ],
)
def test_what_phrases_leave_of_a_text(phrases: list[str], text: str, left: str) -> None:
    assert Phrases(phrases).without(text) == left


def test_equal_sets_of_phrases_are_equal_values() -> None:
    one, other = Phrases(["b", "a", "a"]), Phrases(["a", "b"])
    assert one == other
    assert hash(one) == hash(other)
    assert one.all == ("a", "b")
    assert one != Phrases(["a"])
    assert one != ("a", "b")
    assert (LONGEST_PHRASE, MOST_PHRASES) == (100, 200)
    assert normal("  Bloody \n HELL ") == "bloody hell"
