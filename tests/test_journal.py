"""The journal: what was decided and done, once each, with no text left on the disk."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import (
    Decision,
    GuildId,
    Kind,
    Note,
    Outcome,
    Reason,
    Revision,
    Status,
    Surface,
    Taken,
)
from bot.errors import OperatorError
from bot.store.sqlite.store import SqliteStore
from tests import making
from tests.database import WRITTEN, Opened, again, decision, finish, rows, stores

opened = pytest.fixture(stores)

WHY = Note("failed.refused", {"reason": "status 400"})


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
    assert known.known == set()
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
    assert await store.journal.taken([first.post]) == Taken({first.post.id})
    assert await store.journal.taken([second.post]) == Taken()
    assert await store.journal.taken([elsewhere.post]) == Taken()


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
    ((sealed,),) = rows(tmp_path / "db", "SELECT sealed FROM excerpts")
    await finish(store, case.decision, Kind.ALERT, Outcome(Status.DONE))
    await store.housekeeping.overwrite()
    assert rows(tmp_path / "db", "SELECT * FROM excerpts") == []
    for path in tmp_path.iterdir():
        assert sealed not in path.read_bytes()
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
    with pytest.raises(OperatorError, match="does not contain a key"):
        await opened(tmp_path / "db")


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
            path = Path(folder) / "db"
            store = await SqliteStore.open(path)
            try:
                for batch in batches:
                    await store.journal.record(batch)
                scores = "SELECT subject_id, revision FROM cases ORDER BY 1, 2"
                actions = (
                    "SELECT subject_id, revision, kind FROM actions"
                    " JOIN cases ON cases.id = case_id ORDER BY 1, 2, 3"
                )
                return rows(path, scores), rows(path, actions)
            finally:
                await store.close()

    batches = [
        replayed[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(replayed)], strict=True)
    ]
    assert asyncio.run(end(batches)) == asyncio.run(end([[one] for one in decisions]))


async def test_a_message_edited_a_thousand_times_is_known_by_the_kinds_it_had(
    tmp_path: Path, opened: Opened
) -> None:
    store = await opened(tmp_path / "db")
    edits = [making.decision(1, Kind.ALERT, revision=Revision(f"e{n:016d}")) for n in range(1_000)]
    await store.journal.record(edits)
    asked = making.post(1, revision=Revision("e5000"))
    taken = await store.journal.taken([asked, edits[7].post])
    assert taken.known == {edits[7].post.id}
    assert taken.kinds == {making.case_id(1): {Kind.ALERT}}
