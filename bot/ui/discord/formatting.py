"""Settings and changes of them, in words."""

from __future__ import annotations

from typing import Final

from bot.policy.entries import OFF, Value
from bot.ui.words import Words

_MENTION: Final = {"role": "<@&{}>", "channel": "<#{}>", "member": "<@{}>"}


def shown(value: float | None, words: Words) -> str:
    """Write a threshold as moderators read it."""
    return words("value.off") if value is None else f"{value:.2f}"


def entry_name(name: str, words: Words) -> str:
    """Say what an entry is about."""
    kind, _, rest = name.partition(".")
    if kind in {"threshold", "minutes"}:
        scope, harm, *action = rest.split(".")
        what = words(f"action.{action[0]}") if action else words("setting.minutes")
        where = f" <#{scope}>" if scope != "0" else ""
        return f"{harm} · {what}{where}"
    if kind == "exempt" and rest != "moderators":
        what, _, target = rest.partition(".")
        return words("setting.exempt", target=_MENTION[what].format(target))
    if kind == "allow":
        return words("setting.allow", phrase=rest)
    return words(f"setting.{name}")


def entry_value(name: str, value: Value | None, words: Words) -> str:
    """Write an entry's value; an absent one is inherited, or follows the defaults."""
    if value is None:
        absent = name.startswith(("exempt.", "allow.")) and name != "exempt.moderators"
        return words("value.no" if absent else "value.inherit")
    if name == "alerts.channel":
        return f"<#{value}>"
    if name == "alerts.ping_role":
        return f"<@&{value}>"
    if isinstance(value, bool):
        return words("value.yes" if value else "value.no")
    if value == OFF:
        return words("value.off")
    return f"{value:.2f}" if isinstance(value, float) else str(value)
