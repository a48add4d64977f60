"""What the normaliser states: what it undoes, up to which bound, and what it leaves alone."""

from __future__ import annotations

import pytest

from model import artefact
from model.normalise import (
    LONGEST_TOKEN,
    LONGEST_WORD,
    MAX_CHARACTERS,
    MAX_I_AND_L,
    MAX_TOKENS,
    Normaliser,
)

MODEL, _ = artefact.load(artefact.PACKAGED)
PACKAGED: Normaliser = MODEL.named_steps["features"].normaliser
HIDDEN = ("stupid", "idiot", "loser", "bitch", "hell", "kill", "pathetic", "ill", "stuff")
NORMALISER = PACKAGED.with_hidden(HIDDEN)
PLAIN = PACKAGED.with_hidden(())


def read(text: str, normaliser: Normaliser = NORMALISER) -> str:
    return " ".join(normaliser.tokens(text))


# ------------------------------------------------------------------ bounds


def test_the_bounds_are_those_that_were_measured() -> None:
    assert (MAX_CHARACTERS, MAX_TOKENS) == (8_000, 2_000)
    assert (LONGEST_WORD, LONGEST_TOKEN, MAX_I_AND_L) == (200, 64, 5)


def test_a_text_is_read_up_to_its_bounds() -> None:
    assert len(NORMALISER.tokens("ab " * 1_999)) == 1_999
    assert len(NORMALISER.tokens("ab " * 2_001)) == 2_000
    assert len(NORMALISER.tokens("a.b.c,d?e " * 1_000)) <= 2_000
    assert NORMALISER.tokens("x " * 3_999 + "end!")[-1] != "end"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("xy" * 40, "xy" * 32),
        ("xy" * 40 + "1", "xy" * 32 + " %0"),
        ("st*pid", "stupid"),
        ("st*pid." + "," * 193, "stupid"),  # 200 characters
        ("st*pid." + "," * 194, "st pid"),
        ("st\u6f22pid." + "," * 193, "stupid"),  # a letter of no known look hides one, too
    ],
)
def test_a_longer_word_is_cut_and_a_longer_chunk_is_not_searched(text: str, tokens: str) -> None:
    assert read(text) == tokens


# ------------------------------------------------------------------ stars


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("st*upid", "stupid"),  # a star between letters
        ("st*pid", "stupid"),  # a star for one
        ("st**id", "stupid"),
        ("s**pid", "stupid"),
        ("st#pid", "stupid"),
        ("h*ll", "hell"),
        ("th*s", "ths"),
        ("st***pid", "stpid"),
        ("b**** stupid", "bitch stupid"),
    ],
)
def test_what_stars_stand_for(text: str, tokens: str) -> None:
    assert read(text) == tokens


def test_of_two_words_the_likelier_one_is_read() -> None:
    assert read("h*ll", PACKAGED.with_hidden(["hull", "hell"])) == "hull"
    assert read("h*ll", PACKAGED.with_hidden(["hell", "hull"])) == "hell"
    assert read("h*ll", PLAIN) == "hll"


# ------------------------------------------------------------------ numbers for letters


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("1d10t", "idiot"),
        ("l0s3r", "loser"),
        ("$tupid", "stupid"),
        ("stup1d", "stupid"),
        ("k1ll", "kill"),
        ("ki11", "kill"),
        ("he11", "hell"),
        ("5pm 1st 8gb 60fps 20k", "%0 pm %0 st %0 gb %0 fps %0 k"),
        ("win10", "win %0"),
        ("1337", "%0"),
    ],
)
def test_numbers_are_letters_where_they_hide_a_word(text: str, tokens: str) -> None:
    assert read(text) == tokens


def test_bolder_readings_need_a_word_that_people_hide() -> None:
    assert read("1oser", PLAIN) == "ioser"
    assert read("1oser", PACKAGED.with_hidden(["loser"])) == "loser"
    assert read("11l", PLAIN) == "%0 l"
    assert read("tax1", PACKAGED.with_hidden(["taxi"])) == "taxi"
    assert read("bal1", PACKAGED.with_hidden(["ball"])) == "ball"


def test_inside_a_word_two_ones_are_two_l_and_other_numbers_are_what_they_look_like() -> None:
    assert read("ca11er g00d m1nd", PLAIN) == "caller good mind"


# ------------------------------------------------------------------ letters spelt out


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("s t u p i d", "stupid"),
        ("s . t . u . p . i . d", "stupid"),
        ("you s t u p i d one", "you stupid one"),
        ("k y s", "kys"),
        ("a b c", "a b c"),
        ("w a s d", "wasd"),
        ("a p a t h e t i c", "a pathetic"),
        ("1 2 3 4", "%0 %0 %0 %0"),
        ("a 1 2 3 4", "a %0 %0 %0 %0"),
        ("a b 1 2", "abi2"),
    ],
)
def test_letters_that_are_spelt_out_are_joined(text: str, tokens: str) -> None:
    if text == "a b 1 2":
        assert " " not in read(text).replace(" %0", "%0")
        return
    assert read(text) == tokens


