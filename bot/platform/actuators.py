"""What carries actions out: the real one, and the observing one that changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import discord

from bot.domain import Case, Kind, Note, Outcome, Post, Reason, Status, Surface
from bot.enforcement.grouping import CaseKey, OpenAlert, OpenAlerts, key_of
from bot.platform.permissions import (
    ALERT_PERMISSIONS,
    DELETE_PERMISSIONS,
    TIMEOUT_PERMISSIONS,
    may_time_out,
    missing_permissions,
    timed_out_until,
)
from bot.platform.retries import ServerUnavailableError, passes, reason_of
from bot.policy.book import PolicyBook
from bot.policy.rules import Policy
from bot.store.sqlite.journal import Journal
from bot.ui.discord.alert import (
    Names,
    Standing,
    alert_buttons,
    alert_embed,
    count_of,
    lead_of,
)
from bot.ui.words import Words, words_for

UNKNOWN_CHANNEL: Final = 10003
UNKNOWN_MESSAGE: Final = 10008
NONCE_LENGTH: Final = 25
REASON_LENGTH: Final = 512
BULK_MOST: Final = 100
"""Messages that Discord deletes in one request."""

RECALLED: Final = 1_000
"""Messages of the alert channel that are looked through after a crash."""

BULK_AGE: Final = timedelta(days=13, hours=23)
"""Discord deletes messages of up to 14 days in bulk; an hour is left for clocks that differ."""

DONE: Final = Outcome(Status.DONE)
OBSERVED: Final = Outcome(Status.OBSERVED)


def failed(key: str, **values: str | float) -> Outcome:
    """Return the outcome of an action that a retry cannot mend."""
    return Outcome(Status.FAILED, Note(key, values))


class _AlertRemovedError(Exception):
    """The alert that was to count up is not there any more."""


class Actuator(Protocol):
    """Carries out one kind of action on some messages of one server and says how each ended.

    Raises only what is worth another attempt; whatever a retry cannot mend is an outcome. Another
    attempt with the same cases does nothing twice.
    """

    async def delete(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        """Delete messages, all of one channel."""

    async def time_out(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        """Time out the author of some messages, one author's."""


class Server:
    """What enforcement asks of the cached servers."""

    def __init__(self, client: discord.Client) -> None:
        self.client = client

    def guild(self, guild_id: int) -> discord.Guild | None:
        """Return a server, ``None`` where the bot is not; raises ``ServerUnavailableError``."""
        guild = self.client.get_guild(guild_id)
        if guild is not None and guild.unavailable:
            raise ServerUnavailableError
        return guild

    def channel(
        self, guild_id: int, channel_id: int
    ) -> discord.abc.GuildChannel | discord.Thread | None:
        """Return a channel or thread, ``None`` where the bot does not see it."""
        guild = self.guild(guild_id)
        return None if guild is None else guild.get_channel_or_thread(channel_id)

    def words(self, guild_id: int, policy: Policy) -> Words:
        """Return the words of a server: as its moderators chose, or by its own language."""
        guild = self.client.get_guild(guild_id)
        own = None if guild is None else guild.preferred_locale.value
        return words_for(policy.language or own)

    def names(self, guild_id: int) -> Names:
        """Return what a server calls its channels and members."""
        guild = self.client.get_guild(guild_id)

        def channel(channel_id: int) -> str:
            found = None if guild is None else guild.get_channel_or_thread(channel_id)
            return "" if found is None else found.name

        def member(user_id: int) -> str:
            found = None if guild is None else guild.get_member(user_id)
            return "" if found is None else found.display_name

        return Names(channel, member)


