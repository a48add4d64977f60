"""/score and "Why this score?": the scores of a text, the reasons, and what the bot would do."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import discord
from discord import app_commands

from bot.desk.judging import Opinion
from bot.domain import CaseId, ChannelId, Decision, Kind, Post, UserId, clean, message_case
from bot.judging.judge import highest
from bot.platform.errors import discord_errors
from bot.platform.gate import asker_of
from bot.platform.members import MODERATOR, is_moderator, roles_of
from bot.platform.places import place_of
from bot.platform.surfaces import post_of
from bot.policy.rules import Policy, scopes_of
from bot.ui.discord.alert import FIELD_LENGTH, bar
from bot.ui.discord.context import Context
from bot.ui.discord.controls import Controls, Press
from bot.ui.discord.formatting import side_by_side
from bot.ui.discord.items import button, parts_of, view_of
from bot.ui.discord.quoting import quoted, shorten
from bot.ui.discord.replies import guild_of, member_of, say, words_of
from bot.ui.discord.translation import text
from bot.ui.words import Words
from model.classes import HARMS

WORDS_SHOWN: Final = 8
LEAST_WEIGHT: Final = 0.1


def score_command(context: Context) -> app_commands.Command[app_commands.Group, ..., None]:
    """Return the command. It uses the same classifier and rules as the live bot."""

    @app_commands.command(name="score", description=text("command.score"))
    @app_commands.rename(written="text")
    @app_commands.describe(written=text("option.text"))
    @app_commands.default_permissions(MODERATOR)
    @app_commands.guild_only()
    async def score(
        interaction: discord.Interaction, written: app_commands.Range[str, 1, 4000]
    ) -> None:
        """Score a text as if a member posted it here, without posting it."""
        parent_id, category_id = place_of(interaction.channel)
        post = Post(
            id=message_case(guild_of(interaction).id, interaction.id),
            channel_id=ChannelId(interaction.channel_id or 0),
            author_id=UserId(0),
            created_at=interaction.created_at,
            text=clean(written),
            parent_id=parent_id,
            category_id=category_id,
        )
        opinion = await context.judging.opinion(post)
        await say(interaction, embed=_embed(context, opinion, words_of(interaction)))

    return score


def why_command(context: Context, controls: Controls) -> app_commands.ContextMenu:
    """Return the context-menu command for messages."""

    async def why(interaction: discord.Interaction, message: discord.Message) -> None:
        words = words_of(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        post = await post_from_menu(interaction, message)
        if post is None:
            await say(interaction, words("why.not_read"))
            return
        opinion = await context.judging.message_opinion(post)
        embed = _embed(context, opinion, words)
        embed.set_footer(text=words("why.footer", model=opinion.decision.model))
        if opinion.exempt:
            embed.add_field(name=words("why.exempt_title"), value=words("why.exempt"))
        missed = button(words, "missed_here", *parts_of(post.id))
        due = opinion.decision.reasons
        await say(interaction, embed=embed, view=None if due else view_of(missed))

    async def missed(interaction: discord.Interaction, press: Press) -> None:
        case: CaseId = press.case()
        await context.judging.missed(case, asker_of(member_of(interaction)))
        words = words_of(interaction)
        await interaction.response.edit_message(content=words("why.noted"), view=None)

    controls.on("missed_here", missed)
    menu = app_commands.ContextMenu(name=text("menu.why"), callback=why)
    menu.default_permissions = MODERATOR
    menu.guild_only = True
    return menu


async def post_from_menu(interaction: discord.Interaction, message: discord.Message) -> Post | None:
    """Return the post that a context menu was opened on, or ``None`` if the bot does not read it.

    Discord sends such a message without its author's roles, so they are fetched.
    """
    guild = guild_of(interaction)
    post = post_of(message, guild.me.id)
    if post is None or post.webhook:
        return post
    with discord_errors():
        try:
            member = await guild.fetch_member(post.author_id)
        except discord.NotFound:
            return replace(post, roles_known=True)  # has left the server, so has no roles
    return replace(
        post, roles_known=True, role_ids=roles_of(member), moderator=is_moderator(member)
    )


def _embed(context: Context, opinion: Opinion, words: Words) -> discord.Embed:
    """Show the scores of a text, the actions that follow, and the words that weighed most."""
    decision, scored = opinion.decision, opinion.explanation.scored
    policy = context.book.of(decision.post.guild_id)
    embed = discord.Embed(title=words("score.title"), description=_rules(policy, decision, words))
    due = [words(f"action.{reason.kind}") for reason in decision.reasons]
    embed.add_field(
        name=words("score.follows"),
        value=", ".join(due) if due else words("score.nothing"),
        inline=False,
    )
    harm = highest(decision)
    weights = opinion.explanation.words
    heaviest = sorted(weights, key=lambda word: -abs(word.weights[harm]))[:WORDS_SHOWN]
    lines = [
        f"`{word.weights[harm]:+5.1f}` {quoted(scored[word.start : word.end], 40)}"
        for word in heaviest
        if abs(word.weights[harm]) >= LEAST_WEIGHT
    ]
    if lines:
        embed.add_field(
            name=words("score.words", harm=harm),
            value=shorten("\n".join(lines), FIELD_LENGTH),
            inline=False,
        )
    if scored != decision.post.text:
        embed.add_field(name=words("allow.title"), value=words("score.allowed"), inline=False)
    embed.set_footer(text=words("score.footer", model=decision.model))
    return embed


def _rules(policy: Policy, decision: Decision, words: Words) -> str:
    """Show for each class whether its score reaches the thresholds here."""
    table = policy.table(scopes_of(decision.post))
    lines = []
    for harm in HARMS:
        score = decision.scores[harm]
        limits = {
            kind: limit for kind in Kind if (limit := table[harm, kind].threshold) is not None
        }
        written, *thresholds = side_by_side(score, *limits.values())
        lines.append(f"{harm:<9} {bar(score)} {written}")
        for (kind, limit), threshold in zip(limits.items(), thresholds, strict=True):
            mark = "≥" if score >= limit else "<"
            lines.append(f"  {mark} {threshold} {words(f'action.{kind}')}")
    return "```\n" + "\n".join(lines) + "\n```"
