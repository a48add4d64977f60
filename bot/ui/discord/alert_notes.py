"""Updates an alert with what moderators did about it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import discord
import structlog

from bot.desk.record import Record
from bot.domain import CaseId, Judgement
from bot.enforcement.grouping import numbered
from bot.ui.discord.alert import acted_on, duration, judged
from bot.ui.discord.alert_controls import alert_buttons
from bot.ui.discord.choosing import Choice
from bot.ui.discord.context import Context
from bot.ui.discord.quoting import harmless, shorten
from bot.ui.discord.replies import say, words_of
from bot.ui.words import Words

log = structlog.stdlib.get_logger(__name__)

NAMED: Final = 300
"""The most characters of numbers or names in one line of an alert."""


@dataclass(frozen=True, slots=True)
class ActNote:
    """What a moderator did. ``line`` and ``title`` are keys of the alert's new line and title.

    ``cases`` or ``names`` are the messages or people concerned. If both are empty, all of the
    alert's are.
    """

    line: str
    cases: Sequence[CaseId] = ()
    names: Sequence[str] = ()
    minutes: int = 0
    title: str | None = None


class AlertNotes:
    """Adds moderators' actions and verdicts to alerts."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def acted(
        self,
        interaction: discord.Interaction,
        choice: Choice,
        record: Record,
        note: ActNote,
    ) -> None:
        """Add a moderator's action to an alert."""
        words = self._words(choice.lead)
        said = words(
            note.line, **_who_and_when(interaction), duration=duration(note.minutes, words)
        )
        numbers = _numbers(record, set(note.cases))
        partial = 0 < len(numbers) < len(record.cases)
        meant = numbers if partial else [*map(harmless, note.names)]
        if meant:
            said += f": {shorten(', '.join(meant), NAMED)}"
        message = await self._alert(interaction, choice.alert_id)
        if message is not None:
            title = None if note.title is None else words(note.title)
            embed = acted_on(message.embeds[0], said, words, title)
            await self._edit(interaction, message, embed, record, words)

    async def judged(
        self,
        interaction: discord.Interaction,
        choice: Choice,
        before: Record,
        record: Record,
    ) -> None:
        """Show the verdicts on an alert's messages, who gave the last one, and what it replaced."""
        words = self._words(choice.lead)
        message = await self._alert(interaction, choice.alert_id)
        if message is not None:
            said = _verdict(before, record, words, _who_and_when(interaction))
            embed = judged(message.embeds[0], said, words)
            await self._edit(interaction, message, embed, record, words)

    async def say_what_it_was(self, interaction: discord.Interaction, words: Words) -> None:
        """Show all that an alert contains of its deleted messages, only to the person who asked."""
        message = interaction.message
        if message is None or not message.embeds:
            await say(interaction, words("act.it_is_lost"))
            return
        alert, files, links = message.embeds[0], [], []
        for attachment in message.attachments:
            try:
                files.append(await attachment.to_file(spoiler=attachment.is_spoiler()))
            except discord.HTTPException as error:
                log.warning("reading attachment failed", reason=str(error.status))
                links.append(f"[{attachment.filename}]({attachment.url})")
        shown = discord.Embed(description=alert.description, colour=alert.colour)
        for field in alert.fields:
            if "](https://discord.com/" in (field.value or ""):
                shown.add_field(name=field.name, value=field.value, inline=False)
        text = words("act.it_was")
        if links:
            text += "\n" + words("act.in_files", files=" ".join(links))
        await say(interaction, text, embed=shown, files=files)

    def _words(self, lead: CaseId) -> Words:
        return self._context.speech.words(lead.guild, self._context.book.of(lead.guild))

    async def _alert(
        self, interaction: discord.Interaction, alert_id: int
    ) -> discord.Message | None:
        """Return the current alert, which another moderator may have changed meanwhile."""
        pressed, channel = interaction.message, interaction.channel
        found: discord.Message | None = None
        with suppress(discord.NotFound, discord.Forbidden):
            if pressed is not None and pressed.id == alert_id:
                found = await interaction.original_response()
            elif isinstance(channel, discord.abc.Messageable):
                found = await channel.fetch_message(alert_id)
        if found is None or not found.embeds:
            await say(interaction, words_of(interaction)("act.not_shown"))
            return None
        return found

    async def _edit(
        self,
        interaction: discord.Interaction,
        message: discord.Message,
        embed: discord.Embed,
        record: Record,
        words: Words,
    ) -> None:
        view = alert_buttons(record.cases[0].decision.post, record.state, words)
        if isinstance(message, discord.InteractionMessage):
            await interaction.edit_original_response(embed=embed, view=view)
        else:
            await message.edit(
                embed=embed, view=view, allowed_mentions=discord.AllowedMentions.none()
            )


def _who_and_when(interaction: discord.Interaction) -> dict[str, str]:
    user = interaction.user
    return {
        "by": f"**{harmless(user.display_name)}** <@{user.id}>",
        "at": f"<t:{int(datetime.now(UTC).timestamp())}:t>",
    }


def _numbers(record: Record, cases: set[CaseId]) -> list[str]:
    return [
        str(number) for number, case in enumerate(numbered(record.cases), 1) if case.id in cases
    ]


def _verdict(before: Record, record: Record, words: Words, who: dict[str, str]) -> str:
    """Return a text with the verdicts on an alert's messages: one for all, or by number."""
    by_judgement = {
        judgement: _numbers(
            record, {case for case, given in record.judgements.items() if given is judgement}
        )
        for judgement in Judgement
    }
    given = {judgement: numbers for judgement, numbers in by_judgement.items() if numbers}
    # One sentence names one moderator, so it must be their verdict on every message.
    if len(given) == 1 and len(record.judged_since(before)) == len(record.cases):
        (judgement,) = given
        said = words(f"verdict.{judgement}", **who)
    else:
        lines = [
            f"{words(f'judgement.{judgement}')}: {shorten(', '.join(numbers), NAMED)}"
            for judgement, numbers in given.items()
        ]
        said = "\n".join([*lines, words("verdict.last", **who)])
    replaced = {
        given
        for case, given in before.judgements.items()
        if record.judgements.get(case) is not given
    }
    if replaced:
        earlier = ", ".join(words(f"judgement.{judgement}") for judgement in sorted(replaced))
        said += " " + words("verdict.before", verdict=earlier)
    return said
