from __future__ import annotations

import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import artefact
from model.attacks import ATTACKS, apply
from model.normalise import MAX_TOKENS, Normaliser

MODEL, _ = artefact.load(artefact.PACKAGED)
NORMALISER: Normaliser = MODEL.named_steps["features"].normaliser


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Hello THERE", "hello there"),
        ("st\u200bup\u200bid", "stupid"),
        ("s\u0336t\u0336upid", "stupid"),
        ("\uff53\uff54\uff55\uff50\uff49\uff44", "stupid"),
        ("\U0001d4fc\U0001d4fd\U0001d4fe\U0001d4f9\U0001d4f2\U0001d4ed", "stupid"),
        ("\u0455tu\u0440\u0456d", "stupid"),
        ("st\u4e02pid", "stspid"),
        ("\U0001f1f8\U0001f1f9\U0001f1fa\U0001f1f5\U0001f1ee\U0001f1e9", "stupid"),
        ("y0u 4re an 1d10t", "you %0 re an idiot"),
        ("1diot l0ser $tupid", "idiot loser stupid"),
        ("st*pid", "stupid"),
        ("s t u p i d", "stupid"),
        ("s.t.u.p.i.d", "stupid"),
        ("s-t-u-p-i-d", "stupid"),
        ("stu.pid", "stupid"),
        ("st\U0001f525up\U0001f525id", "stupid"),
        ("stuuuupid", "stupid"),
        ("soooooo cooool", "soo cool"),
        ("||stupid|| **stupid** ~~stupid~~ `stupid`", "stupid stupid stupid stupid"),
        ("st**up**id", "stupid"),
        ("```stupid```", "stupid"),
        ("```py\nkill(all)\n```", "%code"),
        ("see https://a.b/c?d=e", "see %url"),
        ("<@123> <@!123> <#123> @robin", "%user %user %user %user"),
        ("<:kek:123> <a:party_time:5>", "kek party time"),
        ("k y s", "kys"),
    ],
)
def test_what_hides_a_word_is_undone(text: str, tokens: str) -> None:
    assert " ".join(NORMALISER.tokens(text)) == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("at 5pm on the 1st, 8gb, 60fps", "at %0 pm on the %0 st %0 gb %0 fps"),
        ("it's 1337", "its %0"),
        ("a b c", "a b c"),
        ("and/or he/she go-to", "and or he she go to"),
        ("wait...what", "wait what"),
        (
            "\u043f\u0440\u0438\u0432\u0435\u0442 \u0434\u0440\u0443\u0433",
            "\u043f\u0440\u0438\u0432\u0435\u0442 \u0434\u0440\u0443\u0433",
        ),
        ("na\u00efve caf\u00e9", "naive cafe"),
        ("win10 covid19 mp3", "win %0 covid %0 mp %0"),
        ("nice \U0001f525\U0001f525", "nice \U0001f525 \U0001f525"),
    ],
)
def test_what_hides_nothing_stays(text: str, tokens: str) -> None:
    assert " ".join(NORMALISER.tokens(text)) == tokens


@given(st.text())
def test_any_text_has_bounded_tokens(text: str) -> None:
    tokens = NORMALISER.tokens(text)
    assert len(tokens) <= MAX_TOKENS
    assert all(token and token == token.lower() for token in tokens)


@given(st.text())
def test_a_chunk_depends_on_nothing_around_it(text: str) -> None:
    pieces = [token for chunk in NORMALISER.prepare(text) for token in NORMALISER.chunk(chunk)]
    assert pieces[:MAX_TOKENS] == NORMALISER.tokens(text)


@pytest.mark.parametrize(
    "text",
    ["a" * 4_000, "a " * 2_000, "a.b-" * 1_000, "*a" * 2_000, "<@" * 2_000, "|" * 4_000,
     "`" * 4_000, "```" * 1_000, "\u0336a" * 2_000, "4a" * 2_000, "http://" * 500, "@" * 4_000,
     "\U0001f1e6 " * 1_000, "a\U0001f525" * 2_000, "f*" * 2_000 + "k", "\u217c\u0456" * 4_000, "b" * 7_990 + ",a1", "a*b " * 2_000, "x" * 1_000_000],
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    # A quadratic pattern takes minutes on these; the suite's own time-out is the bound.
    for _ in range(20):
        NORMALISER.tokens(text)


def test_a_normaliser_is_stored_without_what_it_derives() -> None:
    normaliser = Normaliser({}, {}, {"stupid": 0})
    stored = pickle.dumps(normaliser)
    assert normaliser.tokens("st*pid stupld🔥") == ["stupid", "stupid", "🔥"]
    assert pickle.dumps(normaliser) == stored
    again = pickle.loads(stored)
    assert again == normaliser
    assert again.tokens("st*pid stupld🔥") == ["stupid", "stupid", "🔥"]
    assert again.with_hidden(["bitch"]).tokens("b*tch st*pid") == ["bitch", "stpid"]


def test_the_state_of_a_normaliser_is_that_of_the_packaged_one() -> None:
    # An artefact has these four in this order; another order would not load.
    assert normaliser_state(NORMALISER) == [
        NORMALISER.always,
        NORMALISER.in_words,
        NORMALISER.hidden,
        NORMALISER._by_length,
    ]


def normaliser_state(normaliser: Normaliser) -> list[object]:
    state = normaliser.__reduce_ex__(2)[2]
    assert isinstance(state, list)
    return state


def test_tables_do_not_depend_on_the_hash_seed() -> None:
    program = (
        "import hashlib; from model.normalise import Normaliser; n = Normaliser.build();"
        "print(hashlib.sha256(repr((n.always, n.in_words)).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(digests) == 1


@pytest.mark.parametrize("name", sorted(set(ATTACKS) - {"unicode confusables"}))
def test_attacks_are_repeatable(name: str) -> None:
    texts = ["you are such a pathetic person", "", "a"]
    assert apply(texts, name) == apply(texts, name)
