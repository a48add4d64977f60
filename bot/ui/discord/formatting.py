"""Numbers and settings as people read them."""

from __future__ import annotations

from typing import Final

from bot.policy.entries import (
    ALERT_CHANNEL,
    EXEMPT_MODERATORS,
    LANGUAGE,
    OFF,
    PING_ROLE,
    PRESET,
    SPOILERS,
    Value,
)
from bot.policy.rules import SERVER
from bot.ui.words import Words

_MENTION: Final = {"role": "<@&{}>", "channel": "<#{}>", "member": "<@{}>"}
_VALUES: Final = {ALERT_CHANNEL: _MENTION["channel"], PING_ROLE: _MENTION["role"]}
_NAMED: Final = {LANGUAGE: "language", PRESET: "preset"}
"""Entries whose values have names in the translation table, and the section of these."""


MOST_DIGITS: Final = 6
"""Scores that differ by less than that are the same to any reader."""


def side_by_side(*values: float) -> list[str]:
    """Write numbers with two digits, or with as many more as tell unequal ones apart.

    A score of 0.568 below a threshold of 0.57 reads "0.568" and "0.570", not "0.57" twice.
    """
    for digits in range(max(map(_digits, values), default=2), MOST_DIGITS):
        written = [f"{value:.{digits}f}" for value in values]
        if len(set(written)) == len(set(values)):
            return written
    return [f"{value:.{MOST_DIGITS}f}" for value in values]


def _digits(value: float) -> int:
    """Return how many digits to write: two, or three if somebody chose a number with three."""
    return 3 if round(value, 3) == value != round(value, 2) else 2


def shown(value: float | None, words: Words) -> str:
    """Write a threshold as moderators read it."""
    return words("value.off") if value is None else side_by_side(value)[0]


def step(before: float | None, after: float | None, words: Words) -> str:
    """Write a threshold and the one that replaces it, the new one in bold."""
    digits = iter(side_by_side(*(value for value in (before, after) if value is not None)))
    was, becomes = (
        words("value.off") if value is None else next(digits) for value in (before, after)
    )
    return f"{was} → **{becomes}**"


def entry_name(name: str, words: Words) -> str:
    """Return how people call the setting behind an entry's name."""
    kind, _, rest = name.partition(".")
    if kind in {"threshold", "minutes"}:
        scope, harm, *action = rest.split(".")
        what = words(f"action.{action[0]}") if action else words("setting.minutes")
        where = f" <#{scope}>" if scope != "0" else ""
        return f"{harm} · {what}{where}"
    if kind == "exempt" and rest != "moderators":
        return words("setting.exempt", target=exemption(name, words))
    if kind == "allow":
        return words("setting.allow", phrase=rest)
    return words(f"setting.{name}")


def exemption(name: str, words: Words) -> str:
    """Return who or what an entry exempts."""
    _, what, *target = name.split(".")
    return _MENTION[what].format(*target) if target else words("exempt.moderators")


def entry_value(name: str, value: Value | None, words: Words) -> str:
    """Write an entry's value; ``None`` if the entry is absent."""
    if value is None:
        return words(f"value.{_absent(name)}")
    if name in _VALUES:
        return _VALUES[name].format(value)
    if name in _NAMED:
        return words(f"{_NAMED[name]}.{value}")
    if isinstance(value, bool):
        return words("value.yes" if value else "value.no")
    if isinstance(value, float):
        return shown(value, words)
    return words("value.off") if value == OFF else str(value)


def _absent(name: str) -> str:
    """Return what it means that an entry is absent, as a key of ``[value]``."""
    if name in {EXEMPT_MODERATORS, SPOILERS}:
        return "yes"
    if name in {ALERT_CHANNEL, PING_ROLE}:
        return "unset"
    if name.startswith(f"threshold.{SERVER}."):
        return "preset"
    return {"threshold": "inherit", "minutes": "inherit", "exempt": "no", "allow": "no"}.get(
        name.partition(".")[0], "default"
    )


def entry_step(name: str, before: Value | None, after: Value | None, words: Words) -> str:
    """Say which entry changed from what to what, the new value in bold."""
    if isinstance(before, float) and isinstance(after, float):
        values = step(before, after, words)
    else:
        values = f"{entry_value(name, before, words)} → **{entry_value(name, after, words)}**"
    return f"{entry_name(name, words)}: {values}"
