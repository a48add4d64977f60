"""What was scored, what was decided, and how it went."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from bot.domain import (
    Case,
    Decision,
    Judgement,
    Kind,
    Note,
    Outcome,
    Post,
    Reason,
    Status,
    Verdict,
)
from bot.policy.replay import Past, further
from bot.store.database import Database, now
from model.classes import CLASSES, HARMS

COLUMNS: Final = (
    "message_id", "revision", "guild_id", "channel_id", "author_id", "created_at", "scored_at",
    "model", "parent_id", "category_id", "facts", *CLASSES,
)  # fmt: skip
"""The columns of the table scores, as they are written."""

MODERATOR, WEBHOOK, EXEMPT = 1, 2, 4

_READ: Final = ", ".join(f"s.{name}" for name in COLUMNS)
AT_ONCE: Final = 500
"""So many parameters fit into one statement whatever SQLite was compiled with."""


class Journal:
    """Scores, due actions and verdicts: ids and numbers, no text."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Write scores and due actions in one transaction; return the decisions that are new.

        A message that is already journalled, from before a crash or a replay, is left as it is.
        An edit leads to actions only if it calls for one that its message has not had yet.
        """
        at = now()
        marks = ", ".join("?" * len(COLUMNS))
        fresh: list[Decision] = []
        async with self._database.transaction() as connection:
            known = await self._known(decisions)
            taken = await self._taken(decisions)
            for decision in decisions:
                post = decision.post
                if (post.message_id, post.revision) in known:
                    continue
                known.add((post.message_id, post.revision))
                fresh.append(further(decision, taken.setdefault(post.message_id, set())))
            await connection.executemany(
                f"INSERT INTO scores ({', '.join(COLUMNS)}) VALUES ({marks})",  # noqa: S608 - our own names
                [_score_row(decision, at) for decision in fresh],
            )
            await connection.executemany(
                "INSERT INTO actions (message_id, revision, kind, guild_id, harm, score, threshold,"
                " scope_id, minutes, status, decided_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?)",
                [
                    (
                        decision.post.message_id,
                        decision.post.revision,
                        reason.kind,
                        decision.post.guild_id,
                        reason.harm,
                        reason.score,
                        reason.threshold,
                        reason.scope_id,
                        reason.minutes,
                        at,
                    )
                    for decision in fresh
                    for reason in decision.reasons
                ],
            )
        return fresh

    async def _known(self, decisions: Iterable[Decision]) -> set[tuple[int, int]]:
        found: set[tuple[int, int]] = set()
        ids = [decision.post.message_id for decision in decisions]
        for start in range(0, len(ids), AT_ONCE):
            part = ids[start : start + AT_ONCE]
            marks = ", ".join("?" * len(part))
            rows = await self._database.rows(
                f"SELECT message_id, revision FROM scores WHERE message_id IN ({marks})",  # noqa: S608
                part,
            )
            found.update((row[0], row[1]) for row in rows)
        return found

    async def _taken(self, decisions: Iterable[Decision]) -> dict[int, set[Kind]]:
        """Return which kinds of action the edited ones among these messages have had."""
        taken: dict[int, set[Kind]] = {}
        for decision in decisions:
            post = decision.post
            if post.revision and decision.reasons and post.message_id not in taken:
                rows = await self._database.rows(
                    "SELECT kind FROM actions WHERE message_id = ?", (post.message_id,)
                )
                taken[post.message_id] = {Kind(row[0]) for row in rows}
        return taken

    async def finish(
        self, cases: Sequence[Case], kind: Kind, outcomes: Sequence[Outcome], groups: Sequence[Post]
    ) -> None:
        """Write how the actions of some cases ended; both sequences are as long as ``cases``.

        ``groups`` names for each alert the post whose alert tells of it, itself where it has one
        of its own; it is empty for other kinds.
        """
        at = now()
        leads: Sequence[Post | None] = groups or [None] * len(cases)
        async with self._database.transaction() as connection:
            await connection.executemany(
                "UPDATE actions SET status = ?, note = ?, finished_at = ?, group_message_id = ?,"
                " group_revision = ? WHERE message_id = ? AND revision = ? AND kind = ?",
                [
                    (
                        outcome.status,
                        _note_text(outcome.note),
                        at,
                        lead.message_id if lead else None,
                        lead.revision if lead else None,
                        case.decision.post.message_id,
                        case.decision.post.revision,
                        kind,
                    )
                    for case, outcome, lead in zip(cases, outcomes, leads, strict=True)
                ],
            )

    async def unfinished(self) -> list[Case]:
        """Return every case with a pending action, oldest first, as a crash has left them."""
        return await self._cases(
            "(s.message_id, s.revision) IN"
            " (SELECT message_id, revision FROM actions WHERE status = 'pending')"
        )

    async def told_by_alert(self, message_id: int, revision: int) -> list[Case]:
        """Return the cases that one alert tells of, its own first.

        Empty where the journal has no such case (any more).
        """
        return await self._cases(
            "(s.message_id = ?1 AND s.revision = ?2) OR (s.message_id, s.revision) IN (SELECT"
            " message_id, revision FROM actions WHERE group_message_id = ?1 AND group_revision = ?2)",
            (message_id, revision),
        )

    async def _cases(self, where: str, parameters: Sequence[object] = ()) -> list[Case]:
        rows = await self._database.rows(
            f"SELECT {_READ}, a.kind, a.harm, a.score, a.threshold, a.scope_id, a.minutes,"  # noqa: S608 - our own conditions
            " a.status, a.note FROM scores s LEFT JOIN actions a USING (message_id, revision)"
            f" WHERE {where} ORDER BY s.message_id, s.revision, a.kind",
            parameters,
        )
        cases: dict[tuple[int, int], Case] = {}
        for row in rows:
            decision = _decision(row)
            key = decision.post.message_id, decision.post.revision
            case = cases.get(key, Case(decision))
            kind, harm, score, threshold, scope_id, minutes, status, note = row[len(COLUMNS) :]
            if kind is not None:
                before = case.decision
                reason = Reason(Kind(kind), harm, score, threshold, scope_id, minutes)
                outcomes = {**case.outcomes}
                if status != Status.PENDING:
                    outcomes[reason.kind] = Outcome(Status(status), _note(note))
                case = Case(
                    Decision(
                        before.post,
                        before.scores,
                        before.model,
                        (*before.reasons, reason),
                        before.exempt,
                    ),
                    outcomes,
                )
            cases[key] = case
        return list(cases.values())

    async def past(
        self, guild_id: int, since: datetime, least: float, scope_id: int = 0
    ) -> list[Past]:
        """Return a server's decisions since a time, oldest first, with their verdicts.

        Only those with a score of at least ``least`` in some class: below it nothing can be due.
        ``scope_id`` narrows it to a channel, forum or category.
        """
        high = " OR ".join(f"s.{harm} >= ?3" for harm in HARMS)
        rows = await self._database.rows(
            f"SELECT {_READ}, v.judgement FROM scores s"  # noqa: S608 - our own names
            " LEFT JOIN verdicts v ON v.guild_id = s.guild_id AND v.message_id = s.message_id"
            f" WHERE s.guild_id = ?1 AND s.created_at >= ?2 AND ({high})"
            " AND (?4 = 0 OR ?4 IN (s.channel_id, s.parent_id, s.category_id))"
            " ORDER BY s.created_at, s.message_id, s.revision",
            (guild_id, _milliseconds(since), least, scope_id),
        )
        return [
            Past(_decision(row), None if row[-1] is None else Judgement(row[-1])) for row in rows
        ]

    async def judge(self, verdicts: Sequence[Verdict]) -> None:
        """Keep moderators' verdicts; a message's latest one counts."""
        async with self._database.transaction() as connection:
            await connection.executemany(
                "INSERT INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (guild_id, message_id) DO UPDATE SET revision = excluded.revision,"
                " harm = excluded.harm, judgement = excluded.judgement,"
                " given_by = excluded.given_by, given_at = excluded.given_at",
                [
                    (
                        verdict.decision.post.guild_id,
                        verdict.decision.post.message_id,
                        verdict.decision.post.revision,
                        verdict.harm,
                        verdict.judgement,
                        verdict.given_by,
                        _milliseconds(verdict.given_at),
                    )
                    for verdict in verdicts
                ],
            )

    async def judgement(self, message_id: int) -> Judgement | None:
        """Return what a moderator said of a message, ``None`` where nobody has."""
        row = await self._database.row(
            "SELECT judgement FROM verdicts WHERE message_id = ?", (message_id,)
        )
        return None if row is None else Judgement(row[0])

    async def verdicts(self, guild_id: int, model: str) -> list[Verdict]:
        """Return a server's verdicts on what a version of the model has scored.

        Another version's scores mean something else, so they say nothing about a threshold.
        """
        rows = await self._database.rows(
            f"SELECT {_READ}, v.harm, v.judgement, v.given_by, v.given_at FROM verdicts v"  # noqa: S608
            " JOIN scores s USING (message_id, revision)"
            " WHERE v.guild_id = ? AND s.model = ? ORDER BY v.given_at",
            (guild_id, model),
        )
        return [
            Verdict(_decision(row), row[-4], Judgement(row[-3]), row[-2], _moment(row[-1]))
            for row in rows
        ]


def _decision(row: sqlite3.Row) -> Decision:
    values = dict(zip(COLUMNS, row, strict=False))
    post = Post(
        message_id=values["message_id"],
        revision=values["revision"],
        guild_id=values["guild_id"],
        channel_id=values["channel_id"],
        author_id=values["author_id"],
        created_at=_moment(values["created_at"]),
        text="",
        parent_id=values["parent_id"],
        category_id=values["category_id"],
        moderator=bool(values["facts"] & MODERATOR),
        webhook=bool(values["facts"] & WEBHOOK),
    )
    # A row from before a class existed has no score for it.
    scores = {name: values[name] for name in CLASSES if values[name] is not None}
    return Decision(post, scores, values["model"], exempt=bool(values["facts"] & EXEMPT))


def _score_row(decision: Decision, at: int) -> tuple[object, ...]:
    post = decision.post
    # Moderators are told apart by a fact of their own, which may be decided anew.
    exempt = decision.exempt and not post.moderator
    return (
        post.message_id,
        post.revision,
        post.guild_id,
        post.channel_id,
        post.author_id,
        _milliseconds(post.created_at),
        at,
        decision.model,
        post.parent_id,
        post.category_id,
        MODERATOR * post.moderator + WEBHOOK * post.webhook + EXEMPT * exempt,
        *(decision.scores[name] for name in CLASSES),
    )


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _note_text(note: Note | None) -> str | None:
    return None if note is None else json.dumps({"key": note.key, "values": dict(note.values)})


def _note(text: str | None) -> Note | None:
    if text is None:
        return None
    document = json.loads(text)
    return Note(document["key"], document["values"])
