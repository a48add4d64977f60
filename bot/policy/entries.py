"""The settings of a server as named entries, and the policy that they make.

The store keeps entries, and a change is recorded and undone entry by entry. An absent entry follows
the host's configuration or is inherited from a wider scope.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bot.domain import ChannelId, Kind, Mode, Note, RoleId, UserId
from bot.policy.phrases import LONGEST_PHRASE, MOST_PHRASES, Phrases, normal
from bot.policy.rules import DEFAULT_MINUTES, SERVER, Policy, Scopes, Table
from bot.policy.thresholds import LONGEST_TIMEOUT, SettingError, Thresholds

Value = str | float | int | bool
Entries = Mapping[str, Value]
Changes = Mapping[str, Value | None]
"""New values by entry; ``None`` removes an entry."""

ALERT_CHANNEL: Final = "alerts.channel"
PING_ROLE: Final = "alerts.ping_role"
PING_ABOVE: Final = "alerts.ping_above"
LANGUAGE: Final = "alerts.language"
SPOILERS: Final = "alerts.spoilers"
MODE: Final = "mode"
PRESET: Final = "preset"
EXEMPT_MODERATORS: Final = "exempt.moderators"
OFF: Final = "off"


def threshold_entry(scope_id: ChannelId, harm: str, kind: Kind) -> str:
    """Return the name of a threshold's entry. Its value is a number from 0 to 1, or ``OFF``."""
    return f"threshold.{scope_id}.{harm}.{kind}"


def minutes_entry(scope_id: ChannelId, harm: str) -> str:
    """Return the name of the entry that says how many minutes a time-out lasts."""
    return f"minutes.{scope_id}.{harm}"


def exempt_entry(what: str, target_id: int) -> str:
    """Return the name of the entry that exempts a ``role``, ``channel`` or ``member``."""
    return f"exempt.{what}.{target_id}"


def allow_entry(phrase: str) -> str:
    """Return the name of a harmless phrase's entry. Raises ``SettingError`` if it is too long or empty."""
    kept = normal(phrase)
    if not kept or len(kept) > LONGEST_PHRASE:
        raise SettingError(Note("error.phrase", {"most": LONGEST_PHRASE}))
    return f"allow.{kept}"


@dataclass(frozen=True, slots=True)
class Defaults:
    """The host's configuration: the thresholds of each preset, and what a new server starts with."""

    presets: Mapping[str, Mapping[str, Thresholds]]
    preset: str = "balanced"
    mode: Mode = Mode.OBSERVE
    minutes: int = DEFAULT_MINUTES

    def policy(self, entries: Entries | None = None) -> Policy:
        """Return the policy that a server's entries make on top of these defaults.

        Entries for a class that the model no longer has are ignored, so that the bot still starts
        after a change of the model.
        """
        entries = entries or {}
        preset = str(entries.get(PRESET, self.preset))
        defaults = self.presets.get(preset, self.presets[self.preset])
        overrides: dict[ChannelId, dict[tuple[str, Kind], float | None]] = {}
        for (_, scope, harm, kind), value in _named(entries, "threshold", 3):
            if harm in defaults:
                values = overrides.setdefault(ChannelId(int(scope)), {})
                values[harm, Kind(kind)] = None if value == OFF else float(value)
        exempt: dict[str, set[int]] = {"role": set(), "channel": set(), "member": set()}
        for (_, what, target), _value in _named(entries, "exempt", 2):
            exempt[what].add(int(target))
        channel, role = entries.get(ALERT_CHANNEL), entries.get(PING_ROLE)
        language = entries.get(LANGUAGE)
        return Policy(
            defaults=defaults,
            overrides=overrides,
            minutes={
                (ChannelId(int(scope)), harm): int(value)
                for (_, scope, harm), value in _named(entries, "minutes", 2)
            },
            default_minutes=self.minutes,
            preset=preset,
            mode=Mode(str(entries.get(MODE, self.mode))),
            alert_channel_id=None if channel is None else ChannelId(int(channel)),
            ping_role_id=None if role is None else RoleId(int(role)),
            ping_above=float(entries.get(PING_ABOVE, 0.9)),
            language=None if language is None else str(language),
            spoilers=bool(entries.get(SPOILERS, True)),
            moderators_exempt=bool(entries.get(EXEMPT_MODERATORS, True)),
            exempt_roles=frozenset(map(RoleId, exempt["role"])),
            exempt_channels=frozenset(map(ChannelId, exempt["channel"])),
            exempt_members=frozenset(map(UserId, exempt["member"])),
            phrases=Phrases(
                name.partition(".")[2] for name in entries if name.startswith("allow.")
            ),
        )

    def changed(
        self, entries: Entries, changes: Changes, chain: Callable[[ChannelId], Scopes]
    ) -> dict[str, Value]:
        """Return the entries after some changes. Raises ``SettingError`` if they are invalid.

        ``chain`` returns the scopes that hold in a channel, the channel itself first. A
        contradiction that existed before, because the host changed a default, blocks no change.
        """
        after = applied(entries, changes)
        for (_, _scope, _harm), value in _named(after, "minutes", 2):
            if not 1 <= int(value) <= LONGEST_TIMEOUT:
                raise SettingError(Note("error.minutes", {"most": LONGEST_TIMEOUT}))
        for (_, _scope, _harm, kind), value in _named(after, "threshold", 3):
            if value != OFF:
                Thresholds().changed(Kind(kind), float(value))
        if sum(name.startswith("allow.") for name in after) > MOST_PHRASES:
            raise SettingError(Note("error.phrases", {"most": MOST_PHRASES}))
        old, new = self.policy(entries), self.policy(after)
        for scope in (SERVER, *(scope for scope in new.overrides if scope != SERVER)):
            scopes = chain(scope) if scope else ()
            before = dict(_contradictions(old.table(scopes)))
            for harm, error in _contradictions(new.table(scopes)):
                if harm in before and before[harm].note == error.note:
                    continue
                if scope:
                    raise SettingError(
                        Note("error.in_channel", {"channel": f"<#{scope}>", **error.note.values})
                    )
                raise error
        return after


def applied(entries: Entries, changes: Changes) -> dict[str, Value]:
    """Return the entries after some changes, without checking them."""
    after = {**entries}
    for name, value in changes.items():
        if value is None:
            after.pop(name, None)
        else:
            after[name] = value
    return after


def _named(entries: Entries, kind: str, parts: int) -> Iterator[tuple[list[str], Value]]:
    for name, value in entries.items():
        split = name.split(".")
        if split[0] == kind and len(split) == parts + 1:
            yield split, value


def _contradictions(table: Table) -> Iterator[tuple[str, SettingError]]:
    for harm in dict.fromkeys(harm for harm, _ in table):
        try:
            Thresholds(**{kind.value: table[harm, kind].threshold for kind in Kind})
        except SettingError as error:
            yield harm, error
