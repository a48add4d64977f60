"""Decisions, their actions and the outcomes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import aiosqlite

from bot.domain import (
    Case,
    CaseId,
    ChannelId,
    Decision,
    GuildId,
    Judgement,
    Kind,
    Outcome,
    Past,
    Post,
    Reason,
    Status,
    Surface,
    Taken,
    about,
    message_case,
)
from bot.store.ports import Assigned, Mark
from bot.store.seal import Excerpt, Sealer
from bot.store.sqlite.database import Database, now
from bot.store.sqlite.rows import (
    CASE,
    CASE_ROW,
    DECISION,
    NEW_CASE,
    SAME_CASE,
    SCORE_ROWS,
    WIDTH,
    case_of,
    case_row,
    chunks,
    decision_of,
    milliseconds,
    note_of,
    note_text,
    placeholders,
    score_rows,
)
from bot.store.sqlite.watermarks import write_marks

MOST_PAST: Final = 100_000
"""Most decisions that a preview reads. A busy server has more at scores below 0.2."""


class SqliteJournal:
    """Stores ids and numbers. The only texts are encrypted excerpts. See ``ports.Journal``."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._models: dict[str, int] = {}

    async def taken(self, posts: Sequence[Post]) -> Taken:
        """Return what the journal already has about ``posts``."""
        cases = await self._with_known_subject({post.id for post in posts})
        found = Taken(await self._known(cases))
        messages = {case for case in map(about, cases) if case.surface is Surface.MESSAGE}
        for part in chunks(messages):
            # DISTINCT, because a message that was edited a thousand times has a thousand cases.
            rows = await self._database.rows(
                f"WITH wanted (guild_id, subject_id) AS (VALUES {placeholders(2, part)})"
                " SELECT DISTINCT guild_id, subject_id, a.kind FROM wanted CROSS JOIN cases c"
                " USING (guild_id, subject_id) JOIN actions a ON a.case_id = c.id"
                " WHERE c.surface = 'message'",
                [value for case in part for value in (case.guild, case.subject)],
            )
            for guild, subject, kind in rows:
                found.kinds.setdefault(message_case(guild, subject), set()).add(Kind(kind))
        return found

    async def _with_known_subject(self, cases: Collection[CaseId]) -> set[CaseId]:
        """Return the cases whose subject is in the journal. Few are, as most messages are new."""
        by_subject: dict[tuple[object, ...], list[CaseId]] = {}
        for case in cases:
            by_subject.setdefault(case[:3], []).append(case)
        found: set[CaseId] = set()
        for part in chunks(by_subject):
            rows = await self._database.rows(
                "WITH wanted (guild, surface, subject)"
                f" AS (VALUES {placeholders(3, part)}) SELECT * FROM wanted WHERE EXISTS (SELECT 1 FROM"
                " cases WHERE guild_id = guild AND surface = wanted.surface AND subject_id = subject)",
                [value for subject in part for value in subject],
            )
            for row in rows:
                found.update(by_subject[tuple(row)])
        return found

    async def _known(self, cases: Collection[CaseId]) -> set[CaseId]:
        found: set[CaseId] = set()
        for part in chunks(cases):
            rows = await self._database.rows(
                "WITH wanted (guild_id, surface, subject_id, revision)"
                f" AS (VALUES {placeholders(4, part)}) SELECT {CASE} FROM wanted CROSS JOIN cases c"
                " USING (guild_id, surface, subject_id, revision)",
                [value for case in part for value in case],
            )
            found.update(case_of(row) for row in rows)
        return found

    async def record(
        self, decisions: Sequence[Decision], marks: Sequence[Mark] = ()
    ) -> list[Decision]:
        """Write decisions, their actions and watermarks; return the new decisions."""
        at = now()
        # Encrypted before the transaction, because only this takes a while.
        sealed = {
            decision.post.id: self._sealer.seal(
                Excerpt(decision.post.text, decision.post.author_name)
            )
            for decision in decisions
            if decision.reasons
        }
        models = dict(self._models)

        def write(connection: sqlite3.Connection) -> list[tuple[int, Decision]]:
            _number_models(connection, decisions, models)
            fresh = _write_cases(connection, decisions, models, at)
            connection.executemany(
                SCORE_ROWS, [score_rows(n, each, models[each.model]) for n, each in fresh]
            )
            due = [(number, decision) for number, decision in fresh if decision.reasons]
            if due:
                _write_actions(connection, due, sealed, at)
            if marks:
                write_marks(connection, marks)
            return fresh

        fresh = await self._database.write(write)
        self._models = models
        return [decision for _, decision in fresh]

    async def finish(
        self,
        cases: Sequence[Case],
        kind: Kind,
        outcomes: Sequence[Outcome],
        leads: Sequence[CaseId] = (),
    ) -> None:
        """Write the outcomes of one kind of action. For alerts, this also erases the excerpts."""
        at = now()
        async with self._database.transaction() as connection:
            await connection.executemany(
                "UPDATE actions SET status = ?, note = ?, finished_at = ?"
                f" WHERE case_id = {CASE_ROW} AND kind = ?",
                [
                    (outcome.status, note_text(outcome.note), at, *case.id, kind)
                    for case, outcome in zip(cases, outcomes, strict=True)
                ],
            )
            if leads:
                await self._assign(connection, cases, leads)
            if kind is Kind.ALERT:
                await connection.executemany(
                    f"DELETE FROM excerpts WHERE case_id = {CASE_ROW}",
                    [case.id for case in cases],
                )

    async def assign(self, cases: Sequence[Case], leads: Sequence[CaseId]) -> None:
        """Assign cases to alerts, identified by their lead cases, before the alerts are sent."""
        async with self._database.transaction() as connection:
            await self._assign(connection, cases, leads)

    async def _assign(
        self, connection: aiosqlite.Connection, cases: Sequence[Case], leads: Sequence[CaseId]
    ) -> None:
        await connection.executemany(
            f"UPDATE actions SET alert_case_id = {CASE_ROW}"
            f" WHERE case_id = {CASE_ROW} AND kind = 'alert'",
            [(*lead, *case.id) for case, lead in zip(cases, leads, strict=True)],
        )

    async def assigned(self, cases: Sequence[Case]) -> dict[CaseId, Assigned]:
        """Return the alert of each case that was assigned to one but may not have been sent."""
        found = {}
        for case in cases:
            row = await self._database.row(
                f"SELECT {CASE}, (SELECT count(*) FROM actions b"
                "  WHERE b.alert_case_id = a.alert_case_id)"
                " FROM actions a JOIN cases c ON c.id = a.alert_case_id"
                f" WHERE a.case_id = {CASE_ROW} AND a.kind = 'alert'",
                case.id,
            )
            if row is not None:
                found[case.id] = Assigned(case_of(row[:4]), row[4])
        return found

    async def unfinished(self) -> list[Case]:
        """Return every case with a pending action, oldest first."""
        return await self._cases("c.id IN (SELECT case_id FROM actions WHERE status = 'pending')")

    async def told_by_alert(self, lead: CaseId) -> list[Case]:
        """Return the cases of an alert, the lead first; none if the lead has been erased."""
        cases = await self._cases(
            f"({SAME_CASE}) OR c.id IN"
            f" (SELECT case_id FROM actions WHERE alert_case_id = {CASE_ROW})",
            (*lead, *lead),
        )
        return sorted(cases, key=lambda case: case.id != lead)

    async def _cases(self, where: str, parameters: Sequence[object] = ()) -> list[Case]:
        rows = await self._database.rows(
            f"SELECT {DECISION}, a.kind, a.harm, a.score, a.threshold, a.scope_id, a.minutes,"
            " a.status, a.note, e.sealed FROM cases c"
            " LEFT JOIN actions a ON a.case_id = c.id LEFT JOIN excerpts e ON e.case_id = c.id"
            f" WHERE {where} ORDER BY c.subject_id, c.revision, a.kind",
            parameters,
        )
        cases: dict[CaseId, Case] = {}
        for row in rows:
            *action, sealed = row[WIDTH:]
            kind, harm, score, threshold, scope_id, minutes, status, note = action
            case = cases.get(case_of(row[:4]))
            if case is None:
                decision = decision_of(row)
                excerpt = self._sealer.unseal(sealed)
                post = replace(decision.post, text=excerpt.text, author_name=excerpt.name)
                case = Case(replace(decision, post=post))
            if kind is not None:
                reason = Reason(Kind(kind), harm, score, threshold, ChannelId(scope_id), minutes)
                outcomes = {**case.outcomes}
                if status != Status.PENDING:
                    outcomes[reason.kind] = Outcome(Status(status), note_of(note))
                reasons = (*case.decision.reasons, reason)
                case = Case(replace(case.decision, reasons=reasons), outcomes)
            cases[case.id] = case
        return list(cases.values())

    async def past(
        self, guild: GuildId, since: datetime, least: float, scope: ChannelId
    ) -> list[Past]:
        """Return a server's decisions since a time, at most the latest ``MOST_PAST``."""
        rows = await self._database.read(
            f"SELECT {DECISION}, v.judgement FROM cases c"
            " LEFT JOIN verdicts v ON v.case_id = c.id"
            " WHERE c.guild_id = ?1 AND c.created_at >= ?2"
            " AND EXISTS (SELECT 1 FROM scores WHERE case_id = c.id AND value >= ?3)"
            " AND (?4 = 0 OR ?4 IN (c.channel_id, c.parent_id, c.category_id))"
            f" ORDER BY c.created_at DESC LIMIT {MOST_PAST}",
            (guild, milliseconds(since), least, scope),
        )
        # In a thread, so that many rows do not delay the gateway's heartbeat.
        return await asyncio.to_thread(_past, rows)


