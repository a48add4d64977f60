"""What is new of what Discord tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.domain import Post, Revision, Surface
from bot.intake.live import MOST_SEEN, Live, RecentlySeen
from tests import making


def test_what_was_seen_lately_is_remembered_and_the_oldest_let_go() -> None:
    seen = RecentlySeen(2)
    assert [seen.new(key, value) for key, value in (("a", 1), ("a", 1), ("a", 2))] == [1, 0, 1]
    assert seen.new("b", 1)
    assert seen.new("a", 3)  # seen again: "b" is the oldest now
    assert seen.new("c", 1)
    assert not seen.new("a", 3)
    assert seen.new("b", 1)
    seen.forget("b")
    seen.forget("never seen")
    assert seen.new("b", 1)
    assert MOST_SEEN == 20_000


@dataclass(slots=True)
class Ear:
    """A ``Live`` and what came of it."""

    room: bool = True
    submitted: list[Post] = field(default_factory=list)
    asked: list[Post] = field(default_factory=list)
    named: int = 0

    def live(self) -> Live:
        return Live(self._submit, self.asked.append)

    def _submit(self, post: Post) -> bool:
        self.submitted.append(post)
        return self.room

    def nickname(self) -> Post:
        self.named += 1
        return making.post(surface=Surface.NICKNAME)

    def texts(self) -> list[str]:
        return [post.text for post in self.submitted if post.surface is Surface.MESSAGE]


@pytest.mark.parametrize(
    ("second", "later", "read"),
    [
        ({"text": "one"}, True, ["one"]),  # a link's preview
        ({"text": "two"}, True, ["one", "two"]),
        ({"text": "one"}, False, ["one", "one"]),  # Discord resumed, the journal knows it
        ({"text": "one", "guild": 9}, True, ["one", "one"]),
        ({"text": "one", "subject": 9}, True, ["one", "one"]),
    ],
)
def test_a_text_that_is_as_it_was_brings_nothing(
    second: dict[str, Any], read: list[str], *, later: bool
) -> None:
    ear = Ear()
    live = ear.live()
    live.message(making.post(text="one"), ear.nickname, later=False)
    live.message(making.post(**second), ear.nickname, later=later)
    assert ear.texts() == read


def test_roles_that_discord_did_not_tell_are_asked_for_first() -> None:
    ear = Ear()
    post = making.post(roles_known=False)
    ear.live().message(post, ear.nickname, later=False)
    assert ear.asked == [post]
    assert ear.texts() == []


@pytest.mark.parametrize(
    ("second", "named"),
    [({}, 1), ({"author_name": "b"}, 2), ({"author": 5}, 2), ({"guild": 9}, 2)],
)
def test_a_name_is_read_once_for_each_person_in_each_server(
    second: dict[str, Any], named: int
) -> None:
    ear = Ear()
    live = ear.live()
    for changes in ({}, second):
        live.message(making.post(**({"author_name": "a"} | changes)), ear.nickname, later=False)
    assert ear.named == named
    assert sum(post.surface is Surface.NICKNAME for post in ear.submitted) == named


def test_a_name_for_which_there_was_no_room_comes_with_the_next_message() -> None:
    ear = Ear(room=False)
    live = ear.live()
    for _ in range(2):
        live.message(making.post(), ear.nickname, later=False)
    assert ear.named == 2
    live.message(making.post(author=7), lambda: None, later=False)
    live.message(making.post(author=7), ear.nickname, later=False)
    assert ear.named == 2  # who has no name of their own is not asked about again


def test_a_title_is_read_once_for_each_wording() -> None:
    ear = Ear()
    live = ear.live()
    for revision in ("t1", "t1", "t2"):
        live.title(making.post(surface=Surface.TITLE, revision=Revision(revision)))
    assert [post.revision for post in ear.submitted] == ["t1", "t2"]
