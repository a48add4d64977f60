"""What carries actions out: the real one, and the observing one that changes nothing."""

from __future__ import annotations

from typing import Final, Protocol

import discord

from bot.domain import Case, Kind, Outcome, Status
from bot.enforcement.alerts import alert_embed
from bot.policy.book import PolicyBook

UNKNOWN_CHANNEL: Final = 10003
UNKNOWN_MESSAGE: Final = 10008
NONCE_LENGTH: Final = 25

DONE: Final = Outcome(Status.DONE)
ALERT_PERMISSIONS: Final = discord.Permissions(
    view_channel=True, send_messages=True, embed_links=True
)


class ServerUnavailableError(Exception):
    """Discord says that this server is out just now; its channels are not known."""


class Actuator(Protocol):
    """Carries out one action of a case and says how it ended.

    Raises only what is worth another attempt; whatever a retry cannot mend is an outcome.
    """

    async def delete(self, case: Case) -> Outcome:
        """Delete the message."""

    async def alert(self, case: Case) -> Outcome:
        """Tell the moderators, in the channel that their server chose."""


def missing_permissions(
    channel: discord.abc.GuildChannel | discord.Thread, needed: discord.Permissions
) -> list[str]:
    """Return the names, as Discord shows them, of the permissions the bot lacks in a channel."""
    granted = channel.permissions_for(channel.guild.me)
    return [
        name.replace("_", " ").title()
        for name, wanted in needed
        if wanted and not getattr(granted, name)
    ]


class Alerting:
    """The half that both actuators share: alerts are sent whether or not anything is enforced."""

    def __init__(self, client: discord.Client, book: PolicyBook) -> None:
        self._client = client
        self._book = book

    def _channel(
        self, guild_id: int, channel_id: int
    ) -> discord.abc.GuildChannel | discord.Thread | None:
        guild = self._client.get_guild(guild_id)
        if guild is not None and guild.unavailable:
            raise ServerUnavailableError
        return None if guild is None else guild.get_channel_or_thread(channel_id)

    async def alert(self, case: Case) -> Outcome:
        """Send the alert, once: Discord drops a second message with the same nonce."""
        post = case.decision.post
        channel_id = self._book.of(post.guild_id).alert_channel_id
        if channel_id is None:
            return Outcome(Status.FAILED, "no alert channel is set: use /alerts channel")
        channel = self._channel(post.guild_id, channel_id)
        if not isinstance(channel, discord.abc.Messageable):
            return Outcome(Status.FAILED, "the alert channel no longer exists: use /alerts channel")
        # Asked of the cache first: each refused request counts towards a ban of the address.
        missing = missing_permissions(channel, ALERT_PERMISSIONS)
        if missing:
            return Outcome(
                Status.FAILED, f"the bot lacks {', '.join(missing)} in the alert channel"
            )
        embed = alert_embed(
            case,
            channel_name=getattr(self._channel(post.guild_id, post.channel_id), "name", ""),
            author_name=self._author_name(post.guild_id, post.author_id),
            deletion=case.outcomes.get(Kind.DELETE),
        )
        nonce = f"{post.message_id}.{post.revision}"[-NONCE_LENGTH:]
        try:
            await channel.send(
                embed=embed, nonce=nonce, allowed_mentions=discord.AllowedMentions.none()
            )
        except discord.NotFound:
            return Outcome(Status.FAILED, "the alert channel no longer exists: use /alerts channel")
        except discord.Forbidden as error:
            return Outcome(Status.FAILED, f"Discord refused the alert: {error.text}")
        return DONE

    def _author_name(self, guild_id: int, author_id: int) -> str:
        guild = self._client.get_guild(guild_id)
        member = None if guild is None else guild.get_member(author_id)
        return "" if member is None else member.display_name


class ObservingActuator(Alerting):
    """Alerts, and records what would have been deleted."""

    async def delete(self, case: Case) -> Outcome:
        """Leave the message where it is."""
        del case
        return Outcome(Status.OBSERVED)


class EnforcingActuator(Alerting):
    """Alerts and deletes."""

    async def delete(self, case: Case) -> Outcome:
        """Delete the message; one that is gone already counts as deleted."""
        post = case.decision.post
        channel = self._channel(post.guild_id, post.channel_id)
        if channel is None:
            return Outcome(Status.FAILED, "the channel no longer exists, or the bot cannot see it")
        missing = missing_permissions(
            channel, discord.Permissions(view_channel=True, manage_messages=True)
        )
        if missing:
            return Outcome(Status.FAILED, f"the bot lacks {', '.join(missing)} in that channel")
        partial = self._client.get_partial_messageable(post.channel_id, guild_id=post.guild_id)
        try:
            await partial.get_partial_message(post.message_id).delete()
        except discord.NotFound as error:
            if error.code not in {UNKNOWN_MESSAGE, UNKNOWN_CHANNEL}:
                raise
        except discord.Forbidden as error:
            return Outcome(Status.FAILED, f"Discord refused: {error.text}")
        return DONE
