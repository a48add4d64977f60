"""/score and "Why this score?": what the classifier says of a text, why, and what follows here."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import discord
from discord import app_commands

from bot.domain import Decision, Judgement, Kind, Post, Verdict
from bot.platform.members import MODERATOR, is_moderator, roles_of
from bot.platform.surfaces import clean, place_of, post_of
from bot.policy.rules import Policy, decide
from bot.ui.discord.alert import FIELD_LENGTH, bar, button, hidden, shorten, view_of
from bot.ui.discord.context import Context
from bot.ui.discord.controls import Controls, Press
from bot.ui.discord.formatting import shown
from bot.ui.discord.replies import guild_of, say, words_of
from bot.ui.discord.translation import text
from bot.ui.words import Words
from model.classes import HARMS

WORDS_SHOWN: Final = 8
STILL_WAITING: Final = timedelta(hours=1)
LEAST_WEIGHT: Final = 0.1


def score_command(context: Context) -> app_commands.Command[app_commands.Group, ..., None]:
    """Return the command; it scores with what the live bot scores with."""

    @app_commands.command(name="score", description=text("command.score"))
    @app_commands.rename(written="text")
    @app_commands.describe(written=text("option.text"))
    @app_commands.default_permissions(MODERATOR)
    @app_commands.guild_only()
    async def score(
        interaction: discord.Interaction, written: app_commands.Range[str, 1, 4000]
    ) -> None:
        """Score a text as if a member had posted it, without posting it."""
        parent_id, category_id = place_of(interaction.channel)
        post = Post(
            message_id=interaction.id,
            guild_id=guild_of(interaction).id,
            channel_id=interaction.channel_id or 0,
            author_id=0,
            created_at=interaction.created_at,
            text=clean(written),
            parent_id=parent_id,
            category_id=category_id,
        )
        embed, _ = await explained(context, post, words_of(interaction))
        await say(interaction, embed=embed)

    return score


def why_command(context: Context, controls: Controls) -> app_commands.ContextMenu:
    """Return the context-menu command for messages."""

    async def why(interaction: discord.Interaction, message: discord.Message) -> None:
        guild, words = guild_of(interaction), words_of(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        post = await post_from_menu(interaction, message)
        if post is None:
            await say(interaction, words("why.not_read"))
            return
        embed, decision = await explained(context, post, words)
        if context.book.of(guild.id).exempts(post):
            embed.add_field(name=words("why.exempt_title"), value=words("why.exempt"))
        await remember(context, decision)
        missed = button(words, "missed_here", post.message_id, post.revision)
        await say(interaction, embed=embed, view=None if decision.reasons else view_of(missed))

    async def missed(interaction: discord.Interaction, press: Press) -> None:
        words = words_of(interaction)
        cases = await context.store.journal.told_by_alert(*press.case)
        if not cases or cases[0].decision.post.guild_id != interaction.guild_id:
            await say(interaction, words("refused.no_record"))
            return
        decision = cases[0].decision
        verdict = Verdict(
            decision,
            highest(decision),
            Judgement.MISSED,
            interaction.user.id,
            datetime.now(UTC),
        )
        await context.store.journal.judge([verdict])
        await interaction.response.edit_message(content=words("why.noted"), view=None)

    controls.on("missed_here", missed)
    menu = app_commands.ContextMenu(name=text("menu.why"), callback=why)
    menu.default_permissions = MODERATOR
    menu.guild_only = True
    return menu


async def post_from_menu(interaction: discord.Interaction, message: discord.Message) -> Post | None:
    """Return the post that a context menu was opened on, ``None`` for what the bot does not read.

    Discord sends such a message without its author's roles; they are asked for.
    """
    guild = guild_of(interaction)
    post = post_of(message, guild.me.id)
    if post is None or post.webhook:
        return post
    try:
        member = await guild.fetch_member(post.author_id)
    except discord.NotFound:
        return post
    return replace(
        post,
        role_ids=roles_of(member),
        moderator=is_moderator(member),
    )


async def remember(context: Context, decision: Decision) -> None:
    """Have a message in the journal, so that buttons and verdicts can speak of it.

    A recent one takes the way of all messages, in case it is still waiting there; about one from
    before the bot came nothing more is done.
    """
    post = decision.post
    if post.at > datetime.now(UTC) - STILL_WAITING:
        await context.submit(post)
    else:
        await context.store.journal.record([replace(decision, reasons=())])


def highest(decision: Decision) -> str:
    """Return the class a message scored highest in, the one its reason names if it has one."""
    lead = decision.lead
    return lead.harm if lead else max(HARMS, key=lambda harm: decision.scores.get(harm, 0.0))


async def explained(context: Context, post: Post, words: Words) -> tuple[discord.Embed, Decision]:
    """Return what is to be said of a post's scores, and the decision that its rules lead to."""
    policy = context.book.of(post.guild_id)
    scored = policy.phrases.without(post.text)
    (scores,) = await asyncio.to_thread(context.scorer.score, [scored])
    weights = await asyncio.to_thread(context.scorer.explain, scored)
    subject = replace(policy, moderators_exempt=False, exempt_members=frozenset())
    subject = replace(subject, exempt_roles=frozenset(), exempt_channels=frozenset())
    decision = decide(subject, post, scores, context.scorer.version)
    embed = discord.Embed(title=words("score.title"), description=_rules(policy, decision, words))
    due = [words(f"action.{reason.kind}") for reason in decision.reasons]
    embed.add_field(
        name=words("score.follows"),
        value=", ".join(due) if due else words("score.nothing"),
        inline=False,
    )
    harm = highest(decision)
    heaviest = sorted(weights, key=lambda word: -abs(word.weights[harm]))[:WORDS_SHOWN]
    lines = [
        f"`{word.weights[harm]:+5.1f}` {hidden(scored[word.start : word.end], 40)}"
        for word in heaviest
        if abs(word.weights[harm]) >= LEAST_WEIGHT
    ]
    if lines:
        embed.add_field(
            name=words("score.words", harm=harm),
            value=shorten("\n".join(lines), FIELD_LENGTH),
            inline=False,
        )
    if scored != post.text:
        embed.add_field(name=words("allow.title"), value=words("score.allowed"), inline=False)
    embed.set_footer(text=words("score.footer", model=context.scorer.version))
    return embed, decision


def _rules(policy: Policy, decision: Decision, words: Words) -> str:
    """Say for every rule that holds here whether the score reached it."""
    post = decision.post
    table = policy.table((post.channel_id, post.parent_id, post.category_id))
    lines = []
    for harm in HARMS:
        score = decision.scores[harm]
        lines.append(f"{harm:<9} {bar(score)} {score:.2f}")
        for kind in Kind:
            rule = table[harm, kind]
            if rule.threshold is None:
                continue
            mark = "≥" if score >= rule.threshold else "<"
            lines.append(f"  {mark} {shown(rule.threshold, words)} {words(f'action.{kind}')}")
    return "```\n" + "\n".join(lines) + "\n```"