def _number_models(
    connection: sqlite3.Connection, decisions: Iterable[Decision], models: dict[str, int]
) -> None:
    """Add the models' row ids to ``models``. The caller keeps them once they are on disk."""
    for version in {decision.model for decision in decisions} - models.keys():
        connection.execute(
            "INSERT INTO models (version) VALUES (?) ON CONFLICT DO NOTHING", (version,)
        )
        (models[version],) = connection.execute(
            "SELECT id FROM models WHERE version = ?", (version,)
        ).fetchone()


def _write_cases(
    connection: sqlite3.Connection,
    decisions: Sequence[Decision],
    models: Mapping[str, int],
    at: int,
) -> list[tuple[int, Decision]]:
    """Write the new cases; return each with its row id.

    The table decides which are new, because another process may have written in the meantime.
    """
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM cases").fetchone()
    numbered = list(enumerate(decisions, start=last + 1))
    written = connection.executemany(
        NEW_CASE, [case_row(n, decision, models[decision.model], at) for n, decision in numbered]
    )
    if written.rowcount == len(numbered):
        return numbered
    rows = connection.execute("SELECT id FROM cases WHERE id > ?", (last,))
    new = {row[0] for row in rows}
    return [(number, decision) for number, decision in numbered if number in new]


def _write_actions(
    connection: sqlite3.Connection,
    due: Sequence[tuple[int, Decision]],
    sealed: Mapping[CaseId, bytes],
    at: int,
) -> None:
    connection.executemany(
        "INSERT INTO actions (case_id, kind, harm, score, threshold, scope_id, minutes, status,"
        " decided_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?)",
        [
            (
                number,
                why.kind,
                why.harm,
                why.score,
                why.threshold,
                why.scope_id,
                why.minutes,
                at,
            )
            for number, decision in due
            for why in decision.reasons
        ],
    )
    connection.executemany(
        "INSERT INTO excerpts VALUES (?, ?)",
        [(number, sealed[decision.post.id]) for number, decision in due],
    )


def _past(rows: Sequence[sqlite3.Row]) -> list[Past]:
    found = [
        Past(decision_of(row), None if row[WIDTH] is None else Judgement(row[WIDTH]))
        for row in rows
    ]
    return sorted(found, key=lambda past: (past.decision.post.at, past.decision.post.revision))
