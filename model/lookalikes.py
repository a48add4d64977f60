"""Tables that map characters to the Latin letters they stand for or look like.

They are built when a model is trained and stored in its artefact. ``unicodedata`` differs between
Python versions, and a changed table would silently change scores.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

Table = dict[int, str]

LAST_CODE_POINT: Final = 0x20000

# For each Latin letter, the symbols and letters of other scripts that a reader takes for it.
SHAPES: Final = {
    "0": "θ",
    "a": "ΑΛαλАадӔӕՃคᎪ∀∆∧卂ꓮꭺ⍺",
    "b": "ΒβБВЪЬбвъь฿ᏏᏴᏼꓐꮟᑲᖯ",
    "c": "¢©ϲϹСсՇᏟ₵⊂ⵎ匚ꓚꓛꮯ𐐽",
    "d": "ΔδԀԁձᎠ∂ꓓꭰᏧᑯꓒ",
    "e": "ΕΣεЁЕЗезэёҼҽᎬ€℮∃∈乇ꓰꭼ",
    "f": "ֆ千ꓝ",
    "g": "ԌԍցᏀᏳᏻ₲ꓖꮐ",
    "h": "ΗНнҺһՀհᎻᏂ卄ꓧꮋꮒ",
    "i": "ǃΙιІЇіїւᎥⵑ工ꓲꭵ⍳ꙇ𑣃",
    "j": "ͿЈјյᎫꓙꭻϳ",
    "k": "ΚκКкҞҟӃӄᏦ₭ꓗꮶ",
    "l": "£ǀӀӏԼլוןاᏞ∣│┃❘ⵏ丨ꓡꮮ⏽𐌠ᛁ𖼨𐊊𐌉",
    "m": "ΜМмᎷꓟꮇ",
    "n": "ΝηπИПлпՈղոחท₦∩几ꓠռ",
    "o": "ΟοσφОофѺѻҨҩՕծօסهہەଠంಂംഠංဝᎾⵔⵙ口ꓳꮎჿ𐓪𑣈𑣗𐐬",
    "p": "ΡρРрփᎮᎵᏢ₱卩ꓑꭾꮅꮲ⍴",
    "q": "ԚԛԳգզք",
    "r": "®ΓГЯгяҐґՐᎡᏒ尺ꓣꓤꭱꮢᴦꮁ",
    "s": "ςЅѕՏรᏕᏚ₴丂ꓢꮥꮪƽ𑣁𐑈",
    "t": "ΤτТтᎢ†₮ㄒꓔꭲ",
    "u": "µμυийцԱՍստย∪⋃凵ꓴꞟ𐓶𑣘",
    "v": "ѴѵงᏙ√∨⋁ꓦꮩ𑜆𑣀ν",
    "w": "ΨωШшщѠѡԜԝաᎳᏇᏔ₩山ꓪꮃꮗꮤ𑜊𑜎𑜏",
    "x": "×ΧξχХжхⵝꓫ᙮⤫⤬⨯ᕁᕽ",
    "y": "¥ΥγψϒУучҮүҰұᎩᎽㄚꓬꭹꮍყ𑣜",
    "z": "ΖζᏃꓜꮓ𑣄",
    "bl": "ы",
    "io": "ю",
    "ll": "ǁ",
}

# Letters that are recognised by their Unicode names.
COPTIC: Final = {
    "ALFA": "a",
    "VIDA": "b",
    "EIE": "e",
    "HATE": "h",
    "IAUDA": "i",
    "KAPA": "k",
    "MI": "m",
    "NI": "n",
    "O": "o",
    "RO": "p",
    "SIMA": "c",
    "TAU": "t",
    "UA": "y",
    "KHI": "x",
    "OOU": "w",
    "ZATA": "z",
    "GAMMA": "r",
}
LATIN_NAMES: Final = {
    "ALPHA": "a",
    "IOTA": "i",
    "UPSILON": "u",
    "GAMMA": "y",
    "ETH": "d",
    "THORN": "p",
    "ESH": "s",
    "EZH": "z",
    "ENG": "n",
    "SCHWA": "e",
    "AE": "ae",
    "OE": "oe",
    "IJ": "ij",
    "WYNN": "p",
    "KRA": "k",
    "OMEGA": "w",
    "CHI": "x",
    "BETA": "b",
    "DELTA": "d",
    "THETA": "o",
    "OU": "ou",
    "VEND": "v",
    "SHARP S": "ss",
    "TONE SIX": "b",
    "TONE TWO": "s",
    "PHI": "o",
    "RAMS HORN": "v",
    "EGYPTOLOGICAL AIN": "c",
}

_INVISIBLE: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f")
_PUNCTUATION: Final = {
    **dict.fromkeys("\u2018\u2019\u201b\u02bc\uff07`\u00b4", "'"),
    **dict.fromkeys("\u201c\u201d", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"),
    **dict.fromkeys("\u00b7\u2024", "."),
    "\u2014": " - ",
    "\u2022": " ",
    "\u2026": "...",
}
# Characters that look different from what their name or decomposition says.
_BY_LOOK: Final = {"ƍ": "g", "ʋ": "u", "ᶌ": "y", "ɯ": "w", "˛": "i", "ͺ": "i"}
_REGIONAL: Final = range(0x1F1E6, 0x1F200)
REGIONAL_LETTERS: Final = {code: chr(97 + number) for number, code in enumerate(_REGIONAL)}
"""Regional indicators: two of them are a flag, a longer run spells a word."""


def build_tables() -> tuple[Table, Table]:
    """Return two tables for ``str.translate``, from code points to lower-case Latin letters.

    The first can be applied to any text. It has variants of Latin letters (full width,
    mathematical, circled, accented, small capitals) and removes invisible characters. The second
    has letters of living scripts that only look Latin. It must be applied only to words that
    become entirely Latin, or a Russian sentence would be scored as garbled English.
    """
    shapes = {char: latin for latin, chars in SHAPES.items() for char in chars}
    always: Table = {}
    in_words: Table = {}
    for code in range(0x80, LAST_CODE_POINT):
        char = chr(code)
        category = unicodedata.category(char)
        if category in {"Cn", "Co", "Cs"} or code in _REGIONAL:
            continue
        if category in {"Mn", "Me", "Cf"} or char in _INVISIBLE:
            always[code] = ""
        elif category in {"Zs", "Zl", "Zp", "Cc"}:
            always[code] = " "
        elif (dressed := _undressed(char, category)) is not None:
            always[code] = dressed
        elif looks := _looks_like(char, shapes):
            in_words[code] = looks
        elif (flat := _flat(char)) and flat != char:
            always[code] = flat
    always.update({ord(char): plain for char, plain in (_PUNCTUATION | _BY_LOOK).items()})
    # A mathematical Greek letter first becomes a plain Greek one, so it is looked up again.
    for code, plain in always.items():
        if not plain.isascii():
            always[code] = plain.translate(always).translate(in_words)
    return always, in_words


def _flat(char: str) -> str:
    """Return the compatibility decomposition of a character, without combining marks."""
    return "".join(
        part
        for part in unicodedata.normalize("NFKD", char)
        if unicodedata.category(part) not in {"Mn", "Me", "Cf"}
    )


def _undressed(char: str, category: str) -> str | None:
    flat = _flat(char)
    if flat and flat.isascii():
        # A standalone accent decomposes into a space, which would split a word.
        return flat.strip().lower()
    latin = _named_latin(unicodedata.name(char, ""))
    if latin is not None:
        return latin
    return str(unicodedata.digit(char)) if category == "Nd" else None


def _named_latin(name: str) -> str | None:
    """Return the Latin letter in a character's Unicode name, or ``None`` if there is none."""
    if "LATIN" not in name and not name.startswith("MODIFIER LETTER"):
        return None
    body = re.sub(r"^.*?\bLETTER\b", "", name).split(" WITH ")[0].strip()
    body = re.sub(r"^(?:SMALL CAPITAL|SMALL|CAPITAL) ", "", body)
    for part in (body, *reversed(body.split())):
        if part in LATIN_NAMES:
            return LATIN_NAMES[part]
        if len(part) == 1 and part.isascii() and part.isalpha():
            return part.lower()
    return None


def _looks_like(char: str, shapes: dict[str, str]) -> str | None:
    name = unicodedata.name(char, "")
    if name.startswith("COPTIC"):
        return COPTIC.get(name.rpartition("LETTER ")[2])
    if char in shapes:
        return shapes[char]
    parts = [part if part.isascii() else shapes.get(part) for part in _flat(char)]
    return "".join(part for part in parts if part) if parts and all(parts) else None
