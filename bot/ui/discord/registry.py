"""Registers every command, in the order of the command reference."""

from __future__ import annotations

from bot.ui.discord.buttons import AlertButtons
from bot.ui.discord.commands.alerts import AlertsGroup
from bot.ui.discord.commands.allow import AllowGroup
from bot.ui.discord.commands.exempt import ExemptGroup
from bot.ui.discord.commands.help import help_command
from bot.ui.discord.commands.mode import mode_command
from bot.ui.discord.commands.privacy import PrivacyGroup
from bot.ui.discord.commands.report import report_command
from bot.ui.discord.commands.score import score_command, why_command
from bot.ui.discord.commands.setup import setup_command
from bot.ui.discord.commands.threshold import ThresholdGroup
from bot.ui.discord.commands.undo import history_command, undo_command
from bot.ui.discord.context import Context
from bot.ui.discord.controls import Controls
from bot.ui.discord.surroundings import SurroundingsButton
from bot.ui.discord.tree import Tree


def add_commands(tree: Tree, controls: Controls, context: Context) -> None:
    """Add every command to a tree, and register the handlers of every button and select."""
    AlertButtons(context, controls)
    SurroundingsButton(context, controls)
    tree.add_command(help_command(tree))
    tree.add_command(setup_command(context, controls))
    tree.add_command(mode_command(context, controls))
    tree.add_command(ThresholdGroup(context, controls))
    tree.add_command(undo_command(context, controls))
    tree.add_command(history_command(context))
    tree.add_command(ExemptGroup(context))
    tree.add_command(AlertsGroup(context))
    tree.add_command(AllowGroup(context))
    tree.add_command(PrivacyGroup(context))
    tree.add_command(score_command(context))
    tree.add_command(why_command(context, controls))
    tree.add_command(report_command(context))
