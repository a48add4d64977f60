"""Numbers and settings as people read them."""

from __future__ import annotations

import pytest

from bot.domain import Kind, Reason
from bot.policy.entries import (
    ALERT_CHANNEL,
    EXEMPT_MODERATORS,
    LANGUAGE,
    MODE,
    PING_ROLE,
    PRESET,
    Value,
    allow_entry,
    exempt_entry,
    minutes_entry,
    threshold_entry,
)
from bot.policy.replay import Reach
from bot.policy.rules import SERVER, Policy
from bot.policy.thresholds import Thresholds
from bot.ui.discord.alert import rule_of
from bot.ui.discord.formatting import entry_step, side_by_side, step
from bot.ui.discord.previews import reach_line, rights_lines, threshold_lines
from bot.ui.words import table

ENGLISH = table("en")


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ((0.9, 0.57), ["0.90", "0.57"]),
        ((0.568, 0.57), ["0.568", "0.570"]),
        ((0.57, 0.57), ["0.57", "0.57"]),
        ((0.5704, 0.5701), ["0.5704", "0.5701"]),
        ((0.568, 0.57, 0.9), ["0.568", "0.570", "0.900"]),
        ((0.5,), ["0.50"]),
        ((0.5744,), ["0.57"]),
        ((0.575,), ["0.575"]),
        ((0.575, 0.9), ["0.575", "0.900"]),
        ((), []),
        ((0.5, 0.5 + 1e-9), ["0.500000", "0.500000"]),
    ],
)
def test_numbers_that_differ_never_look_equal(
    values: tuple[float, ...], written: list[str]
) -> None:
    assert side_by_side(*values) == written


def test_a_new_threshold_stands_beside_the_old_one() -> None:
    assert step(0.57, 0.9, ENGLISH) == "0.57 → **0.90**"
    assert step(0.57, 0.571, ENGLISH) == "0.570 → **0.571**"
    assert step(None, 0.9, ENGLISH) == "off → **0.90**"
    assert step(0.9, None, ENGLISH) == "0.90 → **off**"
    assert step(None, 0.575, ENGLISH) == "off → **0.575**"


def test_a_rule_tells_a_score_from_a_threshold_just_below() -> None:
    said = rule_of(Reason(Kind.ALERT, "insult", 0.5712, 0.57), ENGLISH)
    assert "0.571 ≥ 0.570" in said


@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        (
            threshold_entry(SERVER, "hate", Kind.ALERT),
            None,
            0.5,
            "hate · alert: preset → **0.50**",
        ),
        (
            threshold_entry(SERVER, "hate", Kind.ALERT),
            0.57,
            0.571,
            "hate · alert: 0.570 → **0.571**",
        ),
        (threshold_entry(SERVER, "hate", Kind.DELETE), "off", None, "delete: off → **preset**"),
        (minutes_entry(SERVER, "hate"), None, 20, "in minutes: inherit → **20**"),
        (ALERT_CHANNEL, None, 5, "alert channel: not set → **<#5>**"),
        (PING_ROLE, 6, None, "role to ping: <@&6> → **not set**"),
        (LANGUAGE, None, "de", "language of alerts: default → **Deutsch (German)**"),
        (MODE, None, "enforce", "mode: default → **enforce**"),
        (PRESET, None, "strict", "preset: default → **strict**"),
        (EXEMPT_MODERATORS, None, False, "moderators exempt: yes → **no**"),
        (exempt_entry("member", 7), None, True, "<@7> exempt: no → **yes**"),
        (allow_entry("damn"), True, None, "harmless phrase “damn”: yes → **no**"),
    ],
)
def test_every_setting_has_words_for_what_it_was_and_is(
    name: str, before: Value | None, after: Value | None, said: str
) -> None:
    assert entry_step(name, before, after, ENGLISH).endswith(said)


def test_thresholds_take_one_short_line_for_each_class() -> None:
    policy = Policy(
        {
            "hate": Thresholds(0.5, 0.8, 0.9),
            "insult": Thresholds(),
            "threat": Thresholds(0.571, 0.574),
        },
        minutes={(SERVER, "hate"): 60},
    )
    assert threshold_lines(policy, (), ENGLISH) == [
        "**hate**: alert 0.50 · delete 0.80 · time out 0.90 (1 h)",
        "**insult**: off",
        "**threat**: alert 0.571 · delete 0.574",
    ]


def test_every_permission_is_named_with_what_it_allows() -> None:
    lines = rights_lines(ENGLISH).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "**Manage Messages**",
        "**Timeout Members**",
        "**Manage Server**",
    ]


@pytest.mark.parametrize(
    ("reach", "said"),
    [
        (
            Reach(0, 40, 0.954),
            "⚠ No message reached 0.960 for insult. The highest score was 0.954.",
        ),
        (
            Reach(0, 40, 0.9596),
            "⚠ No message reached 0.9600 for insult. The highest score was 0.9596.",
        ),
        (Reach(1, 40, 0.97), "1 message reached 0.96 for insult. The highest score was 0.97."),
        (Reach(2, 40, 0.97), "2 messages reached 0.96 for insult. The highest score was 0.97."),
    ],
)
def test_what_reaches_a_threshold_is_said_with_the_highest_score(reach: Reach, said: str) -> None:
    assert reach_line(reach, "insult", 0.96, ENGLISH) == said


def test_too_little_history_is_called_that() -> None:
    assert reach_line(Reach(0, 0, None), "insult", 0.96, ENGLISH).startswith("There is no history")
    few = reach_line(Reach(0, 19, 0.9), "insult", 0.96, ENGLISH)
    assert few.startswith("⚠ No message reached 0.96")
    assert few.endswith(
        "\nThat is too little history to rely on: only 19 messages scored 0.2 or more."
    )
    assert "too little" not in reach_line(Reach(0, 20, 0.9), "insult", 0.96, ENGLISH)
