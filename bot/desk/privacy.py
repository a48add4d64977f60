"""What is kept about whoever asks, and erasing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.desk.people import Asker, RefusalError
from bot.desk.reports import Limit
from bot.domain import GuildId, Note
from bot.store.ports import Housekeeping, Kept

USES: Final = 3
WINDOW_SECONDS: Final = 600.0
"""A member asks at most ``USES`` times in that time: each search reads the whole journal."""

KEPT_DAYS: Final = 7
"""What was alerted so recently stays when its author asks to be forgotten.

Otherwise they could disarm the alert about themselves before a moderator has read it.
"""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many of a person's texts were erased, and how many stay for ``KEPT_DAYS``."""

    erased: int
    kept: int


class PrivacyDesk:
    """Answers members about their own data."""

    def __init__(self, housekeeping: Housekeeping, retention_days: int) -> None:
        self._housekeeping = housekeeping
        self._limit = Limit(USES, WINDOW_SECONDS)
        self.retention_days = retention_days

    async def show(self, guild: GuildId, asker: Asker) -> Kept:
        """Return how much is kept about whoever asks. Raises ``RefusalError``."""
        self._check(guild, asker)
        return await self._housekeeping.kept_about(asker.id, guild)

    async def forget(self, guild: GuildId, asker: Asker) -> Forgotten:
        """Erase what is kept about whoever asks; what was alerted lately follows by itself.

        Raises ``RefusalError``.
        """
        self._check(guild, asker)
        now = datetime.now(UTC)
        await self._housekeeping.erase_later(asker.id, guild, now)
        erased = await self._housekeeping.forget_author(
            asker.id, guild, decided_before=now - timedelta(days=KEPT_DAYS)
        )
        return Forgotten(erased, (await self._housekeeping.kept_about(asker.id, guild)).messages)

    def _check(self, guild: GuildId, asker: Asker) -> None:
        if not self._limit.allows(guild, asker.id):
            raise RefusalError(
                Note("privacy.too_many", {"most": USES, "minutes": int(WINDOW_SECONDS / 60)})
            )
