"""What the bot asks of a store, whichever database is behind it.

A store answers and keeps; it never decides. Every method raises ``StoreUnavailableError`` while the
database cannot be used, and ``StoreBrokenError`` where it is damaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain import (
    Act,
    Case,
    CaseId,
    ChannelId,
    Decision,
    Done,
    GuildId,
    Judgement,
    Kind,
    Outcome,
    Past,
    Post,
    SubjectId,
    Taken,
    UserId,
    Verdict,
)
from bot.policy.entries import Changes, Entries, Value


class StoreUnavailableError(Exception):
    """The database cannot be used just now: locked, on a full disk. It passes by itself."""


class StoreBrokenError(Exception):
    """The database is damaged. It does not pass; the bot ends, and its next start sets it aside."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Up to which message a channel has been read without a gap."""

    guild: GuildId
    channel: ChannelId
    message: SubjectId


@dataclass(frozen=True, slots=True)
class Change:
    """One entry that a command changed; ``None`` is "not set". ``number`` counts per server."""

    number: int
    name: str
    before: Value | None
    after: Value | None
    changed_by: UserId
    changed_at: datetime
    undoes: int | None


@dataclass(frozen=True, slots=True)
class Kept:
    """How much is kept about one person in one server.

    ``messages`` counts names too.
    """

    messages: int
    actions: int
    verdicts: int
    first_at: datetime | None


@dataclass(frozen=True, slots=True)
class Assigned:
    """Which alert was about to tell of a case, and of how many cases it was to tell."""

    lead: CaseId
    count: int


class Journal(Protocol):
    """Decisions, their actions, and how these ended."""

    async def taken(self, posts: Sequence[Post]) -> Taken:
        """Return what is known already about some posts."""

    async def record(
        self, decisions: Sequence[Decision], marks: Sequence[Mark] = ()
    ) -> list[Decision]:
        """Write decisions, their actions and watermarks, all or nothing; return the new decisions.

        A case that is journalled already is left as it is. Watermarks only rise.
        """

    async def finish(
        self,
        cases: Sequence[Case],
        kind: Kind,
        outcomes: Sequence[Outcome],
        leads: Sequence[CaseId] = (),
    ) -> None:
        """Write how one kind of action ended; ``outcomes`` are as many as ``cases``.

        ``leads`` names for each alert the case whose alert tells of it, itself where it has one of
        its own; it is empty for other kinds.
        """

    async def assign(self, cases: Sequence[Case], leads: Sequence[CaseId]) -> None:
        """Write which alert is about to tell of each case, before it does."""

    async def assigned(self, cases: Sequence[Case]) -> dict[CaseId, Assigned]:
        """Return, of cases whose alert was about to be sent, which alert that is."""

    async def unfinished(self) -> list[Case]:
        """Return every case with a pending action, oldest first, as a crash has left them."""

    async def told_by_alert(self, lead: CaseId) -> list[Case]:
        """Return the cases that one alert tells of, its own first; none where it is erased."""

    async def past(
        self, guild: GuildId, since: datetime, least: float, scope: ChannelId
    ) -> list[Past]:
        """Return a server's decisions since a time, oldest first, with their verdicts.

        Only those with a score of at least ``least``: below it nothing can be due. ``scope``
        narrows it to a channel, forum or category, ``NOWHERE`` does not. Limited to the latest.
        """


class Verdicts(Protocol):
    """What moderators said of what the bot did, and what they did themselves."""

    async def judge(self, verdicts: Sequence[Verdict]) -> None:
        """Keep verdicts; a case's latest one counts."""

    async def judgement(self, case: CaseId) -> Judgement | None:
        """Return what a moderator said of a case, ``None`` where nobody has."""

    async def verdicts(self, guild: GuildId, model: str) -> list[Verdict]:
        """Return a server's verdicts on what a version of the model has scored, oldest first."""

    async def reported(self, case: CaseId) -> None:
        """Note that members told moderators of a case."""

    async def acted(
        self, cases: Sequence[CaseId], act: Act, by: UserId, *, minutes: int = 0
    ) -> None:
        """Record what a moderator did about some cases."""

    async def acts(self, case: CaseId) -> list[Done]:
        """Return what moderators did about a case, in order."""


class Watermarks(Protocol):
    """Up to where each channel has been read without a gap."""

    async def all(self) -> dict[GuildId, dict[ChannelId, SubjectId]]:
        """Return every watermark, by server and channel."""

    async def raise_to(self, marks: Sequence[Mark]) -> None:
        """Raise watermarks; one that is higher already stays."""

    async def drop(self, guild: GuildId, channels: Sequence[ChannelId]) -> None:
        """Forget channels of a server that are gone."""


class SettingsStore(Protocol):
    """What each server's moderators set, and every change of it."""

    async def entries(self) -> Mapping[GuildId, Entries]:
        """Return what every server has set."""

    async def change(
        self, guild: GuildId, changes: Changes, by: UserId, *, undoes: int | None = None
    ) -> int:
        """Write changed entries and the record of it, all or nothing; return its number."""

    async def changes(
        self, guild: GuildId, *, most: int = 50, number: int | None = None
    ) -> list[Change]:
        """Return a server's latest changes, the latest first; or those of one number."""

    async def undone(self, guild: GuildId) -> set[int]:
        """Return the numbers of changes that were taken back."""


class Housekeeping(Protocol):
    """What must not be kept. Erased means overwritten."""

    async def expire(self, before: datetime) -> int:
        """Erase what was written and decided before a time; return how many cases.

        A case with a pending action stays: erasing it would undo a decision.
        """

    async def forget_author(
        self,
        author: UserId,
        guild: GuildId | None = None,
        *,
        decided_before: datetime | None = None,
    ) -> int:
        """Erase all about a person's posts, in one server or everywhere; return how many cases.

        With ``decided_before`` what was alerted after that time stays.
        """

    async def erase_later(self, author: UserId, guild: GuildId, requested_at: datetime) -> None:
        """Remember that a person asked to be forgotten in a server."""

    async def erase_due(self, before: datetime) -> int:
        """Erase what was decided before the requests that were made before a time; how many."""

    async def forget_server(self, guild: GuildId) -> int:
        """Erase all of a server; return how many cases."""

    async def kept_about(self, author: UserId, guild: GuildId) -> Kept:
        """Return how much is kept about a person's posts in one server."""

    async def overwrite(self) -> None:
        """Leave nothing of what was erased in any file."""

    async def left(self, guild: GuildId) -> None:
        """Remember that the bot left a server, from the first time on."""

    async def returned(self, guilds: Sequence[GuildId]) -> None:
        """Remember that the bot is in some servers: their data stay."""

    async def departed(self, before: datetime) -> list[GuildId]:
        """Return the servers that the bot left before a time."""


class Facts(Protocol):
    """Small facts about the installation."""

    async def fact(self, name: str) -> str | None:
        """Return a fact, ``None`` where it was never written."""

    async def set_fact(self, name: str, value: str) -> None:
        """Write a fact."""


class Store(Facts, Protocol):
    """Everything that is kept."""

    @property
    def journal(self) -> Journal:
        """Decisions and actions."""

    @property
    def verdicts(self) -> Verdicts:
        """What moderators said and did."""

    @property
    def watermarks(self) -> Watermarks:
        """How far channels have been read."""

    @property
    def settings(self) -> SettingsStore:
        """What servers set."""

    @property
    def housekeeping(self) -> Housekeeping:
        """What is erased when."""

    def problem(self) -> str | None:
        """Return what is wrong with the database under the running bot, ``None`` for nothing."""

    async def close(self) -> None:
        """Close it."""
