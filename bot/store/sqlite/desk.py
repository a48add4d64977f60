"""What moderators set, every change of it, and what they did from alerts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from bot.policy.entries import Changes, Entries, Value
from bot.store.sqlite.database import Database, now


class Act(StrEnum):
    """What a moderator can do from an alert."""

    DELETE = "delete"
    TIMEOUT = "timeout"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Done:
    """One act, by whom and when."""

    act: Act
    by_id: int
    at: datetime
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One entry that a command changed; ``None`` is "not set". ``number`` counts per server."""

    number: int
    name: str
    before: Value | None
    after: Value | None
    changed_by: int
    changed_at: datetime
    undoes: int | None


class StaleChangeError(Exception):
    """An entry is not any more what the change to be undone made of it."""


class Desk:
    """Servers' own settings and acts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(self) -> dict[int, Entries]:
        """Return what every server has set."""
        found: dict[int, dict[str, Value]] = {}
        for guild_id, name, value in await self._database.rows(
            "SELECT guild_id, name, value FROM entries"
        ):
            found.setdefault(guild_id, {})[name] = json.loads(value)
        return dict(found)

    async def change(
        self, guild_id: int, changes: Changes, user_id: int, *, undoes: int | None = None
    ) -> int:
        """Write changed entries and the record of it, all or nothing; return the change's number."""
        at = now()
        async with self._database.transaction() as connection:
            before = {
                row[0]: row[1]
                for row in await self._database.rows(
                    "SELECT name, value FROM entries WHERE guild_id = ?", (guild_id,)
                )
            }
            row = await self._database.row(
                "SELECT coalesce(max(number), 0) + 1 FROM changes WHERE guild_id = ?", (guild_id,)
            )
            number: int = row[0] if row else 1
            for name, value in changes.items():
                after = None if value is None else json.dumps(value)
                if after == before.get(name):
                    continue
                await connection.execute(
                    "INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (guild_id, number, name, before.get(name), after, user_id, at, undoes),
                )
                if after is None:
                    await connection.execute(
                        "DELETE FROM entries WHERE guild_id = ? AND name = ?", (guild_id, name)
                    )
                else:
                    await connection.execute(
                        "INSERT INTO entries VALUES (?, ?, ?) ON CONFLICT (guild_id, name)"
                        " DO UPDATE SET value = excluded.value",
                        (guild_id, name, after),
                    )
        return number

    async def changes(
        self, guild_id: int, *, most: int = 50, number: int | None = None
    ) -> list[Change]:
        """Return a server's latest changes, the latest first; or one change's entries."""
        rows = await self._database.rows(
            "SELECT number, name, before, after, changed_by, changed_at, undoes FROM changes"
            " WHERE guild_id = ?1 AND (?2 IS NULL OR number = ?2)"
            " ORDER BY number DESC, name LIMIT ?3",
            (guild_id, number, most),
        )
        return [
            Change(
                number=row[0],
                name=row[1],
                before=None if row[2] is None else json.loads(row[2]),
                after=None if row[3] is None else json.loads(row[3]),
                changed_by=row[4],
                changed_at=datetime.fromtimestamp(row[5] / 1000, UTC),
                undoes=row[6],
            )
            for row in rows
        ]

    async def undone(self, guild_id: int) -> set[int]:
        """Return the numbers of changes that were taken back."""
        rows = await self._database.rows(
            "SELECT DISTINCT undoes FROM changes WHERE guild_id = ? AND undoes IS NOT NULL",
            (guild_id,),
        )
        return {row[0] for row in rows}

    async def acted(
        self,
        guild_id: int,
        cases: Sequence[tuple[int, int]],
        act: Act,
        by_id: int,
        minutes: int = 0,
    ) -> None:
        """Record what a moderator did about some (message, revision)."""
        at = now()
        async with self._database.transaction() as connection:
            await connection.executemany(
                "INSERT INTO acts (guild_id, message_id, revision, act, by_id, at, minutes)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(guild_id, *case, act, by_id, at, minutes) for case in cases],
            )

    async def acts(self, message_id: int, revision: int) -> list[Done]:
        """Return what moderators did about a message, in order."""
        rows = await self._database.rows(
            "SELECT act, by_id, at, minutes FROM acts WHERE message_id = ? AND revision = ?"
            " ORDER BY id",
            (message_id, revision),
        )
        return [
            Done(Act(row[0]), row[1], datetime.fromtimestamp(row[2] / 1000, UTC), row[3])
            for row in rows
        ]
