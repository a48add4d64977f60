"""The buttons under alerts: delete, time out, judge, undo.

A click is acknowledged at once; then the person's and the bot's permissions and role order are
checked; then it is done, and the alert says who did what. One alert is dealt with by one person at
a time, so that two clicks at once are one action.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

import discord

from bot.domain import Case, Judgement, Note, Outcome, Status, Surface, Verdict
from bot.platform.actuators import standing_of
from bot.platform.permissions import DELETE_PERMISSIONS, may_time_out, missing_permissions
from bot.policy.thresholds import LONGEST_TIMEOUT
from bot.store.sqlite.desk import Act, Done
from bot.ui.discord.alert import (
    Standing,
    acted_on,
    alert_buttons,
    button,
    duration,
    harmless,
    shorten,
    view_of,
)
from bot.ui.discord.commands.score import highest
from bot.ui.discord.context import Context
from bot.ui.discord.controls import Controls, Press
from bot.ui.discord.replies import guild_of, member_of, say, words_of

DURATIONS: Final = (10, 60, 24 * 60, 7 * 24 * 60, LONGEST_TIMEOUT)
"""Minutes that a time-out can be chosen for."""

JUDGED: Final = {
    "right": Judgement.RIGHT,
    "wrong": Judgement.FALSE_POSITIVE,
    "missed": Judgement.MISSED,
}


class AlertButtons:
    """Answers the buttons under every alert and report, whichever process sent it."""

    def __init__(self, context: Context, controls: Controls) -> None:
        self._context = context
        self._locks: WeakValueDictionary[tuple[int, int], asyncio.Lock] = WeakValueDictionary()
        controls.on("delete", self._delete)
        controls.on("timeout", self._choose_duration)
        controls.on("timeout_for", self._time_out)
        controls.on("undo", self._undo)
        controls.on("fine", self._judge)
        for name in JUDGED:
            controls.on(name, self._judge)

    def _lock(self, case: tuple[int, int]) -> asyncio.Lock:
        return self._locks.setdefault(case, asyncio.Lock())

    async def _cases(self, interaction: discord.Interaction, press: Press) -> list[Case]:
        """Close an alert and return the cases it tells of, its own first.

        None where this server has none. From here on nothing joins it that nobody has seen.
        """
        await self._context.alerts.settled(press.case)
        cases = await self._context.store.journal.told_by_alert(*press.case)
        cases = [case for case in cases if case.decision.post.guild_id == interaction.guild_id]
        cases.sort(
            key=lambda case: (
                (case.decision.post.message_id, case.decision.post.revision) != press.case
            )
        )
        if not cases:
            await say(interaction, words_of(interaction)("refused.no_record"))
        return cases

    async def _delete(self, interaction: discord.Interaction, press: Press) -> None:
        await interaction.response.defer()
        words, member = words_of(interaction), member_of(interaction)
        cases = await self._cases(interaction, press)
        if not cases:
            return
        posts = [
            case.decision.post for case in cases if case.decision.post.surface is Surface.MESSAGE
        ]
        by_channel = {
            post.channel_id: [p for p in posts if p.channel_id == post.channel_id] for post in posts
        }
        for channel_id in by_channel:
            channel = guild_of(interaction).get_channel_or_thread(channel_id)
            if channel is None:
                await say(interaction, words("failed.no_channel"))
                return
            missing = missing_permissions(channel, DELETE_PERMISSIONS, member)
            if missing:
                lacking = words.permissions(missing)
                await say(interaction, words("refused.delete_permission", missing=lacking))
                return
        async with self._lock(press.case):
            acts = await self._context.store.desk.acts(*press.case)
            earlier = next((act for act in acts if act.act is Act.DELETE), None)
            if earlier is not None:
                await say(interaction, words("act.deleted_already", by=f"<@{earlier.by_id}>"))
                return
            for in_channel in by_channel.values():
                outcome = await self._context.enforcing.delete_posts(in_channel)
                if await self._failed(interaction, outcome):
                    return
            await self._acted(interaction, cases, Act.DELETE)
            await self._show(interaction, press.case, cases, "act.deleted")

    async def _choose_duration(self, interaction: discord.Interaction, press: Press) -> None:
        words = words_of(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        cases = await self._cases(interaction, press)
        if not cases:
            return
        targets = await self._targets(interaction, cases)
        if not targets:
            return
        alert = interaction.message.id if interaction.message else 0
        choices = view_of(
            *(
                button(
                    words,
                    "timeout_for",
                    minutes,
                    *press.case,
                    alert,
                    label=duration(minutes, words),
                    style=discord.ButtonStyle.danger,
                )
                for minutes in DURATIONS
            )
        )
        names = ", ".join(f"**{harmless(target.display_name)}**" for target in targets)
        await say(interaction, shorten(words("act.how_long", names=names), 2000), view=choices)

    async def _targets(
        self, interaction: discord.Interaction, cases: Sequence[Case]
    ) -> list[discord.Member]:
        """Return the authors that may be timed out; says why where one may not be."""
        guild, words = guild_of(interaction), words_of(interaction)
        found = []
        authors = {case.decision.post.author_id for case in cases if not case.decision.post.webhook}
        for author_id in sorted(authors):
            try:
                target = await guild.fetch_member(author_id)
            except discord.NotFound:
                await say(interaction, words("failed.member_left"))
                continue
            refusal = may_time_out(member_of(interaction), target) or may_time_out(guild.me, target)
            if refusal is not None:
                name = harmless(target.display_name)
                await say(interaction, f"**{name}**: {words.note(refusal)}")
                continue
            found.append(target)
        if not authors:
            await say(interaction, words("failed.webhook"))
        return found

    async def _time_out(self, interaction: discord.Interaction, press: Press) -> None:
        minutes, *case, alert_id = map(int, press.parts)
        key = (case[0], case[1])
        press = Press(press.name, (str(key[0]), str(key[1])), ())
        guild, words = guild_of(interaction), words_of(interaction)
        await interaction.response.defer()
        cases = await self._cases(interaction, press)
        if not cases:
            return
        async with self._lock(key):
            acts = await self._context.store.desk.acts(*key)
            if _running(acts):
                last = [act for act in acts if act.act is Act.TIMEOUT][-1]
                text = words("act.timed_out_already", by=f"<@{last.by_id}>")
                await interaction.edit_original_response(content=text, view=None)
                return
            targets = await self._targets(interaction, cases)
            until = datetime.now(UTC) + timedelta(minutes=minutes)
            done = []
            for target in targets:
                outcome = await self._context.enforcing.time_out_until(
                    guild.id, target.id, until, f"Bellwether: {interaction.user.id} from an alert"
                )
                if not await self._failed(interaction, outcome):
                    done.append(target)
            if not done:
                return
            await self._acted(interaction, cases, Act.TIMEOUT, minutes)
            length = duration(minutes, words)
            await interaction.edit_original_response(
                content=words("act.timed_out_you", duration=length), view=None
            )
            await self._show(
                interaction, key, cases, "act.timed_out", alert_id=alert_id, minutes=minutes
            )

    async def _judge(self, interaction: discord.Interaction, press: Press) -> None:
        await interaction.response.defer()
        words = words_of(interaction)
        cases = await self._cases(interaction, press)
        if not cases:
            return
        judgement = JUDGED.get(press.name)
        async with self._lock(press.case):
            before = await self._context.store.journal.judgement(press.case[0])
            if judgement is not None and before is judgement:
                await say(interaction, words("act.judged_already"))
                return
            if judgement is not None:
                await self._context.store.journal.judge(
                    [
                        Verdict(
                            case.decision,
                            highest(case.decision),
                            judgement,
                            interaction.user.id,
                            datetime.now(UTC),
                        )
                        for case in cases
                    ]
                )
            await self._show(interaction, press.case, cases, f"act.{press.name}")
        if judgement is Judgement.FALSE_POSITIVE:
            await say(interaction, words("act.wrong_hint"))

    async def _undo(self, interaction: discord.Interaction, press: Press) -> None:
        await interaction.response.defer()
        guild, words, member = guild_of(interaction), words_of(interaction), member_of(interaction)
        cases = await self._cases(interaction, press)
        if not cases:
            return
        async with self._lock(press.case):
            standing = await self._standing(press.case, cases)
            if standing.timed_out:
                lifted = False
                for target in await self._targets(interaction, cases):
                    outcome = await self._context.enforcing.time_out_until(
                        guild.id, target.id, None, f"Bellwether: undone by {member.id}"
                    )
                    lifted |= not await self._failed(interaction, outcome)
                if lifted:
                    await self._acted(interaction, cases, Act.UNDO)
                    await self._show(interaction, press.case, cases, "act.undone")
            if standing.deleted:
                # Discord cannot bring a message back; the alert is the only place that quotes it.
                message = interaction.message
                said = message.embeds[0].description if message and message.embeds else ""
                await say(interaction, words("act.it_was", text=shorten(said or "", 1_800)))
            elif not standing.timed_out:
                await say(interaction, words("act.nothing_to_undo"))

    async def _standing(self, key: tuple[int, int], cases: Sequence[Case]) -> Standing:
        acts = await self._context.store.desk.acts(*key)
        own = standing_of(cases)
        by_hand = any(act.act in {Act.TIMEOUT, Act.UNDO} for act in acts)
        return Standing(
            deleted=own.deleted or any(act.act is Act.DELETE for act in acts),
            timed_out=_running(acts) if by_hand else own.timed_out,
            can_delete=own.can_delete,
            can_time_out=own.can_time_out,
            judgement=await self._context.store.journal.judgement(key[0]),
            reported=not any(case.decision.reasons for case in cases),
        )

    async def _acted(
        self,
        interaction: discord.Interaction,
        cases: Sequence[Case],
        act: Act,
        minutes: int = 0,
    ) -> None:
        await self._context.store.desk.acted(
            guild_of(interaction).id,
            [(case.decision.post.message_id, case.decision.post.revision) for case in cases],
            act,
            interaction.user.id,
            minutes,
        )

    async def _failed(self, interaction: discord.Interaction, outcome: Outcome) -> bool:
        """Tell why something could not be done, and return whether that was so."""
        if outcome.status is not Status.FAILED:
            return False
        words = words_of(interaction)
        await say(interaction, words.note(outcome.note or Note("failed.refused", {"reason": ""})))
        return True

    async def _show(
        self,
        interaction: discord.Interaction,
        key: tuple[int, int],
        cases: Sequence[Case],
        line: str,
        *,
        alert_id: int = 0,
        minutes: int = 0,
    ) -> None:
        """Have the alert say who did what, and its buttons offer what is left to do."""
        guild = guild_of(interaction)
        words = self._context.server.words(guild.id, self._context.book.of(guild.id))
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
        view = alert_buttons(cases[0].decision.post, await self._standing(key, cases), words)
        if alert_id:
            await message.edit(
                embed=embed, view=view, allowed_mentions=discord.AllowedMentions.none()
            )
        else:
            await interaction.edit_original_response(embed=embed, view=view)


def _running(acts: Sequence[Done]) -> bool:
    """Return whether a time-out that a moderator gave is still running."""
    times = [act for act in acts if act.act in {Act.TIMEOUT, Act.UNDO}]
    if not times or times[-1].act is Act.UNDO:
        return False
    return times[-1].at + timedelta(minutes=times[-1].minutes) > datetime.now(UTC)
