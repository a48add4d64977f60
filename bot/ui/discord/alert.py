"""What an alert looks like, and the buttons under it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import discord

from bot.desk.alerts import Standing
from bot.domain import (
    Case,
    CaseId,
    Decision,
    Judgement,
    Kind,
    Outcome,
    Post,
    Reason,
    Status,
    Surface,
)
from bot.ui.discord.items import PREFIX, button, case_from, parts_of, view_of
from bot.ui.discord.speech import Names
from bot.ui.words import Words
from model.classes import CLASSES

EXCERPT_LENGTH: Final = 700
FIELD_LENGTH: Final = 1_024
"""Discord's limit for the value of an embed's field."""

SHORT_EXCERPT: Final = 60
BAR_LENGTH: Final = 8
"""A line of the score table is then 30 characters, which a phone shows without breaking it."""

_RED, _AMBER, _GREY, _GREEN = 0xD83C3E, 0xE8A33D, 0x80848E, 0x3BA55D

_LINK = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*):(?=//)")

_COUNT = re.compile(r"· (\d+) ×$")

SERVER_NAME: Final = 80


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


def hidden(text: str, length: int) -> str:
    """Quote a text behind a spoiler: nobody has to read abuse to see that there is an alert."""
    return f"||{harmless(shorten(text, length))}||"


def bar(value: float) -> str:
    """Draw a probability, 0 to 1, as a bar of ``BAR_LENGTH`` blocks."""
    filled = round(min(max(value, 0.0), 1.0) * BAR_LENGTH)
    return "█" * filled + "░" * (BAR_LENGTH - filled)


def score_table(decision: Decision) -> str:
    """Draw the scores as a code block: a bar for each class, and the threshold it reached."""
    width = max(map(len, CLASSES))
    # A class that reached several thresholds shows that of the gravest action.
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


def jump_url(post: Post) -> str:
    """Return the address of a message, or of where it stood."""
    place = f"https://discord.com/channels/{post.guild_id}/{post.channel_id}"
    return place if post.surface is Surface.TITLE else f"{place}/{post.subject_id}"


def rule_of(reason: Reason, words: Words) -> str:
    """Say which rule fired, at which threshold, and whose it is."""
    key = "alert.rule_channel" if reason.scope_id else "alert.rule_server"
    return words(
        key,
        harm=reason.harm,
        action=words(f"action.{reason.kind}"),
        score=f"{reason.score:.2f}",
        threshold=f"{reason.threshold:.2f}",
        channel=f"<#{reason.scope_id}>",
    )


def alert_embed(
    case: Case, words: Words, names: Names, *, count: int = 1, others: Sequence[Case] = ()
) -> discord.Embed:
    """Build the embed that moderators see.

    ``count`` is how many messages the alert tells of, ``others`` the latest of them after the
    first, whose case this is.
    """
    decision = case.decision
    post = decision.post
    lead = decision.lead
    if lead is None:
        raise ValueError("an alert tells of a decision with a reason")
    title, colour = _headline(case, words)
    more = f" · {count} ×" if count > 1 else ""
    embed = discord.Embed(
        title=f"{title} · {lead.harm} {lead.score:.2f}{more}",
        description=hidden(post.text, EXCERPT_LENGTH) if post.text else words("alert.no_text"),
        colour=colour,
        timestamp=post.created_at,
    )
    add_author_and_place(embed, post, words, names)
    if post.surface is not Surface.MESSAGE:
        embed.add_field(name=words("alert.surface"), value=words(f"surface.{post.surface}"))
    embed.add_field(
        name=words("alert.scores"),
        value=f"{score_table(decision)}\n{rule_of(lead, words)}",
        inline=False,
    )
    if decision.words:
        embed.add_field(
            name=words("alert.words"),
            value=shorten(" ".join(hidden(word, 40) for word in decision.words), FIELD_LENGTH),
            inline=False,
        )
    done = [line for kind in Kind if (line := _done(kind, case.outcomes.get(kind), lead, words))]
    if done:
        embed.add_field(
            name=words("alert.done"), value=shorten("\n".join(done), FIELD_LENGTH), inline=False
        )
    if others:
        lines = [_line(other, names) for other in others]
        hidden_ones = count - 1 - len(others)
        if hidden_ones > 0:
            lines.insert(0, words("alert.earlier", count=hidden_ones))
        embed.add_field(
            name=words("alert.more", count=count - 1), value=_fitting(lines), inline=False
        )
    deletion = case.outcomes.get(Kind.DELETE)
    gone = deletion is not None and deletion.status is Status.DONE
    if post.surface is not Surface.NICKNAME:
        text = words("alert.where_it_stood" if gone else "alert.jump")
        embed.add_field(
            name=words("alert.message"), value=f"[{text}]({jump_url(post)})", inline=False
        )
    embed.set_footer(text=words("alert.footer", message=post.subject_id, model=decision.model))
    return embed


def add_author_and_place(embed: discord.Embed, post: Post, words: Words, names: Names) -> None:
    """Say who wrote a message, and where."""
    name = harmless(shorten(names.member(post.author_id) or post.author_name, SERVER_NAME))
    kind = "alert.webhook" if post.webhook else "alert.author"
    unknown = words("alert.unknown")
    embed.add_field(
        name=words(kind), value=f"**{name or unknown}** <@{post.author_id}>\n`{post.author_id}`"
    )
    where = harmless(shorten(names.channel(post.channel_id), 100)) or unknown
    embed.add_field(name=words("alert.channel"), value=f"**#{where}** <#{post.channel_id}>")


def _line(case: Case, names: Names) -> str:
    post, lead = case.decision.post, case.decision.lead
    name = harmless(shorten(names.member(post.author_id) or post.author_name or "?", 30))
    score = f"{lead.harm} {lead.score:.2f}" if lead else ""
    quoted = f" {hidden(post.text, SHORT_EXCERPT)}" if post.text else ""
    return f"[{score}]({jump_url(post)}) {name}{quoted}"


def _fitting(lines: Iterable[str]) -> str:
    """Join as many whole lines as a field holds: a line cut short could leave a spoiler open."""
    text = ""
    for line in lines:
        if len(text) + len(line) + 1 > FIELD_LENGTH:
            break
        text += f"{line}\n"
    return text or "…"


def _done(kind: Kind, outcome: Outcome | None, lead: Reason, words: Words) -> str | None:
    if outcome is None or kind is Kind.ALERT:
        return None
    minutes = duration(lead.minutes, words)
    if outcome.status is Status.FAILED:
        reason = words.note(outcome.note) if outcome.note else ""
        return words(f"done.{kind}.failed", reason=reason)
    return words(f"done.{kind}.{outcome.status}", duration=minutes)


def _headline(case: Case, words: Words) -> tuple[str, int]:
    due = [case.outcomes[kind] for kind in (Kind.TIMEOUT, Kind.DELETE) if kind in case.outcomes]
    by_kind = {kind: case.outcomes[kind].status for kind in case.outcomes}
    if any(outcome.status is Status.FAILED for outcome in due):
        return words("alert.title.failed"), _RED
    if by_kind.get(Kind.DELETE) is Status.DONE:
        return words("alert.title.deleted"), _RED
    if by_kind.get(Kind.TIMEOUT) is Status.DONE:
        return words("alert.title.timed_out"), _RED
    if by_kind.get(Kind.DELETE) is Status.OBSERVED:
        return words("alert.title.would_delete"), _GREY
    if by_kind.get(Kind.TIMEOUT) is Status.OBSERVED:
        return words("alert.title.would_time_out"), _GREY
    return words("alert.title.alert"), _AMBER


def duration(minutes: int, words: Words) -> str:
    """Write a time in the largest unit that it is a whole number of."""
    for unit, length in (("days", 24 * 60), ("hours", 60)):
        if minutes >= length and minutes % length == 0:
            return words(f"duration.{unit}", count=minutes // length)
    return words("duration.minutes", count=minutes)


def alert_buttons(post: Post, standing: Standing, words: Words) -> discord.ui.View:
    """Return the buttons under an alert: five at most, one row."""
    case = parts_of(post.id)
    green, blurple, red = (
        discord.ButtonStyle.success,
        discord.ButtonStyle.primary,
        discord.ButtonStyle.danger,
    )
    right, wrong = ("missed", "fine") if standing.reported else ("right", "wrong")
    judged = standing.judgement
    items = [
        button(words, "delete", *case, style=red, disabled=standing.deleted or not standing.can_delete),
        button(
            words,
            "timeout",
            *case,
            disabled=standing.timed_out or not standing.can_time_out,
        ),
        button(
            words, right, *case,
            style=green, disabled=judged in {Judgement.RIGHT, Judgement.MISSED},
        ),
        button(
            words, wrong, *case,
            style=blurple, disabled=judged is Judgement.FALSE_POSITIVE,
        ),
    ]  # fmt: skip
    if standing.deleted or standing.timed_out:
        items.append(button(words, "undo", *case))
    return view_of(*items)


def lead_of(message: discord.Message) -> CaseId | None:
    """Return the case that an alert leads with, ``None`` for any other message."""
    guild = 0 if message.guild is None else message.guild.id
    items = [item for row in message.components for item in getattr(row, "children", ())]
    ids = [getattr(item, "custom_id", None) or "" for item in items]
    if any(each.startswith(f"{PREFIX}:missed:") for each in ids):
        return None  # a report: it names its message in the same way
    for each in ids:
        prefix, _, parts = each.partition(":delete:")
        if prefix == PREFIX and parts:
            return case_from(guild, parts.split(":"))
    return None


def count_of(embed: discord.Embed) -> int:
    """Return how many messages an alert tells of."""
    match = _COUNT.search(embed.title or "")
    return int(match[1]) if match else 1


def acted_on(embed: discord.Embed, line: str, words: Words) -> discord.Embed:
    """Return an alert with one more line on what moderators did about it."""
    changed = embed.copy()
    name = words("alert.moderators")
    lines = [line]
    for index, found in enumerate(changed.fields):
        if found.name == name:
            # The latest lines are kept whole; the record is in the journal.
            lines = [*(found.value or "").split("\n"), line][-6:]
            changed.remove_field(index)
            break
    changed.add_field(name=name, value=shorten("\n".join(lines), FIELD_LENGTH), inline=False)
    changed.colour = discord.Colour(_GREEN)
    return changed
