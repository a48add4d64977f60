"""Erases, every hour, what has been kept long enough."""

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
FIRST_CHECK: Final = 60.0
"""Seconds until it is looked again whether Discord has said the time."""


async def keep_house(store: Store, book: PolicyBook, clock: Clock, storage: Storage) -> None:
    """Erase every hour, until cancelled.

    Nothing is erased before Discord has said what time it is, nor while this machine's clock says
    something else: at a wrong time fresh records would be erased.
    """
    while True:
        if not clock.agrees():
            await asyncio.sleep(FIRST_CHECK)
            continue
        try:
            erased = await _erase(store, book, clock, storage)
        except StoreUnavailableError as error:
            log.warning("housekeeping put off", reason=str(error))
        except Exception:
            # Nothing may end this: what is not erased is kept longer than was promised.
            log.exception("housekeeping failed, trying again in an hour")
        else:
            if erased:
                log.info("erased what was kept long enough", cases=erased)
        await asyncio.sleep(HOUR)


async def watch_database(store: Store) -> None:
    """Say, once, when the database is removed or replaced under the running bot."""
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
    # Also what enforcement erased, a quotation that was sent, say.
    await house.overwrite()
    return erased
