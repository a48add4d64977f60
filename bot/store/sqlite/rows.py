"""Converts decisions to rows of the table ``cases``, and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

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

T = TypeVar("T")

MODERATOR, WEBHOOK, EXEMPT = 1, 2, 4

CASE: Final = "c.guild_id, c.surface, c.subject_id, c.revision"

DECISION: Final = (
    f"{CASE}, c.channel_id, c.parent_id, c.category_id, c.author_id, c.created_at, c.facts,"
    " c.mode, (SELECT version FROM models WHERE id = c.model_id),"
    " (SELECT json_group_object(class, value) FROM scores"
    "  WHERE case_id = c.id AND model_id = c.model_id)"
)
"""The columns that ``decision_of`` reads, from ``cases c``."""

WIDTH: Final = 13
"""The number of columns in ``DECISION``."""

SAME_CASE: Final = "guild_id = ? AND surface = ? AND subject_id = ? AND revision = ?"
CASE_ROW: Final = f"(SELECT id FROM cases WHERE {SAME_CASE})"
"""The row id of a case. Its parameters are a ``CaseId``."""

AT_ONCE: Final = 120
"""Cases in one statement. Each takes four parameters, and older SQLite allows 999 in total."""


def case_of(row: Sequence[object]) -> CaseId:
    """Return the case id from the columns of ``CASE``."""
    guild, surface, subject, revision = row
    return CaseId(
        GuildId(int(guild)),  # type: ignore[call-overload]
        Surface(str(surface)),
        SubjectId(int(subject)),  # type: ignore[call-overload]
        Revision(str(revision)),
    )


def decision_of(row: sqlite3.Row) -> Decision:
    """Return the decision from the columns of ``DECISION``, without text or reasons."""
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
    # A row that is older than a class has no score for it.
    found: dict[str, float] = json.loads(scores)
    found[NEITHER] = neither(found.values())
    return Decision(post, found, model, exempt=bool(facts & EXEMPT), mode=Mode(mode))


def case_row(number: int, decision: Decision, model: int, at: int) -> tuple[object, ...]:
    """Return a row of ``cases``."""
    post = decision.post
    # Moderators have their own flag, so a preview can apply another rule to them.
    exempt = decision.exempt and not post.moderator
    guild, surface, subject, revision = post.id
    return (
        number,
        guild,
        str(surface),  # for a subclass of str, sqlite3 would search for an adapter
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
"""Writes a ``case_row``. An existing case is not changed."""

SCORE_ROWS: Final = f"INSERT INTO scores VALUES {', '.join(['(?, ?, ?, ?)'] * len(HARMS))}"
"""Writes all ``score_rows`` of a case at once, which takes half as long as one by one."""


def score_rows(number: int, decision: Decision, model: int) -> list[object]:
    """Return the rows of ``scores`` of a case, as one flat list.

    "neither" is not stored, because it follows from the others.
    """
    values: list[object] = []
    for harm in HARMS:
        values += (number, model, harm, decision.scores[harm])
    return values


def milliseconds(at: datetime) -> int:
    """Return a time as it is stored: milliseconds since 1970."""
    return int(at.timestamp() * 1000)


def moment(stored: int) -> datetime:
    """Return the time from its stored form."""
    return datetime.fromtimestamp(stored / 1000, UTC)


def chunks(values: Collection[T]) -> Iterator[list[T]]:
    """Split cases, or parts of their ids, into lists that fit into one statement."""
    ordered = list(values)
    for start in range(0, len(ordered), AT_ONCE):
        yield ordered[start : start + AT_ONCE]


def placeholders(width: int, part: Sequence[object]) -> str:
    """Return the ``VALUES`` of a statement for a list of tuples."""
    return ", ".join([f"({', '.join('?' * width)})"] * len(part))


def note_text(note: Note | None) -> str | None:
    """Return a note as it is stored."""
    return None if note is None else json.dumps({"key": note.key, "values": dict(note.values)})


def note_of(text: str | None) -> Note | None:
    """Return the note from its stored form."""
    if text is None:
        return None
    document = json.loads(text)
    return Note(document["key"], document["values"])
