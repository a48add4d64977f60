"""The policy of every server: what its moderators set, on top of the host's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain import GuildId
from bot.policy.entries import Defaults, Entries
from bot.policy.rules import Policy


@dataclass(slots=True)
class PolicyBook:
    """The policies in force, by server. A change replaces a policy; it never alters one."""

    defaults: Defaults
    _entries: dict[GuildId, Entries] = field(default_factory=dict)
    _policies: dict[GuildId, Policy] = field(default_factory=dict)
    _default: Policy = field(init=False)

    def __post_init__(self) -> None:
        self._default = self.defaults.policy()

    def of(self, guild_id: GuildId) -> Policy:
        """Return the policy of a server, or the default policy if nothing was set there."""
        return self._policies.get(guild_id, self._default)

    def entries(self, guild_id: GuildId) -> Entries:
        """Return the settings of a server."""
        return self._entries.get(guild_id, {})

    def put(self, guild_id: GuildId, entries: Entries) -> None:
        """Replace the settings of a server; they apply from the next decision on."""
        self._entries[guild_id] = entries
        self._policies[guild_id] = self.defaults.policy(entries)

    def forget(self, guild_id: GuildId) -> None:
        """Remove the settings of a server, which leaves the defaults."""
        self._entries.pop(guild_id, None)
        self._policies.pop(guild_id, None)

    def load(self, entries: Mapping[GuildId, Entries]) -> None:
        """Replace the settings of several servers, as read from the store."""
        for guild_id, values in entries.items():
            self.put(guild_id, values)
