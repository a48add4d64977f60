"""Which channels have been read without a gap: a state machine that knows no Discord and no clock.

A gap is what was written while no session was there, while a server was out, or while the queue was
full. From the moment a session begins until the gaps of a server are known, none of its watermarks
rises. After that those of the channels that are behind stay until their gap is closed. After a crash
everything resumes from the watermarks.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from bot.domain import ChannelId, GuildId, Post, SubjectId
from bot.intake.history import PAGE, Page, Room
from bot.retries import wait_after


class Reading(Enum):
    """How a gap stands after a turn."""

    GOES_ON = auto()
    CLOSED = auto()
    CUT_OFF = auto()
    """Closed, because more was missed than is read."""


@dataclass(slots=True)
class Gap:
    """What is to be read of a channel: after one message, until another, at most so many."""

    room: Room
    after: SubjectId
    until: SubjectId
    left: int
    edits: bool
    """Whether the page before the gap is still to be read for what was edited meanwhile."""

    def advance(self, page: Page, limit: int) -> None:
        """Move its beginning behind a page that was asked for with ``limit``."""
        self.left -= limit
        self.after = self.until if page.last is None else page.last
        if page.messages < limit:
            self.after = SubjectId(max(self.after, self.until))

    def state(self) -> Reading:
        """Return whether there is more to read."""
        if self.edits or (self.after < self.until and self.left > 0):
            return Reading.GOES_ON
        return Reading.CUT_OFF if self.after < self.until else Reading.CLOSED


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is not read: what stood before the bot came, what is too old, and too much of it."""

    came: SubjectId
    oldest: SubjectId
    messages: int


def gap_of(
    room: Room,
    marks: Mapping[ChannelId, SubjectId],
    bounds: Bounds,
    missed: SubjectId | None = None,
) -> Gap | None:
    """Return what is to be read of a channel, ``None`` for nothing.

    ``marks`` has the server's watermarks; a channel without one was made while the bot was away.
    ``missed`` is a message for which there was no room. A channel in which nobody wrote for as long
    as is looked back costs nothing.
    """
    after = max(marks.get(room.id, SubjectId(room.id)), bounds.came)
    until = max(room.latest, missed or 0)
    recent = after > bounds.oldest
    if not room.readable or (until <= after and not recent and missed is None):
        return None
    return Gap(
        room,
        SubjectId(max(after, bounds.oldest)),
        SubjectId(until),
        bounds.messages,
        edits=recent or missed is not None,
    )


@dataclass(slots=True)
class _Turns:
    """How a server stands in the queue for Discord's answers."""

    latest: int = 0
    """The number of its latest turn, counted over all servers."""
    attempts: int = 0
    not_before: float = 0.0


class Gaps:
    """All that is to be read, and whose turn it is: servers in turns, and channels within each."""

    def __init__(self) -> None:
        self._known: set[GuildId] = set()
        """The servers whose gaps are known."""
        self._gaps: OrderedDict[ChannelId, Gap] = OrderedDict()
        """Of a server's the first one has its turn."""
        self._missed: dict[ChannelId, Post] = {}
        """The latest post for which there was no room."""
        self._broken: set[ChannelId] = set()
        """Channels that could not be read."""
        self._held: Counter[ChannelId] = Counter()
        """How many posts of a channel wait for something before they are queued."""
        self._turns: dict[GuildId, _Turns] = {}
        self._taken = 0

    def __bool__(self) -> bool:
        return bool(self._gaps or self._missed)

    def __len__(self) -> int:
        return len(self._gaps)

    def caught_up(self, post: Post) -> bool:
        """Return whether a post's channel has been read without a gap."""
        channel = post.channel_id
        return (
            post.guild_id in self._known
            and channel not in self._gaps
            and channel not in self._missed
            and channel not in self._broken
            and channel not in self._held
        )

    def begin(self) -> None:
        """Expect gaps everywhere: a new session has begun."""
        self._known.clear()
        self._broken.clear()

    def restart(self) -> None:
        """Forget what was being read; it is found again."""
        self._gaps.clear()
        self._turns.clear()

    def unavailable(self, guild: GuildId) -> None:
        """Expect gaps in a server that is out."""
        self._known.discard(guild)

    def know(self, guild: GuildId, gaps: Iterable[Gap] = ()) -> None:
        """Take over the gaps of a server: there are no others.

        Where something is missing comes before where only an edit may be.
        """
        ordered = sorted(gaps, key=lambda gap: gap.until <= gap.after)
        self._gaps.update((gap.room.id, gap) for gap in ordered)
        self._known.add(guild)

    def widen(self, gap: Gap) -> None:
        """Add a gap to the one that its channel may have already."""
        begun = self._gaps.get(gap.room.id)
        if begun is None:
            self._gaps[gap.room.id] = gap
        else:
            begun.until = SubjectId(max(begun.until, gap.until))
            begun.edits = begun.edits or gap.edits

    def miss(self, post: Post) -> None:
        """Expect a gap where there was no room for a post."""
        self._missed[post.channel_id] = post

    def any_missed(self) -> bool:
        """Return whether there was no room for something."""
        return bool(self._missed)

    def hold(self, channel: ChannelId) -> None:
        """Let no mark of a channel rise: a post of it is not on the queue yet."""
        self._held[channel] += 1

    def release(self, channel: ChannelId) -> None:
        """Take a ``hold`` back."""
        self._held[channel] -= 1
        if self._held[channel] <= 0:
            del self._held[channel]

    def missed_in(self, channel: ChannelId) -> bool:
        """Return whether there was no room for something of a channel."""
        return channel in self._missed

    def take_missed(self) -> dict[ChannelId, Post]:
        """Return, once, the latest post for which there was no room, by channel."""
        missed, self._missed = self._missed, {}
        return missed

    def next(self, now: float) -> Gap | None:
        """Return the gap whose turn it is, ``None`` while each has to wait; count the turn."""
        due = [gap for gap in self._gaps.values() if self._turns_of(gap).not_before <= now]
        if not due:
            return None
        gap = min(due, key=lambda gap: self._turns_of(gap).latest)
        self._gaps.move_to_end(gap.room.id)
        self._taken += 1
        self._turns_of(gap).latest = self._taken
        return gap

    def succeeded(self, gap: Gap) -> None:
        """Note that Discord answered."""
        self._turns_of(gap).attempts = 0

    def put_off(self, gap: Gap, now: float) -> float:
        """Let other servers have their turns first; return how many seconds this one waits."""
        turns = self._turns_of(gap)
        wait = wait_after(turns.attempts)
        turns.attempts += 1
        turns.not_before = now + wait
        return wait

    def close(self, gap: Gap) -> None:
        """Take a gap away; one that was found anew meanwhile stays."""
        if self._gaps.get(gap.room.id) is gap:
            del self._gaps[gap.room.id]

    def give_up(self, gap: Gap) -> None:
        """Take a gap away that cannot be read; its channel stays behind until the next session."""
        self.close(gap)
        self._broken.add(gap.room.id)

    def _turns_of(self, gap: Gap) -> _Turns:
        return self._turns.setdefault(gap.room.guild, _Turns())


def page_size(gap: Gap) -> int:
    """Return how many messages to ask for next."""
    return min(PAGE, gap.left)
