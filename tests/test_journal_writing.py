"""One trip to the database for a batch: whole or not at all, and nothing asked that nobody needs."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import bot.store.sqlite as store_package
from bot.domain import Judgement, Kind, Revision, Surface, UserId, Verdict
from bot.store.sqlite.database import Database
from tests import making
from tests.database import Opened, again, execute, rows, stores

opened = pytest.fixture(stores)
SCHEMAS = sorted((Path(store_package.__file__).parent / "migrations").glob("*.sql"))


# ------------------------------------------------------------------ one function, one transaction


async def test_a_function_that_fails_leaves_nothing_and_no_transaction_open(tmp_path: Path) -> None:
    def write(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO facts VALUES ('a', 'b')")
        return 7

    def fail(connection: sqlite3.Connection) -> None:
        write(connection)
        raise KeyError("wrong")

    database = await Database.open(tmp_path / "db")
    try:
        with pytest.raises(KeyError):
            await database.write(fail)
        assert await database.row("SELECT count(*) FROM facts") == (0,)
        assert await database.write(write) == 7
        assert await database.row("SELECT count(*) FROM facts") == (1,)
    finally:
        await database.close()


@pytest.mark.parametrize("turns", range(4))
async def test_who_stops_waiting_for_a_batch_leaves_the_journal_in_order(
    tmp_path: Path, opened: Opened, turns: int
) -> None:
    store = await opened(tmp_path / "db")
    made = making.decision(1, Kind.ALERT)
    writing = asyncio.create_task(store.journal.record([made]))
    for _ in range(turns):
        await asyncio.sleep(0)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    await store.journal.record([made, making.decision(2)])
    assert [case.id for case in await store.journal.unfinished()] == [made.post.id]
    assert rows(tmp_path / "db", "SELECT subject_id FROM cases ORDER BY 1") == [(1,), (2,)]


# ------------------------------------------------------------------ what is new


@pytest.mark.parametrize("known", [[], [1], [3], [1, 2, 3]])
async def test_of_a_batch_only_what_is_new_is_written_and_returned(
    tmp_path: Path, opened: Opened, known: list[int]
) -> None:
    store = await opened(tmp_path / "db")
    made = [making.decision(number, Kind.ALERT) for number in (1, 2, 3)]
    await store.journal.record([making.decision(number) for number in known])
    twice = [made[0], made[0], *made]
    new = [each for each in made if each.post.id.subject not in known]
    assert await store.journal.record(twice) == new
    due = [case.id for case in await store.journal.unfinished()]
    assert due == [each.post.id for each in new]
    scored = "SELECT count(*), count(DISTINCT case_id) FROM scores"
    assert rows(tmp_path / "db", scored) == [(12, 3)]


@pytest.mark.parametrize("change", [{"guild": 9}, {"surface": Surface.TITLE}, {"revision": "t1"}])
async def test_every_part_of_its_identity_makes_a_case_new(
    tmp_path: Path, opened: Opened, change: dict[str, object]
) -> None:
    store = await opened(tmp_path / "db")
    made = making.decision(1)
    other = again(made, **change)
    assert await store.journal.record([made]) == [made]
    assert await store.journal.record([made, other]) == [other]


# ------------------------------------------------------------------ rows of the present schema


@pytest.mark.parametrize(("column", "value"), [("surface", "banner"), ("mode", "sleep")])
async def test_the_database_takes_no_surface_and_no_mode_that_there_is_not(
    tmp_path: Path, opened: Opened, column: str, value: str
) -> None:
    store = await opened(tmp_path / "db")
    await store.journal.record([making.decision(1)])
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        execute(tmp_path / "db", f"UPDATE cases SET {column} = '{value}'")


async def test_scores_go_with_their_case_whoever_erases_it(tmp_path: Path, opened: Opened) -> None:
    store = await opened(tmp_path / "db")
    await store.journal.record([making.decision(1), making.decision(2)])
    # A connection that follows no references, as any other program's.
    execute(tmp_path / "db", "DELETE FROM cases WHERE subject_id = 1")
    left = "SELECT DISTINCT subject_id FROM scores JOIN cases ON id = case_id"
    assert rows(tmp_path / "db", left) == [(2,)]
    assert rows(tmp_path / "db", "SELECT count(*) FROM scores") == [(4,)]


def of_schema_6(path: Path, *statements: str) -> None:
    """Write a database as the version before left it: two cases with all that hangs on them."""
    with closing(sqlite3.connect(path)) as old, old:
        for script in SCHEMAS[:6]:
            old.executescript(script.read_text(encoding="utf-8"))
        for statement in (
            "INSERT INTO models (version) VALUES ('m')",
            "INSERT INTO cases VALUES (5, 2, 'message', 1, '', 3, 0, 0, 4, 1000, 2000, 1, 'observe', 1)",
            "INSERT INTO cases VALUES (9, 2, 'title', 1, 't1', 3, 7, 8, 4, 1000, 2000, 1, 'enforce', 0)",
            "INSERT INTO scores VALUES (5, 1, 'hate', 0.5), (5, 1, 'insult', 0.25), (9, 1, 'hate', 0.75)",
            "INSERT INTO actions VALUES (5, 'alert', 'hate', 0.5, 0.4, 0, 0, 'done', NULL, 1, 2, 5)",
            "INSERT INTO actions VALUES (9, 'alert', 'hate', 0.7, 0.4, 0, 0, 'pending', NULL, 1, NULL, 5)",
            "INSERT INTO acts VALUES (1, 5, 'undo', 9, 2000, 0)",
            "INSERT INTO verdicts VALUES (5, 'hate', 'right', 9, 4000)",
            "INSERT INTO reports VALUES (9, 3000)",
            "PRAGMA user_version = 6",
            *statements,
        ):
            old.execute(statement)


TABLES = ("cases", "scores", "actions", "acts", "verdicts", "reports", "models")


async def test_an_upgrade_keeps_every_row_of_every_table(tmp_path: Path, opened: Opened) -> None:
    of_schema_6(tmp_path / "db")
    before = {table: rows(tmp_path / "db", f"SELECT * FROM {table}") for table in TABLES}
    store = await opened(tmp_path / "db")
    after = {table: rows(tmp_path / "db", f"SELECT * FROM {table}") for table in TABLES}
    assert after == before
    assert all(before.values())
    assert rows(tmp_path / "db", "PRAGMA foreign_key_check") == []
    assert rows(tmp_path / "db", "PRAGMA integrity_check") == [("ok",)]
    lead, joined = await store.journal.told_by_alert(making.case_id(1))
    assert (lead.decision.scores["hate"], joined.decision.scores["hate"]) == (0.5, 0.75)


async def test_after_an_upgrade_all_about_a_case_is_still_erased_with_it(
    tmp_path: Path, opened: Opened
) -> None:
    of_schema_6(tmp_path / "db", "UPDATE actions SET status = 'done'")
    store = await opened(tmp_path / "db")
    made = making.decision(2, Kind.ALERT)
    await store.journal.record([made])
    await store.verdicts.judge([Verdict(made, "hate", Judgement.RIGHT, UserId(9), making.START)])
    assert await store.housekeeping.forget_author(UserId(4)) == 2
    kept = ("models", "cases", "scores", "actions")
    for table in set(TABLES) - set(kept):
        remaining = 1 if table == "verdicts" else 0
        assert rows(tmp_path / "db", f"SELECT count(*) FROM {table}") == [(remaining,)]
    assert rows(tmp_path / "db", "SELECT DISTINCT subject_id FROM cases") == [(2,)]
    assert rows(tmp_path / "db", "SELECT count(*) FROM scores") == [(4,)]


async def test_after_an_upgrade_a_case_is_still_known_by_its_identity(
    tmp_path: Path, opened: Opened
) -> None:
    of_schema_6(tmp_path / "db")
    store = await opened(tmp_path / "db")
    title = making.decision(1, surface=Surface.TITLE, revision=Revision("t1"))
    old = [making.decision(1), title]
    new = making.decision(2)
    assert await store.journal.record([*old, new]) == [new]
    assert rows(tmp_path / "db", "SELECT max(id) > 9 FROM cases") == [(1,)]
