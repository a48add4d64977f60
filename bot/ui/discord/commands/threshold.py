"""/threshold: at which score this server is told, deletes and times out, and what a change does."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime, timedelta
from typing import Final

import discord
from discord import app_commands

from bot.desk.settings import DAYS
from bot.domain import ChannelId, GuildId, Kind, Note, Verdict
from bot.platform.gate import asker_of
from bot.platform.members import MODERATOR
from bot.platform.places import ChainOf
from bot.policy.entries import Value, minutes_entry, threshold_entry
from bot.policy.precision import FEWEST, suggest
from bot.policy.rules import SERVER, Scopes
from bot.policy.thresholds import LONGEST_TIMEOUT, SettingError
from bot.ui.discord.alert import FIELD_LENGTH, duration
from bot.ui.discord.charts import LOWEST, draw
from bot.ui.discord.choices import (
    HARM_CHOICES,
    INHERIT,
    KIND_CHOICES,
    Place,
    parsed,
    threshold_choices,
)
from bot.ui.discord.commands.setup import add_state
from bot.ui.discord.context import Context
from bot.ui.discord.controls import Controls, Press
from bot.ui.discord.formatting import entry_name, shown
from bot.ui.discord.histories import change_choices, history_embed, taken_back
from bot.ui.discord.items import button, view_of
from bot.ui.discord.previews import (
    PICTURE,
    effect,
    precision_lines,
    preview_embed,
    threshold_table,
)
from bot.ui.discord.quoting import shorten
from bot.ui.discord.replies import guild_id_of, guild_of, member_of, say, words_of
from bot.ui.discord.translation import text
from model.classes import HARMS

LONGEST_PREVIEW: Final = 90


@app_commands.default_permissions(MODERATOR)
@app_commands.guild_only()
class ThresholdGroup(app_commands.Group, name="threshold", description=text("command.threshold")):
    """The commands under /threshold."""

    def __init__(self, context: Context, controls: Controls) -> None:
        super().__init__()
        self._context = context
        controls.on("set", self._set_from_preview)

    @app_commands.command(name="show", description=text("command.threshold.show"))
    @app_commands.describe(channel=text("option.scope"))
    async def show(self, interaction: discord.Interaction, channel: Place | None = None) -> None:
        """Show the thresholds that hold in the server, or in one of its channels."""
        guild, words = guild_of(interaction), words_of(interaction)
        policy = self._context.book.of(GuildId(guild.id))
        verdicts = await self._verdicts(guild)
        embed = discord.Embed(
            title=words("show.title") + (f" · #{channel.name}" if channel else ""),
            description=threshold_table(policy, _scopes(guild, channel), words)
            + words("show.meaning"),
        )
        add_state(embed, guild, policy, words)
        overridden = [f"<#{scope}>" for scope in policy.overrides if scope != SERVER]
        if overridden and channel is None:
            embed.add_field(
                name=words("show.overrides"),
                value=shorten(" ".join(overridden), 1000),
                inline=False,
            )
        lines = precision_lines(verdicts, words)
        if lines:
            embed.add_field(name=words("show.verdicts"), value="\n".join(lines), inline=False)
        if problem := self._context.dispatcher.problem(GuildId(guild.id)):
            embed.add_field(
                name=words("show.problem"),
                value=shorten(words.note(problem), FIELD_LENGTH),
                inline=False,
            )
        await say(interaction, embed=embed)

    async def _verdicts(self, guild: discord.Guild) -> list[Verdict]:
        return await self._context.store.verdicts.verdicts(
            GuildId(guild.id), self._context.judge.model
        )

    @app_commands.command(name="set", description=text("command.threshold.set"))
    @app_commands.rename(harm="class", kind="action")
    @app_commands.describe(
        harm=text("option.class"),
        kind=text("option.action"),
        value=text("option.value"),
        channel=text("option.scope"),
        minutes=text("option.minutes"),
    )
    @app_commands.choices(harm=HARM_CHOICES, kind=KIND_CHOICES)
    async def change(
        self,
        interaction: discord.Interaction,
        harm: str,
        kind: str,
        value: str,
        channel: Place | None = None,
        minutes: app_commands.Range[int, 1, LONGEST_TIMEOUT] | None = None,
    ) -> None:
        """Set the score from which an action is taken on messages of a class."""
        changes: dict[str, Value | None] = {
            threshold_entry(_scope(channel), harm, Kind(kind)): parsed(value)
        }
        if minutes is not None:
            if Kind(kind) is not Kind.TIMEOUT:
                raise SettingError(Note("error.minutes_action"))
            changes[minutes_entry(_scope(channel), harm)] = minutes
        await self._set(interaction, harm, Kind(kind), channel, changes)

    async def _set(
        self,
        interaction: discord.Interaction,
        harm: str,
        kind: Kind,
        channel: discord.abc.GuildChannel | None,
        changes: dict[str, Value | None],
    ) -> None:
        guild, words = guild_of(interaction), words_of(interaction)
        scopes = _scopes(guild, channel)
        await interaction.response.defer(ephemeral=True, thinking=True)
        guild_id = GuildId(guild.id)
        before = self._context.book.of(guild_id)
        number = await self._context.change(interaction, changes)
        after = self._context.book.of(guild_id)
        was, now = before.table(scopes)[harm, kind], after.table(scopes)[harm, kind]
        comparison = await self._context.settings.compared(
            guild_id, before, after, kind, scope=_scope(channel)
        )
        where = f" · {channel.mention}" if channel else ""
        line = (
            f"**{harm}** · {words(f'action.{kind}')}{where}: "
            f"{shown(was.threshold, words)} → **{shown(now.threshold, words)}**"
        )
        if kind is Kind.TIMEOUT:
            line += f" ({duration(now.minutes, words)})"
        done = effect(comparison, kind, DAYS, words)
        end = words("set.unchanged") if number is None else words("set.undo", number=number)
        await say(interaction, f"{line}\n{done}\n{end}")

    @app_commands.command(name="reset", description=text("command.threshold.reset"))
    @app_commands.rename(harm="class", kind="action")
    @app_commands.describe(
        harm=text("option.reset_class"),
        kind=text("option.reset_action"),
        channel=text("option.scope"),
    )
    @app_commands.choices(harm=HARM_CHOICES, kind=KIND_CHOICES)
    async def reset(
        self,
        interaction: discord.Interaction,
        harm: str | None = None,
        kind: str | None = None,
        channel: Place | None = None,
    ) -> None:
        """Take back what was set, so that it is inherited again."""
        words = words_of(interaction)
        scope_id = _scope(channel)
        wanted: dict[str, None] = {}
        for each in [harm] if harm else HARMS:
            for action in [Kind(kind)] if kind else Kind:
                wanted[threshold_entry(scope_id, each, action)] = None
            if kind in {None, Kind.TIMEOUT}:
                wanted[minutes_entry(scope_id, each)] = None
        entries = self._context.book.entries(guild_id_of(interaction))
        present = {name: None for name in wanted if name in entries}
        if not present:
            await say(interaction, words("reset.nothing"))
            return
        number = await self._context.change(interaction, present)
        what = "\n".join(f"· {entry_name(name, words)}" for name in present)
        undo = words("set.undo", number=number)
        await say(interaction, shorten(f"{words('reset.done')}\n{what}\n{undo}", 2000))

    @app_commands.command(name="preview", description=text("command.threshold.preview"))
    @app_commands.rename(harm="class", kind="action")
    @app_commands.describe(
        harm=text("option.class"),
        kind=text("option.action"),
        value=text("option.value"),
        channel=text("option.scope"),
        days=text("option.days"),
    )
    @app_commands.choices(harm=HARM_CHOICES, kind=KIND_CHOICES)
    async def preview(
        self,
        interaction: discord.Interaction,
        harm: str,
        kind: str,
        value: str,
        channel: Place | None = None,
        days: app_commands.Range[int, 1, LONGEST_PREVIEW] = DAYS,
    ) -> None:
        """Show what another threshold would have done in the past days; nothing is changed."""
        guild, words = guild_of(interaction), words_of(interaction)
        action, scopes = Kind(kind), _scopes(guild, channel)
        book = self._context.book
        scope_id, guild_id = _scope(channel), GuildId(guild.id)
        new_value = parsed(value)
        changes = {threshold_entry(scope_id, harm, action): new_value}
        entries = book.defaults.changed(book.entries(guild_id), changes, ChainOf(guild))
        await interaction.response.defer(ephemeral=True, thinking=True)
        now, new = book.of(guild_id), book.defaults.policy(entries)
        comparison = await self._context.settings.compared(
            guild_id, now, new, action, days=days, scope=scope_id
        )
        values = tuple(policy.table(scopes)[harm, action].threshold for policy in (now, new))
        # What lies below both thresholds gives the picture its scale.
        seen = await self._context.store.journal.past(
            guild_id, datetime.now(UTC) - timedelta(days=days), LOWEST, scope_id
        )
        picture = await asyncio.to_thread(
            draw,
            comparison,
            seen,
            harm=harm,
            kind=action,
            thresholds=(values[0], values[1]),
            days=days,
            words=words,
        )
        where = f" · {channel.mention}" if channel else ""
        headline = (
            f"**{harm}** · {words(f'action.{action}')}{where}: "
            f"{shown(values[0], words)} → **{shown(values[1], words)}**"
        )
        embed = preview_embed(headline, comparison, action, days, words)
        typed = INHERIT if new_value is None else str(new_value)
        apply = button(
            words, "set", harm, action, typed, scope_id, style=discord.ButtonStyle.primary
        )
        await say(
            interaction,
            embed=embed,
            view=view_of(apply),
            file=discord.File(io.BytesIO(picture), PICTURE, description=words("preview.alt")),
        )

    async def _set_from_preview(self, interaction: discord.Interaction, press: Press) -> None:
        harm, kind, value, scope = press.parts
        guild = guild_of(interaction)
        channel = guild.get_channel(int(scope))
        if scope != str(SERVER) and channel is None:
            raise SettingError(Note("error.channel_gone"))
        changes = {threshold_entry(ChannelId(int(scope)), harm, Kind(kind)): parsed(value)}
        await self._set(interaction, harm, Kind(kind), channel, changes)

    @app_commands.command(name="suggest", description=text("command.threshold.suggest"))
    @app_commands.rename(harm="class")
    @app_commands.describe(harm=text("option.class"), precision=text("option.precision"))
    @app_commands.choices(harm=HARM_CHOICES)
    async def suggest(
        self,
        interaction: discord.Interaction,
        harm: str,
        precision: app_commands.Range[float, 0.5, 1.0] = 0.9,
    ) -> None:
        """Answer from which score the verdicts so far are right as often as wished."""
        guild, words = guild_of(interaction), words_of(interaction)
        verdicts = await self._verdicts(guild)
        judged = sum(verdict.harm == harm for verdict in verdicts)
        wished = f"{precision:.0%}"
        found = suggest(verdicts, harm, precision)
        if judged < FEWEST:
            answer = words("suggest.too_few", harm=harm, judged=judged, fewest=FEWEST)
        elif found is None:
            answer = words("suggest.none", harm=harm, judged=judged, wished=wished, fewest=FEWEST)
        else:
            answer = words(
                "suggest.found",
                harm=harm,
                threshold=f"{found.threshold:.2f}",
                right=found.right,
                judged=found.judged,
                share=f"{found.share:.0%}",
                low=f"{found.low:.0%}",
                high=f"{found.high:.0%}",
            )
        await say(interaction, answer)

    @app_commands.command(name="history", description=text("command.threshold.history"))
    async def history(self, interaction: discord.Interaction) -> None:
        """Show who changed what, and when."""
        guild, words = guild_id_of(interaction), words_of(interaction)
        changes = await self._context.store.settings.changes(guild)
        undone = await self._context.store.settings.undone(guild)
        await say(interaction, embed=history_embed(changes, undone, words))

    @app_commands.command(name="undo", description=text("command.threshold.undo"))
    @app_commands.describe(change=text("option.change"))
    async def undo(self, interaction: discord.Interaction, change: int | None = None) -> None:
        """Take a change back; the latest change of a threshold unless another one is named."""
        guild, words = guild_of(interaction), words_of(interaction)
        asker = asker_of(member_of(interaction))
        undone = await self._context.settings.undo(GuildId(guild.id), asker, change, ChainOf(guild))
        if undone is None:
            await say(interaction, words("undo.nothing"))
            return
        lines = [words("undo.done", number=undone.number), *taken_back(undone.changes, words)]
        await say(interaction, shorten("\n".join(lines), 2000))

    @undo.autocomplete("change")
    async def _changes(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[int]]:
        guild, words = guild_id_of(interaction), words_of(interaction)
        undone = await self._context.store.settings.undone(guild)
        changes = await self._context.store.settings.changes(guild)
        return change_choices(changes, undone, current, words)

    @change.autocomplete("value")
    @preview.autocomplete("value")
    async def _values(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        """Offer what is likely to be meant: what was typed, today's value, the presets' ones."""
        guild, namespace = guild_id_of(interaction), interaction.namespace
        return threshold_choices(
            self._context.book,
            guild,
            current,
            getattr(namespace, "class", None),
            getattr(namespace, "action", None),
            words_of(interaction),
        )


def _scope(channel: discord.abc.GuildChannel | None) -> ChannelId:
    return SERVER if channel is None else ChannelId(channel.id)


def _scopes(guild: discord.Guild, channel: discord.abc.GuildChannel | None) -> Scopes:
    return ChainOf(guild)(ChannelId(channel.id)) if channel else ()
