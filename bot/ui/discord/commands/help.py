"""/help: the first steps, and every command that the person who asks can use."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.platform.members import is_moderator
from bot.ui.discord.replies import say, words_of
from bot.ui.discord.translation import text, translated
from bot.ui.discord.tree import FOR_MEMBERS, Tree, is_for_members


def help_command(tree: Tree) -> app_commands.Command[app_commands.Group, ..., None]:
    """Return the command; it lists what is in the tree, so that it cannot go stale."""

    @app_commands.command(name="help", description=text("command.help"), extras={FOR_MEMBERS: True})
    @app_commands.guild_only()
    async def help_(interaction: discord.Interaction) -> None:
        """Show the first steps to moderators, and to everybody the commands they can use."""
        words, moderator = words_of(interaction), is_moderator(interaction.user)
        usable = [
            command
            for command in tree.get_commands()
            if command.name != "help" and (moderator or is_for_members(command))
        ]
        slashes, menus = [], []
        for command in usable:
            if isinstance(command, app_commands.ContextMenu):
                menus.append(f"*{translated(command.name, words)}*")
            else:
                slashes.append(f"`/{command.name}` {translated(command.description, words)}")
        steps = words(
            "help.steps", right_button=words("button.right"), wrong_button=words("button.wrong")
        )
        parts = [
            steps if moderator else words("help.members"),
            f"**{words('help.commands')}**",
            *slashes,
            f"**{words('help.menus')}**",
            *menus,
        ]
        embed = discord.Embed(title=words("help.title"), description="\n".join(parts))
        await say(interaction, embed=embed)

    return help_
