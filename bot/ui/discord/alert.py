"""Builds the embed of an alert."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import discord

from bot.domain import (
    Case,
    CaseId,
    Decision,
    Kind,
    Outcome,
    Post,
    Reason,
    Status,
    Surface,
)
from bot.domain.snowflakes import time_at
from bot.enforcement.grouping import numbered
from bot.ui.discord.formatting import side_by_side
from bot.ui.discord.links import jump_url
from bot.ui.discord.quoting import around, harmless, hidden, quoted, shorten
from bot.ui.discord.speech import Names
from bot.ui.words import Words
from model.classes import CLASSES

EXCERPT_LENGTH: Final = 700
FIELD_LENGTH: Final = 1_024
"""Discord's limit for the value of an embed field."""

SHORT_EXCERPT: Final = 60
LISTED: Final = 4
"""How many of the latest further messages are listed. An embed must stay readable."""

BAR_LENGTH: Final = 8
"""Keeps a line of the score table at 30 characters, which fits on a phone."""

WORDS_LENGTH: Final = 200
DONE_LENGTH: Final = 600
VERDICT_LENGTH: Final = 500
ACTS_LENGTH: Final = 900
"""The most characters of each part. An embed can have 6,000 in total."""

_RED, _AMBER, _GREY, _GREEN = 0xD83C3E, 0xE8A33D, 0x80848E, 0x3BA55D

_COUNT = re.compile(r"· (\d+) ×$")

SERVER_NAME: Final = 80


def bar(value: float) -> str:
    """Return a bar of ``BAR_LENGTH`` blocks for a probability from 0 to 1."""
    filled = round(min(max(value, 0.0), 1.0) * BAR_LENGTH)
    return "█" * filled + "░" * (BAR_LENGTH - filled)


def score_table(decision: Decision) -> str:
    """Return the scores as a code block: a bar for each class, and the threshold it reached."""
    width = max(map(len, CLASSES))
    # A class that reached several thresholds shows the one of the most severe action.
    reached = {reason.harm: reason for reason in decision.reasons}
    lines = []
    for name in CLASSES:
        if name not in decision.scores:
            continue
        score = decision.scores[name]
        limits = [reached[name].threshold] if name in reached else []
        written = " ≥ ".join(side_by_side(score, *limits))
        lines.append(f"{name:<{width}} {bar(score)} {written}")
    return "```\n" + "\n".join(lines) + "\n```"


def rule_of(reason: Reason, words: Words) -> str:
    """Say which rule matched, its threshold, and whether it is the server's or a channel's."""
    key = "alert.rule_channel" if reason.scope_id else "alert.rule_server"
    score, threshold = side_by_side(reason.score, reason.threshold)
    return words(
        key,
        harm=reason.harm,
        action=words(f"action.{reason.kind}"),
        score=score,
        threshold=threshold,
        channel=f"<#{reason.scope_id}>",
    )


def shows_all(cases: Sequence[Case], names: Names, *, spoilers: bool = True) -> bool:
    """Return whether an alert's embed shows its messages in full, so that no files are needed."""
    lead, *others = cases
    if len(lead.decision.post.text) > EXCERPT_LENGTH or len(others) > LISTED:
        return False
    # Numbers of one digit, as there are few; names and escapes decide whether the lines fit.
    lines = [_line(1, other, names, spoilers=spoilers) for other in others]
    return len("\n".join(lines)) < FIELD_LENGTH and all(
        len(other.decision.post.text) <= SHORT_EXCERPT for other in others
    )


