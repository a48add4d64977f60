from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import ChannelId, Decision, GuildId, Judgement, Kind, Past, Revision
from bot.policy.book import PolicyBook
from bot.policy.entries import EXEMPT_MODERATORS, Defaults, exempt_entry, threshold_entry
from bot.policy.phrases import Phrases
from bot.policy.precision import wilson
from bot.policy.replay import compare
from bot.policy.rules import SERVER, Policy, decide
from bot.policy.thresholds import SettingError, Thresholds
from model.classes import CLASSES, HARMS
from tests import making

POST = making.post()
probability = st.floats(0, 1)


@st.composite
def thresholds(draw: st.DrawFn) -> Thresholds:
    values = sorted(draw(st.lists(probability, min_size=3, max_size=3)))
    alert, delete, timeout = (value if draw(st.booleans()) else None for value in values)
    return Thresholds(alert, delete, timeout)


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
        for harm, limits in policy.defaults.items()
        if (limit := limits.of(kind)) is not None and scored[harm] >= limit
    }
    if due:
        due.add(Kind.ALERT)  # nothing happens without a moderator being told
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
    with pytest.raises(SettingError, match=r"error\.range"):
        Thresholds(alert=value)


def test_deleting_below_alerting_is_refused() -> None:
    with pytest.raises(SettingError, match=r"error\.below_alert"):
        Thresholds(alert=0.5).changed(Kind.DELETE, 0.4)


def test_the_book_lays_a_servers_values_over_the_defaults() -> None:
    presets = {"balanced": {harm: Thresholds(0.5, 0.9) for harm in HARMS}}
    book = PolicyBook(Defaults(presets))
    book.load(
        {
            GuildId(7): {
                "alerts.channel": 70,
                "threshold.0.hate.alert": 0.2,
                "threshold.0.hate.delete": "off",
            }
        }
    )
    table = book.of(GuildId(7)).table()
    assert table["hate", Kind.ALERT].threshold == 0.2
    assert table["hate", Kind.DELETE].threshold is None
    assert book.of(GuildId(7)).alert_channel_id == 70
    assert table["insult", Kind.DELETE].threshold == 0.9
    assert book.of(GuildId(8)) == Policy(presets["balanced"])


SCOPES = (ChannelId(10), ChannelId(20), ChannelId(30))


@st.composite
def overridden(draw: st.DrawFn) -> tuple[Defaults, dict[str, float | str]]:
    keys = st.tuples(
        st.sampled_from((SERVER, *SCOPES)), st.sampled_from(HARMS), st.sampled_from(list(Kind))
    )
    drawn = draw(st.dictionaries(keys, st.just("off") | probability, max_size=12))
    entries = {threshold_entry(*key): value for key, value in drawn.items()}
    defaults = {harm: draw(thresholds()) for harm in HARMS}
    return Defaults({"balanced": defaults}), entries


@given(overridden(), st.lists(st.sampled_from(SCOPES), unique=True, max_size=3))
def test_the_narrowest_scope_that_says_anything_decides(
    server: tuple[Defaults, dict[str, float | str]], places: list[ChannelId]
) -> None:
    defaults, entries = server
    scopes = tuple(places)
    table = defaults.policy(entries).table(scopes)
    for (harm, kind), rule in table.items():
        values = [entries.get(threshold_entry(scope, harm, kind)) for scope in (*scopes, SERVER)]
        said = next((value for value in values if value is not None), None)
        default = defaults.presets["balanced"][harm].of(kind)
        expected = default if said is None else None if said == "off" else said
        assert rule.threshold == expected


@given(overridden(), scores, st.booleans(), st.booleans())
def test_exempt_means_exempt(
    server: tuple[Defaults, dict[str, float | str]],
    scored: dict[str, float],
    moderator: bool,  # noqa: FBT001
    channel: bool,  # noqa: FBT001
) -> None:
    defaults, entries = server
    what = exempt_entry("channel", 20) if channel else exempt_entry("member", 4)
    policy = defaults.policy({**entries, what: True})
    post = replace(POST, parent_id=ChannelId(20 if channel else 0), moderator=moderator)
    decision = decide(policy, post, scored, "m")
    assert decision.exempt
    assert decision.reasons == ()


