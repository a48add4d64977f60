"""The menu command "Report to moderators". Other members never learn who reported a message."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.desk.record import AlertState
from bot.desk.reports import WINDOW_SECONDS
from bot.domain import Case, Decision, Outcome, Post, UserId
from bot.platform.errors import discord_errors
from bot.platform.permissions import EVIDENCE_PERMISSIONS, missing_permissions
from bot.ui.discord.alert import (
    EXCERPT_LENGTH,
    add_author_and_place,
    add_footer,
    add_whole,
    score_table,
)
from bot.ui.discord.alert_controls import alert_buttons
from bot.ui.discord.alert_record import pages
from bot.ui.discord.commands.score import post_from_menu
from bot.ui.discord.context import Context
from bot.ui.discord.links import jump_url
from bot.ui.discord.quoting import harmless, quoted
from bot.ui.discord.replies import guild_id_of, say, words_of
from bot.ui.discord.translation import text
from bot.ui.discord.tree import FOR_MEMBERS
from bot.ui.words import Words


def report_command(context: Context) -> app_commands.ContextMenu:
    """Return the context-menu command for messages."""
    reports = context.reports

    async def report(interaction: discord.Interaction, message: discord.Message) -> None:
        words, reporter = words_of(interaction), UserId(interaction.user.id)
        await interaction.response.defer(ephemeral=True, thinking=True)
        if not reports.allowed(guild_id_of(interaction), reporter):
            await say(interaction, words("report.too_many", minutes=int(WINDOW_SECONDS / 60)))
            return
        post = await post_from_menu(interaction, message)
        if post is None:
            await say(interaction, words("report.not_read"))
            return
        if reports.first(post):
            told = False
            try:
                told = await _tell(context, post, reporter)
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


async def _tell(context: Context, post: Post, reporter: UserId) -> bool:
    """Send the report to the alert channel. Return False if there is no usable channel."""
    channel = context.channel.channel(post.guild_id)
    if isinstance(channel, Outcome):
        return False
    policy = context.book.of(post.guild_id)
    words, names = context.speech.words(post.guild_id, policy), context.speech.names(post.guild_id)
    # The buttons need a journalled case, which messages from before the bot joined do not have.
    decision = await context.judging.journalled(post)
    await context.store.verdicts.reported(post.id)
    public = channel.permissions_for(channel.guild.default_role).view_channel
    state = AlertState(can_time_out=not post.moderator and not post.webhook, reported=True)
    embed = _embed(context, decision, None if public else reporter, words)
    files: list[discord.File] = []
    if len(post.text) > EXCERPT_LENGTH:
        may_attach = not missing_permissions(channel, EVIDENCE_PERMISSIONS)
        files = (
            [page.file() for page in pages([Case(decision)], words, names)] if may_attach else []
        )
        add_whole(embed, words, files=may_attach)
    with discord_errors():
        await channel.send(
            embed=embed,
            files=files,
            view=alert_buttons(post, state, words),
            allowed_mentions=discord.AllowedMentions.none(),
        )
    return True


def _embed(
    context: Context, decision: Decision, reporter: UserId | None, words: Words
) -> discord.Embed:
    post = decision.post
    policy, names = context.book.of(post.guild_id), context.speech.names(post.guild_id)
    embed = discord.Embed(
        title=words("report.title"),
        description=quoted(post.text, EXCERPT_LENGTH, spoilers=policy.spoilers),
        colour=0x5865F2,
        timestamp=post.created_at,
    )
    add_author_and_place(embed, post, words, names)
    if reporter is not None:  # None if other members can read the channel
        name = harmless(names.member(reporter))
        embed.add_field(
            name=words("report.by"), value=f"{name} <@{reporter}>".strip(), inline=False
        )
    embed.add_field(name=words("alert.scores"), value=score_table(decision), inline=False)
    embed.add_field(
        name=words("alert.message"),
        value=f"[{words('alert.jump')}]({jump_url(post)})",
        inline=False,
    )
    add_footer(embed, decision, words)
    return embed