def alert_embed(
    cases: Sequence[Case],
    words: Words,
    names: Names,
    *,
    spoilers: bool = True,
    files: bool | None = None,
) -> discord.Embed:
    """Build the embed of an alert with one or more cases, the lead first.

    ``files`` says whether the texts that the embed cuts are attached, or ``None`` if it
    ``shows_all``.
    """
    case, *others = cases
    decision = case.decision
    post = decision.post
    lead = decision.lead
    if lead is None:
        raise ValueError("an alert needs a decision with a reason")
    title, colour = _headline(case, words)
    more = f" · {len(cases)} ×" if others else ""
    embed = discord.Embed(
        title=f"{title} · {lead.harm} {lead.score:.2f}{more}",
        description=_evidence(decision, words, spoilers=spoilers),
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
    done = [line for kind in Kind if (line := _done(kind, case.outcomes.get(kind), lead, words))]
    if done:
        embed.add_field(
            name=words("alert.done"), value=shorten("\n".join(done), DONE_LENGTH), inline=False
        )
    number = 0
    if others:
        numbers = {each.id: place for place, each in enumerate(numbered(cases), 1)}
        number = numbers[case.id]
        _add_others(embed, others, numbers, words, names, spoilers=spoilers)
    _add_message(embed, case, number, words)
    if files is not None:
        add_whole(embed, words, files=files)
    add_footer(embed, decision, words)
    return embed


def _evidence(decision: Decision, words: Words, *, spoilers: bool) -> str:
    """Quote the decisive passage and the words with the most weight, behind one spoiler."""
    post = decision.post
    if not post.text:
        return words("alert.no_text")
    text = around(post.text, decision.passage, EXCERPT_LENGTH, decision.words)
    if decision.words:
        weighed = shorten(" · ".join(decision.words), WORDS_LENGTH)
        text += f"\n{words('alert.words')} {harmless(weighed)}"
    return hidden(text, spoilers=spoilers)


def _add_others(
    embed: discord.Embed,
    others: Sequence[Case],
    numbers: Mapping[CaseId, int],
    words: Words,
    names: Names,
    *,
    spoilers: bool,
) -> None:
    listed = sorted(others, key=lambda case: numbers[case.id])[-LISTED:]
    lines = [_line(numbers[each.id], each, names, spoilers=spoilers) for each in listed]
    if len(others) > len(listed):
        lines.insert(0, words("alert.earlier", count=len(others) - len(listed)))
    embed.add_field(
        name=words("alert.more", count=len(others)), value=_fitting(lines), inline=False
    )


def _add_message(embed: discord.Embed, case: Case, number: int, words: Words) -> None:
    post = case.decision.post
    if post.surface is Surface.NICKNAME:
        return
    gone = _ended(case, Kind.DELETE) is Status.DONE
    name = words("alert.numbered", number=number) if number else words("alert.message")
    text = words("alert.where_it_was" if gone else "alert.jump")
    embed.add_field(name=name, value=f"[{text}]({jump_url(post)})", inline=False)


def add_author_and_place(embed: discord.Embed, post: Post, words: Words, names: Names) -> None:
    """Add who wrote a message, the ages of account and membership, and the channel."""
    name = harmless(shorten(names.member(post.author_id) or post.author_name, SERVER_NAME))
    shown = f"**{name or words('alert.unknown')}** <@{post.author_id}>"
    if post.author_id and not post.webhook:
        ages = [words("alert.account_since", since=_relative(time_at(post.author_id)))]
        if post.joined_at is not None:
            ages.append(words("alert.member_since", since=_relative(post.joined_at)))
        shown += "\n" + "\n".join(ages)
    embed.add_field(name=words("alert.webhook" if post.webhook else "alert.author"), value=shown)
    where = harmless(shorten(names.channel(post.channel_id), 100)) or words("alert.unknown")
    embed.add_field(name=words("alert.channel"), value=f"**#{where}** <#{post.channel_id}>")


def add_whole(embed: discord.Embed, words: Words, *, files: bool) -> None:
    """Say where to find the full texts that the embed cuts, or why they are missing."""
    key = "alert.attached" if files else "alert.not_attached"
    embed.add_field(name=words("alert.whole"), value=words(key), inline=False)


def add_footer(embed: discord.Embed, decision: Decision, words: Words) -> None:
    """Add the ids that are useful for a search as the footer."""
    post = decision.post
    embed.set_footer(
        text=words(
            "alert.footer", author=post.author_id, message=post.subject_id, model=decision.model
        )
    )


def _relative(at: datetime) -> str:
    """Return a timestamp that Discord shows to each reader as, say, "3 years ago"."""
    return f"<t:{int(at.timestamp())}:R>"


def _line(number: int, case: Case, names: Names, *, spoilers: bool) -> str:
    post, lead = case.decision.post, case.decision.lead
    name = harmless(shorten(names.member(post.author_id) or post.author_name or "?", 30))
    score = f"{lead.harm} {lead.score:.2f}" if lead else ""
    text = f" {quoted(post.text, SHORT_EXCERPT, spoilers=spoilers)}" if post.text else ""
    return f"{number}\\. [{score}]({jump_url(post)}) {name}{text}"


def _fitting(lines: Sequence[str]) -> str:
    """Join as many of the last lines as a field can hold, the lines whole.

    A line that is cut could leave a spoiler open.
    """
    text = ""
    for line in reversed(lines):
        if len(text) + len(line) + 1 > FIELD_LENGTH:
            break
        text = f"{line}\n{text}"
    return text or "…"


def _done(kind: Kind, outcome: Outcome | None, lead: Reason, words: Words) -> str | None:
    if outcome is None or kind is Kind.ALERT:
        return None
    minutes = duration(lead.minutes, words)
    if outcome.status is Status.FAILED:
        reason = words.note(outcome.note) if outcome.note else ""
        return words(f"done.{kind}.failed", reason=reason)
    return words(f"done.{kind}.{outcome.status}", duration=minutes)


def _ended(case: Case, kind: Kind) -> Status | None:
    outcome = case.outcomes.get(kind)
    return None if outcome is None else outcome.status


def _headline(case: Case, words: Words) -> tuple[str, int]:
    deletion, time_out = _ended(case, Kind.DELETE), _ended(case, Kind.TIMEOUT)
    if Status.FAILED in {deletion, time_out}:
        return words("alert.title.failed"), _RED
    if deletion is Status.DONE:
        return words("alert.title.deleted"), _RED
    if time_out is Status.DONE:
        return words("alert.title.timed_out"), _RED
    if deletion is Status.OBSERVED:
        return words("alert.title.would_delete"), _GREY
    if time_out is Status.OBSERVED:
        return words("alert.title.would_time_out"), _GREY
    return words("alert.title.alert"), _AMBER


def duration(minutes: int, words: Words) -> str:
    """Return a duration in the largest unit that gives a whole number."""
    for unit, length in (("days", 24 * 60), ("hours", 60)):
        if minutes >= length and minutes % length == 0:
            return words(f"duration.{unit}", count=minutes // length)
    return words("duration.minutes", count=minutes)


def count_of(embed: discord.Embed) -> int:
    """Return the number of messages in an alert, from its embed's title."""
    match = _COUNT.search(embed.title or "")
    return int(match[1]) if match else 1


def acted_on(
    embed: discord.Embed, line: str, words: Words, title: str | None = None
) -> discord.Embed:
    """Return an alert's embed with another line on what moderators did, and perhaps a new title."""
    changed = embed.copy()
    name = words("alert.moderators")
    before = _taken(changed, name)
    # Keep the latest lines in full. The journal has the complete record.
    lines = [*before.split("\n"), line][-6:] if before else [line]
    changed.add_field(name=name, value=shorten("\n".join(lines), ACTS_LENGTH), inline=False)
    changed.colour = discord.Colour(_GREEN)
    if title is not None:
        rest = (changed.title or "").partition(" · ")[2]
        changed.title = f"{title} · {rest}" if rest else title
    return changed


def judged(embed: discord.Embed, verdict: str, words: Words) -> discord.Embed:
    """Return an alert's embed with a verdict, which replaces an earlier one."""
    changed = embed.copy()
    _taken(changed, words("alert.verdict"))
    changed.add_field(
        name=words("alert.verdict"), value=shorten(verdict, VERDICT_LENGTH), inline=False
    )
    changed.colour = discord.Colour(_GREEN)
    return changed


def _taken(embed: discord.Embed, name: str) -> str:
    """Remove a field and return its value, or an empty string if there is none."""
    for index, found in enumerate(embed.fields):
        if found.name == name:
            embed.remove_field(index)
            return found.value or ""
    return ""
