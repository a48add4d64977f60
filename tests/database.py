"""The database in tests: stores that are closed again, and tables as another program sees them."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.domain import Case, Decision, Kind, Outcome, Revision
from bot.store.sqlite.store import SqliteStore
from tests import making

WRITTEN = "private words that must not reach the disk"

Opened = Callable[[Path], Awaitable[SqliteStore]]


async def stores() -> AsyncIterator[Opened]:
    """Open stores that are closed whatever happens: each keeps a thread, which keeps pytest alive.

    A fixture where a test module makes it one.
    """
    opened: list[SqliteStore] = []

    async def open_one(path: Path) -> SqliteStore:
        opened.append(await SqliteStore.open(path))
        return opened[-1]

    yield open_one
    for store in opened:
        await store.close()


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query, read by a connection of its own."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


def execute(path: Path, *statements: str) -> None:
    """Change the database behind the store's back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def decision(number: int, *kinds: Kind, revision: str = "") -> Decision:
    made = making.decision(number, *kinds, text=WRITTEN, author_name="a name")
    return again(made, revision=Revision(revision))


def again(made: Decision, **changes: Any) -> Decision:
    """Return the same decision about another wording, subject or server."""
    return replace(made, post=replace(made.post, id=made.post.id._replace(**changes)))


async def finish(store: SqliteStore, done: Decision, kind: Kind, outcome: Outcome) -> None:
    """Journal that one action of a decision has ended."""
    await store.journal.finish([Case(done)], kind, [outcome])
