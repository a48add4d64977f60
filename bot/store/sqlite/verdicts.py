"""Moderators' verdicts on what the bot did, and their own actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.domain import Act, CaseId, Done, GuildId, Judgement, UserId, Verdict
from bot.store.sqlite.database import Database, now
from bot.store.sqlite.rows import (
    CASE,
    CASE_ROW,
    DECISION,
    WIDTH,
    case_of,
    chunks,
    decision_of,
    milliseconds,
    moment,
    placeholders,
)


class SqliteVerdicts:
    """See ``ports.Verdicts``. Verdicts and actions on an erased case are not stored."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def judge(self, verdicts: Sequence[Verdict]) -> None:
        """Store verdicts. The latest verdict on a case replaces earlier ones."""
        async with self._database.transaction() as connection:
            await connection.executemany(
                "INSERT INTO verdicts"
                f" SELECT id, ?, ?, ?, ? FROM cases WHERE id = {CASE_ROW}"
                " ON CONFLICT (case_id) DO UPDATE SET harm = excluded.harm,"
                " judgement = excluded.judgement, given_by = excluded.given_by,"
                " given_at = excluded.given_at",
                [
                    (
                        verdict.harm,
                        verdict.judgement,
                        verdict.given_by,
                        milliseconds(verdict.given_at),
                        *verdict.decision.post.id,
                    )
                    for verdict in verdicts
                ],
            )

    async def judgements(self, cases: Sequence[CaseId]) -> dict[CaseId, Judgement]:
        """Return the judgements of cases, without those that have none."""
        rows = await self._rows_about(cases, "c.id, v.judgement", "verdicts v")
        return {case_of(row[:4]): Judgement(row[5]) for row in rows}

    async def verdicts(self, guild: GuildId, model: str) -> list[Verdict]:
        """Return a server's verdicts on scores of one version of the model, oldest first.

        Scores of other versions have another meaning, so they say nothing about a threshold.
        """
        rows = await self._database.rows(
            f"SELECT {DECISION}, v.harm, v.judgement, v.given_by, v.given_at FROM verdicts v"
            " JOIN cases c ON c.id = v.case_id JOIN models m ON m.id = c.model_id"
            " WHERE c.guild_id = ? AND m.version = ? ORDER BY v.given_at",
            (guild, model),
        )
        return [
            Verdict(decision_of(row), harm, Judgement(judgement), UserId(by), moment(at))
            for row in rows
            for harm, judgement, by, at in [row[WIDTH:]]
        ]

    async def reported(self, case: CaseId) -> None:
        """Record that a member reported a case. Later reports do not change the time."""
        async with self._database.transaction() as connection:
            await connection.execute(
                f"INSERT INTO reports SELECT id, ? FROM cases WHERE id = {CASE_ROW}"
                " ON CONFLICT DO NOTHING",
                (now(), *case),
            )

    async def acted(
        self, cases: Sequence[CaseId], act: Act, by: UserId, *, minutes: int = 0
    ) -> None:
        """Record an action that a moderator took on some cases."""
        at = now()
        async with self._database.transaction() as connection:
            await connection.executemany(
                "INSERT INTO acts (case_id, act, by_id, at, minutes)"
                f" SELECT id, ?, ?, ?, ? FROM cases WHERE id = {CASE_ROW}",
                [(act, by, at, minutes, *case) for case in cases],
            )

    async def acts(self, cases: Sequence[CaseId]) -> dict[CaseId, list[Done]]:
        """Return the actions that moderators took on each case, in order."""
        found: dict[CaseId, list[Done]] = {case: [] for case in cases}
        columns = "v.id, v.act, v.by_id, v.at, v.minutes"
        for row in await self._rows_about(cases, columns, "acts v"):
            act, by, at, minutes = row[5:]
            found[case_of(row[:4])].append(Done(Act(act), UserId(by), moment(at), minutes))
        return found

    async def _rows_about(
        self, cases: Sequence[CaseId], columns: str, table: str
    ) -> list[Sequence[Any]]:
        """Return a table's rows about some cases: the case id, then ``columns``.

        They are ordered by the first of ``columns``.
        """
        rows: list[Sequence[Any]] = []
        for part in chunks(cases):
            rows += await self._database.rows(
                f"SELECT {CASE}, {columns} FROM cases c JOIN {table} ON v.case_id = c.id"
                " WHERE (c.guild_id, c.surface, c.subject_id, c.revision) IN"
                f" (VALUES {placeholders(4, part)}) ORDER BY 5",
                [value for case in part for value in case],
            )
        return rows
