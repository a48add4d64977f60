from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bot.store.sqlite as store_package
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
from bot.errors import OperatorError
from bot.store.sqlite.desk import Act
from bot.store.sqlite.store import SqliteStore
from bot.ui.discord.alert import Names, alert_embed
from bot.ui.words import words_for
from model.classes import CLASSES

SCORES = dict.fromkeys(CLASSES, 0.25)
WHY = Note("failed.refused", {"reason": "status 400"})
WRITTEN = "private words that must not reach the disk"


Opened = Callable[[Path], Awaitable[SqliteStore]]


@pytest.fixture
async def opened() -> AsyncIterator[Opened]:
    """Open stores that are closed whatever happens: each keeps a thread, which keeps pytest alive."""
    stores: list[SqliteStore] = []

    async def open_one(path: Path) -> SqliteStore:
        stores.append(await SqliteStore.open(path))
        return stores[-1]

    yield open_one
    for store in stores:
        await store.close()


def decision(number: int, *kinds: Kind, revision: int = 0) -> Decision:
    post = Post(
        number, 2, 3, 4, datetime(2026, 1, 1, tzinfo=UTC), WRITTEN, "a name", revision=revision
    )
    return Decision(post, SCORES, "m", tuple(Reason(kind, "hate", 0.9, 0.5) for kind in kinds))


async def finish(store: SqliteStore, done: Decision, kind: Kind, outcome: Outcome) -> None:
    await store.journal.finish([Case(done)], kind, [outcome], [])


async def test_decisions_come_back_as_unfinished_cases(tmp_path: Path, opened: Opened) -> None:
    store = await opened(tmp_path / "a" / "b.sqlite3")
    await store.journal.record(
        [decision(1), decision(2, Kind.ALERT), decision(3, Kind.ALERT, Kind.DELETE)]
    )
    await finish(store, decision(3), Kind.DELETE, Outcome(Status.FAILED, WHY))
    await store.close()

    store = await opened(tmp_path / "a" / "b.sqlite3")
    second, third = await store.journal.unfinished()
    assert second.decision.post.message_id == 2
    assert second.decision.reasons == (Reason(Kind.ALERT, "hate", 0.9, 0.5),)
    assert second.decision.scores == SCORES
    assert third.outcomes == {Kind.DELETE: Outcome(Status.FAILED, WHY)}
    await finish(store, second.decision, Kind.ALERT, Outcome(Status.DONE))
    await finish(store, third.decision, Kind.ALERT, Outcome(Status.DONE))
    assert await store.journal.unfinished() == []
    await store.close()


async def test_a_replay_changes_nothing(tmp_path: Path, opened: Opened) -> None:
    store = await opened(tmp_path / "db")
    first = decision(1, Kind.ALERT)
    assert await store.journal.record([first, first]) == [first]
    await finish(store, first, Kind.ALERT, Outcome(Status.DONE))
    assert await store.journal.record([first, decision(1, Kind.ALERT, Kind.DELETE)]) == []
    assert await store.journal.unfinished() == []
    await store.close()


