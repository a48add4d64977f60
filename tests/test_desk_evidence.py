"""What surrounds the message of an alert: for whom it is read, and how much of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.desk.evidence import AFTER, BEFORE, EvidenceDesk, Neighbour
from bot.desk.people import Asker, RefusalError
from bot.domain import CaseId, ChannelId, GuildId, Kind, Note, SubjectId, Surface, UserId
from bot.store.sqlite.store import SqliteStore
from tests import making

MORGAN = Asker(UserId(9))
NEIGHBOUR = Neighbour(SubjectId(5), UserId(4), "robin", making.START, "hello")


@dataclass(slots=True)
class Discord:
    """Both ports: refuses what a test says, and records what it is asked."""

    refusal: Note | None = None
    found: Sequence[Neighbour] | None = (NEIGHBOUR,)
    asked: list[tuple[object, ...]] = field(default_factory=list)

    async def may_read(self, asker: Asker, guild: GuildId, channel: ChannelId) -> Note | None:
        self.asked.append(("may read", asker.id, guild, channel))
        return self.refusal

    async def around(
        self, guild: GuildId, channel: ChannelId, message: SubjectId, *, before: int, after: int
    ) -> Sequence[Neighbour] | None:
        self.asked.append(("around", guild, channel, message, before, after))
        return self.found


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(tmp_path / "db")
    decisions = [making.decision(1, Kind.ALERT), making.decision(2, Kind.ALERT, channel=8)]
    decisions.append(making.decision(4, Kind.ALERT, surface=Surface.NICKNAME))
    await opened.journal.record(decisions)
    yield opened
    await opened.close()


async def refused(store: SqliteStore, discord: Discord, case: CaseId) -> Note:
    with pytest.raises(RefusalError) as refusal:
        await EvidenceDesk(store.journal, discord, discord).around(case, MORGAN)
    return refusal.value.note


async def test_it_is_read_around_the_alerts_own_message(store: SqliteStore) -> None:
    discord = Discord()
    desk = EvidenceDesk(store.journal, discord, discord)
    post, found = await desk.around(making.case_id(2), MORGAN)
    assert post.id == making.case_id(2)
    assert found == (NEIGHBOUR,)
    assert discord.asked == [("may read", 9, 2, 8), ("around", 2, 8, 2, 5, 3)]
    assert (BEFORE, AFTER) == (5, 3)


async def test_who_may_not_read_a_channel_is_refused_before_it_is_read(store: SqliteStore) -> None:
    discord = Discord(refusal=Note("refused.read_permission"))
    assert await refused(store, discord, making.case_id(1)) == Note("refused.read_permission")
    assert [what for what, *_ in discord.asked] == ["may read"]


@pytest.mark.parametrize("case", [making.case_id(404), making.case_id(4, surface=Surface.NICKNAME)])
async def test_what_is_no_recorded_message_has_nothing_around_it(
    store: SqliteStore, case: CaseId
) -> None:
    discord = Discord()
    assert (await refused(store, discord, case)).key == "refused.no_record"
    assert discord.asked == []


async def test_a_channel_that_is_gone_is_said(store: SqliteStore) -> None:
    discord = Discord(found=None)
    assert (await refused(store, discord, making.case_id(1))).key == "failed.no_channel"
