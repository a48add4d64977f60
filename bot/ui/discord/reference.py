"""The command reference, made from the command tree itself."""

from __future__ import annotations

from collections.abc import Iterator

import discord
from discord import app_commands

from bot.ui.discord.tree import FOR_MEMBERS, Tree

HEAD = """# Commands

Made from the command tree by `make docs`; a test fails when it is stale. Descriptions, options and
answers are shown in English, German or Spanish, as whoever asks has set Discord; the names of
commands are the same everywhere, so that people can tell each other what to type.

Commands are offered to members with *Manage Messages* in the whole server, which its administrators
can change under *Server Settings → Integrations*; the bot checks the permission again itself.
`/privacy` and *Report to moderators* are for every member. None works in direct messages. Answers are seen only by whoever asked.
"""


def reference(tree: Tree) -> str:
    """Return the reference of every command in a tree, in Markdown."""
    parts = [HEAD]
    for command in tree.get_commands():
        parts += _of(command)
    return "\n".join(parts)


def _of(
    command: app_commands.Command[app_commands.Group, ..., None]
    | app_commands.Group
    | app_commands.ContextMenu,
) -> Iterator[str]:
    if isinstance(command, app_commands.ContextMenu):
        who = "every member" if command.extras.get(FOR_MEMBERS) else "moderators"
        yield f"## {command.name}\n"
        yield f"In the menu of a message, under *Apps*, for {who}.\n"
        return
    if isinstance(command, app_commands.Group):
        everybody = any(child.extras.get(FOR_MEMBERS) for child in command.commands)
        who = " For every member." if everybody else ""
        yield f"## /{command.qualified_name}\n\n{command.description}.{who}\n"
        for child in command.commands:
            yield from _of(child)
        return
    level = "##" if command.parent is None else "###"
    yield f"{level} /{command.qualified_name}\n\n{command.description}.\n"
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
