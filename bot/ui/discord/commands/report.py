"""The menu command "Report to moderators": a member's way to tell, anonymous to other members."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from typing import Any, Final

import discord
from discord import app_commands

from bot.domain import Decision, Post
from bot.policy.rules import decide
from bot.ui.discord.alert import (
    EXCERPT_LENGTH,
    Standing,
    add_author_and_place,
    alert_buttons,
    harmless,
    hidden,
    jump_url,
    score_table,
)
from bot.ui.discord.commands.score import post_from_menu, remember
from bot.ui.discord.context import Context
from bot.ui.discord.replies import guild_of, say, words_of
from bot.ui.discord.translation import text
from bot.ui.discord.tree import FOR_MEMBERS
from bot.ui.words import Words

REPORTS: Final = 3
WINDOW_SECONDS: Final = 600.0
"""A member reports at most ``REPORTS`` messages in that time."""

MOST_REMEMBERED: Final = 5_000


class Reports:
    """Who reported what lately; in memory, as it only keeps moderators from being flooded."""

    def __init__(self) -> None:
        self._by_member: OrderedDict[tuple[int, int], deque[float]] = OrderedDict()
        self._messages: OrderedDict[tuple[int, int], None] = OrderedDict()

    def allowed(self, guild_id: int, member_id: int) -> bool:
        """Count a report and return whether the member may make it."""
        now = time.monotonic()
        times = self._by_member.setdefault((guild_id, member_id), deque(maxlen=REPORTS))
        self._by_member.move_to_end((guild_id, member_id))
        _bounded(self._by_member)
        if len(times) == REPORTS and now - times[0] < WINDOW_SECONDS:
            return False
        times.append(now)
        return True

    def first(self, post: Post) -> bool:
        """Return whether nobody has reported this text of a message yet, and remember it."""
        key = (post.message_id, post.revision)
        new = key not in self._messages
        self._messages[key] = None
        _bounded(self._messages)
        return new

    def forget(self, post: Post) -> None:
        """Let a message be reported again: telling the moderators failed."""
        self._messages.pop((post.message_id, post.revision), None)


def report_command(context: Context) -> app_commands.ContextMenu:
    """Return the context-menu command for messages."""
    reports = Reports()

    async def report(interaction: discord.Interaction, message: discord.Message) -> None:
        guild, words = guild_of(interaction), words_of(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        if not reports.allowed(guild.id, interaction.user.id):
            await say(interaction, words("report.too_many", minutes=int(WINDOW_SECONDS / 60)))
            return
        post = await post_from_menu(interaction, message)
        if post is None:
            await say(interaction, words("report.not_read"))
            return
        if reports.first(post):
            told = False
            try:
                told = await _tell(context, post, interaction.user.id)
            finally:
                if not told:
                    reports.forget(post)
            if not told:
                await say(interaction, words("report.nowhere"))
                return
        await say(interaction, words("report.thanks"))

    menu = app_commands.ContextMenu(name=text("menu.report"), callback=report)
    menu.guild_only = True
    menu.extras[FOR_MEMBERS] = True
    return menu


async def _tell(context: Context, post: Post, reporter_id: int) -> bool:
    """Tell the moderators; return whether that could be done."""
    policy = context.book.of(post.guild_id)
    channel = context.alerting.channel_for(post.guild_id)
    if not isinstance(channel, discord.TextChannel | discord.Thread):
        return False
    words = context.server.words(post.guild_id, policy)
    scored = policy.phrases.without(post.text)
    (scores,) = await asyncio.to_thread(context.scorer.score, [scored])
    decision = decide(policy, post, scores, context.scorer.version)
    # The buttons work on what is journalled; a message from before the bot came is not yet.
    await remember(context, decision)
    public = channel.permissions_for(channel.guild.default_role).view_channel
    await channel.send(
        embed=_embed(context, decision, None if public else reporter_id, words),
        view=alert_buttons(
            post,
            Standing(can_time_out=not post.moderator and not post.webhook, reported=True),
            words,
        ),
        allowed_mentions=discord.AllowedMentions.none(),
    )
    return True


def _embed(
    context: Context, decision: Decision, reporter_id: int | None, words: Words
) -> discord.Embed:
    post = decision.post
    names = context.server.names(post.guild_id)
    embed = discord.Embed(
        title=words("report.title"),
        description=hidden(post.text, EXCERPT_LENGTH),
        colour=0x5865F2,
        timestamp=post.created_at,
    )
    add_author_and_place(embed, post, words, names)
    if reporter_id is not None:  # other members never learn who it was
        reporter = harmless(names.member(reporter_id))
        embed.add_field(
            name=words("report.by"), value=f"{reporter} <@{reporter_id}>".strip(), inline=False
        )
    embed.add_field(name=words("alert.scores"), value=score_table(decision), inline=False)
    embed.add_field(
        name=words("alert.message"),
        value=f"[{words('alert.jump')}]({jump_url(post)})",
        inline=False,
    )
    embed.set_footer(text=words("alert.footer", message=post.message_id, model=decision.model))
    return embed


def _bounded(remembered: OrderedDict[tuple[int, int], Any]) -> None:
    while len(remembered) > MOST_REMEMBERED:
        remembered.popitem(last=False)
