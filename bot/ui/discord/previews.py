"""Thresholds in words, and what other ones would do."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Final

import discord

from bot.desk.people import Right
from bot.desk.settings import LEAST_COUNTED
from bot.domain import Kind, Verdict
from bot.policy.precision import FEWEST, precision_at
from bot.policy.replay import Comparison, Judged, Reach
from bot.policy.rules import Policy, Scopes, Table
from bot.ui.discord.alert import duration
from bot.ui.discord.formatting import side_by_side
from bot.ui.words import Words
from model.classes import HARMS

PICTURE: Final = "preview.png"


def threshold_lines(policy: Policy, scopes: Scopes, words: Words) -> list[str]:
    """Return a line for each class with its thresholds, for a window as narrow as a phone.

    No table: a code block as wide as three columns is cut off there.
    """
    table = policy.table(scopes)
    return [
        f"**{harm}**: " + (" · ".join(_limits(table, harm, words)) or words("value.off"))
        for harm in policy.defaults
    ]


def _limits(table: Table, harm: str, words: Words) -> Iterator[str]:
    """Yield each action that is not off, with its threshold."""
    limits = {kind: limit for kind in Kind if (limit := table[harm, kind].threshold) is not None}
    for kind, written in zip(limits, side_by_side(*limits.values()), strict=True):
        minutes = table[harm, kind].minutes
        length = f" ({duration(minutes, words)})" if kind is Kind.TIMEOUT else ""
        yield f"{words(f'action.{kind}')} {written}{length}"


def rights_lines(words: Words) -> str:
    """Say which permission each kind of change needs."""
    needed = {right: words(f"show.rights.{right}") for right in Right}
    return "\n".join(f"**{words.permissions([right])}**: {what}" for right, what in needed.items())


def reach_line(found: Reach, harm: str, threshold: float, words: Words) -> str:
    """Say how many recorded messages reach a threshold, and whether they are enough to tell."""
    least = f"{LEAST_COUNTED:g}"
    if found.highest is None:
        return words("reach.nothing", harm=harm, least=least)
    limit, highest = side_by_side(threshold, found.highest)
    values = {"threshold": limit, "harm": harm, "highest": highest}
    if found.reached == 0:
        said = words("reach.none", **values)
    else:
        said = words("reach.some", reached=found.reached, **values)
    if found.seen < FEWEST:
        said += "\n" + words("reach.too_few", seen=found.seen, least=least)
    return said


def effect(comparison: Comparison, kind: Kind, days: int, words: Words) -> str:
    """Compare how often each action is taken in so many days, before and after a change."""
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
    """Say how often the bot was right, for each class that has verdicts."""
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
    """Show what another threshold would have done; its chart is attached as ``PICTURE``."""
    embed = discord.Embed(
        title=words("preview.title"),
        description=f"{headline}\n{effect(comparison, kind, days, words)}",
    )
    only_new, only_now = words("preview.only_new"), words(f"preview.only_now.{kind}")
    for name, judged in ((only_new, comparison.only_new), (only_now, comparison.only_now)):
        if judged.total:
            embed.add_field(name=name, value=judged_so_far(judged, words))
    embed.set_footer(text=words("preview.footer"))
    embed.set_image(url=f"attachment://{PICTURE}")
    return embed


def attached_chart(embed: discord.Embed, picture: bytes, words: Words) -> discord.File | None:
    """Return the chart of a preview. Where none could be drawn, let the preview say why."""
    if picture:
        return discord.File(io.BytesIO(picture), PICTURE, description=words("preview.alt"))
    embed.set_image(url=None)
    embed.set_footer(text=f"{embed.footer.text} {words('preview.no_chart')}")
    return None


def judged_so_far(judged: Judged, words: Words) -> str:
    """Say how moderators judged some messages."""
    return words(
        "preview.judged",
        total=judged.total, right=judged.right, wrong=judged.wrong, unjudged=judged.unjudged,
    )  # fmt: skip
