"""What was scored, what was decided, and how it went."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
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
    Surface,
    Verdict,
)
from bot.policy.replay import Past, further
from bot.store.seal import Excerpt, Sealer
from bot.store.sqlite.database import Database, now
from model.classes import CLASSES, HARMS

COLUMNS: Final = (
    "message_id", "revision", "guild_id", "channel_id", "author_id", "created_at", "scored_at",
    "model", "parent_id", "category_id", "facts", *CLASSES,
)  # fmt: skip
"""The columns of the table scores, as they are written."""

MODERATOR, WEBHOOK, EXEMPT, TITLE, NICKNAME = 1, 2, 4, 8, 16

_READ: Final = ", ".join(f"s.{name}" for name in COLUMNS)
MOST_PAST: Final = 100_000
"""Decisions that a preview looks at; below a threshold of 0.2 a busy server has more."""

AT_ONCE: Final = 500
"""So many parameters fit into one statement whatever SQLite was compiled with."""


RAISE: Final = (
    "INSERT INTO watermarks VALUES (?, ?, ?) ON CONFLICT (channel_id)"
    " DO UPDATE SET message_id = max(message_id, excluded.message_id)"
)


class Journal:
    """Scores, due actions and verdicts: ids and numbers, no text."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def record(
        self, decisions: Sequence[Decision], level: Callable[[Post], bool] = lambda _: False
    ) -> list[Decision]:
        """Write scores, due actions and watermarks in one transaction; return the new decisions.

        ``level`` says whether a post's channel has been read without a gap up to now; only then
        the watermark rises.
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
                had = taken.setdefault((post.message_id, post.revision < 0), set())
                fresh.append(further(decision, had))
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
            await connection.executemany(
                "INSERT OR IGNORE INTO excerpts VALUES (?, ?, ?)",
                [
                    (
                        decision.post.message_id,
                        decision.post.revision,
                        self._sealer.seal(Excerpt(decision.post.text, decision.post.author_name)),
                    )
                    for decision in fresh
                    if decision.reasons
                ],
            )
            marks_ = {
                post.channel_id: post
                for decision in decisions
                if (post := decision.post).surface is Surface.MESSAGE and level(post)
            }
            await connection.executemany(RAISE, [_watermark(post) for post in marks_.values()])
        return fresh

    async def raise_watermarks(self, marks: Sequence[tuple[int, int, int]]) -> None:
        """Note up to where channels have been read without a gap, as (channel, server, message)."""
        async with self._database.transaction() as connection:
            await connection.executemany(RAISE, marks)

    async def drop_watermarks(self, channel_ids: Sequence[int]) -> None:
        """Forget up to where channels have been read; they are gone."""
        async with self._database.transaction() as connection:
            await connection.executemany(
                "DELETE FROM watermarks WHERE channel_id = ?", [(number,) for number in channel_ids]
            )

    async def watermarks(self) -> dict[int, dict[int, int]]:
        """Return up to which message each channel has been read, by server and channel."""
        found: dict[int, dict[int, int]] = {}
        for guild_id, channel_id, message_id in await self._database.rows(
            "SELECT guild_id, channel_id, message_id FROM watermarks"
        ):
            found.setdefault(guild_id, {})[channel_id] = message_id
        return found

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

    async def _taken(self, decisions: Iterable[Decision]) -> dict[tuple[int, bool], set[Kind]]:
        """Return which kinds of action these messages have had, in whatever order they come.

        A title has the id of the message its thread began with; what is done about one says
        nothing of the other.
        """
        taken: dict[tuple[int, bool], set[Kind]] = {}
        ids = list({d.post.message_id for d in decisions if d.reasons})
        for start in range(0, len(ids), AT_ONCE):
            part = ids[start : start + AT_ONCE]
            marks = ", ".join("?" * len(part))
            rows = await self._database.rows(
                f"SELECT message_id, revision, kind FROM actions WHERE message_id IN ({marks})",  # noqa: S608
                part,
            )
            for message_id, revision, kind in rows:
                taken.setdefault((message_id, revision < 0), set()).add(Kind(kind))
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
            if kind is Kind.ALERT:
                await connection.executemany(
                    "DELETE FROM excerpts WHERE message_id = ? AND revision = ?",
                    [
                        (case.decision.post.message_id, case.decision.post.revision)
                        for case in cases
                    ],
                )

    async def assign(self, cases: Sequence[Case], leads: Sequence[Post]) -> None:
        """Write which alert is about to tell of each case, before it does."""
        async with self._database.transaction() as connection:
            await connection.executemany(
                "UPDATE actions SET group_message_id = ?, group_revision = ?"
                " WHERE message_id = ? AND revision = ? AND kind = 'alert'",
                [
                    (
                        lead.message_id,
                        lead.revision,
                        case.decision.post.message_id,
                        case.decision.post.revision,
                    )
                    for case, lead in zip(cases, leads, strict=True)
                ],
            )

    async def assigned(
        self, cases: Sequence[Case]
    ) -> dict[tuple[int, int], tuple[tuple[int, int], int]]:
        """Return for unfinished alerts that were about to be sent: whose alert, telling of how many."""
        found = {}
        for case in cases:
            key = case.decision.post.message_id, case.decision.post.revision
            row = await self._database.row(
                "SELECT a.group_message_id, a.group_revision, (SELECT count(*) FROM actions b WHERE"
                " b.group_message_id = a.group_message_id AND b.group_revision = a.group_revision)"
                " FROM actions a WHERE a.message_id = ? AND a.revision = ? AND a.kind = 'alert'"
                " AND a.group_message_id IS NOT NULL",
                key,
            )
            if row is not None:
                found[key] = ((row[0], row[1]), row[2])
        return found

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
            " a.status, a.note, e.sealed FROM scores s"
            " LEFT JOIN actions a USING (message_id, revision)"
            " LEFT JOIN excerpts e USING (message_id, revision)"
            f" WHERE {where} ORDER BY s.message_id, s.revision, a.kind",
            parameters,
        )
        cases: dict[tuple[int, int], Case] = {}
        for row in rows:
            decision = _decision(row)
            key = decision.post.message_id, decision.post.revision
            *action, sealed = row[len(COLUMNS) :]
            kind, harm, score, threshold, scope_id, minutes, status, note = action
            case = cases.get(key)
            if case is None:
                excerpt = self._sealer.unseal(sealed)
                post = replace(decision.post, text=excerpt.text, author_name=excerpt.name)
                case = Case(replace(decision, post=post))
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
        ``scope_id`` narrows it to a channel, forum or category. At most the latest ``MOST_PAST``.
        """
        high = " OR ".join(f"s.{harm} >= ?3" for harm in HARMS)
        rows = await self._database.read(
            f"SELECT {_READ}, v.judgement FROM scores s"  # noqa: S608 - our own names
            " LEFT JOIN verdicts v ON v.guild_id = s.guild_id AND v.message_id = s.message_id"
            f" WHERE s.guild_id = ?1 AND s.created_at >= ?2 AND ({high})"
            " AND (?4 = 0 OR ?4 IN (s.channel_id, s.parent_id, s.category_id))"
            f" ORDER BY s.created_at DESC LIMIT {MOST_PAST}",
            (guild_id, _milliseconds(since), least, scope_id),
        )
        # Off the event loop: a busy server has many, and the gateway wants its heartbeat.
        return await asyncio.to_thread(_past, rows)

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


