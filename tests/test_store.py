"""The database file: opened, upgraded, refused or set aside; settings, verdicts and watermarks."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

import bot.store.sqlite as store_package
from bot.domain import (
    ChannelId,
    GuildId,
    Judgement,
    Mode,
    Revision,
    SubjectId,
    Surface,
    UserId,
    Verdict,
)
from bot.errors import OperatorError
from bot.store.ports import Mark
from bot.ui.discord.alert import alert_embed
from bot.ui.discord.speech import Names
from bot.ui.words import words_for
from tests import making
from tests.database import Opened, again, decision, stores

opened = pytest.fixture(stores)


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


SCHEMAS = sorted((Path(store_package.__file__).parent / "migrations").glob("*.sql"))


def database_of(path: Path, version: int, *, since: int, holding: Sequence[str]) -> None:
    """Make a database of a schema, with what was written at an earlier one and upgraded since."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for number, script in enumerate(SCHEMAS[:version], start=1):
            connection.executescript(script.read_text(encoding="utf-8"))
            if number == since:
                for statement in holding:
                    connection.execute(statement)
                connection.commit()
        connection.execute(f"PRAGMA user_version = {version}")


@pytest.mark.parametrize("version", range(1, len(SCHEMAS) + 1))
async def test_rows_from_before_insults_were_scored_come_back_without_that_score(
    tmp_path: Path, opened: Opened, version: int
) -> None:
    written = (
        "INSERT INTO scores VALUES (1, 0, 2, 3, 4, 5, 6, 'm', 0.9, 0.1, 0.0)",
        "INSERT INTO actions VALUES (1, 0, 'alert', 2, 'hate', 0.9, 0.5, 'pending', '', 7, NULL)",
    )
    database_of(tmp_path / "db", version, since=1, holding=written)
    store = await opened(tmp_path / "db")
    (case,) = await store.journal.unfinished()
    assert case.decision.scores == {"hate": 0.9, "offensive": 0.1, "neither": pytest.approx(0.1)}
    assert case.id == making.case_id(1)
    assert case.decision.mode is Mode.ENFORCE
    embed = alert_embed([case], words_for("en"), Names(lambda _: "c", lambda _: "a"))
    assert "insult" not in str(embed.to_dict())
    await store.close()


@pytest.mark.parametrize("version", range(2, len(SCHEMAS) + 1))
async def test_settings_from_before_scopes_are_taken_over(
    tmp_path: Path, opened: Opened, version: int
) -> None:
    written = (
        "INSERT INTO guilds VALUES (7, 70)",
        "INSERT INTO thresholds VALUES (7, 'hate', 'alert', 0.25, 1, 1)",
        "INSERT INTO thresholds VALUES (7, 'hate', 'delete', NULL, 1, 1)",
    )
    database_of(tmp_path / "db", version, since=2, holding=written)
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
    cases = [title.post.id, message.post.id, elsewhere.post.id]
    assert await store.verdicts.judgements(cases) == {title.post.id: Judgement.RIGHT}
    assert len(await store.verdicts.verdicts(GuildId(2), "m")) == 1
    assert await store.verdicts.verdicts(GuildId(77), "m") == []
    assert await store.verdicts.verdicts(GuildId(2), "another model") == []


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, opened: Opened) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorError, match="cannot open the database"):
        await opened(tmp_path / "file" / "db")
