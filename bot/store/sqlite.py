"""The store on SQLite: one connection, one writer, each batch in one transaction."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Final

import aiosqlite

from bot.domain import Case, Decision, Kind, Outcome, Post, Reason, Status
from bot.errors import OperatorError
from model.classes import CLASSES

SCORE_COLUMNS: Final = (
    "message_id", "revision", "guild_id", "channel_id", "author_id", "created_at", "scored_at",
    "model",
)  # fmt: skip
"""The columns of the table scores before those of the classes."""


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _now() -> int:
    return time.time_ns() // 1_000_000


class SqliteStore:
    """Everything that is kept. Open it with ``open``, close it with ``close``.

    All writes go through one connection and one lock, so that no statement of one task lands in
    another task's transaction.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, path: Path) -> SqliteStore:
        """Open or create the database and bring its tables to this version.

        Raises ``OperatorError`` where the file cannot be used.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # autocommit off the library's hands: transactions are begun and ended here, plainly.
            connection = await aiosqlite.connect(path, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise OperatorError(
                f"cannot open the database {path}: {error}. Check that the folder exists and that "
                "this user may write to it, or set storage.database."
            ) from error
        try:
            for pragma in (
                "journal_mode=WAL",
                # A decision that was acted on must survive a power cut; commits are batched, so
                # the extra sync costs little.
                "synchronous=FULL",
                "busy_timeout=5000",
                "foreign_keys=ON",
            ):
                await connection.execute(f"PRAGMA {pragma}")
            store = cls(connection)
            await store._migrate(path)
        except sqlite3.Error as error:
            await connection.close()
            raise OperatorError(
                f"the database {path} cannot be used: {error}. If the file is damaged, move it "
                "away and start again: the bot creates a new one."
            ) from error
        except BaseException:
            await connection.close()
            raise
        return store

    async def close(self) -> None:
        """Close the connection. aiosqlite keeps a thread alive until then."""
        await self._connection.close()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[aiosqlite.Connection]:
        async with self._writing:
            try:
                await self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
            except BaseException:
                # Also where BEGIN itself was cancelled: its statement runs all the same. Where it
                # failed there is nothing to roll back.
                with suppress(sqlite3.OperationalError):
                    await self._connection.execute("ROLLBACK")
                raise
            await self._connection.execute("COMMIT")

    async def _migrate(self, path: Path) -> None:
        folder = resources.files("bot.store") / "migrations"
        scripts = sorted(
            (entry for entry in folder.iterdir() if entry.name.endswith(".sql")),
            key=lambda entry: entry.name,
        )
        (version,) = await self._one("PRAGMA user_version")
        if version > len(scripts):
            raise OperatorError(
                f"the database {path} was written by a newer Bellwether (schema {version}, this "  # noqa: S608 - a count of our own
                f"one knows {len(scripts)}). Update Bellwether, or set another storage.database."
            )
        for number, script in enumerate(scripts[version:], start=version + 1):
            async with self._transaction() as connection:
                for statement in _statements(script.read_text(encoding="utf-8")):
                    await connection.execute(statement)
                await connection.execute(f"PRAGMA user_version = {number}")

    async def _one(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Row:
        async with self._connection.execute(sql, parameters) as cursor:
            row = await cursor.fetchone()
        if row is None:
            raise LookupError(f"no row for {sql!r}")
        return row

    # ------------------------------------------------------------------ decisions and actions

    async def record(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Write scores and due actions in one transaction; return the decisions that are new.

        A message that is already journalled, from before a crash or a replay, is left as it is.
        An edit leads to actions only if it calls for one that its message has not had yet: nobody
        wants a second alert for a corrected comma.
        """
        now = _now()
        columns = (*SCORE_COLUMNS, *CLASSES)
        marks = ", ".join("?" * len(columns))
        fresh: list[Decision] = []
        async with self._transaction() as connection:
            known = await self._known(decisions)
            taken = await self._taken(decisions)
            for decision in decisions:
                post = decision.post
                if (post.message_id, post.revision) in known:
                    continue
                known.add((post.message_id, post.revision))
                due = {reason.kind for reason in decision.reasons}
                had = taken.setdefault(post.message_id, set())
                fresh.append(decision if due - had else replace(decision, reasons=()))
                had |= due
            await connection.executemany(
                f"INSERT INTO scores ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - our own names
                [_score_row(decision, now) for decision in fresh],
            )
            await connection.executemany(
                "INSERT INTO actions VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', '', ?, NULL)",
                [
                    (
                        decision.post.message_id,
                        decision.post.revision,
                        reason.kind,
                        decision.post.guild_id,
                        reason.harm,
                        reason.score,
                        reason.threshold,
                        now,
                    )
                    for decision in fresh
                    for reason in decision.reasons
                ],
            )
        return fresh

    async def _known(self, decisions: Iterable[Decision]) -> set[tuple[int, int]]:
        found: set[tuple[int, int]] = set()
        ids = [decision.post.message_id for decision in decisions]
        for start in range(0, len(ids), 500):
            part = ids[start : start + 500]
            marks = ", ".join("?" * len(part))
            async with self._connection.execute(
                f"SELECT message_id, revision FROM scores WHERE message_id IN ({marks})",  # noqa: S608
                part,
            ) as cursor:
                found.update((row[0], row[1]) for row in await cursor.fetchall())
        return found

    async def _taken(self, decisions: Iterable[Decision]) -> dict[int, set[Kind]]:
        """Return which kinds of action the edited ones among these messages have had."""
        taken: dict[int, set[Kind]] = {}
        for decision in decisions:
            post = decision.post
            if post.revision and decision.reasons and post.message_id not in taken:
                async with self._connection.execute(
                    "SELECT kind FROM actions WHERE message_id = ?", (post.message_id,)
                ) as cursor:
                    taken[post.message_id] = {Kind(row[0]) for row in await cursor.fetchall()}
        return taken

    async def finish(self, post: Post, kind: Kind, outcome: Outcome) -> None:
        """Write how an action ended. ``PENDING`` leaves it to be tried after the next start."""
        async with self._transaction() as connection:
            await connection.execute(
                "UPDATE actions SET status = ?, detail = ?, finished_at = ? "
                "WHERE message_id = ? AND revision = ? AND kind = ?",
                (outcome.status, outcome.detail, _now(), post.message_id, post.revision, kind),
            )

    async def unfinished(self) -> list[Case]:
        """Return every case with a pending action, oldest first, as a crash has left them."""
        columns = ", ".join(f"s.{name}" for name in CLASSES)
        async with self._connection.execute(
            "SELECT s.message_id, s.revision, s.guild_id, s.channel_id, s.author_id,"  # noqa: S608
            f" s.created_at, s.model, {columns}, a.kind, a.harm, a.score, a.threshold, a.status,"
            " a.detail FROM scores s JOIN actions a USING (message_id, revision)"
            " WHERE (s.message_id, s.revision) IN"
            " (SELECT message_id, revision FROM actions WHERE status = 'pending')"
            " ORDER BY s.message_id, s.revision, a.kind"
        ) as cursor:
            rows = await cursor.fetchall()
        cases: dict[tuple[int, int], Case] = {}
        for row in rows:
            message_id, revision, guild_id, channel_id, author_id, created_at, model = row[:7]
            named = zip(CLASSES, row[7 : 7 + len(CLASSES)], strict=True)
            # A row from before a class existed has no score for it.
            scores = {name: score for name, score in named if score is not None}
            kind, harm, score, threshold, status, detail = row[7 + len(CLASSES) :]
            before = cases.get((message_id, revision))
            reason = Reason(Kind(kind), harm, score, threshold)
            post = Post(
                message_id=message_id,
                revision=revision,
                guild_id=guild_id,
                channel_id=channel_id,
                author_id=author_id,
                created_at=datetime.fromtimestamp(created_at / 1000, UTC),
                text="",
            )
            reasons = (*before.decision.reasons, reason) if before else (reason,)
            outcomes = dict(before.outcomes) if before else {}
            if status != Status.PENDING:
                outcomes[Kind(kind)] = Outcome(Status(status), detail)
            cases[message_id, revision] = Case(Decision(post, scores, model, reasons), outcomes)
        return list(cases.values())

    # ------------------------------------------------------------------ servers' own settings

    async def alert_channels(self) -> dict[int, int]:
        """Return the alert channel of every server that has one."""
        async with self._connection.execute(
            "SELECT guild_id, alert_channel_id FROM guilds WHERE alert_channel_id IS NOT NULL"
        ) as cursor:
            return {row[0]: row[1] for row in await cursor.fetchall()}

    async def set_alert_channel(self, guild_id: int, channel_id: int) -> None:
        """Remember where a server wants its alerts."""
        async with self._transaction() as connection:
            await connection.execute(
                "INSERT INTO guilds VALUES (?, ?) ON CONFLICT (guild_id) "
                "DO UPDATE SET alert_channel_id = excluded.alert_channel_id",
                (guild_id, channel_id),
            )

    async def thresholds(self) -> dict[int, dict[tuple[str, Kind], float | None]]:
        """Return the thresholds that servers have set themselves, by server."""
        async with self._connection.execute(
            "SELECT guild_id, harm, kind, value FROM thresholds"
        ) as cursor:
            rows = await cursor.fetchall()
        found: dict[int, dict[tuple[str, Kind], float | None]] = {}
        for guild_id, harm, kind, value in rows:
            found.setdefault(guild_id, {})[harm, Kind(kind)] = value
        return found

    async def set_thresholds(
        self, guild_id: int, values: Mapping[tuple[str, Kind], float | None], user_id: int
    ) -> None:
        """Set some of a server's thresholds, all or none of them."""
        async with self._transaction() as connection:
            await connection.executemany(
                "INSERT INTO thresholds VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (guild_id, harm, kind) DO UPDATE SET "
                "value = excluded.value, set_by = excluded.set_by, set_at = excluded.set_at",
                [
                    (guild_id, harm, kind, value, user_id, _now())
                    for (harm, kind), value in values.items()
                ],
            )

    # ------------------------------------------------------------------ facts

    async def fact(self, name: str) -> str | None:
        """Return a fact about this installation, ``None`` where it was never written."""
        async with self._connection.execute(
            "SELECT value FROM facts WHERE name = ?", (name,)
        ) as cursor:
            row = await cursor.fetchone()
        return None if row is None else str(row[0])

    async def set_fact(self, name: str, value: str) -> None:
        """Write a fact about this installation."""
        async with self._transaction() as connection:
            await connection.execute(
                "INSERT INTO facts VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, value),
            )


def _score_row(decision: Decision, now: int) -> tuple[object, ...]:
    post = decision.post
    return (
        post.message_id,
        post.revision,
        post.guild_id,
        post.channel_id,
        post.author_id,
        _milliseconds(post.created_at),
        now,
        decision.model,
        *(decision.scores[name] for name in CLASSES),
    )


def _statements(script: str) -> list[str]:
    """Split a migration at the ends of its statements, as SQLite itself sees them."""
    found: list[str] = []
    current = ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            found.append(current.strip())
            current = ""
    if current.strip():
        raise ValueError(f"a migration ends inside a statement: {current.strip()[:80]!r}")
    return found
