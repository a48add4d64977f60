"""Erases expired data every hour, and watches the database file."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from bot.app.settings import Storage
from bot.clock import Clock
from bot.desk.privacy import KEPT_DAYS
from bot.policy.book import PolicyBook
from bot.store.ports import Store, StoreUnavailableError

log = structlog.stdlib.get_logger(__name__)

HOUR: Final = 3_600.0
WATCH: Final = 10.0
"""Seconds between checks of the database file."""
FIRST_CHECK: Final = 60.0
"""Seconds between checks whether the clock agrees with Discord's."""


async def keep_house(store: Store, book: PolicyBook, clock: Clock, storage: Storage) -> None:
    """Erase expired data every hour, until cancelled.

    Nothing is erased until Discord has sent its time and this machine's clock agrees with it,
    because a wrong clock would erase recent records.
    """
    while True:
        if not clock.agrees():
            await asyncio.sleep(FIRST_CHECK)
            continue
        try:
            erased = await _erase(store, book, clock, storage)
        except StoreUnavailableError as error:
            log.warning("housekeeping postponed", reason=str(error))
        except Exception:
            # No error may end this loop, or data would be kept longer than promised.
            log.exception("housekeeping failed, retrying in an hour")
        else:
            if erased:
                log.info("expired cases erased", cases=erased)
        await asyncio.sleep(HOUR)


async def watch_database(store: Store) -> None:
    """Log, once, that the database was removed or replaced while the bot is running."""
    while True:
        reason = store.problem()
        if reason is not None:
            log.error("database lost, restart the bot", reason=reason)
            return
        await asyncio.sleep(WATCH)


async def _erase(store: Store, book: PolicyBook, clock: Clock, storage: Storage) -> int:
    now, house = clock.now(), store.housekeeping
    erased = await house.expire(now - timedelta(days=storage.retention_days))
    erased += await house.erase_due(now - timedelta(days=KEPT_DAYS))
    for guild in await house.departed(now - timedelta(days=storage.erase_left_after_days)):
        erased += await house.forget_server(guild)
        book.forget(guild)
    # This also overwrites what enforcement erased, such as the excerpt of an alert that was sent.
    await house.overwrite()
    return erased
