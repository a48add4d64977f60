"""Rows from before cases were kept by their identity: nothing of them is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest

from bot.domain import (
    Act,
    CaseId,
    ChannelId,
    GuildId,
    Judgement,
    Kind,
    Mode,
    Note,
    Outcome,
    Revision,
    Status,
    SubjectId,
    Surface,
    edited,
)
from bot.store.sqlite.store import SqliteStore
from tests import making

EDITED_AT = datetime(2025, 3, 4, 5, 6, 7, 891_011, tzinfo=UTC)
EDIT = int(EDITED_AT.timestamp() * 1_000_000)
TITLE, NICKNAME = 8, 16  # what facts said of a row's surface
WHY = '{"key": "failed.refused", "values": {"reason": "status 403"}}'

SCORES = """INSERT INTO scores (message_id, revision, guild_id, channel_id, author_id, created_at,
    scored_at, model, hate, offensive, neither, insult, threat, parent_id, category_id, facts)
    VALUES (?, ?, 2, 3, 4, 1000, ?, ?, 0.5, 0.25, 0.1, 0.125, 0.75, 5, 6, ?)"""
ACTIONS = """INSERT INTO actions (message_id, revision, kind, guild_id, harm, score, threshold,
    scope_id, minutes, status, note, decided_at, group_message_id, group_revision)
    VALUES (?, ?, ?, 2, 'hate', 0.9, 0.5, 7, ?, ?, ?, 1, ?, ?)"""


def of_schema_4(path: Path) -> None:
    """Write a database as the version before cases left it."""
    folder = resources.files("bot.store.sqlite") / "migrations"
    scripts = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    with closing(sqlite3.connect(path)) as old:
        for script in scripts[:4]:
            old.executescript((folder / script).read_text(encoding="utf-8"))
        old.executemany(
            SCORES,
            [
                (1, 0, 30, "new", 0),
                (1, EDIT, 20, "new", 1),
                (2, 0, 10, "old", 2 | 4),
                (50, 77, 40, "new", TITLE),
                (60, -88, 50, "new", NICKNAME),
            ],
        )
        old.executemany(
            ACTIONS,
            [
                (1, 0, "alert", 0, "done", None, 1, 0),
                (1, 0, "delete", 0, "failed", WHY, None, None),
                (1, EDIT, "alert", 0, "done", None, 1, 0),
                (60, -88, "alert", 0, "pending", None, None, None),
                (2, 0, "timeout", 60, "observed", None, None, None),
            ],
        )
        old.execute("INSERT INTO acts VALUES (1, 2, 1, 0, 'timeout', 9, 2000, 10)")
        old.execute("INSERT INTO acts VALUES (2, 2, 1, 0, 'undo', 8, 3000, 0)")
        old.execute("INSERT INTO verdicts VALUES (2, 2, 0, 'hate', 'missed', 9, 4000)")
        old.execute("INSERT INTO watermarks VALUES (3, 2, 70)")
        old.execute("PRAGMA user_version = 4")
        old.commit()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    of_schema_4(tmp_path / "db")
    opened = await SqliteStore.open(tmp_path / "db")
    yield opened
    await opened.close()


def case(subject: int, surface: Surface = Surface.MESSAGE, revision: str = "") -> CaseId:
    return CaseId(GuildId(2), surface, SubjectId(subject), Revision(revision))


async def test_every_row_keeps_its_surface_and_wording(store: SqliteStore) -> None:
    past = await store.journal.past(GuildId(2), datetime(1970, 1, 1, tzinfo=UTC), 0, ChannelId(0))
    assert {each.decision.post.id for each in past} == {
        case(1),
        case(1, revision=edited(EDITED_AT)),
        case(2),
        case(50, Surface.TITLE, "t77"),
        case(60, Surface.NICKNAME, "t88"),
    }
    (plain,) = (each.decision for each in past if each.decision.post.id == case(1))
    post = plain.post
    assert (post.channel_id, post.parent_id, post.category_id, post.author_id) == (3, 5, 6, 4)
    assert post.created_at == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert (plain.model, plain.mode, plain.exempt) == ("new", Mode.ENFORCE, False)
    scores = {"hate": 0.5, "offensive": 0.25, "insult": 0.125, "threat": 0.75}
    assert {harm: plain.scores[harm] for harm in scores} == scores


async def test_what_an_author_was_is_kept(store: SqliteStore) -> None:
    (moderated,) = await store.journal.told_by_alert(case(1, revision=edited(EDITED_AT)))
    assert moderated.decision.post.moderator
    (hooked,) = await store.journal.told_by_alert(case(2))
    assert (hooked.decision.post.webhook, hooked.decision.exempt) == (True, True)
    assert hooked.decision.model == "old"


async def test_actions_keep_how_they_ended_and_which_alert_told(store: SqliteStore) -> None:
    lead, joined = await store.journal.told_by_alert(case(1))
    assert (lead.id, joined.id) == (case(1), case(1, revision=edited(EDITED_AT)))
    note = Note("failed.refused", {"reason": "status 403"})
    assert lead.outcomes == {
        Kind.ALERT: Outcome(Status.DONE),
        Kind.DELETE: Outcome(Status.FAILED, note),
    }
    (hooked,) = await store.journal.told_by_alert(case(2))
    assert hooked.outcomes == {Kind.TIMEOUT: Outcome(Status.OBSERVED)}
    (reason,) = hooked.decision.reasons
    assert (reason.harm, reason.score, reason.threshold) == ("hate", 0.9, 0.5)
    assert (reason.scope_id, reason.minutes) == (7, 60)
    (pending,) = await store.journal.unfinished()
    assert pending.id == case(60, Surface.NICKNAME, "t88")


async def test_what_moderators_said_and_did_is_kept(store: SqliteStore) -> None:
    assert await store.verdicts.judgements([case(2)]) == {case(2): Judgement.MISSED}
    (verdict,) = await store.verdicts.verdicts(GuildId(2), "old")
    assert (verdict.harm, verdict.given_by) == ("hate", 9)
    acts = [
        (each.act, each.by_id, each.minutes)
        for each in (await store.verdicts.acts([case(1)]))[case(1)]
    ]
    assert acts == [(Act.TIMEOUT, 9, 10), (Act.UNDO, 8, 0)]
    assert await store.watermarks.all() == {2: {3: 70}}


async def test_new_cases_are_numbered_after_the_old_ones(store: SqliteStore) -> None:
    made = making.decision(99, Kind.ALERT)
    assert await store.journal.record([made]) == [made]
    assert len(await store.journal.unfinished()) == 2
