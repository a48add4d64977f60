"""Shows members what is stored about them, and erases it."""

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
"""A member may ask ``USES`` times in this time, because each request reads the whole journal."""

KEPT_DAYS: Final = 7
"""Messages alerted on in these days stay for now when their author asks to be forgotten.

Otherwise authors could disable the alerts about themselves before a moderator reads them.
"""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many of a person's texts were erased, and how many stay for up to ``KEPT_DAYS``."""

    erased: int
    kept: int


class PrivacyDesk:
    """Answers members' requests about their own data."""

    def __init__(self, housekeeping: Housekeeping, retention_days: int) -> None:
        self._housekeeping = housekeeping
        self._limit = Limit(USES, WINDOW_SECONDS)
        self.retention_days = retention_days

    async def show(self, guild: GuildId, asker: Asker) -> Kept:
        """Return how much is stored about the asker. Raises ``RefusalError``."""
        self._check(guild, asker)
        return await self._housekeeping.kept_about(asker.id, guild)

    async def forget(self, guild: GuildId, asker: Asker) -> Forgotten:
        """Erase what is stored about the asker. Recent alerts are erased later, automatically.

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