class Observing:
    """Records what would have been done, and leaves everything as it is."""

    async def delete(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        """Leave the messages where they are."""
        return [OBSERVED] * len(cases)

    async def time_out(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        """Let the author write on."""
        return [OBSERVED] * len(cases)


class Enforcing:
    """Deletes and times out."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def delete(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        """Delete messages; one that is gone already counts as deleted."""
        posts = [case.decision.post for case in cases]
        return [await self.delete_posts(posts)] * len(cases)

    async def delete_posts(self, posts: Sequence[Post]) -> Outcome:
        """Delete messages of one channel, in bulk where there are several."""
        guild_id, channel_id = posts[0].guild_id, posts[0].channel_id
        channel = self._server.channel(guild_id, channel_id)
        if channel is None:
            return failed("failed.no_channel")
        missing = missing_permissions(channel, DELETE_PERMISSIONS)
        if missing:
            return failed("failed.delete_permission", missing=" ".join(missing))
        partial = self._server.client.get_partial_messageable(channel_id, guild_id=guild_id)
        oldest = datetime.now(UTC) - BULK_AGE
        ids = list(dict.fromkeys(post.message_id for post in posts if post.created_at > oldest))
        single = list(dict.fromkeys(post.message_id for post in posts if post.created_at <= oldest))
        bulk = isinstance(channel, discord.TextChannel | discord.VoiceChannel | discord.Thread)
        if len(ids) % BULK_MOST == 1 or not bulk:
            # A single one cannot be deleted in bulk.
            kept = len(ids) - 1 if bulk else 0
            single, ids = [*ids[kept:], *single], ids[:kept]
        try:
            if isinstance(channel, discord.TextChannel | discord.VoiceChannel | discord.Thread):
                for start in range(0, len(ids), BULK_MOST):
                    part = ids[start : start + BULK_MOST]
                    await channel.delete_messages([discord.Object(number) for number in part])
            for number in single:
                await _delete_one(partial, number)
        except discord.NotFound as error:
            if error.code not in {UNKNOWN_MESSAGE, UNKNOWN_CHANNEL}:
                raise
        except discord.Forbidden as error:
            return failed("failed.refused", reason=error.text)
        return DONE

    async def time_out(self, cases: Sequence[Case]) -> Sequence[Outcome]:
        """Time the author out until the latest end that any of the messages calls for.

        The end counts from the message, so that a retry does not lengthen it.
        """
        due = [(case, reason) for case in cases if (reason := reason_for(case, Kind.TIMEOUT))]
        case, reason = max(due, key=lambda pair: _end(*pair))
        until = _end(case, reason)
        post = case.decision.post
        if until <= datetime.now(UTC):
            return [failed("failed.timeout_over")] * len(cases)
        note = f"Bellwether: {reason.harm} {reason.score:.2f} >= {reason.threshold:.2f}"
        return [await self.time_out_until(post.guild_id, post.author_id, until, note)] * len(cases)

    async def time_out_until(
        self, guild_id: int, user_id: int, until: datetime | None, reason: str
    ) -> Outcome:
        """Time a member out, never shorter than they already are; ``None`` lifts a time-out."""
        guild = self._server.guild(guild_id)
        if guild is None:
            return failed("failed.no_channel")
        if not guild.me.guild_permissions >= TIMEOUT_PERMISSIONS:
            return failed("failed.timeout_permission")
        try:
            member = await guild.fetch_member(user_id)
        except discord.NotFound:
            return failed("failed.member_left")
        refusal = may_time_out(guild.me, member)
        if refusal is not None:
            return Outcome(Status.FAILED, refusal)
        running = timed_out_until(member)
        if until is not None and running is not None and running >= until:
            return DONE
        return await _time_out(member, until, reason)


class Alerting:
    """Tells moderators, whether or not anything is enforced; one alert for what belongs together."""

    def __init__(
        self, server: Server, book: PolicyBook, alerts: OpenAlerts, journal: Journal
    ) -> None:
        self._server = server
        self._book = book
        self._alerts = alerts
        self._journal = journal

    async def alert(self, cases: Sequence[Case]) -> tuple[Sequence[Outcome], Sequence[Post]]:
        """Tell of some messages of one server; return the outcomes and whose alert tells of each."""
        told = [self._join(case) for case in cases]
        # Before anything is seen, so that the next process can tell what was.
        await self._journal.assign(cases, [alert.lead.decision.post for alert in told])
        outcomes: dict[OpenAlert, Outcome] = {}
        for alert in dict.fromkeys(told):
            try:
                outcomes[alert] = await self._show(alert)
            except _AlertRemovedError:
                # A moderator removed it, and what came since is told anew. The other alerts are
                # shown as they are once more, which changes nothing.
                self._alerts.close(key_of(alert.lead))
                return await self.alert(cases)
            except discord.HTTPException as error:
                if passes(error):
                    raise
                outcomes[alert] = failed("failed.refused", reason=reason_of(error))
        for alert, outcome in outcomes.items():
            if outcome.status is Status.FAILED:
                self._alerts.close(key_of(alert.lead))
        return [outcomes[alert] for alert in told], [alert.lead.decision.post for alert in told]

    async def recalled(self, cases: Sequence[Case]) -> list[Case]:
        """Mark what an earlier process has told already, though it could not write that down.

        All cases are of one server.

        Alerts name their message in their buttons' ids and count what they tell of, so the alert
        channel itself says what moderators have seen.
        """
        assigned = await self._journal.assigned(
            [case for case in cases if Kind.ALERT not in case.outcomes]
        )
        seen: dict[CaseKey, int] | None = None
        found = []
        for case in cases:
            lead, count = assigned.get(key_of(case), (None, 0))
            if lead is not None:
                if seen is None:
                    since = min(key[0] for key, _ in assigned.values())
                    seen = await self._seen(case.decision.post.guild_id, since)
                if seen.get(lead, 0) >= (1 if lead == key_of(case) else count):
                    post = replace(case.decision.post, message_id=lead[0], revision=lead[1])
                    await self._journal.finish([case], Kind.ALERT, [DONE], [post])
                    case = replace(case, outcomes={**case.outcomes, Kind.ALERT: DONE})  # noqa: PLW2901
            found.append(case)
        return found

    async def _seen(self, guild_id: int, since: int) -> dict[CaseKey, int]:
        """Return how many messages each alert in the alert channel tells of, by its first one."""
        channel = self.channel_for(guild_id)
        if isinstance(channel, Outcome):
            return {}
        own, found = self._server.client.user, {}
        try:
            # The latest first: an edited message, or whoever has a name, can be years old.
            async for message in channel.history(
                limit=RECALLED, after=discord.Object(since), oldest_first=False
            ):
                if own is not None and message.author.id == own.id:
                    lead = lead_of(message)
                    if lead is not None and message.embeds:
                        found[lead] = count_of(message.embeds[0])
        except discord.HTTPException as error:
            if passes(error):
                raise
            return {}
        return found

    async def complain(self, guild_id: int, note: Note) -> None:
        """Say that alerts cannot be sent where Discord itself tells moderators of things.

        Community servers have such a channel; elsewhere the log and `/threshold show` must do.
        """
        guild = self._server.guild(guild_id)
        channel = None if guild is None else guild.public_updates_channel
        if channel is None or missing_permissions(channel, ALERT_PERMISSIONS):
            return
        words = self._server.words(guild_id, self._book.of(guild_id))
        await channel.send(
            words("notice.alerts", reason=words.note(note)),
            nonce=guild_id,
            allowed_mentions=discord.AllowedMentions.none(),
        )

    def _join(self, case: Case) -> OpenAlert:
        policy = self._book.of(case.decision.post.guild_id)
        return self._alerts.joined(case, pings=_pings(policy, case))

    def channel_for(
        self, guild_id: int, channel_id: int = 0
    ) -> discord.TextChannel | discord.Thread | Outcome:
        """Return where a server is told: a channel given, or the one its moderators chose.

        Where the bot cannot write there the outcome says why.
        """
        wanted = channel_id or self._book.of(guild_id).alert_channel_id
        if wanted is None:
            return failed("failed.no_alert_channel")
        channel = self._server.channel(guild_id, wanted)
        if not isinstance(channel, discord.TextChannel | discord.Thread):
            return failed("failed.alert_channel_gone")
        missing = missing_permissions(channel, ALERT_PERMISSIONS)
        if missing:
            return failed("failed.alert_permission", missing=" ".join(missing))
        return channel

    async def _show(self, alert: OpenAlert) -> Outcome:
        """Send an alert, or have it count what has joined it; raises ``_AlertRemovedError``."""
        async with alert.showing:
            chosen = self._book.of(alert.lead.decision.post.guild_id).alert_channel_id
            # Acted on meanwhile, or the moderators are told elsewhere now.
            if alert.closed or (alert.channel_id and alert.channel_id != chosen):
                raise _AlertRemovedError
            return await self._shown(alert)

    async def _shown(self, alert: OpenAlert) -> Outcome:
        post = alert.lead.decision.post
        policy = self._book.of(post.guild_id)
        channel = self.channel_for(post.guild_id, alert.channel_id)
        if isinstance(channel, Outcome):
            return channel
        words = self._server.words(post.guild_id, policy)
        embed = alert_embed(
            alert.lead,
            words,
            self._server.names(post.guild_id),
            count=alert.count,
            others=alert.latest,
        )
        view = alert_buttons(post, standing_of([alert.lead]), words)
        try:
            if alert.message_id:
                message = channel.get_partial_message(alert.message_id)
                await message.edit(
                    embed=embed, view=view, allowed_mentions=discord.AllowedMentions.none()
                )
            else:
                sent = await self._send(channel, alert, policy, embed, view)
                alert.channel_id, alert.message_id = channel.id, sent.id
        except discord.NotFound as error:
            if error.code == UNKNOWN_MESSAGE:
                raise _AlertRemovedError from error
            return failed("failed.alert_channel_gone")
        except discord.Forbidden as error:
            return failed("failed.refused", reason=error.text)
        return DONE

    async def _send(
        self,
        channel: discord.TextChannel | discord.Thread,
        alert: OpenAlert,
        policy: Policy,
        embed: discord.Embed,
        view: discord.ui.View,
    ) -> discord.Message:
        """Send an alert, once: Discord drops a second message with the same nonce."""
        post = alert.lead.decision.post
        nonce = f"{post.message_id}.{post.revision}"[-NONCE_LENGTH:]
        mentions = discord.AllowedMentions.none()
        content = ""
        if alert.pinged and policy.ping_role_id is not None:
            content = f"<@&{policy.ping_role_id}>"
            mentions = discord.AllowedMentions(
                everyone=False, users=False, roles=[discord.Object(policy.ping_role_id)]
            )
        return await channel.send(
            content, embed=embed, view=view, nonce=nonce, allowed_mentions=mentions
        )


def standing_of(cases: Sequence[Case]) -> Standing:
    """Return how messages stand by what the bot itself did about them."""
    deleted = all(_is_done(case, Kind.DELETE) for case in cases)
    timed_out = any(_is_done(case, Kind.TIMEOUT) for case in cases)
    posts = [case.decision.post for case in cases]
    return Standing(
        deleted=deleted,
        timed_out=timed_out,
        can_delete=any(post.surface is Surface.MESSAGE for post in posts),
        can_time_out=any(not post.webhook and not post.moderator for post in posts),
    )


def reason_for(case: Case, kind: Kind) -> Reason | None:
    """Return why an action is due on a case, ``None`` where it is not."""
    return next((reason for reason in case.decision.reasons if reason.kind is kind), None)


def _is_done(case: Case, kind: Kind) -> bool:
    outcome = case.outcomes.get(kind)
    return outcome is not None and outcome.status is Status.DONE


def _end(case: Case, reason: Reason) -> datetime:
    return case.decision.post.at + timedelta(minutes=reason.minutes)


def _pings(policy: Policy, case: Case) -> bool:
    highest = max((reason.score for reason in case.decision.reasons), default=0.0)
    return policy.ping_role_id is not None and highest >= policy.ping_above


async def _time_out(member: discord.Member, until: datetime | None, reason: str) -> Outcome:
    try:
        await member.edit(timed_out_until=until, reason=reason[:REASON_LENGTH])
    except discord.NotFound:
        return failed("failed.member_left")
    except discord.Forbidden as error:
        return failed("failed.refused", reason=error.text)
    return DONE


async def _delete_one(channel: discord.PartialMessageable, message_id: int) -> None:
    try:
        await channel.get_partial_message(message_id).delete()
    except discord.NotFound as error:
        if error.code not in {UNKNOWN_MESSAGE, UNKNOWN_CHANNEL}:
            raise
