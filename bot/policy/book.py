"""Every server's policy: what its moderators set, over the operator's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.domain import Kind
from bot.policy.thresholds import Policy, Thresholds

Overrides = Mapping[tuple[str, Kind], float | None]


@dataclass(slots=True)
class PolicyBook:
    """The policies in force, by server. Policies are values: a change replaces one."""

    defaults: Mapping[str, Thresholds]
    _policies: dict[int, Policy] = field(default_factory=dict)

    def of(self, guild_id: int) -> Policy:
        """Return the policy of a server; one that never set anything has the defaults."""
        policy = self._policies.get(guild_id)
        return Policy(self.defaults) if policy is None else policy

    def set_alert_channel(self, guild_id: int, channel_id: int) -> None:
        """Send a server's alerts to another channel from now on."""
        self._policies[guild_id] = replace(self.of(guild_id), alert_channel_id=channel_id)

    def set_thresholds(self, guild_id: int, harm: str, thresholds: Thresholds) -> None:
        """Replace a server's thresholds for one class."""
        policy = self.of(guild_id)
        changed = {**policy.thresholds, harm: thresholds}
        self._policies[guild_id] = replace(policy, thresholds=changed)

    def load(self, channels: Mapping[int, int], overrides: Mapping[int, Overrides]) -> None:
        """Take over what the store remembers.

        Both values of a class are set together, so the order in which they were stored cannot
        make a valid pair look invalid.
        """
        for guild_id, channel_id in channels.items():
            self.set_alert_channel(guild_id, channel_id)
        for guild_id, values in overrides.items():
            for harm, default in self.defaults.items():
                alert = values.get((harm, Kind.ALERT), default.alert)
                delete = values.get((harm, Kind.DELETE), default.delete)
                self.set_thresholds(guild_id, harm, Thresholds(alert, delete))