def _past(rows: Sequence[sqlite3.Row]) -> list[Past]:
    found = [Past(_decision(row), None if row[-1] is None else Judgement(row[-1])) for row in rows]
    return sorted(found, key=lambda past: (past.decision.post.at, past.decision.post.revision))


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
        surface=_surface(values["facts"]),
    )
    # A row from before a class existed has no score for it.
    scores = {name: values[name] for name in CLASSES if values[name] is not None}
    return Decision(post, scores, values["model"], exempt=bool(values["facts"] & EXEMPT))


def _surface(facts: int) -> Surface:
    if facts & TITLE:
        return Surface.TITLE
    return Surface.NICKNAME if facts & NICKNAME else Surface.MESSAGE


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
        MODERATOR * post.moderator
        + WEBHOOK * post.webhook
        + EXEMPT * exempt
        + TITLE * (post.surface is Surface.TITLE)
        + NICKNAME * (post.surface is Surface.NICKNAME),
        *(decision.scores[name] for name in CLASSES),
    )


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _watermark(post: Post) -> tuple[int, int, int]:
    return post.channel_id, post.guild_id, post.message_id


def _note_text(note: Note | None) -> str | None:
    return None if note is None else json.dumps({"key": note.key, "values": dict(note.values)})


def _note(text: str | None) -> Note | None:
    if text is None:
        return None
    document = json.loads(text)
    return Note(document["key"], document["values"])
