"""Thresholds, and what other ones would do, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import discord

from bot.domain import Kind, Verdict
from bot.policy.precision import precision_at
from bot.policy.replay import Comparison, Judged
from bot.policy.rules import Policy, Scopes
from bot.ui.discord.formatting import shown
from bot.ui.words import Words
from model.classes import HARMS

PICTURE: Final = "preview.png"


def threshold_table(policy: Policy, scopes: Scopes, words: Words) -> str:
    """Draw the thresholds that hold in some scopes as a code block."""
    heads = [words(f"short.{kind}") for kind in Kind]
    rows = [f"{'':<10}" + "".join(f"{head:>9}" for head in heads)]
    table_ = policy.table(scopes)
    for harm in policy.defaults:
        values = [shown(table_[harm, kind].threshold, words) for kind in Kind]
        rows.append(f"{harm:<10}" + "".join(f"{value:>9}" for value in values))
    return "```\n" + "\n".join(rows) + "\n```"


def effect(comparison: Comparison, kind: Kind, days: int, words: Words) -> str:
    """Say how often each action was taken in so many days, and would be."""
    lines = [words("preview.days", days=days)]
    for each in Kind:
        was, becomes = comparison.now.total(each), comparison.new.total(each)
        if each is kind or was != becomes:
            lines.append(
                words(
                    f"preview.{each}",
                    was=was, becomes=becomes,
                    was_daily=f"{was / days:.1f}", becomes_daily=f"{becomes / days:.1f}",
                )
            )  # fmt: skip
    return "\n".join(lines)


def precision_lines(verdicts: Sequence[Verdict], words: Words) -> list[str]:
    """Say for each class that moderators judged how often the bot was right."""
    return [
        words(
            "show.precision",
            harm=harm,
            right=found.right,
            judged=found.judged,
            share=f"{found.share:.0%}",
        )
        for harm in HARMS
        if (found := precision_at(verdicts, harm))
    ]


def preview_embed(
    headline: str, comparison: Comparison, kind: Kind, days: int, words: Words
) -> discord.Embed:
    """Say what another threshold would have done; its picture is attached as ``PICTURE``."""
    embed = discord.Embed(
        title=words("preview.title"),
        description=f"{headline}\n{effect(comparison, kind, days, words)}",
    )
    for name, judged in (("extra", comparison.extra), ("spared", comparison.spared)):
        if judged.total:
            embed.add_field(name=words(f"preview.{name}"), value=judged_so_far(judged, words))
    embed.set_footer(text=words("preview.footer"))
    embed.set_image(url=f"attachment://{PICTURE}")
    return embed


def judged_so_far(judged: Judged, words: Words) -> str:
    """Say what moderators had said of some messages."""
    return words(
        "preview.judged",
        total=judged.total, right=judged.right, wrong=judged.wrong, unjudged=judged.unjudged,
    )  # fmt: skip
