"""Tracks which channels have gaps: a state machine without Discord and without a clock.

A gap is a range of messages that the bot missed because it had no session, the server was
unavailable or the queue was full. When a session begins, no watermark of a server moves until its
gaps are known. From then on, only the watermarks of channels with a gap stay, until that gap is
closed. After a crash reading resumes from the watermarks.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from bot.domain import ChannelId, GuildId, Post, SubjectId
from bot.intake.history import PAGE, Channel, Page
from bot.retries import wait_after


class Reading(Enum):
    """The state of a gap after a page was read."""

    GOES_ON = auto()
    CLOSED = auto()
    CUT_OFF = auto()
    """Closed because the limit was reached, with messages left unread."""


@dataclass(slots=True)
class Gap:
    """The messages to read in a channel: after ``after``, up to ``until``, at most ``left``."""

    channel: Channel
    after: SubjectId
    until: SubjectId
    left: int
    edits: bool
    """Whether the page before the gap still has to be checked for edits."""

    def advance(self, page: Page, limit: int) -> None:
        """Move the start of the gap past a page that was requested with ``limit``."""
        self.left -= limit
        self.after = self.until if page.last is None else page.last
        if page.messages < limit:
            self.after = SubjectId(max(self.after, self.until))

    def state(self) -> Reading:
        """Return whether the gap is closed, and whether messages were left out."""
        if self.edits or (self.after < self.until and self.left > 0):
            return Reading.GOES_ON
        return Reading.CUT_OFF if self.after < self.until else Reading.CLOSED


@dataclass(frozen=True, slots=True)
class Bounds:
    """What limits reading: when the bot joined, the oldest message, and the number of messages."""

    came: SubjectId
    oldest: SubjectId
    messages: int


def gap_of(
    channel: Channel,
    marks: Mapping[ChannelId, SubjectId],
    bounds: Bounds,
    missed: SubjectId | None = None,
) -> Gap | None:
    """Return the gap of a channel, or ``None`` if there is nothing to read.

    ``marks`` has the server's watermarks. A channel without a watermark was created while the bot
    was disconnected. ``missed`` is a message that a full queue rejected. A channel without messages
    in the whole look-back time has no gap and costs no request.
    """
    after = max(marks.get(channel.id, SubjectId(channel.id)), bounds.came)
    until = max(channel.latest, missed or 0)
    recent = after > bounds.oldest
    if not channel.readable or (until <= after and not recent and missed is None):
        return None
    return Gap(
        channel,
        SubjectId(max(after, bounds.oldest)),
        SubjectId(until),
        bounds.messages,
        edits=recent or missed is not None,
    )


@dataclass(slots=True)
class _Turns:
    """When a server's next request may be made, and who goes first."""

    latest: int = 0
    """The number of its latest turn, counted across all servers."""
    attempts: int = 0
    not_before: float = 0.0


class Gaps:
    """All gaps, and the order of reading: servers take turns, and so do channels of a server."""

    def __init__(self) -> None:
        self._known: set[GuildId] = set()
        """Servers whose gaps are known."""
        self._gaps: OrderedDict[ChannelId, Gap] = OrderedDict()
        """The first gap of a server is read next."""
        self._missed: dict[ChannelId, Post] = {}
        """The latest post of each channel that the full queue rejected."""
        self._broken: set[ChannelId] = set()
        """Channels that could not be read."""
        self._held: Counter[ChannelId] = Counter()
        """The number of posts of each channel that cannot be queued yet."""
        self._turns: dict[GuildId, _Turns] = {}
        self._taken = 0

    def __bool__(self) -> bool:
        return bool(self._gaps or self._missed)

    def __len__(self) -> int:
        return len(self._gaps)

    def caught_up(self, post: Post) -> bool:
        """Return whether a post's channel has no gap, so that its watermark may move."""
        channel = post.channel_id
        return (
            post.guild_id in self._known
            and channel not in self._gaps
            and channel not in self._missed
            and channel not in self._broken
            and channel not in self._held
        )

    def begin(self) -> None:
        """Start a new session: every channel may have a gap."""
        self._known.clear()
        self._broken.clear()

    def restart(self) -> None:
        """Forget all gaps, before they are looked for again."""
        self._gaps.clear()
        self._turns.clear()

    def unavailable(self, guild: GuildId) -> None:
        """Note that a server is unavailable: every channel there may have a gap."""
        self._known.discard(guild)

    def know(self, guild: GuildId, gaps: Iterable[Gap] = ()) -> None:
        """Set the complete list of a server's gaps.

        Gaps with missing messages are read before those that may only have edits.
        """
        ordered = sorted(gaps, key=lambda gap: gap.until <= gap.after)
        self._gaps.update((gap.channel.id, gap) for gap in ordered)
        self._known.add(guild)

    def widen(self, gap: Gap) -> None:
        """Add a gap, merged with the gap that its channel may already have."""
        begun = self._gaps.get(gap.channel.id)
        if begun is None:
            self._gaps[gap.channel.id] = gap
        else:
            begun.until = SubjectId(max(begun.until, gap.until))
            begun.edits = begun.edits or gap.edits

    def miss(self, post: Post) -> None:
        """Note that the full queue rejected a post, so that its channel has a gap."""
        self._missed[post.channel_id] = post

    def any_missed(self) -> bool:
        """Return whether the queue rejected any posts that are not gaps yet."""
        return bool(self._missed)

    def hold(self, channel: ChannelId) -> None:
        """Hold a channel's watermark while one of its posts is not on the queue yet."""
        self._held[channel] += 1

    def release(self, channel: ChannelId) -> None:
        """End one ``hold`` of a channel."""
        self._held[channel] -= 1
        if self._held[channel] <= 0:
            del self._held[channel]

    def missed_in(self, channel: ChannelId) -> bool:
        """Return whether the queue rejected a post of a channel that is not a gap yet."""
        return channel in self._missed

    def take_missed(self) -> dict[ChannelId, Post]:
        """Return and forget the latest rejected post of each channel."""
        missed, self._missed = self._missed, {}
        return missed

    def next(self, now: float) -> Gap | None:
        """Return the gap to read now and count the turn, or ``None`` while all have to wait."""
        due = [gap for gap in self._gaps.values() if self._turns_of(gap).not_before <= now]
        if not due:
            return None
        gap = min(due, key=lambda gap: self._turns_of(gap).latest)
        self._gaps.move_to_end(gap.channel.id)
        self._taken += 1
        self._turns_of(gap).latest = self._taken
        return gap

    def succeeded(self, gap: Gap) -> None:
        """Note that reading a page of a gap succeeded."""
        self._turns_of(gap).attempts = 0

    def put_off(self, gap: Gap, now: float) -> float:
        """Postpone a server after a failure, and return the wait in seconds."""
        turns = self._turns_of(gap)
        wait = wait_after(turns.attempts)
        turns.attempts += 1
        turns.not_before = now + wait
        return wait

    def close(self, gap: Gap) -> None:
        """Remove a gap, unless it has been replaced by a new one meanwhile."""
        if self._gaps.get(gap.channel.id) is gap:
            del self._gaps[gap.channel.id]

    def give_up(self, gap: Gap) -> None:
        """Remove a gap that cannot be read. The watermark then stays until the next session."""
        self.close(gap)
        self._broken.add(gap.channel.id)

    def _turns_of(self, gap: Gap) -> _Turns:
        return self._turns.setdefault(gap.channel.guild, _Turns())


def page_size(gap: Gap) -> int:
    """Return how many messages to request next."""
    return min(PAGE, gap.left)
