"""What the rules' docstrings state: a row of a table for each, beside pure functions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import (
    ChannelId,
    Decision,
    GuildId,
    Kind,
    Mode,
    Note,
    RoleId,
    Surface,
    UserId,
)
from bot.policy.book import PolicyBook
from bot.policy.entries import (
    EXEMPT_MODERATORS,
    Defaults,
    Entries,
    Value,
    allow_entry,
    applied,
    exempt_entry,
    minutes_entry,
    threshold_entry,
)
from bot.policy.phrases import LONGEST_PHRASE, MOST_PHRASES, Phrases
from bot.policy.rules import SERVER, Key, Policy, Scopes, decide, further, scopes_of
from bot.policy.thresholds import LONGEST_TIMEOUT, SettingError, Thresholds
from tests import making

CHANNEL, FORUM, CATEGORY = ChannelId(10), ChannelId(20), ChannelId(30)
POST = making.post(channel=10, parent_id=FORUM, category_id=CATEGORY)
SCORED = {"hate": 0.9, "insult": 0.6}
RULES = Policy({"hate": Thresholds(0.5, 0.8, 0.85)})
DEFAULTS = Defaults({"balanced": {"hate": Thresholds(0.5, 0.8, 0.9)}, "strict": {}}, minutes=25)


def nothing_above(scope: ChannelId) -> Scopes:
    return (scope,)


def due(decision: Decision) -> set[Kind]:
    return {reason.kind for reason in decision.reasons}


# ------------------------------------------------------------------ deciding


@pytest.mark.parametrize(
    ("limits", "leads"),
    [
        ({"hate": 0.89, "insult": 0.2}, "insult"),
        ({"hate": 0.3, "insult": 0.59}, "hate"),
        ({"hate": 0.4, "insult": 0.1}, "hate"),  # by as much as the other: the first one
    ],
)
def test_the_class_that_exceeds_its_threshold_by_most_leads(
    limits: dict[str, float], leads: str
) -> None:
    scored = {"hate": 1.0, "insult": 0.7} if limits["hate"] == 0.4 else SCORED
    policy = Policy({harm: Thresholds(alert=limit) for harm, limit in limits.items()})
    (reason,) = decide(policy, POST, scored, "m").reasons
    assert reason.harm == leads


def test_a_score_that_just_reaches_its_threshold_is_enough() -> None:
    policy = Policy({"hate": Thresholds(alert=0.9)})
    assert due(decide(policy, POST, SCORED, "m")) == {Kind.ALERT}
    assert not decide(policy, POST, {"hate": 0.8999}, "m").reasons


EVERYTHING = {Kind.ALERT, Kind.DELETE, Kind.TIMEOUT}


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({}, EVERYTHING),
        ({"moderator": True}, EVERYTHING - {Kind.TIMEOUT}),
        ({"webhook": True}, EVERYTHING - {Kind.TIMEOUT}),
        ({"roles_known": False}, {Kind.ALERT}),
        ({"id": making.case_id(surface=Surface.TITLE)}, {Kind.ALERT}),
        ({"id": making.case_id(surface=Surface.NICKNAME)}, {Kind.ALERT}),
    ],
)
def test_what_may_be_done_about_whose_post(changes: dict[str, Any], kinds: set[Kind]) -> None:
    policy = replace(RULES, moderators_exempt=False)
    assert due(decide(policy, replace(POST, **changes), SCORED, "m")) == kinds


@pytest.mark.parametrize(
    ("thresholds", "cause"), [(Thresholds(delete=0.7), 0.7), (Thresholds(timeout=0.6), 0.6)]
)
def test_nothing_is_done_without_an_alert_that_names_the_same_cause(
    thresholds: Thresholds, cause: float
) -> None:
    decision = decide(Policy({"hate": thresholds}), POST, SCORED, "m")
    alert = decision.reason_for(Kind.ALERT)
    assert alert is not None
    assert (alert.harm, alert.score, alert.threshold, alert.minutes) == ("hate", 0.9, cause, 0)


def test_an_alert_that_is_off_names_the_gravest_cause() -> None:
    policy = Policy({"hate": Thresholds(delete=0.7), "insult": Thresholds(timeout=0.55)})
    decision = decide(policy, POST, SCORED, "m")
    alert = decision.reason_for(Kind.ALERT)
    assert alert is not None
    assert alert.harm == "insult"
    assert [reason.kind for reason in decision.reasons] == list(Kind)


def test_a_decision_says_in_which_mode_it_was_made() -> None:
    for mode in Mode:
        assert decide(replace(RULES, mode=mode), POST, SCORED, "m").mode is mode
        assert replace(RULES, mode=mode).enforcing is (mode is Mode.ENFORCE)
        exempt = replace(RULES, mode=mode, exempt_members=frozenset({POST.author_id}))
        assert decide(exempt, POST, SCORED, "m").mode is mode


@pytest.mark.parametrize(
    ("had", "edit", "left"),
    [
        (set(), {Kind.ALERT}, {Kind.ALERT}),
        ({Kind.ALERT}, {Kind.ALERT}, set()),
        ({Kind.ALERT}, {Kind.ALERT, Kind.DELETE}, {Kind.ALERT, Kind.DELETE}),
        ({Kind.ALERT, Kind.DELETE}, {Kind.ALERT}, set()),
    ],
)
def test_an_edit_acts_only_where_it_calls_for_something_new(
    had: set[Kind], edit: set[Kind], left: set[Kind]
) -> None:
    known = set(had)
    assert due(further(making.decision(1, *edit), known)) == left
    assert known == had | edit


# ------------------------------------------------------------------ scopes


@pytest.mark.parametrize(
    ("set_in", "decides"),
    [
        ((CHANNEL, FORUM, CATEGORY, SERVER), CHANNEL),
        ((FORUM, CATEGORY, SERVER), FORUM),
        ((CATEGORY, SERVER), CATEGORY),
        ((SERVER,), SERVER),
    ],
)
def test_a_channel_comes_before_its_forum_and_that_before_its_category(
    set_in: tuple[ChannelId, ...], decides: ChannelId
) -> None:
    values: dict[ChannelId, dict[Key, float | None]] = {}
    for scope in set_in:
        values[scope] = {("hate", Kind.ALERT): 0.1 + scope / 1_000}
    minutes = {(scope, "hate"): 100 + scope for scope in set_in}
    policy = Policy({"hate": Thresholds(0.5, None, 0.9)}, overrides=values, minutes=minutes)
    limits = {kind: rest for kind, *rest in policy.limits(POST)}
    assert limits[Kind.ALERT] == ["hate", 0.1 + decides / 1_000, decides, 0]
    # Its length comes with a time-out, even where the threshold is the preset's.
    assert policy.table(scopes_of(POST))["hate", Kind.TIMEOUT].minutes == 100 + decides
    assert decide(policy, POST, {"hate": 0.2}, "m").reasons[0].scope_id == decides


def test_never_in_a_channel_is_an_answer_and_is_not_inherited() -> None:
    alert = ("hate", Kind.ALERT)
    off: dict[ChannelId, dict[Key, float | None]] = {CHANNEL: {alert: None}, SERVER: {alert: 0.1}}
    policy = Policy({"hate": Thresholds(alert=0.5)}, overrides=off)
    assert decide(policy, POST, SCORED, "m").reasons == ()
    elsewhere = replace(POST, channel_id=ChannelId(11))
    assert due(decide(policy, elsewhere, SCORED, "m")) == {Kind.ALERT}


def test_a_time_out_without_a_length_of_its_own_has_the_servers_default() -> None:
    policy = replace(RULES, default_minutes=17)
    reason = decide(policy, POST, SCORED, "m").reason_for(Kind.TIMEOUT)
    assert reason is not None
    assert reason.minutes == 17
    assert Policy({"hate": Thresholds()}).table()["hate", Kind.TIMEOUT].minutes == 10


@pytest.mark.parametrize(
    ("changes", "exempt"),
    [
        ({"exempt_members": frozenset({POST.author_id})}, True),
        ({"exempt_members": frozenset({UserId(99)})}, False),
        ({"exempt_roles": frozenset({RoleId(7)})}, True),
        ({"exempt_roles": frozenset({RoleId(6)})}, False),
        ({"exempt_channels": frozenset({CHANNEL})}, True),
        ({"exempt_channels": frozenset({FORUM})}, True),
        ({"exempt_channels": frozenset({CATEGORY})}, True),
        ({"exempt_channels": frozenset({ChannelId(99)})}, False),
        ({}, False),
    ],
)
def test_who_and_where_is_exempt(changes: dict[str, Any], *, exempt: bool) -> None:
    post = replace(POST, role_ids=(RoleId(7), RoleId(8)))
    decision = decide(replace(RULES, **changes), post, SCORED, "m")
    assert decision.exempt is exempt
    assert (decision.reasons == ()) is exempt


@pytest.mark.parametrize(("moderator", "rule", "exempt"), [(1, 1, 1), (1, 0, 0), (0, 1, 0)])
def test_moderators_are_exempt_unless_the_server_wants_otherwise(
    moderator: int, rule: int, exempt: int
) -> None:
    policy = replace(RULES, moderators_exempt=bool(rule))
    assert policy.exempts(replace(POST, moderator=bool(moderator))) == bool(exempt)
    assert Policy().moderators_exempt


# ------------------------------------------------------------------ entries


def test_what_a_server_sets_becomes_its_policy() -> None:
    entries: Entries = {
        "alerts.channel": 70,
        "alerts.ping_role": 71,
        "alerts.ping_above": 0.75,
        "alerts.language": "de",
        "mode": "enforce",
        EXEMPT_MODERATORS: False,
        exempt_entry("role", 1): True,
        exempt_entry("channel", 2): True,
        exempt_entry("member", 3): True,
        minutes_entry(CHANNEL, "hate"): 60,
        threshold_entry(CHANNEL, "hate", Kind.DELETE): "off",
        threshold_entry(SERVER, "hate", Kind.ALERT): 0.25,
        allow_entry("  Bloody   HELL "): True,
    }
    policy = DEFAULTS.policy(entries)
    assert policy == Policy(
        defaults=DEFAULTS.presets["balanced"],
        overrides={CHANNEL: {("hate", Kind.DELETE): None}, SERVER: {("hate", Kind.ALERT): 0.25}},
        minutes={(CHANNEL, "hate"): 60},
        default_minutes=25,
        mode=Mode.ENFORCE,
        alert_channel_id=ChannelId(70),
        ping_role_id=RoleId(71),
        ping_above=0.75,
        language="de",
        moderators_exempt=False,
        exempt_roles=frozenset({RoleId(1)}),
        exempt_channels=frozenset({ChannelId(2)}),
        exempt_members=frozenset({UserId(3)}),
        phrases=Phrases(["bloody hell"]),
    )
    fresh = DEFAULTS.policy()
    assert fresh == Policy(DEFAULTS.presets["balanced"], default_minutes=25)
    assert (fresh.ping_above, fresh.moderators_exempt, fresh.mode) == (0.9, True, Mode.OBSERVE)


@pytest.mark.parametrize(
    ("name", "preset"), [("strict", "strict"), ("balanced", "balanced"), ("gone", "balanced")]
)
def test_a_preset_that_is_no_longer_there_is_the_operators(name: str, preset: str) -> None:
    assert DEFAULTS.policy({"preset": name}).defaults == DEFAULTS.presets[preset]


def test_a_class_that_the_model_no_longer_has_is_passed_over() -> None:
    policy = DEFAULTS.policy({threshold_entry(SERVER, "spam", Kind.ALERT): 0.1})
    assert policy.overrides == {}
    assert due(decide(policy, POST, {"hate": 0.1, "spam": 1.0}, "m")) == set()


@pytest.mark.parametrize(
    ("name", "value", "key"),
    [
        ("minutes.0.hate", 0, "error.minutes"),
        ("minutes.0.hate", 1, None),
        ("minutes.0.hate", LONGEST_TIMEOUT, None),
        ("minutes.0.hate", LONGEST_TIMEOUT + 1, "error.minutes"),
        ("threshold.0.hate.alert", 1.5, "error.range"),
        ("threshold.0.hate.alert", 0, None),
        ("threshold.0.hate.timeout", 1, None),
        ("threshold.0.hate.delete", "off", None),
        ("threshold.0.hate.delete", 0.4, "error.below_alert"),
        ("threshold.0.hate.delete", 0.5, None),
        ("threshold.10.hate.delete", 0.4, "error.in_channel"),
        ("threshold.10.hate.alert", 1.5, "error.range"),
        ("threshold.0.spam.alert", -0.5, "error.range"),  # of a class that is no longer there
    ],
)
def test_which_values_make_no_sense(name: str, value: Value, key: str | None) -> None:
    if key is None:
        assert DEFAULTS.changed({}, {name: value}, nothing_above) == {name: value}
        return
    with pytest.raises(SettingError) as refused:
        DEFAULTS.changed({}, {name: value}, nothing_above)
    assert refused.value.note.key == key


def test_the_longest_time_out_is_discords_28_days() -> None:
    assert timedelta(minutes=LONGEST_TIMEOUT) == timedelta(days=28)


def test_a_contradiction_names_its_channel_and_both_thresholds() -> None:
    with pytest.raises(SettingError) as refused:
        DEFAULTS.changed({}, {threshold_entry(CHANNEL, "hate", Kind.DELETE): 0.4}, nothing_above)
    values = {"channel": "<#10>", "action": Kind.DELETE, "value": "0.4"}
    values |= {"alert_action": Kind.ALERT, "alert": "0.5"}
    assert refused.value.note == Note("error.in_channel", values)


def test_a_channel_is_checked_against_what_it_inherits() -> None:
    inherited = {threshold_entry(CATEGORY, "hate", Kind.ALERT): 0.7}
    delete = {threshold_entry(CHANNEL, "hate", Kind.DELETE): 0.6}
    DEFAULTS.changed(inherited, delete, nothing_above)
    with pytest.raises(SettingError):
        DEFAULTS.changed(inherited, delete, lambda scope: (scope, FORUM, CATEGORY))


def test_a_contradiction_from_before_does_not_stand_in_the_way_and_a_new_one_does() -> None:
    old = {threshold_entry(SERVER, "hate", Kind.DELETE): 0.3}  # its alert is at 0.5 by now
    assert DEFAULTS.changed(old, {"mode": "enforce"}, nothing_above)["mode"] == "enforce"
    with pytest.raises(SettingError):
        DEFAULTS.changed(old, {threshold_entry(SERVER, "hate", Kind.DELETE): 0.2}, nothing_above)


def test_a_server_has_at_most_so_many_phrases_of_such_a_length() -> None:
    full: dict[str, Value] = {allow_entry(f"phrase {n}"): True for n in range(MOST_PHRASES - 1)}
    full = DEFAULTS.changed(full, {allow_entry("the last one"): True}, nothing_above)
    with pytest.raises(SettingError, match=r"error\.phrases"):
        DEFAULTS.changed(full, {allow_entry("one more"): True}, nothing_above)
    assert allow_entry("a" * LONGEST_PHRASE) == "allow." + "a" * LONGEST_PHRASE
    for phrase in ("", "  ", "a" * (LONGEST_PHRASE + 1)):
        with pytest.raises(SettingError, match=r"error\.phrase"):
            allow_entry(phrase)


def test_none_takes_an_entry_away() -> None:
    assert applied({"a": 1, "b": 2}, {"a": None, "c": 3, "d": None}) == {"b": 2, "c": 3}


def test_a_server_that_is_forgotten_has_the_defaults_again() -> None:
    book = PolicyBook(DEFAULTS)
    book.put(GuildId(7), {"mode": "enforce"})
    book.put(GuildId(8), {"mode": "enforce"})
    assert book.entries(GuildId(7)) == {"mode": "enforce"}
    book.forget(GuildId(7))
    book.forget(GuildId(9))
    assert (book.of(GuildId(7)), book.entries(GuildId(7))) == (DEFAULTS.policy(), {})
    assert book.of(GuildId(8)).enforcing