async def test_an_edit_acts_only_where_its_message_has_not_been_acted_on(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    await store.journal.record([decision(1, Kind.ALERT), decision(2)])
    same, worse, late = (
        decision(1, Kind.ALERT, revision=5),
        decision(1, Kind.ALERT, Kind.DELETE, revision=6),
        decision(2, Kind.ALERT, revision=5),
    )
    recorded = await store.journal.record([same, worse, late, decision(2, Kind.ALERT, revision=6)])
    assert [(entry.post.revision, entry.reasons != ()) for entry in recorded] == [
        (5, False),
        (6, True),
        (5, True),
        (6, False),
    ]
    await store.close()


async def test_no_text_and_no_name_is_on_disk(tmp_path: Path, opened: Opened) -> None:
    store = await opened(tmp_path / "db")
    await store.journal.record([decision(1, Kind.ALERT)])
    await store.close()
    for path in tmp_path.iterdir():
        assert WRITTEN.encode() not in path.read_bytes()
        assert b"a name" not in path.read_bytes()


async def test_a_failed_transaction_leaves_nothing(tmp_path: Path, opened: Opened) -> None:
    store = await opened(tmp_path / "db")
    with pytest.raises(KeyError):
        await store.journal.record([decision(1), Decision(decision(2).post, {}, "m")])
    assert await store.journal.record([decision(1)]) == [decision(1)]
    await store.close()


@pytest.mark.parametrize("turns", range(6))
async def test_a_cancelled_write_leaves_no_transaction_open(
    tmp_path: Path, opened: Opened, turns: int
) -> None:
    store = await opened(tmp_path / "db")
    writing = asyncio.create_task(store.set_fact("a", "b"))
    for _ in range(turns):
        await asyncio.sleep(0)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    await store.set_fact("a", "c")
    assert await store.fact("a") == "c"


async def test_a_servers_settings_survive(tmp_path: Path, opened: Opened) -> None:
    store = await opened(tmp_path / "db")
    await store.desk.change(7, {"alerts.channel": 70, "mode": "enforce"}, 1)
    await store.desk.change(7, {"alerts.channel": 71, "mode": None, "preset": None}, 2)
    await store.set_fact("a", "b")
    await store.close()

    store = await opened(tmp_path / "db")
    assert await store.desk.entries() == {7: {"alerts.channel": 71}}
    changes = await store.desk.changes(7)
    assert [(c.number, c.name, c.before, c.after, c.changed_by) for c in changes] == [
        (2, "alerts.channel", 70, 71, 2),
        (2, "mode", "enforce", None, 2),
        (1, "alerts.channel", None, 70, 1),
        (1, "mode", None, "enforce", 1),
    ]
    assert await store.desk.changes(8) == []
    assert (await store.fact("a"), await store.fact("b")) == ("b", None)
    await store.close()


async def test_rows_from_before_insults_were_scored_come_back_without_that_score(
    tmp_path: Path, opened: Opened
) -> None:
    scripts = sorted((Path(store_package.__file__).parent / "migrations").glob("*.sql"))
    connection = sqlite3.connect(tmp_path / "db")
    connection.executescript(scripts[0].read_text())
    connection.execute("INSERT INTO scores VALUES (1, 0, 2, 3, 4, 5, 6, 'm', 0.9, 0.1, 0.0)")
    connection.execute(
        "INSERT INTO actions VALUES (1, 0, 'alert', 2, 'hate', 0.9, 0.5, 'pending', '', 7, NULL)"
    )
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    store = await opened(tmp_path / "db")
    (case,) = await store.journal.unfinished()
    assert case.decision.scores == {"hate": 0.9, "offensive": 0.1, "neither": 0.0}
    embed = alert_embed(case, words_for("en"), Names(lambda _: "c", lambda _: "a"))
    assert "insult" not in str(embed.to_dict())
    await store.close()


async def test_settings_from_before_scopes_are_taken_over(tmp_path: Path, opened: Opened) -> None:
    scripts = sorted((Path(store_package.__file__).parent / "migrations").glob("*.sql"))
    connection = sqlite3.connect(tmp_path / "db")
    for script in scripts[:2]:
        connection.executescript(script.read_text())
    connection.execute("INSERT INTO guilds VALUES (7, 70)")
    connection.execute("INSERT INTO thresholds VALUES (7, 'hate', 'alert', 0.25, 1, 1)")
    connection.execute("INSERT INTO thresholds VALUES (7, 'hate', 'delete', NULL, 1, 1)")
    connection.execute("PRAGMA user_version = 2")
    connection.commit()
    connection.close()
    store = await opened(tmp_path / "db")
    assert await store.desk.entries() == {
        7: {
            "alerts.channel": 70,
            "threshold.0.hate.alert": 0.25,
            "threshold.0.hate.delete": "off",
        }
    }


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path, opened: Opened) -> None:
    connection = sqlite3.connect(tmp_path / "db")
    connection.execute("PRAGMA user_version = 9999")
    connection.close()
    with pytest.raises(OperatorError, match="newer Bellwether"):
        await opened(tmp_path / "db")


