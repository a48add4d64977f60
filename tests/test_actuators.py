"""Deletions and time-outs on a simulated Discord."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest

from bot.clock import Clock
from bot.domain import Case, Decision, Kind, Post, Reason, Status, UserId
from bot.platform.actuators import BULK_AGE, Enforcing, split_for_bulk
from bot.platform.places import Servers
from tests import making
from tests.world import BENIGN, World

NOW = making.START
OLDEST = NOW - BULK_AGE


def posts(*ages: timedelta) -> list[Post]:
    return [making.post(n, at=NOW - age) for n, age in enumerate(ages)]


NEW, OLD = timedelta(minutes=1), timedelta(days=14)


@pytest.mark.parametrize(
    ("ages", "in_bulk", "bulk", "single"),
    [
        ((NEW, NEW, NEW), True, [[0, 1, 2]], []),
        ((NEW, NEW, NEW), False, [], [0, 1, 2]),
        ((NEW,), True, [], [0]),  # Discord rejects a bulk of one
        ((NEW, OLD, NEW), True, [[0, 2]], [1]),  # and messages older than two weeks
        ((NEW, OLD), True, [], [0, 1]),
        ((BULK_AGE - NEW, BULK_AGE + NEW, NEW), True, [[0, 2]], [1]),
    ],
)
def test_which_messages_are_deleted_in_bulk(
    ages: tuple[timedelta, ...], bulk: list[list[int]], single: list[int], *, in_bulk: bool
) -> None:
    assert split_for_bulk(posts(*ages), OLDEST, in_bulk=in_bulk) == (bulk, single)


@pytest.mark.parametrize(
    ("count", "sizes", "single"), [(100, [100], 0), (101, [100], 1), (250, [100, 100, 50], 0)]
)
def test_a_bulk_deletion_has_at_most_a_hundred_messages(
    count: int, sizes: list[int], single: int
) -> None:
    bulk, alone = split_for_bulk(posts(*[NEW] * count), OLDEST, in_bulk=True)
    assert [len(part) for part in bulk] == sizes
    assert len(alone) == single
    assert sorted([*chain.from_iterable(bulk), *alone]) == list(range(count))


def test_one_message_in_several_revisions_is_deleted_once() -> None:
    twice = [making.post(1, at=NOW), making.post(1, at=NOW), making.post(2, at=NOW)]
    assert split_for_bulk(twice, OLDEST, in_bulk=True) == ([[1, 2]], [])


def enforcing(world: World) -> Enforcing:
    return Enforcing(Servers(world.app.client), Clock())


async def written(world: World, count: int) -> list[Post]:
    sent = [await world.member.send(world.general, f"{BENIGN} {n}") for n in range(count)]
    await world.app.drained()
    where, author = world.general.id, world.member.id
    return [
        making.post(m.id, guild=world.guild.id, channel=where, author=author, at=m.created_at)
        for m in sent
    ]


async def test_a_bulk_deletion_with_a_missing_message_deletes_the_others(world: World) -> None:
    found = await written(world, 4)
    world.env.inject_error(
        "POST", "/channels/*/messages/bulk-delete", status=404, code=10008, times=1
    )
    outcome = await enforcing(world).delete_posts(found)
    assert outcome.status is Status.DONE
    assert world.texts() == []


async def test_messages_of_a_deleted_channel_count_as_deleted(world: World) -> None:
    found = await written(world, 3)
    world.env.inject_error(
        "POST", "/channels/*/messages/bulk-delete", status=404, code=10003, times=1
    )
    before = len(world.env.http_requests)
    assert (await enforcing(world).delete_posts(found)).status is Status.DONE
    assert len(world.env.http_requests) == before + 1


async def timed_out(world: World) -> datetime | None:
    return (await world.fetched()).timed_out_until


def case(world: World, *, minutes: int, ago: timedelta = timedelta()) -> Case:
    at = datetime.now(UTC) - ago
    made = making.post(guild=world.guild.id, author=world.member.id, at=at)
    why = Reason(Kind.TIMEOUT, "hate", 0.9, 0.5, minutes=minutes)
    return Case(Decision(made, making.SCORES, "m", (why,)))


async def test_a_time_out_counts_from_the_message_and_the_longest_wins(world: World) -> None:
    cases = [
        case(world, minutes=10, ago=timedelta(minutes=1)),
        case(world, minutes=60, ago=timedelta(minutes=30)),
        case(world, minutes=20),
    ]
    outcomes = await enforcing(world).time_out(cases)
    assert [outcome.status for outcome in outcomes] == [Status.DONE] * 3
    until = await timed_out(world)
    expected = datetime.now(UTC) + timedelta(minutes=30)
    assert until is not None
    assert abs(until - expected) < timedelta(seconds=10)
    # A shorter one later does not shorten it.
    await enforcing(world).time_out([case(world, minutes=5)])
    assert await timed_out(world) == until


async def test_a_time_out_that_has_already_ended_is_not_given(world: World) -> None:
    (outcome,) = await enforcing(world).time_out(
        [case(world, minutes=10, ago=timedelta(minutes=11))]
    )
    assert outcome.note is not None
    assert outcome.note.key == "failed.timeout_over"
    assert await timed_out(world) is None


@pytest.mark.parametrize(("by_hand_days", "lifted"), [(7, False), (0, True)])
async def test_undo_lifts_the_bots_time_out_and_not_a_longer_one(
    world: World, by_hand_days: int, *, lifted: bool
) -> None:
    hands = enforcing(world)
    own_end = datetime.now(UTC) + timedelta(minutes=1)
    guild, member = making.case_id(guild=world.guild.id).guild, UserId(world.member.id)
    await hands.time_out_until(guild, member, own_end, "the bot's own")
    if by_hand_days:
        longer = datetime.now(UTC) + timedelta(days=by_hand_days)
        await (await world.fetched()).edit(timed_out_until=longer)
    outcome = await hands.time_out_until(guild, member, None, "undone", lifting=own_end)
    assert (outcome.status is Status.DONE) is lifted
    assert (await timed_out(world) is None) is lifted


async def test_a_moderator_is_never_timed_out(world: World) -> None:
    guild = making.case_id(guild=world.guild.id).guild
    outcome = await enforcing(world).time_out_until(
        guild, UserId(world.moderator.id), datetime.now(UTC) + timedelta(hours=1), "no"
    )
    assert outcome.status is Status.FAILED
