"""Every server's policy: what its moderators set, over the operator's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain import GuildId
from bot.policy.entries import Defaults, Entries
from bot.policy.rules import Policy


@dataclass(slots=True)
class PolicyBook:
    """The policies in force, by server. Policies are values: a change replaces one."""

    defaults: Defaults
    _entries: dict[GuildId, Entries] = field(default_factory=dict)
    _policies: dict[GuildId, Policy] = field(default_factory=dict)
    _default: Policy = field(init=False)

    def __post_init__(self) -> None:
        self._default = self.defaults.policy()

    def of(self, guild_id: GuildId) -> Policy:
        """Return the policy of a server; one that never set anything has the defaults."""
        return self._policies.get(guild_id, self._default)

    def entries(self, guild_id: GuildId) -> Entries:
        """Return what a server's moderators have set."""
        return self._entries.get(guild_id, {})

    def put(self, guild_id: GuildId, entries: Entries) -> None:
        """Take over what a server's moderators have set; it decides from now on."""
        self._entries[guild_id] = entries
        self._policies[guild_id] = self.defaults.policy(entries)

    def forget(self, guild_id: GuildId) -> None:
        """Go back to the defaults for a server."""
        self._entries.pop(guild_id, None)
        self._policies.pop(guild_id, None)

    def load(self, entries: Mapping[GuildId, Entries]) -> None:
        """Take over what the store remembers."""
        for guild_id, values in entries.items():
            self.put(guild_id, values)
