"""Rows of the table cases as decisions, and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from bot.domain import (
    CaseId,
    ChannelId,
    Decision,
    GuildId,
    Mode,
    Note,
    Post,
    Revision,
    SubjectId,
    Surface,
    UserId,
)
from model.classes import HARMS, NEITHER, neither

MODERATOR, WEBHOOK, EXEMPT = 1, 2, 4

CASE: Final = "c.guild_id, c.surface, c.subject_id, c.revision"

DECISION: Final = (
    f"{CASE}, c.channel_id, c.parent_id, c.category_id, c.author_id, c.created_at, c.facts,"
    " c.mode, (SELECT version FROM models WHERE id = c.model_id),"
    " (SELECT json_group_object(class, value) FROM scores"
    "  WHERE case_id = c.id AND model_id = c.model_id)"
)
"""What ``decision_of`` reads, from ``cases c``."""

WIDTH: Final = 13
"""So many columns ``DECISION`` has."""

SAME_CASE: Final = "guild_id = ? AND surface = ? AND subject_id = ? AND revision = ?"
CASE_ROW: Final = f"(SELECT id FROM cases WHERE {SAME_CASE})"
"""The number that stands for a case, to be filled in with a ``CaseId``."""

AT_ONCE: Final = 120
"""So many cases, four parameters each, fit into one statement whatever SQLite was compiled with."""


def case_of(row: Sequence[object]) -> CaseId:
    """Return the identity that ``CASE`` reads."""
    guild, surface, subject, revision = row
    return CaseId(
        GuildId(int(guild)),  # type: ignore[call-overload]
        Surface(str(surface)),
        SubjectId(int(subject)),  # type: ignore[call-overload]
        Revision(str(revision)),
    )


def decision_of(row: sqlite3.Row) -> Decision:
    """Return the decision that ``DECISION`` reads, without text and without reasons."""
    channel, parent, category, author, created_at, facts, mode, model, scores = row[4:WIDTH]
    post = Post(
        id=case_of(row[:4]),
        channel_id=ChannelId(channel),
        author_id=UserId(author),
        created_at=moment(created_at),
        text="",
        parent_id=ChannelId(parent),
        category_id=ChannelId(category),
        moderator=bool(facts & MODERATOR),
        webhook=bool(facts & WEBHOOK),
    )
    # A row from before a class existed has no score for it.
    found: dict[str, float] = json.loads(scores)
    found[NEITHER] = neither(found.values())
    return Decision(post, found, model, exempt=bool(facts & EXEMPT), mode=Mode(mode))


def case_row(number: int, decision: Decision, model: int, at: int) -> tuple[object, ...]:
    """Return a row of ``cases``."""
    post = decision.post
    # Moderators are told apart by a fact of their own, which may be decided anew.
    exempt = decision.exempt and not post.moderator
    guild, surface, subject, revision = post.id
    return (
        number,
        guild,
        str(surface),  # sqlite3 searches for an adapter of what is only nearly a string
        subject,
        revision,
        post.channel_id,
        post.parent_id,
        post.category_id,
        post.author_id,
        milliseconds(post.created_at),
        at,
        model,
        str(decision.mode),
        MODERATOR * post.moderator + WEBHOOK * post.webhook + EXEMPT * exempt,
    )


NEW_CASE: Final = (
    f"INSERT INTO cases VALUES ({', '.join('?' * 14)})"
    " ON CONFLICT (guild_id, surface, subject_id, revision) DO NOTHING"
)
"""Writes a ``case_row``; a case that is there already stays as it is."""

SCORE_ROWS: Final = f"INSERT INTO scores VALUES {', '.join(['(?, ?, ?, ?)'] * len(HARMS))}"
"""All scores of a case at once, to be filled in with ``score_rows``: half the time of one by one."""


def score_rows(number: int, decision: Decision, model: int) -> list[object]:
    """Return the rows of ``scores`` of a case, one after the other.

    "neither" is not kept: it is what the others leave.
    """
    values: list[object] = []
    for harm in HARMS:
        values += (number, model, harm, decision.scores[harm])
    return values


def milliseconds(at: datetime) -> int:
    """Return a time as it is stored, since 1970."""
    return int(at.timestamp() * 1000)


def moment(stored: int) -> datetime:
    """Return a time that was stored."""
    return datetime.fromtimestamp(stored / 1000, UTC)


def chunks(cases: Collection[CaseId]) -> Iterator[list[CaseId]]:
    """Yield cases in parts that fit into one statement."""
    ordered = list(cases)
    for start in range(0, len(ordered), AT_ONCE):
        yield ordered[start : start + AT_ONCE]


def note_text(note: Note | None) -> str | None:
    """Return a note as it is stored."""
    return None if note is None else json.dumps({"key": note.key, "values": dict(note.values)})


def note_of(text: str | None) -> Note | None:
    """Return a note that was stored."""
    if text is None:
        return None
    document = json.loads(text)
    return Note(document["key"], document["values"])
