"""Turns and room in the queue: what a text costs, who waits for whom, and whose post gives way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.domain import Post, Surface
from bot.judging.queue import TURN_CHARACTERS, FairQueue, Waiting, cost_of
from tests import making

LONG = "a" * TURN_CHARACTERS


@pytest.mark.parametrize(
    ("characters", "turns"),
    [(0, 1), (255, 1), (256, 2), (511, 2), (512, 3), (15 * 256, 16), (4_000, 16)],
)
def test_what_a_text_costs(characters: int, turns: int) -> None:
    assert cost_of(making.post(text="a" * characters)) == turns


def taken_from(*posts: Post) -> list[int]:
    queue = FairQueue(100)
    for post in posts:
        queue.put_nowait(Waiting(post))
    return [queue.get_nowait().post.subject_id for _ in posts]


def test_a_costly_text_waits_as_many_turns_as_it_costs() -> None:
    costly = making.post(1, guild=1, text=LONG * 2)  # three turns
    others = [making.post(n, guild=2) for n in (11, 12, 13, 14)]
    assert taken_from(costly, *others) == [11, 12, 1, 13, 14]


def test_each_costly_text_waits_anew() -> None:
    costly = [making.post(n, guild=1, text=LONG) for n in (1, 2)]  # two turns each
    others = [making.post(n, guild=2) for n in (11, 12, 13, 14)]
    assert taken_from(*costly, *others) == [11, 1, 12, 13, 2, 14]


def test_alone_a_server_waits_for_nobody() -> None:
    assert taken_from(*[making.post(n, text=LONG * 15) for n in (1, 2)]) == [1, 2]


def test_a_server_that_comes_later_has_its_turn_as_soon() -> None:
    queue = FairQueue(100)
    for number in (1, 2, 3):
        queue.put_nowait(Waiting(making.post(number, guild=1)))
    taken = [queue.get_nowait()]
    queue.put_nowait(Waiting(making.post(11, guild=2)))
    taken += [queue.get_nowait() for _ in range(3)]
    assert [waiting.post.subject_id for waiting in taken] == [1, 2, 11, 3]


def full(*posts: Post | Waiting) -> FairQueue:
    queue = FairQueue(len(posts))
    for post in posts:
        queue.put_nowait(post if isinstance(post, Waiting) else Waiting(post))
    return queue


def own(number: int, guild: int, **more: Any) -> Post:
    return making.post(number, guild=guild, **more)


@pytest.mark.parametrize(
    ("waiting", "displaced"),
    [
        ([own(1, 1), own(2, 1), own(3, 2)], 2),  # the latest of the longest line
        ([own(1, 1), own(2, 1), own(3, 3), own(4, 3)], 9),  # its own line would be longer
        ([own(1, 1), own(2, 1), own(7, 1), own(3, 3)], 7),
        ([own(1, 1), own(2, 1), own(3, 3)], 9),  # as long
        ([own(1, 3), own(2, 3)], 9),
        ([own(1, 1), own(2, 1, surface=Surface.TITLE)], 2),
        ([own(1, 1), own(2, 1, surface=Surface.NICKNAME)], 1),
        ([own(1, 1, surface=Surface.NICKNAME), own(2, 1, surface=Surface.NICKNAME)], 9),
    ],
)
def test_which_post_gives_way(waiting: list[Post], displaced: int) -> None:
    new = own(9, 3)
    queue = full(*waiting)
    assert queue.displace(Waiting(new)).post.subject_id == displaced
    assert queue.qsize() == len(waiting)
    left = {queue.get_nowait().post.subject_id for _ in waiting}
    assert left == {post.subject_id for post in [*waiting, new]} - {displaced}
    assert queue.empty()


async def test_a_post_that_somebody_waits_for_does_not_give_way() -> None:
    awaited = Waiting(own(2, 1), asyncio.get_running_loop().create_future())
    assert full(own(1, 1), awaited).displace(Waiting(own(9, 3))).post.subject_id == 1
