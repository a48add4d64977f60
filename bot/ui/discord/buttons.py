"""The buttons under alerts: delete, time out, give a verdict, undo.

A click is acknowledged at once. Then the desk checks the permissions of the person and of the bot
and acts, and the alert is updated with who did what. If an alert has several messages or people,
the button first asks which ones to act on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import discord

from bot.desk.alerts import DURATIONS, Target
from bot.desk.people import Asker, RefusalError
from bot.desk.record import Record
from bot.domain import CaseId, Judgement, Note, UserId
from bot.ui.discord.alert import duration
from bot.ui.discord.alert_notes import ActNote, AlertNotes
from bot.ui.discord.choosing import PAGE, Choice, choose_messages, choose_people, on_page
from bot.ui.discord.context import Context
from bot.ui.discord.controls import Controls, Press
from bot.ui.discord.items import button, case_from, parts_of, view_of
from bot.ui.discord.quoting import harmless, shorten
from bot.ui.discord.replies import MESSAGE_LENGTH, member_of, say, words_of
from bot.ui.words import Words

JUDGED: Final = {
    "right": Judgement.RIGHT,
    "wrong": Judgement.FALSE_POSITIVE,
    "missed": Judgement.MISSED,
}
MESSAGE_ACTS: Final = ("delete", *JUDGED)
OUT: Final = "out"
"""The prefix of a time-out's ``Choice.act``, followed by the minutes, or 0 to lift one."""

Values = Sequence[str] | None
"""What was chosen in a select; ``None`` means all."""


