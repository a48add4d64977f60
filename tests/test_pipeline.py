"""The queue between intake and scoring."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Post, Surface
from bot.judging.queue import TURN_CHARACTERS, FairQueue, Waiting
from tests import making


def posts(guilds: list[int]) -> list[Post]:
    return [making.post(n, guild=guild) for n, guild in enumerate(guilds)]


@given(st.lists(st.integers(1, 5)))
def test_servers_take_turns_and_each_keeps_its_order(guilds: list[int]) -> None:
    queue = FairQueue(1_000)
    for post in posts(guilds):
        queue.put_nowait(Waiting(post))
    assert queue.qsize() == len(guilds)
    taken = []
    while not queue.empty():
        taken.append(queue.get_nowait().post)
    assert sorted(post.subject_id for post in taken) == list(range(len(guilds)))
    for guild in set(guilds):
        own = [post.subject_id for post in taken if post.guild_id == guild]
        assert own == sorted(own)
        places = [place for place, post in enumerate(taken) if post.guild_id == guild]
        # While a server has something waiting, every other one goes once between its turns.
        gaps = [later - place for place, later in zip([-1, *places], places, strict=False)]
        assert max(gaps) <= len(set(guilds))


def test_a_full_queue_makes_room_at_the_longest_line() -> None:
    queue = FairQueue(4)
    first, *_, latest = posts([1, 1, 1])
    raid = [first, *_, latest, making.post(5, guild=1, surface=Surface.NICKNAME)]
    for post in raid:
        queue.put_nowait(Waiting(post))
    with pytest.raises(asyncio.QueueFull):
        queue.put_nowait(Waiting(making.post()))
    assert queue.displace(Waiting(first)).post is first
    neighbour = making.post(guild=2)
    assert queue.displace(Waiting(neighbour)).post is latest
    assert queue.qsize() == 4
    assert [queue.get_nowait().post for _ in range(4)] == [raid[0], neighbour, raid[1], raid[3]]


def test_a_full_queue_of_many_servers_stays_whole() -> None:
    queue = FairQueue(2)
    for guild in (1, 2):
        queue.put_nowait(Waiting(making.post(guild=guild)))
    third = Waiting(making.post(guild=3))
    assert queue.displace(third) is third  # no line is longer than its own would be
    assert [queue.get_nowait().post.guild_id for _ in range(2)] == [1, 2]


def test_a_long_text_takes_as_many_turns_as_it_costs() -> None:
    queue = FairQueue(100)
    long = "x" * (3 * TURN_CHARACTERS)
    queue.put_nowait(Waiting(making.post(1, guild=1, text=long)))
    for number in range(2, 8):
        queue.put_nowait(Waiting(making.post(number, guild=2, text="short")))
    order = [queue.get_nowait().post.subject_id for _ in range(7)]
    assert order == [2, 3, 4, 1, 5, 6, 7]