@given(scores)
def test_moderators_and_webhooks_are_never_timed_out(scored: dict[str, float]) -> None:
    everything = {harm: Thresholds(0, 0, 0) for harm in HARMS}
    policy = Defaults({"balanced": everything}).policy({EXEMPT_MODERATORS: False})
    assert Kind.TIMEOUT in kinds(decide(policy, POST, scored, "m"))
    for spared in (replace(POST, moderator=True), replace(POST, webhook=True)):
        assert kinds(decide(policy, spared, scored, "m")) == {Kind.ALERT, Kind.DELETE}


def test_a_class_without_a_score_decides_nothing() -> None:
    policy = Defaults({"balanced": {harm: Thresholds(0, 0) for harm in HARMS}}).policy()
    assert {r.harm for r in decide(policy, POST, {"hate": 0.5}, "m").reasons} == {"hate"}


def test_a_change_of_the_operators_does_not_stand_in_the_way_of_another() -> None:
    presets = {"balanced": {harm: Thresholds(0.5, 0.9) for harm in HARMS}}
    # Valid when it was set; the operator has raised the alert threshold since.
    entries = {threshold_entry(SERVER, "hate", Kind.DELETE): 0.4}
    defaults = Defaults(presets)
    after = defaults.changed(entries, {exempt_entry("role", 1): True}, lambda scope: (scope,))
    assert exempt_entry("role", 1) in after
    with pytest.raises(SettingError):
        defaults.changed({}, {threshold_entry(SERVER, "hate", Kind.DELETE): 0.4}, lambda s: (s,))


@pytest.mark.parametrize(
    ("phrase", "text", "left"),
    [
        ("bloody hell", "Bloody   HELL, that was close", " , that was close"),
        ("ass", "a class act", "a class act"),
        ("ass", "ass", " "),
        ("a.b", "axb a.b", "axb  "),
        ("kill it", "kill it with fire and kill items", "  with fire and kill items"),
    ],
)
def test_a_phrase_is_taken_out_as_whole_words(phrase: str, text: str, left: str) -> None:
    assert Phrases([phrase]).without(text) == left


def past(number: int, score: float, judgement: Judgement | None, *, revision: str = "") -> Past:
    post = making.post(number, revision=Revision(revision))
    decision = Decision(post, {**dict.fromkeys(CLASSES, 0.0), "hate": score}, "m")
    return Past(decision, judgement)


def test_a_comparison_counts_messages_and_what_was_said_of_them() -> None:
    presets = {"balanced": {harm: Thresholds(0.5, 0.9) for harm in HARMS}}
    defaults = Defaults(presets)
    new = defaults.policy({threshold_entry(SERVER, "hate", Kind.ALERT): 0.7})
    seen = [
        past(1, 0.6, Judgement.FALSE_POSITIVE),
        past(2, 0.65, Judgement.RIGHT),
        past(3, 0.55, None),
        past(3, 0.8, None, revision="t5"),
        past(4, 0.95, None),
        Past(replace(past(5, 0.99, None).decision, exempt=True)),
    ]
    found = compare(seen, defaults.policy(), new, Kind.ALERT)
    assert (found.now.total(Kind.ALERT), found.new.total(Kind.ALERT)) == (4, 2)
    assert (found.now.total(Kind.DELETE), found.new.total(Kind.DELETE)) == (1, 1)
    assert (found.only_now.right, found.only_now.wrong, found.only_now.unjudged) == (1, 1, 0)
    assert found.only_new.total == 0


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_share(counts: tuple[int, int]) -> None:
    right, judged = counts
    low, high = wilson(right, judged)
    assert 0 <= low <= right / judged + 1e-12
    assert right / judged - 1e-12 <= high <= 1


def test_wilsons_interval_is_wilsons() -> None:
    # Newcombe (1998), Statistics in Medicine 17, table I: 81 of 263 gives .2553 to .3662.
    low, high = wilson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
