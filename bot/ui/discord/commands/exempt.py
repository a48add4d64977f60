"""/exempt: who and where is exempt from the rules."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.domain import Note
from bot.platform.members import MODERATOR
from bot.policy.entries import EXEMPT_MODERATORS, Value, exempt_entry
from bot.policy.thresholds import SettingError
from bot.ui.discord.choices import Place
from bot.ui.discord.context import Context
from bot.ui.discord.formatting import exemption
from bot.ui.discord.histories import say_changed
from bot.ui.discord.quoting import shorten
from bot.ui.discord.replies import guild_id_of, say, words_of
from bot.ui.discord.translation import text


@app_commands.default_permissions(MODERATOR)
@app_commands.guild_only()
class ExemptGroup(app_commands.Group, name="exempt", description=text("command.exempt")):
    """The commands under /exempt."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context

    @app_commands.command(name="add", description=text("command.exempt.add"))
    @app_commands.describe(
        role=text("option.exempt_role"),
        member=text("option.exempt_member"),
        channel=text("option.exempt_channel"),
        moderators=text("option.exempt_moderators"),
    )
    async def add(
        self,
        interaction: discord.Interaction,
        role: discord.Role | None = None,
        member: discord.Member | None = None,
        channel: Place | None = None,
        moderators: bool = False,  # noqa: FBT001, FBT002 - an option of the command
    ) -> None:
        """Exempt a role, a member, a channel or category."""
        await self._change(interaction, _named(role, member, channel, moderators=moderators), True)

    @app_commands.command(name="remove", description=text("command.exempt.remove"))
    @app_commands.describe(
        role=text("option.exempt_role"),
        member=text("option.exempt_member"),
        channel=text("option.exempt_channel"),
        moderators=text("option.exempt_moderators"),
    )
    async def remove(
        self,
        interaction: discord.Interaction,
        role: discord.Role | None = None,
        member: discord.Member | None = None,
        channel: Place | None = None,
        moderators: bool = False,  # noqa: FBT001, FBT002 - an option of the command
    ) -> None:
        """End an exemption."""
        await self._change(interaction, _named(role, member, channel, moderators=moderators), False)

    @app_commands.command(name="list", description=text("command.exempt.list"))
    async def show(self, interaction: discord.Interaction) -> None:
        """Show who and where is exempt."""
        words = words_of(interaction)
        policy = self._context.book.of(guild_id_of(interaction))
        names = [
            exemption(exempt_entry(what, number), words)
            for what, numbers in (
                ("role", policy.exempt_roles),
                ("channel", policy.exempt_channels),
                ("member", policy.exempt_members),
            )
            for number in sorted(numbers)
        ]
        moderators = "yes" if policy.moderators_exempt else "no"
        lines = [words(f"exempt.moderators_{moderators}"), *(f"· {name}" for name in names)]
        await say(
            interaction,
            embed=discord.Embed(
                title=words("exempt.title"), description=shorten("\n".join(lines), 4096)
            ),
        )

    async def _change(
        self,
        interaction: discord.Interaction,
        names: list[str],
        exempt: bool,  # noqa: FBT001
    ) -> None:
        words = words_of(interaction)
        if not names:
            raise SettingError(Note("error.exempt_nothing"))
        changes: dict[str, Value | None] = {}
        for name in names:
            if name == EXEMPT_MODERATORS:
                changes[name] = None if exempt else False
            else:
                changes[name] = True if exempt else None
        entries = self._context.book.entries(guild_id_of(interaction))
        if all(entries.get(name) == value for name, value in changes.items()):
            await say(
                interaction, words("exempt.already.added" if exempt else "exempt.already.removed")
            )
            return
        number = await self._context.change(interaction, changes)
        key = "exempt.added" if exempt else "exempt.removed"
        what = "\n".join(f"· {exemption(name, words)}" for name in names)
        await say_changed(interaction, f"{words(key)}\n{what}", number)


def _named(
    role: discord.Role | None,
    member: discord.Member | None,
    channel: discord.abc.GuildChannel | None,
    *,
    moderators: bool,
) -> list[str]:
    given = (("role", role), ("member", member), ("channel", channel))
    names = [exempt_entry(what, target.id) for what, target in given if target is not None]
    return [*names, EXEMPT_MODERATORS] if moderators else names
