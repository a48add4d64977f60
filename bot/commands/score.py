"""/score: what the classifier says of a text."""

from __future__ import annotations

import asyncio

import discord
from discord import app_commands

from bot.commands.tree import MODERATOR, guild_of, say
from bot.domain import Post
from bot.enforcement.alerts import score_table
from bot.intake.surfaces import clean
from bot.policy.book import PolicyBook
from bot.policy.thresholds import decide
from model.scorer import Scorer


def score_command(
    scorer: Scorer, book: PolicyBook
) -> app_commands.Command[app_commands.Group, ..., None]:
    """Return the command; it scores with what the live bot scores with."""

    @app_commands.command(name="score")
    @app_commands.describe(text="The text to score; it is neither posted nor kept")
    @app_commands.default_permissions(MODERATOR)
    @app_commands.guild_only()
    async def score(
        interaction: discord.Interaction, text: app_commands.Range[str, 1, 4000]
    ) -> None:
        """Score a text as if a member had posted it, without posting it."""
        guild = guild_of(interaction)
        text = clean(text)
        (scores,) = await asyncio.to_thread(scorer.score, [text])
        post = Post(
            message_id=interaction.id,
            guild_id=guild.id,
            channel_id=interaction.channel_id or 0,
            author_id=interaction.user.id,
            created_at=interaction.created_at,
            text=text,
        )
        decision = decide(book.of(guild.id), post, scores, scorer.version)
        due = " and ".join(reason.kind for reason in decision.reasons)
        verdict = f"Here this would lead to: **{due}**." if due else "Here nothing would happen."
        await say(interaction, f"{score_table(decision)}{verdict}")

    return score
