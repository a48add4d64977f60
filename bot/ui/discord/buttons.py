"""The buttons under alerts: delete, time out, judge, undo.

A click is acknowledged at once; then the desk checks the person's and the bot's permissions and
does it; then the alert says who did what.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import discord

from bot.desk.alerts import DURATIONS, Target
from bot.desk.people import Asker, RefusalError
from bot.domain import Case, CaseId, Judgement
from bot.ui.discord.alert import acted_on, alert_buttons, duration, harmless, shorten
from bot.ui.discord.context import Context
from bot.ui.discord.controls import Controls, Press
from bot.ui.discord.items import button, parts_of, view_of
from bot.ui.discord.replies import member_of, say, words_of

JUDGED: Final = {
    "right": Judgement.RIGHT,
    "wrong": Judgement.FALSE_POSITIVE,
    "missed": Judgement.MISSED,
}


class AlertButtons:
    """Answers the buttons under every alert and report, whichever process sent it."""

    def __init__(self, context: Context, controls: Controls) -> None:
        self._context = context
        self._desk = context.alerts
        controls.on("delete", self._delete)
        controls.on("timeout", self._choose_duration)
        controls.on("timeout_for", self._time_out)
        controls.on("undo", self._undo)
        controls.on("fine", self._fine)
        for name in JUDGED:
            controls.on(name, self._judge)

    def _asker(self, interaction: discord.Interaction) -> Asker:
        return self._context.gate.admit(member_of(interaction))

    async def _delete(self, interaction: discord.Interaction, press: Press) -> None:
        await interaction.response.defer()
        lead = press.case()
        async with self._desk.lock(lead):
            cases = await self._desk.delete(lead, self._asker(interaction))
            await self._show(interaction, lead, cases, "act.deleted")

    async def _choose_duration(self, interaction: discord.Interaction, press: Press) -> None:
        words = words_of(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        lead = press.case()
        found = await self._desk.targets(lead, self._asker(interaction))
        await self._say_refused(interaction, found.refused)
        if not found.done:
            return
        alert = interaction.message.id if interaction.message else 0
        choices = view_of(
            *(
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
            )
        )
        names = ", ".join(f"**{harmless(target.name)}**" for target in found.done)
        await say(interaction, shorten(words("act.how_long", names=names), 2000), view=choices)

    async def _time_out(self, interaction: discord.Interaction, press: Press) -> None:
        words = words_of(interaction)
        await interaction.response.defer()
        minutes, alert, *parts = press.parts
        lead, length = press.case(parts), int(minutes)
        async with self._desk.lock(lead):
            try:
                result = await self._desk.time_out(lead, self._asker(interaction), length)
            except RefusalError as error:
                text = words.note(error.note)
                await interaction.edit_original_response(content=text, view=None)
                return
            await self._say_refused(interaction, result.refused)
            if not result.done:
                return
            said = words("act.timed_out_you", duration=duration(length, words))
            await interaction.edit_original_response(content=said, view=None)
            cases = await self._desk.cases(lead)
            await self._show(
                interaction, lead, cases, "act.timed_out", alert_id=int(alert), minutes=length
            )

    async def _judge(self, interaction: discord.Interaction, press: Press) -> None:
        await interaction.response.defer()
        lead, judgement = press.case(), JUDGED[press.name]
        async with self._desk.lock(lead):
            cases = await self._desk.judge(lead, self._asker(interaction), judgement)
            await self._show(interaction, lead, cases, f"act.{press.name}")
        if judgement is Judgement.FALSE_POSITIVE:
            await say(interaction, words_of(interaction)("act.wrong_hint"))

    async def _fine(self, interaction: discord.Interaction, press: Press) -> None:
        """Close a report on which nothing is to be done."""
        await interaction.response.defer()
        lead = press.case()
        async with self._desk.lock(lead):
            await self._show(interaction, lead, await self._desk.cases(lead), "act.fine")

    async def _undo(self, interaction: discord.Interaction, press: Press) -> None:
        await interaction.response.defer()
        words, lead = words_of(interaction), press.case()
        async with self._desk.lock(lead):
            cases = await self._desk.cases(lead)
            standing = await self._desk.standing(lead, cases)
            if standing.timed_out:
                result = await self._desk.lift(lead, self._asker(interaction))
                await self._say_refused(interaction, result.refused)
                if result.done:
                    await self._show(interaction, lead, cases, "act.undone")
            if standing.deleted:
                # Discord cannot bring a message back; the alert is the only place that quotes it.
                message = interaction.message
                said = message.embeds[0].description if message and message.embeds else ""
                await say(interaction, words("act.it_was", text=shorten(said or "", 1_800)))
            elif not standing.timed_out:
                await say(interaction, words("act.nothing_to_undo"))

    async def _say_refused(
        self, interaction: discord.Interaction, refused: Sequence[Target]
    ) -> None:
        words = words_of(interaction)
        for target in refused:
            why = words.note(target.refusal) if target.refusal else ""
            name = f"**{harmless(target.name)}**: " if target.name else ""
            await say(interaction, f"{name}{why}")

    async def _show(
        self,
        interaction: discord.Interaction,
        lead: CaseId,
        cases: Sequence[Case],
        line: str,
        *,
        alert_id: int = 0,
        minutes: int = 0,
    ) -> None:
        """Have the alert say who did what, and its buttons offer what is left to do."""
        words = self._context.speech.words(lead.guild, self._context.book.of(lead.guild))
        # As it stands now: another moderator may have changed it since this one saw it.
        try:
            if alert_id and isinstance(interaction.channel, discord.abc.Messageable):
                message: discord.Message = await interaction.channel.fetch_message(alert_id)
            else:
                message = await interaction.original_response()
        except (discord.NotFound, discord.Forbidden):
            message_embeds: list[discord.Embed] = []
        else:
            message_embeds = message.embeds
        if not message_embeds:
            await say(interaction, words_of(interaction)("act.not_shown"))
            return
        user = interaction.user
        said = words(
            line,
            by=f"**{harmless(user.display_name)}** <@{user.id}>",
            at=f"<t:{int(datetime.now(UTC).timestamp())}:t>",
            duration=duration(minutes, words),
        )
        embed = acted_on(message_embeds[0], said, words)
        standing = await self._desk.standing(lead, cases)
        view = alert_buttons(cases[0].decision.post, standing, words)
        if alert_id:
            await message.edit(
                embed=embed, view=view, allowed_mentions=discord.AllowedMentions.none()
            )
        else:
            await interaction.edit_original_response(embed=embed, view=view)
