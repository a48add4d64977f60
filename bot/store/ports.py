"""The interface of a store, independent of its database.

A store saves and looks up; it never decides. Every method raises ``StoreUnavailableError`` while the
database cannot be used, and ``StoreBrokenError`` if it is damaged.
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
    """The database is temporarily unusable, because it is locked or the disk is full. Retry."""


class StoreBrokenError(Exception):
    """The database is damaged. The bot must exit; its next start sets the database aside."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The latest message up to which a channel was read without a gap."""

    guild: GuildId
    channel: ChannelId
    message: SubjectId


@dataclass(frozen=True, slots=True)
class Change:
    """A settings entry that was changed. ``None`` is "not set". Each server has its own numbers."""

    number: int
    name: str
    before: Value | None
    after: Value | None
    changed_by: UserId
    changed_at: datetime
    undoes: int | None


@dataclass(frozen=True, slots=True)
class Kept:
    """How much is stored about one person in one server. ``messages`` includes names."""

    messages: int
    actions: int
    verdicts: int
    first_at: datetime | None


@dataclass(frozen=True, slots=True)
class Assigned:
    """The alert that a case was assigned to, and the number of cases assigned to that alert."""

    lead: CaseId
    count: int


class Journal(Protocol):
    """Decisions, their actions and the outcomes."""

    async def taken(self, posts: Sequence[Post]) -> Taken:
        """Return what the journal already has about ``posts``."""

    async def record(
        self, decisions: Sequence[Decision], marks: Sequence[Mark] = ()
    ) -> list[Decision]:
        """Write decisions, their actions and watermarks in one transaction.

        Returns the new decisions. A case that is already in the journal is not changed, and
        watermarks are never lowered.
        """

    async def finish(
        self,
        cases: Sequence[Case],
        kind: Kind,
        outcomes: Sequence[Outcome],
        leads: Sequence[CaseId] = (),
    ) -> None:
        """Write the outcomes of one kind of action, one for each case.

        For alerts, ``leads`` has the lead case of each case's alert: the case that the alert was
        opened with. It is empty for other kinds.
        """

    async def assign(self, cases: Sequence[Case], leads: Sequence[CaseId]) -> None:
        """Assign cases to alerts, identified by their lead cases, before the alerts are sent."""

    async def assigned(self, cases: Sequence[Case]) -> dict[CaseId, Assigned]:
        """Return the alert of each case that was assigned to one but may not have been sent."""

    async def unfinished(self) -> list[Case]:
        """Return every case with a pending action, oldest first."""

    async def told_by_alert(self, lead: CaseId) -> list[Case]:
        """Return the cases of an alert, the lead first; none if the lead has been erased."""

    async def past(
        self, guild: GuildId, since: datetime, least: float, scope: ChannelId
    ) -> list[Past]:
        """Return a server's decisions since a time, oldest first, with their verdicts.

        Only decisions with a score of at least ``least`` are returned. ``scope`` limits them to a
        channel, forum or category; ``NOWHERE`` means the whole server. If there are too many, only
        the latest are returned.
        """


class Verdicts(Protocol):
    """Moderators' verdicts on what the bot did, and their own actions."""

    async def judge(self, verdicts: Sequence[Verdict]) -> None:
        """Store verdicts. The latest verdict on a case replaces earlier ones."""

    async def judgements(self, cases: Sequence[CaseId]) -> dict[CaseId, Judgement]:
        """Return the judgements of cases, without those that have none."""

    async def verdicts(self, guild: GuildId, model: str) -> list[Verdict]:
        """Return a server's verdicts on scores of one version of the model, oldest first."""

    async def reported(self, case: CaseId) -> None:
        """Record that a member reported a case."""

    async def acted(
        self, cases: Sequence[CaseId], act: Act, by: UserId, *, minutes: int = 0
    ) -> None:
        """Record an action that a moderator took on some cases."""

    async def acts(self, cases: Sequence[CaseId]) -> dict[CaseId, list[Done]]:
        """Return the actions that moderators took on each case, in order."""


class Watermarks(Protocol):
    """How far each channel has been read without a gap."""

    async def all(self) -> dict[GuildId, dict[ChannelId, SubjectId]]:
        """Return every watermark, by server and channel."""

    async def raise_to(self, marks: Sequence[Mark]) -> None:
        """Raise watermarks. One that is already higher is not changed."""

    async def drop(self, guild: GuildId, channels: Sequence[ChannelId]) -> None:
        """Delete the watermarks of channels that no longer exist."""


class SettingsStore(Protocol):
    """The settings of each server, and the history of their changes."""

    async def entries(self) -> Mapping[GuildId, Entries]:
        """Return the settings of every server."""

    async def change(
        self, guild: GuildId, changes: Changes, by: UserId, *, undoes: int | None = None
    ) -> int:
        """Write changed entries and their history in one transaction; return the change's number."""

    async def changes(
        self, guild: GuildId, *, most: int = 50, number: int | None = None
    ) -> list[Change]:
        """Return a server's latest changes, newest first; with ``number``, only that change."""

    async def undone(self, guild: GuildId) -> set[int]:
        """Return the numbers of the changes that were undone."""


class Housekeeping(Protocol):
    """Erases what must not be kept. Erased data is overwritten."""

    async def expire(self, before: datetime) -> int:
        """Erase cases that were written and decided before a time; return their number.

        A case with a pending action stays, because erasing it would cancel the action.
        """

    async def forget_author(
        self,
        author: UserId,
        guild: GuildId | None = None,
        *,
        decided_before: datetime | None = None,
    ) -> int:
        """Erase all cases of a person, in one server or in all; return their number.

        With ``decided_before``, cases that were alerted after that time stay.
        """

    async def erase_later(self, author: UserId, guild: GuildId, requested_at: datetime) -> None:
        """Store a person's request to be forgotten in a server."""

    async def erase_due(self, before: datetime) -> int:
        """Carry out the erase requests made before a time; return the number of erased cases.

        A request covers what was decided before it was made.
        """

    async def forget_server(self, guild: GuildId) -> int:
        """Erase everything about a server; return the number of erased cases."""

    async def kept_about(self, author: UserId, guild: GuildId) -> Kept:
        """Return how much is stored about a person in one server."""

    async def overwrite(self) -> None:
        """Overwrite erased data in all files of the database."""

    async def left(self, guild: GuildId) -> None:
        """Record that the bot left a server. If it is already recorded, the first time stays."""

    async def returned(self, guilds: Sequence[GuildId]) -> None:
        """Record that the bot is in these servers, so their data is kept."""

    async def departed(self, before: datetime) -> list[GuildId]:
        """Return the servers that the bot left before this time."""


class Facts(Protocol):
    """Key-value storage for facts about the installation."""

    async def fact(self, name: str) -> str | None:
        """Return a fact, or ``None`` if it was never written."""

    async def set_fact(self, name: str, value: str) -> None:
        """Write a fact."""


class Store(Facts, Protocol):
    """A store, by topic."""

    @property
    def journal(self) -> Journal:
        """Decisions and actions."""

    @property
    def verdicts(self) -> Verdicts:
        """Moderators' verdicts and actions."""

    @property
    def watermarks(self) -> Watermarks:
        """How far each channel has been read."""

    @property
    def settings(self) -> SettingsStore:
        """The settings of servers."""

    @property
    def housekeeping(self) -> Housekeeping:
        """Erasing, and which servers the bot has left."""

    def problem(self) -> str | None:
        """Return what is wrong with the database file, or ``None`` if nothing is."""

    async def close(self) -> None:
        """Close the store."""
