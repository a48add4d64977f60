from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bot.store.sqlite as store_package
from bot.domain import (
    Act,
    Case,
    ChannelId,
    Decision,
    GuildId,
    Judgement,
    Kind,
    Mode,
    Note,
    Outcome,
    Reason,
    Revision,
    Status,
    SubjectId,
    Surface,
    UserId,
    Verdict,
    about,
)
from bot.errors import OperatorError
from bot.store.ports import Mark
from bot.store.sqlite.store import SqliteStore
from bot.ui.discord.alert import alert_embed
from bot.ui.discord.speech import Names
from bot.ui.words import words_for
from model.classes import HARMS
from tests import making

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


def decision(number: int, *kinds: Kind, revision: str = "") -> Decision:
    made = making.decision(number, *kinds, text=WRITTEN, author_name="a name")
    return again(made, revision=Revision(revision))


def again(made: Decision, **changes: Any) -> Decision:
    """The same decision about another wording, subject or server."""
    return replace(made, post=replace(made.post, id=made.post.id._replace(**changes)))


async def finish(store: SqliteStore, done: Decision, kind: Kind, outcome: Outcome) -> None:
    await store.journal.finish([Case(done)], kind, [outcome])


async def test_decisions_come_back_as_unfinished_cases(tmp_path: Path, opened: Opened) -> None:
    store = await opened(tmp_path / "a" / "b.sqlite3")
    await store.journal.record(
        [decision(1), decision(2, Kind.ALERT), decision(3, Kind.ALERT, Kind.DELETE)]
    )
    await finish(store, decision(3), Kind.DELETE, Outcome(Status.FAILED, WHY))
    await store.close()

    store = await opened(tmp_path / "a" / "b.sqlite3")
    second, third = await store.journal.unfinished()
    assert second.id.subject == 2
    assert second.decision.reasons == (Reason(Kind.ALERT, "hate", 0.9, 0.5),)
    assert second.decision.scores == making.SCORES | {"neither": 0.75}
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


