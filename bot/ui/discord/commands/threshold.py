"""/threshold: the scores at which this server alerts, deletes and times out."""

from __future__ import annotations

import asyncio
from typing import Final

import discord
from discord import app_commands

from bot.desk.settings import DAYS, LEAST_COUNTED
from bot.domain import ChannelId, GuildId, Kind, Note, Verdict
from bot.platform.members import MODERATOR
from bot.platform.places import ChainOf
from bot.policy.entries import Value, minutes_entry, threshold_entry
from bot.policy.precision import FEWEST, suggest
from bot.policy.replay import reach
from bot.policy.rules import SERVER, Scopes
from bot.policy.thresholds import LONGEST_TIMEOUT, SettingError
from bot.ui.discord.alert import duration
from bot.ui.discord.charts import draw
from bot.ui.discord.choices import (
    HARM_CHOICES,
    INHERIT,
    KIND_CHOICES,
    Place,
    parsed,
    threshold_choices,
)
from bot.ui.discord.context import Context
from bot.ui.discord.controls import Controls, Press
from bot.ui.discord.formatting import shown, step
from bot.ui.discord.histories import reset_lines, say_changed
from bot.ui.discord.items import button, view_of
from bot.ui.discord.previews import (
    attached_chart,
    effect,
    precision_lines,
    preview_embed,
    reach_line,
    rights_lines,
    threshold_lines,
)
from bot.ui.discord.replies import guild_id_of, guild_of, say, words_of
from bot.ui.discord.state import add_line, add_state
from bot.ui.discord.translation import text
from bot.ui.words import Words
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
        """Show the thresholds of the server, or of one channel."""
        guild, words = guild_of(interaction), words_of(interaction)
        policy = self._context.book.of(GuildId(guild.id))
        lines = threshold_lines(policy, _scopes(guild, channel), words)
        embed = discord.Embed(
            title=words("show.title") + (f" · #{channel.name}" if channel else ""),
            description="\n".join([words("show.meaning"), *lines]),
        )
        overridden = [f"<#{scope}>" for scope in policy.overrides if scope != SERVER]
        if overridden and channel is None:
            add_line(embed, words("show.overrides"), " ".join(overridden))
        add_state(embed, guild, policy, words)
        precision = precision_lines(await self._verdicts(guild), words)
        if precision:
            add_line(embed, words("show.verdicts"), "\n".join(precision))
        if problem := self._context.dispatcher.problem(GuildId(guild.id)):
            add_line(embed, words("show.problem"), words.note(problem))
        add_line(embed, words("show.rights_title"), rights_lines(words))
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
        """Set the score at which an action is taken on messages of a class."""
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
        scope, scopes = _scope(channel), _scopes(guild, channel)
        guild_id = GuildId(guild.id)
        entries = self._context.book.entries(guild_id)
        before = self._context.book.of(guild_id)
        was = before.table(scopes)[harm, kind]
        what = _what(harm, kind, channel, words)
        if all(entries.get(name) == value for name, value in changes.items()):
            value = shown(was.threshold, words)
            await say(interaction, words("set.unchanged", what=what, value=value))
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        number = await self._context.change(interaction, changes)
        after = self._context.book.of(guild_id)
        now = after.table(scopes)[harm, kind]
        line = f"{what}: {step(was.threshold, now.threshold, words)}"
        if kind is Kind.TIMEOUT:
            line += f" ({duration(now.minutes, words)})"
        lines = [line]
        if was == now:
            lines.append(words("set.same_value"))
        else:
            comparison = await self._context.settings.compared(
                guild_id, before, after, kind, scope=scope
            )
            lines.append(effect(comparison, kind, DAYS, words))
            lines += await self._reach(guild_id, harm, now.threshold, scope, words)
        await say_changed(interaction, "\n".join(lines), number)

    async def _reach(
        self,
        guild: GuildId,
        harm: str,
        threshold: float | None,
        scope: ChannelId,
        words: Words,
    ) -> list[str]:
        """Say how many messages of the past days reach a threshold; nothing if it is off."""
        if threshold is None:
            return []
        seen = await self._context.settings.seen(guild, scope=scope)
        found = reach(seen, harm, threshold, LEAST_COUNTED)
        return [reach_line(found, harm, threshold, words)]

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
        """Remove thresholds that were set, so that they are inherited again."""
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
        policy, chain = (
            self._context.book.of(guild_id_of(interaction)),
            ChainOf(guild_of(interaction)),
        )
        lines = [words("reset.done"), *reset_lines(present, policy, chain, words)]
        await say_changed(interaction, "\n".join(lines), number)

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
        """Show what another threshold would have done in the past days; change nothing."""
        guild, words = guild_of(interaction), words_of(interaction)
        action, scopes = Kind(kind), _scopes(guild, channel)
        book = self._context.book
        scope_id, guild_id = _scope(channel), GuildId(guild.id)
        new_value = parsed(value)
        changes = {threshold_entry(scope_id, harm, action): new_value}
        entries = book.defaults.changed(book.entries(guild_id), changes, ChainOf(guild))
        now, new = book.of(guild_id), book.defaults.policy(entries)
        was, becomes = (policy.table(scopes)[harm, action].threshold for policy in (now, new))
        what = _what(harm, action, channel, words)
        if was == becomes:
            await say(interaction, words("set.unchanged", what=what, value=shown(becomes, words)))
            return
        await interaction.response.defer(ephemeral=True, thinking=True)
        comparison = await self._context.settings.compared(
            guild_id, now, new, action, days=days, scope=scope_id
        )
        # Scores below both thresholds give the chart its scale.
        seen = await self._context.settings.seen(guild_id, days=days, scope=scope_id)
        picture = await asyncio.to_thread(
            draw,
            comparison,
            seen,
            harm=harm,
            kind=action,
            thresholds=(was, becomes),
            days=days,
            words=words,
        )
        headline = f"{what}: {step(was, becomes, words)}"
        embed = preview_embed(headline, comparison, action, days, words)
        if becomes is not None:
            found = reach(seen, harm, becomes, LEAST_COUNTED)
            embed.description = f"{embed.description}\n{reach_line(found, harm, becomes, words)}"
        typed = INHERIT if new_value is None else str(new_value)
        apply = button(
            words, "set", harm, action, typed, scope_id, style=discord.ButtonStyle.primary
        )
        await say(
            interaction,
            embed=embed,
            view=view_of(apply),
            file=attached_chart(embed, picture, words),
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
        """Suggest the lowest threshold at which verdicts are right as often as wished."""
        guild, words = guild_of(interaction), words_of(interaction)
        verdicts = await self._verdicts(guild)
        judged = sum(verdict.harm == harm for verdict in verdicts)
        wished = f"{precision:.0%}"
        found = suggest(verdicts, harm, precision)
        if judged < FEWEST:
            answer = words(
                "suggest.too_few",
                harm=harm,
                judged=judged,
                fewest=FEWEST,
                right_button=words("button.right"),
                wrong_button=words("button.wrong"),
            )
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

    @change.autocomplete("value")
    @preview.autocomplete("value")
    async def _values(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        """Offer what was typed, the present value and the values of the presets."""
        guild, namespace = guild_id_of(interaction), interaction.namespace
        return threshold_choices(
            self._context.book,
            guild,
            current,
            getattr(namespace, "class", None),
            getattr(namespace, "action", None),
            words_of(interaction),
        )


def _what(harm: str, kind: Kind, channel: discord.abc.GuildChannel | None, words: Words) -> str:
    where = f" · {channel.mention}" if channel else ""
    return f"**{harm}** · {words(f'action.{kind}')}{where}"


def _scope(channel: discord.abc.GuildChannel | None) -> ChannelId:
    return SERVER if channel is None else ChannelId(channel.id)


def _scopes(guild: discord.Guild, channel: discord.abc.GuildChannel | None) -> Scopes:
    return ChainOf(guild)(ChannelId(channel.id)) if channel else ()