async def test_a_damaged_database_is_set_aside_and_a_new_one_begun(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    await store.journal.record([decision(number) for number in range(1, 500)])
    await store.close()
    whole = (tmp_path / "db").read_bytes()
    for damage in (b"not a database at all" * 100, whole[:8192] + b"\xff" * 8192 + whole[16384:]):
        (tmp_path / "db").write_bytes(damage)
        store = await opened(tmp_path / "db")
        assert await store.journal.record([decision(1)]) == [decision(1)]
        await store.close()
        (aside,) = tmp_path.glob("db.damaged-*[0-9]")
        assert aside.read_bytes() == damage
        aside.unlink()


async def test_a_database_that_cannot_be_written_is_named(tmp_path: Path, opened: Opened) -> None:
    store = await opened(tmp_path / "db")
    await store.close()
    holder = sqlite3.connect(tmp_path / "db", isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(OperatorError, match="cannot be used: database is locked"):
            await opened(tmp_path / "db")
    finally:
        holder.close()


async def test_what_waits_for_its_alert_is_encrypted_and_then_erased(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    await store.journal.record([decision(1, Kind.ALERT)])
    await store.close()
    store = await opened(tmp_path / "db")
    (case,) = await store.journal.unfinished()
    assert case.decision.post.text == WRITTEN
    assert case.decision.post.author_name == "a name"
    (sealed,) = await store._database.rows("SELECT sealed FROM excerpts")
    await finish(store, case.decision, Kind.ALERT, Outcome(Status.DONE))
    await store.housekeeping.overwrite()
    assert list(await store._database.rows("SELECT * FROM excerpts")) == []
    for path in tmp_path.iterdir():
        assert sealed[0] not in path.read_bytes()
    assert (tmp_path / "db.key").stat().st_mode & 0o077 == 0


async def test_another_key_costs_the_quotation_only(tmp_path: Path, opened: Opened) -> None:
    store = await opened(tmp_path / "db")
    await store.journal.record([decision(1, Kind.ALERT)])
    await store.close()
    (tmp_path / "db.key").unlink()
    store = await opened(tmp_path / "db")
    (case,) = await store.journal.unfinished()
    assert case.decision.post.text == ""
    await store.close()
    (tmp_path / "db.key").write_text("nonsense")
    with pytest.raises(OperatorError, match="holds no key"):
        await opened(tmp_path / "db")


def at(days_ago: float, number: int = 0) -> int:
    moment = datetime.now(UTC) - timedelta(days=days_ago)
    return discord.utils.time_snowflake(moment) + number


async def everything(store: SqliteStore) -> dict[str, int]:
    tables = ("scores", "actions", "verdicts", "acts", "excerpts")
    found = {}
    for table in tables:
        ((count,),) = await store._database.rows(f"SELECT count(*) FROM {table}")
        found[table] = count
    return found


async def furnished(store: SqliteStore) -> None:
    """Two old messages and one new one, each with all that can be kept about it."""
    for number in (at(100), at(91, 1), at(1)):
        made = decision(number, Kind.ALERT)
        await store.journal.record([made])
        await store.journal.judge([Verdict(made, "hate", Judgement.RIGHT, 9, datetime.now(UTC))])
        await store.desk.acted(2, [(number, 0)], Act.DELETE, 9)


async def test_what_is_old_is_erased_from_every_table(tmp_path: Path, opened: Opened) -> None:
    store = await opened(tmp_path / "db")
    await furnished(store)
    assert await store.housekeeping.expire(datetime.now(UTC) - timedelta(days=90)) == 2
    assert set((await everything(store)).values()) == {1}


async def test_a_nickname_is_kept_as_long_as_a_message(tmp_path: Path, opened: Opened) -> None:
    store = await opened(tmp_path / "db")
    name = replace(decision(at(900)).post, surface=Surface.NICKNAME, revision=-5)
    await store.journal.record([Decision(name, SCORES, "m")])
    assert await store.housekeeping.expire(datetime.now(UTC) - timedelta(days=90)) == 0
    assert await store.housekeeping.expire(datetime.now(UTC) + timedelta(seconds=1)) == 1


async def test_one_servers_nicknames_are_erased_without_anothers(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    post = replace(decision(at(1)).post, message_id=4, surface=Surface.NICKNAME)
    for guild, revision in ((2, -5), (3, -6)):
        made = Decision(replace(post, guild_id=guild, revision=revision), SCORES, "m")
        await store.journal.record([made])
    assert await store.housekeeping.forget_server(2) == 1
    assert (await store.housekeeping.kept_about(4, 3)).messages == 1


async def test_a_person_is_forgotten_in_one_server_or_everywhere(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    await furnished(store)
    kept = await store.housekeeping.kept_about(4, 2)
    assert (kept.messages, kept.actions, kept.verdicts) == (3, 3, 3)
    assert await store.housekeeping.forget_author(4, guild_id=77) == 0
    assert await store.housekeeping.forget_author(5) == 0
    assert await store.housekeeping.forget_author(4, guild_id=2) == 3
    assert set((await everything(store)).values()) == {0}
    assert (await store.housekeeping.kept_about(4, 2)).messages == 0


async def test_a_server_that_was_left_is_erased_after_the_delay(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    await furnished(store)
    await store.desk.change(2, {"mode": "enforce"}, 1)
    house = store.housekeeping
    await house.left(2)
    assert await house.departed(datetime.now(UTC) - timedelta(days=7)) == []
    assert await house.departed(datetime.now(UTC) + timedelta(seconds=1)) == [2]
    await house.returned([2])
    assert await house.departed(datetime.now(UTC) + timedelta(seconds=1)) == []
    assert await house.forget_server(2) == 3
    assert set((await everything(store)).values()) == {0}
    assert await store.desk.entries() == {}
    assert await store.desk.changes(2) == []


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, opened: Opened) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorError, match="cannot open the database"):
        await opened(tmp_path / "file" / "db")


entries_ = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.integers(0, 3),
        st.sets(st.sampled_from((Kind.ALERT, Kind.DELETE))),
    ),
    max_size=10,
    unique_by=lambda entry: entry[:2],
)


@given(entries_, st.data())
@settings(deadline=None, max_examples=40)
def test_duplicates_and_replays_in_any_order_have_the_same_end(
    made: list[tuple[int, int, set[Kind]]], data: st.DataObject
) -> None:
    """Whatever is told of again, in whatever batches, the journal ends as if told of once."""
    decisions = [
        decision(number, *sorted(kinds), revision=revision) for number, revision, kinds in made
    ]
    replayed = list(decisions)
    for _ in range(data.draw(st.integers(0, 10)) if decisions else 0):
        index = data.draw(st.integers(0, len(decisions) - 1))
        first = replayed.index(decisions[index])
        replayed.insert(data.draw(st.integers(first + 1, len(replayed))), decisions[index])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(replayed)), max_size=4)))

    async def end(batches: list[list[Decision]]) -> tuple[object, object]:
        with tempfile.TemporaryDirectory() as folder:
            store = await SqliteStore.open(Path(folder) / "db")
            try:
                for batch in batches:
                    await store.journal.record(batch)
                scores = "SELECT message_id, revision FROM scores ORDER BY 1, 2"
                actions = "SELECT message_id, revision, kind FROM actions ORDER BY 1, 2, 3"
                return (
                    list(map(tuple, await store._database.rows(scores))),
                    list(map(tuple, await store._database.rows(actions))),
                )
            finally:
                await store.close()

    batches = [
        replayed[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(replayed)], strict=True)
    ]
    assert asyncio.run(end(batches)) == asyncio.run(end([[one] for one in decisions]))
