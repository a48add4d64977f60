"""/threshold: at which score this server is told, deletes and times out, and what a change does."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime, timedelta
from typing import Final

import discord
from discord import app_commands

from bot.domain import Kind, Note
from bot.platform.members import MODERATOR
from bot.policy.entries import OFF, PRESET, Value, minutes_entry, threshold_entry
from bot.policy.precision import FEWEST, precision_at, suggest
from bot.policy.replay import Comparison, Judged, compare
from bot.policy.rules import SERVER, Policy
from bot.policy.thresholds import LONGEST_TIMEOUT, SettingError
from bot.ui.discord.alert import FIELD_LENGTH, button, duration, shorten, view_of
from bot.ui.discord.charts import LOWEST, draw
from bot.ui.discord.commands.setup import add_state
from bot.ui.discord.context import DAYS, ChainOf, Context
from bot.ui.discord.controls import Controls, Press
from bot.ui.discord.formatting import entry_name, entry_value, shown
from bot.ui.discord.replies import guild_of, say, words_of
from bot.ui.discord.translation import text
from bot.ui.words import LANGUAGES, Words, table
from model.classes import HARMS

Place = (
    discord.TextChannel
    | discord.VoiceChannel
    | discord.StageChannel
    | discord.ForumChannel
    | discord.CategoryChannel
)
HARM_CHOICES: Final = [
    app_commands.Choice(name=text(f"class.{harm}"), value=harm) for harm in HARMS
]
KIND_CHOICES: Final = [
    app_commands.Choice(name=text(f"action.{kind}"), value=kind.value) for kind in Kind
]
INHERIT: Final = "inherit"
HISTORY: Final = 10
LONGEST_PREVIEW: Final = 90


def parsed(value: str) -> float | str | None:
    """Read a threshold as people type it: a number, "off", or ``None`` for "inherit".

    Raises ``SettingError`` for anything else.
    """
    word = value.strip().lower()
    for language in LANGUAGES:
        words = table(language)
        if word in {OFF, words("value.off").lower()}:
            return OFF
        if word in {INHERIT, words("value.inherit").lower()}:
            return None
    try:
        number = float(word.replace(",", "."))
    except ValueError:
        raise SettingError(Note("error.value", {"value": shorten(value, 40)})) from None
    if not 0 <= number <= 1:
        raise SettingError(Note("error.number", {"value": shorten(value, 40)}))
    return number


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
        policy = self._context.book.of(guild.id)
        verdicts = await self._context.store.journal.verdicts(
            guild.id, self._context.scorer.version
        )
        embed = discord.Embed(
            title=words("show.title") + (f" · #{channel.name}" if channel else ""),
            description=_table(policy, _scopes(guild, channel), words) + words("show.meaning"),
        )
        add_state(embed, guild, policy, words)
        overridden = [f"<#{scope}>" for scope in policy.overrides if scope != SERVER]
        if overridden and channel is None:
            embed.add_field(
                name=words("show.overrides"),
                value=shorten(" ".join(overridden), 1000),
                inline=False,
            )
        lines = [
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
        if lines:
            embed.add_field(name=words("show.verdicts"), value="\n".join(lines), inline=False)
        if problem := self._context.dispatcher.problem(guild.id):
            embed.add_field(
                name=words("show.problem"),
                value=shorten(words.note(problem), FIELD_LENGTH),
                inline=False,
            )
        await say(interaction, embed=embed)

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
            threshold_entry(channel.id if channel else SERVER, harm, Kind(kind)): parsed(value)
        }
        if minutes is not None:
            if Kind(kind) is not Kind.TIMEOUT:
                raise SettingError(Note("error.minutes_action"))
            changes[minutes_entry(channel.id if channel else SERVER, harm)] = minutes
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
        before = self._context.book.of(guild.id)
        number = await self._context.change(guild, interaction.user.id, changes)
        after = self._context.book.of(guild.id)
        was, now = before.table(scopes)[harm, kind], after.table(scopes)[harm, kind]
        past = await self._context.past(
            guild, [before, after], scope_id=channel.id if channel else 0
        )
        comparison = await asyncio.to_thread(compare, past, before, after, kind)
        where = f" · {channel.mention}" if channel else ""
        line = (
            f"**{harm}** · {words(f'action.{kind}')}{where}: "
            f"{shown(was.threshold, words)} → **{shown(now.threshold, words)}**"
        )
        if kind is Kind.TIMEOUT:
            line += f" ({duration(now.minutes, words)})"
        effect = _effect(comparison, kind, DAYS, words)
        end = words("set.unchanged") if number is None else words("set.undo", number=number)
        await say(interaction, f"{line}\n{effect}\n{end}")

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
        guild, words = guild_of(interaction), words_of(interaction)
        scope_id = channel.id if channel else SERVER
        wanted: dict[str, None] = {}
        for each in [harm] if harm else HARMS:
            for action in [Kind(kind)] if kind else Kind:
                wanted[threshold_entry(scope_id, each, action)] = None
            if kind in {None, Kind.TIMEOUT}:
                wanted[minutes_entry(scope_id, each)] = None
        present = {name: None for name in wanted if name in self._context.book.entries(guild.id)}
        if not present:
            await say(interaction, words("reset.nothing"))
            return
        number = await self._context.change(guild, interaction.user.id, present)
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
        scope_id = channel.id if channel else SERVER
        new_value = parsed(value)
        changes = {threshold_entry(scope_id, harm, action): new_value}
        entries = book.defaults.changed(book.entries(guild.id), changes, ChainOf(guild))
        await interaction.response.defer(ephemeral=True, thinking=True)
        now, new = book.of(guild.id), book.defaults.policy(entries)
        past = await self._context.past(guild, [now, new], days=days, scope_id=scope_id)
        comparison = await asyncio.to_thread(compare, past, now, new, action)
        values = tuple(policy.table(scopes)[harm, action].threshold for policy in (now, new))
        # What lies below both thresholds gives the picture its scale.
        seen = await self._context.store.journal.past(
            guild.id, datetime.now(UTC) - timedelta(days=days), LOWEST, scope_id
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
        embed = discord.Embed(
            title=words("preview.title"),
            description=f"**{harm}** · {words(f'action.{action}')}{where}: "
            f"{shown(values[0], words)} → **{shown(values[1], words)}**\n"
            f"{_effect(comparison, action, days, words)}",
        )
        for name, judged in (("extra", comparison.extra), ("spared", comparison.spared)):
            if judged.total:
                embed.add_field(name=words(f"preview.{name}"), value=_judged(judged, words))
        embed.set_footer(text=words("preview.footer"))
        embed.set_image(url="attachment://preview.png")
        typed = INHERIT if new_value is None else str(new_value)
        apply = button(
            words, "set", harm, action, typed, scope_id, style=discord.ButtonStyle.primary
        )
        await say(
            interaction,
            embed=embed,
            view=view_of(apply),
            file=discord.File(io.BytesIO(picture), "preview.png", description=words("preview.alt")),
        )

    async def _set_from_preview(self, interaction: discord.Interaction, press: Press) -> None:
        harm, kind, value, scope = press.parts
        guild = guild_of(interaction)
        channel = guild.get_channel(int(scope))
        if scope != str(SERVER) and channel is None:
            raise SettingError(Note("error.channel_gone"))
        changes = {threshold_entry(int(scope), harm, Kind(kind)): parsed(value)}
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
        verdicts = await self._context.store.journal.verdicts(
            guild.id, self._context.scorer.version
        )
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
        guild, words = guild_of(interaction), words_of(interaction)
        changes = await self._context.store.desk.changes(guild.id)
        undone = await self._context.store.desk.undone(guild.id)
        lines = []
        for change in changes[:HISTORY]:
            line = (
                f"`#{change.number}` <t:{int(change.changed_at.timestamp())}:R> "
                f"<@{change.changed_by}> · {entry_name(change.name, words)}: "
                f"{entry_value(change.name, change.before, words)} → "
                f"**{entry_value(change.name, change.after, words)}**"
            )
            if change.undoes is not None:
                line += f" *({words('history.undoes', number=change.undoes)})*"
            lines.append(f"~~{line}~~" if change.number in undone else line)
        await say(
            interaction,
            embed=discord.Embed(
                title=words("history.title"),
                description=shorten("\n".join(lines), 4096) or words("history.nothing"),
            ),
        )

    @app_commands.command(name="undo", description=text("command.threshold.undo"))
    @app_commands.describe(change=text("option.change"))
    async def undo(self, interaction: discord.Interaction, change: int | None = None) -> None:
        """Take a change back; the latest change of a threshold unless another one is named."""
        guild, words = guild_of(interaction), words_of(interaction)
        desk = self._context.store.desk
        undone = await desk.undone(guild.id)
        number = change
        if number is None:
            number = next(
                (
                    found.number
                    for found in await desk.changes(guild.id, most=500)
                    if found.name.startswith(("threshold.", "minutes.", PRESET))
                    and found.number not in undone
                    and found.undoes is None
                ),
                None,
            )
        found_changes = [] if number is None else await desk.changes(guild.id, number=number)
        if number is None or not found_changes:
            await say(interaction, words("undo.nothing"))
            return
        entries = self._context.book.entries(guild.id)
        if number in undone or any(
            entries.get(found.name) != found.after for found in found_changes
        ):
            await say(interaction, words("undo.stale", number=number))
            return
        await self._context.change(
            guild,
            interaction.user.id,
            {found.name: found.before for found in found_changes},
            expecting={found.name: found.after for found in found_changes},
            undoes=number,
        )
        lines = [
            f"· {entry_name(found.name, words)}: {entry_value(found.name, found.after, words)} → "
            f"**{entry_value(found.name, found.before, words)}**"
            for found in found_changes
        ]
        await say(
            interaction, shorten("\n".join([words("undo.done", number=number), *lines]), 2000)
        )

    @undo.autocomplete("change")
    async def _changes(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[int]]:
        guild, words = guild_of(interaction), words_of(interaction)
        undone = await self._context.store.desk.undone(guild.id)
        choices: dict[int, str] = {}
        for change in await self._context.store.desk.changes(guild.id):
            if change.number not in undone and change.number not in choices:
                choices[change.number] = shorten(
                    f"#{change.number} {entry_name(change.name, words)}: "
                    f"{entry_value(change.name, change.before, words)} → "
                    f"{entry_value(change.name, change.after, words)}",
                    100,
                )
        return [
            app_commands.Choice(name=name, value=number)
            for number, name in choices.items()
            if current in name
        ][:25]

    @change.autocomplete("value")
    @preview.autocomplete("value")
    async def _values(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        """Offer what is likely to be meant: what was typed, today's value, the presets' ones."""
        guild, words = guild_of(interaction), words_of(interaction)
        harm = getattr(interaction.namespace, "class", None)
        kind = getattr(interaction.namespace, "action", None)
        offered: dict[str, str] = {}
        if current.strip():
            try:
                typed = parsed(current)
            except SettingError as error:
                return [
                    app_commands.Choice(name=shorten(words.note(error.note), 100), value=current)
                ]
            if isinstance(typed, float):
                offered[f"{typed:g}"] = f"{typed:g}"
        if harm in HARMS and kind in set(Kind):
            book = self._context.book
            today = book.of(guild.id).table()[harm, Kind(kind)].threshold
            if today is not None:
                offered[f"{today:g}"] = words("value.today", value=f"{today:.2f}")
            for name, preset in book.defaults.presets.items():
                value = preset[harm].of(Kind(kind))
                if value is not None:
                    offered.setdefault(f"{value:g}", f"{value:.2f} ({words(f'preset.{name}')})")
        offered[OFF] = words("value.off")
        offered[INHERIT] = words("value.inherit")
        return [app_commands.Choice(name=name, value=value) for value, name in offered.items()][:25]


def _scopes(guild: discord.Guild, channel: discord.abc.GuildChannel | None) -> tuple[int, ...]:
    return ChainOf(guild)(channel.id) if channel else ()


def _table(policy: Policy, scopes: tuple[int, ...], words: Words) -> str:
    heads = [words(f"short.{kind}") for kind in Kind]
    rows = [f"{'':<10}" + "".join(f"{head:>8}" for head in heads)]
    table_ = policy.table(scopes)
    for harm in policy.defaults:
        values = [shown(table_[harm, kind].threshold, words) for kind in Kind]
        rows.append(f"{harm:<10}" + "".join(f"{value:>8}" for value in values))
    return "```\n" + "\n".join(rows) + "\n```"


def _effect(comparison: Comparison, kind: Kind, days: int, words: Words) -> str:
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


def _judged(judged: Judged, words: Words) -> str:
    return words(
        "preview.judged",
        total=judged.total, right=judged.right, wrong=judged.wrong, unjudged=judged.unjudged,
    )  # fmt: skip
