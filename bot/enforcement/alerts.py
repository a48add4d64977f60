"""What an alert looks like."""

from __future__ import annotations

import re
from typing import Final

import discord

from bot.domain import Case, Decision, Kind, Outcome, Status
from model.classes import CLASSES

EXCERPT_LENGTH: Final = 700
BAR_LENGTH: Final = 8
"""A line of the score table is then 30 characters, which a phone shows without breaking it."""

_RED, _AMBER, _GREY = 0xD83C3E, 0xE8A33D, 0x80848E

_LINK = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*):(?=//)")


def harmless(text: str) -> str:
    """Escape markdown and mentions, and break links, so that a quotation only shows text.

    A moderator reads alerts in a hurry on a phone: nothing in a quotation may be clickable.
    """
    escaped = discord.utils.escape_markdown(discord.utils.escape_mentions(text), ignore_links=False)
    # Headings, lists and <...> constructs (channels, emoji, timestamps) are not in discord.py's list.
    escaped = re.sub(r"(?m)^(\s*)([#\-+>])", r"\1\\\2", escaped).replace("<", "<\u200b")
    return _LINK.sub("\\1\u200b:", escaped)


def shorten(text: str, length: int) -> str:
    """Cut a text to at most ``length`` characters, the last one an ellipsis where it was cut."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def bar(value: float) -> str:
    """Draw a probability, 0 to 1, as a bar of ``BAR_LENGTH`` blocks."""
    filled = round(min(max(value, 0.0), 1.0) * BAR_LENGTH)
    return "█" * filled + "░" * (BAR_LENGTH - filled)


def score_table(decision: Decision) -> str:
    """Draw the scores as a code block: a bar for each class, and the threshold it reached."""
    width = max(map(len, CLASSES))
    # A class that reached both thresholds shows the later kind, deletion.
    reached = {reason.harm: reason for reason in decision.reasons}
    lines = []
    for name in CLASSES:
        if name not in decision.scores:
            continue
        score = decision.scores[name]
        line = f"{name:<{width}} {bar(score)} {score:.2f}"
        if name in reached:
            line += f" ≥ {reached[name].threshold:.2f}"
        lines.append(line)
    return "```\n" + "\n".join(lines) + "\n```"


def alert_embed(
    case: Case, *, channel_name: str, author_name: str, deletion: Outcome | None
) -> discord.Embed:
    """Build the embed that moderators see.

    ``deletion`` is how the deletion ended, ``None`` where none was due. Names stand beside
    mentions, because a mention of somebody who left shows only a number.
    """
    decision = case.decision
    post = decision.post
    lead = next(
        (reason for reason in decision.reasons if reason.kind is Kind.DELETE), decision.reasons[0]
    )
    title, colour = _headline(deletion)
    embed = discord.Embed(
        title=f"{title} · {lead.harm} {lead.score:.2f}",
        description=_quotation(post.text),
        colour=colour,
        timestamp=post.created_at,
    )
    name = harmless(shorten(author_name or post.author_name, 80)) or "unknown"
    embed.add_field(name="Author", value=f"**{name}** <@{post.author_id}>\n`{post.author_id}`")
    where = harmless(shorten(channel_name, 100)) or "unknown"
    embed.add_field(name="Channel", value=f"**#{where}** <#{post.channel_id}>")
    embed.add_field(name="Scores", value=score_table(decision), inline=False)
    if deletion is not None and deletion.detail:
        embed.add_field(name="Not deleted", value=shorten(deletion.detail, 1024), inline=False)
    link = f"https://discord.com/channels/{post.guild_id}/{post.channel_id}/{post.message_id}"
    gone = deletion is not None and deletion.status is Status.DONE
    embed.add_field(
        name="Message",
        value=f"[Where it stood]({link})" if gone else f"[Jump to the message]({link})",
        inline=False,
    )
    embed.set_footer(text=f"message {post.message_id} · model {decision.model}")
    return embed


def _quotation(text: str) -> str:
    if not text:
        return "*The text was not kept across a restart; open the message to read it.*"
    # Behind a spoiler: nobody has to read abuse to see that there is an alert.
    return f"||{harmless(shorten(text, EXCERPT_LENGTH))}||"


def _headline(deletion: Outcome | None) -> tuple[str, int]:
    if deletion is None:
        return "Alert", _AMBER
    if deletion.status is Status.DONE:
        return "Deleted", _RED
    if deletion.status is Status.OBSERVED:
        return "Would delete (observing)", _GREY
    return "Could not delete", _RED