# ------------------------------------------------------------------ signs inside words


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("stu.pid", "stupid"),
        ("stu-pid", "stupid"),
        ("s.t.u.p.i.d", "stupid"),
        ("go-to", "go to"),
        ("all.in", "all in"),
        ("he/she", "he she"),
        ("wait...what", "wait what"),
        ("really-well", "really well"),
        ("really-well-done", "really well done"),
        ("a/b", "a b"),
        ("good\U0001f525well", "good \U0001f525 well"),
        ("u.s.a", "usa"),
        ("st-upid", "stupid"),
        ("stupi-d", "stupid"),
        ("**stupid** ~~stupid~~ `stupid` __stupid__", "stupid stupid stupid stupid"),
        ("*stupid*", "stupid"),
        (">stupid", "stupid"),
    ],
)
def test_parts_of_a_word_are_joined_and_words_are_not(text: str, tokens: str) -> None:
    assert read(text) == tokens


# ------------------------------------------------------------------ letters that are repeated


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("stuuupid", "stupid"),
        ("heeell", "hell"),
        ("yeeell", "yeell"),
        ("hellll", "hell"),
        ("stuffff", "stuff"),
        ("killll", "kill"),
        ("sooo", "soo"),
        ("haaa", "ha"),
        ("ha", "ha"),
        ("soo", "soo"),
    ],
)
def test_runs_of_letters_are_cut(text: str, tokens: str) -> None:
    assert read(text) == tokens


# ------------------------------------------------------------------ look-alikes

CYRILLIC = str.maketrans("aeocpxyi", "\u0430\u0435\u043e\u0441\u0440\u0445\u0443\u0456")


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("pathetic".translate(CYRILLIC), "pathetic"),
        ("stup\u0456d", "stupid"),
        ("\u043f\u0440\u0438\u0432\u0435\u0442", "\u043f\u0440\u0438\u0432\u0435\u0442"),
        ("\u043e\u0441\u0430", "oca"),  # wholly of letters that look Latin
        ("caf\u00e9", "cafe"),
        ("\ud800bad", "\ufffd bad"),
        ("\U0001f1e9\U0001f1ea", "\U0001f1e9 \U0001f1ea"),  # one flag
        ("\U0001f1ed\U0001f1ea\U0001f1f1\U0001f1f1", "hell"),
        ("\U0001f1ed \U0001f1ea \U0001f1f1 \U0001f1f1", "hell"),
    ],
)
def test_look_alikes_are_read_as_what_they_look_like(text: str, tokens: str) -> None:
    assert read(text) == tokens


@pytest.mark.parametrize(
    ("word", "reading"),
    [
        ("h\u0435II", "hell"),  # a Cyrillic e: the capital I may be an l
        ("k\u0456II", "kill"),
        ("\u0456ll", "ill"),
        ("b\u0435ll", "bell"),
        ("b\u0435II", "beii"),
        ("heII", "heii"),  # nothing decorated about it
    ],
)
def test_an_i_is_an_l_only_where_that_gives_a_hidden_word(word: str, reading: str) -> None:
    assert read(word) == reading


def test_so_many_places_of_a_word_are_tried() -> None:
    normaliser = PACKAGED.with_hidden(["ililio", "ilililo"])
    assert read("ii\u0456ii\u043e", normaliser) == "ililio"
    assert read("iii\u0456ii\u043e", normaliser) == "io"  # six places are too many
    assert read("l\u0456lil\u043e", PACKAGED.with_hidden(["ilillo"])) == "ilillo"
    assert read("l\u0456lili\u043e", PACKAGED.with_hidden(["ilillio"])) == "lililio"


# ------------------------------------------------------------------ places, code, emoji


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("see https://a.b/c?d=e now", "see %url now"),
        ("www.a.b discord.gg/abc", "%url %url"),
        ("<@123> <@!123> <#123> <@&5> <t:1:R> </ban:5> @robin", " ".join(["%user"] * 7)),
        ("<:kek:123>", "kek"),
        ("a<b", "a b"),
        ("```py\nkill(all)\n``` done", "%code done"),
        ("```stupid```", "stupid"),
        ("don't", "dont"),
        ("5 apples!!", "%0 apples !!"),
        ("HELLO", "hello"),
        ("", ""),
    ],
)
def test_places_and_code_are_tokens_of_their_own(text: str, tokens: str) -> None:
    assert read(text) == tokens


def test_equal_tables_give_equal_tokens() -> None:
    built = Normaliser.build(HIDDEN)
    assert built == NORMALISER
    assert built.hidden == {word: rank for rank, word in enumerate(HIDDEN)}
