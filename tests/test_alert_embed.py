from __future__ import annotations

from dataclasses import replace

import discord
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain import Case, Decision, Kind, Note, Outcome, Reason, Status
from bot.ui.discord.alert import BAR_LENGTH, LISTED, acted_on, alert_embed, bar, judged
from bot.ui.discord.quoting import harmless
from bot.ui.discord.speech import Names
from bot.ui.words import table
from model.classes import CLASSES
from tests import making

ENGLISH = table("en")


def case(text: str, name: str = "robin") -> Case:
    post = making.post(11, guild=22, channel=33, author=44, text=text, author_name=name)
    reasons = (Reason(Kind.ALERT, "hate", 0.97, 0.5), Reason(Kind.DELETE, "hate", 0.97, 0.9))
    scores = dict.fromkeys(CLASSES, 0.01) | {"hate": 0.97}
    return Case(Decision(post, scores, "abc123", reasons))


def replace_id(told: Case, number: int) -> Case:
    post = replace(told.decision.post, id=making.case_id(100 + number))
    return replace(told, decision=replace(told.decision, post=post))


def named(member: str = "", channel: str = "general") -> Names:
    return Names(lambda _: channel, lambda _: member)


def embed_of(text: str, deletion: Outcome | None = None) -> discord.Embed:
    outcomes = {} if deletion is None else {Kind.DELETE: deletion}
    return alert_embed([replace(case(text), outcomes=outcomes)], ENGLISH, named())


@given(st.text(max_size=5_000), st.text(max_size=200), st.text(max_size=200))
@example("*" * 5_000, "<" * 200, "*" * 200)
def test_an_embed_stays_within_discords_limits(text: str, name: str, channel: str) -> None:
    failed = Outcome(Status.FAILED, Note("failed.refused", {"reason": text}))
    decision = replace(
        case(text, name).decision, words=(text, name, channel, text, text), passage=(2_000, 2_400)
    )
    shown = Case(decision, {Kind.DELETE: failed, Kind.TIMEOUT: failed})
    more = [replace_id(case(text, name), number) for number in range(LISTED + 2)]
    embed = alert_embed([shown, *more], ENGLISH, named(name, channel), files=False)
    embed = judged(embed, f"{text} {name}", ENGLISH)
    for number in range(20):
        embed = acted_on(embed, f"{number} {name}", ENGLISH)
    assert len(embed) <= 6_000
    assert len(embed.title or "") <= 256
    assert len(embed.description or "") <= 4_096
    for field in embed.fields:
        assert 1 <= len(field.name or "") <= 256
        assert 1 <= len(field.value or "") <= 1_024


def test_it_says_who_where_what_and_why() -> None:
    shown = str(embed_of("some words").to_dict())
    for part in (
        "some words", "robin", "<@44>", "general", "<#33>", "/22/33/11", "0.97", "abc123",
        "0.97 ≥ 0.90", *CLASSES,
    ):  # fmt: skip
        assert part in shown


@pytest.mark.parametrize(
    ("deletion", "title"),
    [
        (None, "Alert"),
        (Outcome(Status.DONE), "Deleted"),
        (Outcome(Status.OBSERVED), "Would delete"),
        (Outcome(Status.FAILED, Note("failed.no_channel")), "Action failed"),
    ],
)
def test_the_title_says_what_was_done(deletion: Outcome | None, title: str) -> None:
    assert (embed_of("x", deletion).title or "").startswith(title)


@pytest.mark.parametrize(
    "text",
    ["**b**", "||s||", "`c`", "@everyone", "<@1>", "<#1>", "<:e:1>", "[a](https://b.c)"],
)
def test_a_quotation_shows_markdown_and_mentions_instead_of_obeying_them(text: str) -> None:
    shown = harmless(text)
    assert text not in shown
    # Nothing is lost: without what escaping added, the text is the one that was written.
    assert shown.replace("\\", "").replace("\u200b", "") == text


def test_headings_and_lists_are_text() -> None:
    assert harmless("# a\n- b\n> c") == "\\# a\n\\- b\n\\> c"


def test_a_spoiler_cannot_be_closed_from_inside() -> None:
    description = embed_of("a || b").description or ""
    assert description.startswith("||")
    assert "||" not in description[2:-2]


def test_links_are_not_clickable() -> None:
    assert "https://" not in harmless("see https://example.org/x and HTTP://y.z")


@given(st.floats(0, 1))
def test_a_bar_always_has_the_same_length(value: float) -> None:
    assert len(bar(value)) == BAR_LENGTH