class AlertButtons:
    """Handles the buttons under all alerts and reports, including those sent before a restart."""

    def __init__(self, context: Context, controls: Controls) -> None:
        self._context = context
        self._desk = context.alerts
        self._notes = AlertNotes(context)
        for act in MESSAGE_ACTS:
            controls.on(act, self._on_messages)
        controls.on("timeout", self._choose_duration)
        controls.on("timeout_for", self._on_duration)
        controls.on("undo", self._undo)
        controls.on("fine", self._fine)
        controls.on("some", self._some)
        controls.on("all", self._all)
        controls.on("page", self._page)
        controls.on("cancel", self._cancel)

    def _asker(self, interaction: discord.Interaction) -> Asker:
        return self._context.gate.admit(member_of(interaction))

    # ------------------------------------------------------------------ under the alert

    async def _on_messages(self, interaction: discord.Interaction, press: Press) -> None:
        """Delete or judge the message of an alert. If it has several, ask which."""
        # First of all: the record can wait for the alert to be updated, and Discord for 3 seconds.
        await interaction.response.defer()
        choice = _choice_under_alert(interaction, press.name, press)
        record = await self._desk.record(choice.lead)
        if len(record.cases) == 1:
            await self._act(interaction, choice, None)
            return
        words = words_of(interaction)
        view = await self._options(choice, record, 0, words)
        await say(interaction, words(f"choose.{press.name}"), view=view)

    async def _choose_duration(self, interaction: discord.Interaction, press: Press) -> None:
        words = words_of(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        lead, asker = press.case(), self._asker(interaction)
        record = await self._desk.record(lead)
        if len(record.authors) > 1:
            question = words("act.how_long_many", count=len(record.authors))
        else:
            found = await self._desk.targets(lead, asker)
            await self._say_refused(interaction, found.refused)
            if not found.done:
                return
            question = words("act.how_long", name=f"**{harmless(found.done[0].name)}**")
        alert = _id_of(interaction.message)
        lengths = [
            button(
                words,
                "timeout_for",
                minutes,
                alert,
                *parts_of(lead),
                label=duration(minutes, words),
                style=discord.ButtonStyle.danger,
            )
            for minutes in DURATIONS
        ]
        await say(interaction, question, view=view_of(*lengths, button(words, "cancel")))

    async def _on_duration(self, interaction: discord.Interaction, press: Press) -> None:
        await interaction.response.defer()
        minutes, alert, *parts = press.parts
        choice = Choice(f"{OUT}{int(minutes)}", int(alert), press.case(parts))
        record = await self._desk.record(choice.lead)
        if len(record.authors) <= 1:
            await self._act(interaction, choice, None)
            return
        words = words_of(interaction)
        view = await self._options(choice, record, 0, words)
        question = words("choose.timeout", duration=duration(int(minutes), words))
        await interaction.edit_original_response(content=question, view=view)

    async def _undo(self, interaction: discord.Interaction, press: Press) -> None:
        """Show what was deleted, and lift the time-out. For several people, ask whose."""
        await interaction.response.defer()
        choice = _choice_under_alert(interaction, f"{OUT}0", press)
        record = await self._desk.record(choice.lead)
        state, words = record.state, words_of(interaction)
        if state.partly_deleted:
            # Discord cannot restore a message, and only the alert still quotes it.
            await self._notes.say_what_it_was(interaction, words)
        if state.partly_timed_out:
            if sum(map(record.timed_out, record.authors)) > 1:
                view = await self._options(choice, record, 0, words)
                await say(interaction, words("choose.undo"), view=view)
            else:
                await self._act(interaction, choice, None)
        elif not state.partly_deleted:
            await say(interaction, words("act.nothing_to_undo"))

    async def _fine(self, interaction: discord.Interaction, press: Press) -> None:
        """Close a report that needs no action."""
        await interaction.response.defer()
        choice = _choice_under_alert(interaction, press.name, press)
        async with self._desk.lock(choice.lead):
            record = await self._desk.record(choice.lead)
            await self._notes.acted(interaction, choice, record, ActNote("act.fine"))

    # ------------------------------------------------------------------ the choice

    async def _some(self, interaction: discord.Interaction, press: Press) -> None:
        await interaction.response.defer()
        await self._act(interaction, _choice_of(press)[0], press.values)

    async def _all(self, interaction: discord.Interaction, press: Press) -> None:
        await interaction.response.defer()
        await self._act(interaction, _choice_of(press)[0], None)

    async def _page(self, interaction: discord.Interaction, press: Press) -> None:
        await interaction.response.defer()
        choice, page = _choice_of(press)
        record = await self._desk.record(choice.lead)
        view = await self._options(choice, record, page, words_of(interaction))
        await interaction.edit_original_response(view=view)

    async def _cancel(self, interaction: discord.Interaction, press: Press) -> None:
        del press
        words = words_of(interaction)
        await interaction.response.edit_message(content=words("choose.cancelled"), view=None)

    async def _options(
        self, choice: Choice, record: Record, page: int, words: Words
    ) -> discord.ui.View:
        gate, guild = self._context.gate, choice.lead.guild
        if choice.act.startswith(OUT):
            people = record.authors
            if _minutes(choice) == 0:
                people = [author for author in people if record.timed_out(author)]
                if not people:
                    raise RefusalError(Note("act.nothing_to_undo"))
            names = await gate.names(guild, people[page * PAGE : (page + 1) * PAGE])
            return choose_people(choice, people, names, page, words)
        names = await gate.names(guild, on_page(record.cases, page))
        return choose_messages(choice, record, names, page, words)

    # ------------------------------------------------------------------ the act

    async def _act(self, interaction: discord.Interaction, choice: Choice, chosen: Values) -> None:
        """Carry out a choice, update the alert and answer the moderator."""
        asker = self._asker(interaction)
        if choice.act.startswith(OUT):
            act = self._time_out
        else:
            act = self._delete if choice.act == "delete" else self._judge
        try:
            async with self._desk.lock(choice.lead):
                said = await act(interaction, choice, asker, chosen)
        except RefusalError as error:
            said = words_of(interaction).note(error.note)
        if said:
            await self._answer(interaction, choice, said)

    async def _answer(self, interaction: discord.Interaction, choice: Choice, said: str) -> None:
        """Answer the moderator, replacing the question if one was asked."""
        if _id_of(interaction.message) == choice.alert_id:
            await say(interaction, said)
        else:
            await interaction.edit_original_response(content=said, view=None)

    async def _delete(
        self, interaction: discord.Interaction, choice: Choice, asker: Asker, chosen: Values
    ) -> str:
        result = await self._desk.delete(choice.lead, asker, _cases(choice, chosen))
        record = await self._desk.record(choice.lead)
        await self._notes.acted(
            interaction,
            choice,
            record,
            ActNote(
                "act.deleted",
                cases=[case.id for case in result.done],
                title="alert.title.deleted" if record.state.deleted else None,
            ),
        )
        words = words_of(interaction)
        said = words("act.you_deleted", count=len(result.done)) if len(record.cases) > 1 else ""
        return said if result.refusal is None else f"{said}\n{words.note(result.refusal)}"

    async def _judge(
        self, interaction: discord.Interaction, choice: Choice, asker: Asker, chosen: Values
    ) -> str:
        cases = _cases(choice, chosen)
        before = await self._desk.judge(choice.lead, asker, JUDGED[choice.act], cases)
        record = await self._desk.record(choice.lead)
        await self._notes.judged(interaction, choice, before, record)
        words = words_of(interaction)
        hint = words("act.wrong_hint") if choice.act == "wrong" else ""
        if len(record.cases) == 1:
            return hint
        count = len(record.judged_since(before))
        return f"{words('act.you_judged', count=count)} {hint}".strip()

    async def _time_out(
        self, interaction: discord.Interaction, choice: Choice, asker: Asker, chosen: Values
    ) -> str:
        words, minutes = words_of(interaction), _minutes(choice)
        members = None if chosen is None else {UserId(int(value)) for value in chosen}
        if minutes:
            result = await self._desk.time_out(choice.lead, asker, minutes, members)
        else:
            result = await self._desk.lift(choice.lead, asker, members)
        await self._say_refused(interaction, result.refused)
        if not result.done:
            return ""
        record = await self._desk.record(choice.lead)
        names = [target.name for target in result.done] if len(record.authors) > 1 else []
        await self._notes.acted(
            interaction,
            choice,
            record,
            ActNote(
                "act.timed_out" if minutes else "act.lifted",
                names=names,
                minutes=minutes,
                title="alert.title.timed_out" if minutes else "alert.title.lifted",
            ),
        )
        shown = shorten(", ".join(f"**{harmless(each.name)}**" for each in result.done), 1_500)
        key = "act.you_timed_out" if minutes else "act.you_lifted"
        return words(key, names=shown, duration=duration(minutes, words))

    async def _say_refused(
        self, interaction: discord.Interaction, refused: Sequence[Target]
    ) -> None:
        """Say who was not timed out and why, in a single answer."""
        words, lines = words_of(interaction), []
        for target in refused:
            why = words.note(target.refusal) if target.refusal else ""
            name = f"**{harmless(target.name)}**: " if target.name else ""
            lines.append(f"{name}{why}")
        if lines:
            await say(interaction, shorten("\n".join(dict.fromkeys(lines)), MESSAGE_LENGTH))


def _id_of(message: discord.Message | None) -> int:
    return message.id if message else 0


def _minutes(choice: Choice) -> int:
    return int(choice.act.removeprefix(OUT))


def _choice_under_alert(interaction: discord.Interaction, act: str, press: Press) -> Choice:
    """Return the choice of a button that is under the alert itself."""
    return Choice(act, _id_of(interaction.message), press.case())


def _cases(choice: Choice, chosen: Values) -> set[CaseId] | None:
    if chosen is None:
        return None
    cases = (case_from(choice.lead.guild, value.split(":")) for value in chosen)
    return {case for case in cases if case is not None}


def _choice_of(press: Press) -> tuple[Choice, int]:
    """Return the choice that a control belongs to, and its page number, or 0 if it has none."""
    act, *numbers, surface, subject, revision = press.parts
    *page, alert = map(int, numbers)
    lead = press.case((surface, subject, revision))
    if act not in MESSAGE_ACTS and not act.removeprefix(OUT).isdigit():
        raise RefusalError(Note("refused.old_button"))
    return Choice(act, alert, lead), page[0] if page else 0
