"""The reference of all commands in docs/commands.md, generated from the command tree."""

from __future__ import annotations

from collections.abc import Iterator

import discord
from discord import app_commands

from bot.ui.discord.tree import AnyCommand, Tree, is_for_members

HEAD = """# Commands

Generated from the command tree by `make docs`; a test fails when this page is out of date.

Answers are seen only by the person who asked, in the language of their Discord client: English,
German or Spanish. Alerts use the language of the server, or the one chosen with `/alerts language`.
The names of commands are the same in every language, so that people can tell each other what to
type.

Discord offers the commands to members with *Manage Messages* in the whole server. Administrators
can change that under *Server Settings → Integrations*; the bot checks the permission again itself.
`/help`, `/privacy` and *Report to moderators* are for every member. Time-out thresholds also need
*Timeout Members*; `/mode`, presets and `/exempt` also need *Manage Server*. No command works in
direct messages.
"""


def reference(tree: Tree) -> str:
    """Return the reference of all commands in a tree, in Markdown."""
    parts = [HEAD]
    for command in tree.get_commands():
        parts += _of(command)
    return "\n".join(parts)


def _of(command: AnyCommand) -> Iterator[str]:
    if isinstance(command, app_commands.ContextMenu):
        who = "every member" if is_for_members(command) else "moderators"
        yield f"## {command.name}\n"
        yield f"In the menu of a message, under *Apps*, for {who}.\n"
        return
    who = " For every member." if command.parent is None and is_for_members(command) else ""
    if isinstance(command, app_commands.Group):
        yield f"## /{command.qualified_name}\n\n{command.description}.{who}\n"
        for child in command.commands:
            yield from _of(child)
        return
    level = "##" if command.parent is None else "###"
    yield f"{level} /{command.qualified_name}\n\n{command.description}.{who}\n"
    if command.parameters:
        yield "| option | | |\n|---|---|---|"
        for option in command.parameters:
            needed = "required" if option.required else "optional"
            if option.default is not None and option.default is not discord.utils.MISSING:
                needed += f", {option.default}"
            yield f"| `{option.display_name}` | {needed} | {option.description}{_allowed(option)} |"
        yield ""


def _allowed(option: app_commands.Parameter) -> str:
    if option.choices:
        return ": " + ", ".join(f"`{choice.value}`" for choice in option.choices)
    limited = (
        option.type is not discord.AppCommandOptionType.string and option.min_value is not None
    )
    if not limited or any(letter.isdigit() for letter in str(option.description)):
        return ""
    return f" ({option.min_value:g} to {option.max_value:g})"
