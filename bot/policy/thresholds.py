"""The thresholds of one class: the score at which each action is taken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from bot.domain import Kind, Note

LONGEST_TIMEOUT: Final = 28 * 24 * 60
"""Minutes; Discord's own limit."""


class SettingError(ValueError):
    """A setting is invalid; ``note`` tells the person who set it why."""

    def __init__(self, note: Note) -> None:
        super().__init__(note.key, dict(note.values))
        self.note = note


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The lowest score at which each action is taken, for one class. ``None`` means never.

    Raises ``SettingError`` for a value outside 0 to 1, and for an action whose threshold is below
    that of the alert.
    """

    alert: float | None = None
    delete: float | None = None
    timeout: float | None = None

    def __post_init__(self) -> None:
        for kind in Kind:
            value = self.of(kind)
            if value is not None and not 0 <= value <= 1:
                raise SettingError(Note("error.range", {"action": kind, "value": f"{value:g}"}))
            if value is not None and self.alert is not None and value < self.alert:
                raise SettingError(
                    Note(
                        "error.below_alert",
                        {
                            "action": kind,
                            "value": f"{value:g}",
                            "alert_action": Kind.ALERT,
                            "alert": f"{self.alert:g}",
                        },
                    )
                )

    def of(self, kind: Kind) -> float | None:
        """Return the threshold for ``kind``, or ``None`` for never."""
        value: float | None = getattr(self, kind.value)
        return value

    def changed(self, kind: Kind, value: float | None) -> Thresholds:
        """Return these thresholds with one replaced. Raises ``SettingError`` as the class does."""
        return replace(self, **{kind.value: value})