async def test_what_was_done_about_a_message_is_known_whatever_it_was_edited_to(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    await store.journal.record([decision(1, Kind.ALERT), decision(1, Kind.DELETE, revision="e5")])
    known = await store.journal.taken([decision(1, revision="e6").post, decision(2).post])
    assert known.known == {decision(1).post.id, decision(1, revision="e5").post.id}
    assert known.kinds == {decision(1).post.id: {Kind.ALERT, Kind.DELETE}}


@pytest.mark.parametrize("surface", [Surface.TITLE, Surface.NICKNAME])
async def test_each_title_and_each_nickname_is_a_subject_of_its_own(
    tmp_path: Path, opened: Opened, surface: Surface
) -> None:
    store = await opened(tmp_path / "db")
    first = again(decision(1, Kind.ALERT), surface=surface, revision=Revision("t1"))
    await store.journal.record([first])
    second = again(first, revision=Revision("t2"))
    elsewhere = again(first, guild=GuildId(77))
    taken = await store.journal.taken([second.post, elsewhere.post])
    assert about(second.post.id) not in taken.kinds
    assert about(elsewhere.post.id) not in taken.kinds
    assert taken.kinds == {} or set(taken.kinds) == {first.post.id}


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
        await store.journal.record([decision(1), replace(decision(2), scores={})])
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
    await store.settings.change(GuildId(7), {"alerts.channel": 70, "mode": "enforce"}, UserId(1))
    changed = {"alerts.channel": 71, "mode": None, "preset": None}
    await store.settings.change(GuildId(7), changed, UserId(2))
    await store.set_fact("a", "b")
    await store.close()

    store = await opened(tmp_path / "db")
    assert await store.settings.entries() == {7: {"alerts.channel": 71}}
    changes = await store.settings.changes(GuildId(7))
    assert [(c.number, c.name, c.before, c.after, c.changed_by) for c in changes] == [
        (2, "alerts.channel", 70, 71, 2),
        (2, "mode", "enforce", None, 2),
        (1, "alerts.channel", None, 70, 1),
        (1, "mode", None, "enforce", 1),
    ]
    assert await store.settings.changes(GuildId(8)) == []
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
    assert case.decision.scores == {"hate": 0.9, "offensive": 0.1, "neither": pytest.approx(0.1)}
    assert case.id == making.case_id(1)
    assert case.decision.mode is Mode.ENFORCE
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
    assert await store.settings.entries() == {
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
        assert len(await store.journal.record([decision(1)])) == 1
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


TABLES = ("cases", "scores", "actions", "verdicts", "acts", "excerpts")


async def everything(store: SqliteStore) -> dict[str, int]:
    found = {}
    for table in TABLES:
        ((count,),) = await store._database.rows(f"SELECT count(*) FROM {table}")
        found[table] = count
    return found


async def furnished(store: SqliteStore, *, pending: bool = False) -> None:
    """Two messages decided long ago and one just now, each with all that can be kept about it."""
    for number, days in ((1, 100), (2, 91), (3, 1)):
        written = datetime.now(UTC) - timedelta(days=days)
        made = decision(number, Kind.ALERT)
        made = replace(made, post=replace(made.post, created_at=written))
        await store.journal.record([made])
        if not pending:
            await finish(store, made, Kind.ALERT, Outcome(Status.DONE))
        sealed = "INSERT OR IGNORE INTO excerpts SELECT max(id), x'00' FROM cases"
        moved = "UPDATE cases SET decided_at = created_at"
        async with store._database.transaction() as connection:
            await connection.execute(sealed)
            await connection.execute(moved)
        said = Verdict(made, "hate", Judgement.RIGHT, UserId(9), datetime.now(UTC))
        await store.verdicts.judge([said])
        await store.verdicts.acted([made.post.id], Act.DELETE, UserId(9))


LONG_AGO = timedelta(days=90)


async def test_what_is_old_is_erased_from_every_table(tmp_path: Path, opened: Opened) -> None:
    store = await opened(tmp_path / "db")
    await furnished(store)
    assert (await everything(store))["scores"] == 3 * len(HARMS)
    assert await store.housekeeping.expire(datetime.now(UTC) - LONG_AGO) == 2
    assert await everything(store) == dict.fromkeys(TABLES, 1) | {"scores": len(HARMS)}


async def test_what_was_decided_lately_stays_however_old_the_message_is(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    old = decision(1)  # written in January, edited and decided now
    await store.journal.record([old])
    assert await store.housekeeping.expire(datetime.now(UTC) - timedelta(minutes=1)) == 0
    assert await store.housekeeping.expire(datetime.now(UTC) + timedelta(minutes=1)) == 1


async def test_an_action_that_is_still_to_come_is_never_erased(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    await furnished(store, pending=True)
    assert await store.housekeeping.expire(datetime.now(UTC) + timedelta(days=1)) == 0
    assert await store.housekeeping.forget_author(UserId(4)) == 0
    assert len(await store.journal.unfinished()) == 3


async def test_one_servers_nicknames_are_erased_without_anothers(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    for guild in (2, 3):
        made = again(decision(4, revision="t5"), guild=GuildId(guild), surface=Surface.NICKNAME)
        await store.journal.record([made])
    assert await store.housekeeping.forget_server(GuildId(2)) == 1
    assert (await store.housekeeping.kept_about(UserId(4), GuildId(3))).messages == 1


async def test_a_person_is_forgotten_in_one_server_or_everywhere(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    await furnished(store)
    robin, here, house = UserId(4), GuildId(2), store.housekeeping
    kept = await house.kept_about(robin, here)
    assert (kept.messages, kept.actions, kept.verdicts) == (3, 3, 3)
    assert await house.forget_author(robin, GuildId(77)) == 0
    assert await house.forget_author(UserId(5)) == 0
    week = datetime.now(UTC) - timedelta(days=7)
    assert await house.forget_author(robin, here, decided_before=week) == 2
    assert await house.forget_author(robin, here) == 1
    assert set((await everything(store)).values()) == {0}
    assert (await house.kept_about(robin, here)).messages == 0


async def test_what_nobody_was_alerted_to_is_forgotten_at_once(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    await store.journal.record([decision(1)])
    week = datetime.now(UTC) - timedelta(days=7)
    assert await store.housekeeping.forget_author(UserId(4), decided_before=week) == 1


async def test_a_request_to_be_forgotten_is_kept_until_it_is_due(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    await furnished(store)
    now, house = datetime.now(UTC), store.housekeeping
    await house.erase_later(UserId(4), GuildId(2), now - timedelta(days=30))
    await house.erase_later(UserId(4), GuildId(2), now)
    assert await house.erase_due(now - timedelta(seconds=1)) == 0
    assert await house.erase_due(now + timedelta(seconds=1)) == 3
    assert await house.erase_due(now + timedelta(seconds=1)) == 0


async def test_a_server_that_was_left_is_erased_after_the_delay(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    await furnished(store)
    here = GuildId(2)
    await store.settings.change(here, {"mode": "enforce"}, UserId(1))
    await store.watermarks.raise_to([Mark(here, ChannelId(3), SubjectId(4))])
    house = store.housekeeping
    await house.left(here)
    assert await house.departed(datetime.now(UTC) - timedelta(days=7)) == []
    assert await house.departed(datetime.now(UTC) + timedelta(seconds=1)) == [2]
    await house.returned([here])
    assert await house.departed(datetime.now(UTC) + timedelta(seconds=1)) == []
    assert await house.forget_server(here) == 3
    assert set((await everything(store)).values()) == {0}
    assert await store.settings.entries() == {}
    assert await store.settings.changes(here) == []
    assert await store.watermarks.all() == {}


async def test_watermarks_never_fall(tmp_path: Path, opened: Opened) -> None:
    store = await opened(tmp_path / "db")

    def mark(message: int) -> Mark:
        return Mark(GuildId(2), ChannelId(3), SubjectId(message))

    await store.watermarks.raise_to([mark(7)])
    await store.watermarks.raise_to([mark(5)])
    await store.journal.record([decision(1)], [mark(6)])
    assert await store.watermarks.all() == {2: {3: 7}}
    await store.journal.record([decision(2)], [mark(8)])
    assert await store.watermarks.all() == {2: {3: 8}}
    await store.watermarks.drop(GuildId(99), [ChannelId(3)])
    assert await store.watermarks.all() == {2: {3: 8}}
    await store.watermarks.drop(GuildId(2), [ChannelId(3)])
    assert await store.watermarks.all() == {}


async def test_a_verdict_belongs_to_one_server_and_one_wording(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    title = again(decision(1), surface=Surface.TITLE, revision=Revision("t1"))
    message = decision(1)
    elsewhere = again(title, guild=GuildId(77))
    await store.journal.record([title, message, elsewhere])
    said = Verdict(title, "hate", Judgement.RIGHT, UserId(9), datetime.now(UTC))
    await store.verdicts.judge([said])
    assert await store.verdicts.judgement(title.post.id) is Judgement.RIGHT
    assert await store.verdicts.judgement(message.post.id) is None
    assert await store.verdicts.judgement(elsewhere.post.id) is None
    assert len(await store.verdicts.verdicts(GuildId(2), "m")) == 1
    assert await store.verdicts.verdicts(GuildId(77), "m") == []
    assert await store.verdicts.verdicts(GuildId(2), "another model") == []


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
        decision(number, *sorted(kinds), revision=f"t{revision}")
        for number, revision, kinds in made
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
                scores = "SELECT subject_id, revision FROM cases ORDER BY 1, 2"
                actions = (
                    "SELECT subject_id, revision, kind FROM actions"
                    " JOIN cases ON cases.id = case_id ORDER BY 1, 2, 3"
                )
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
