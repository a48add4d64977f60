"""Every command, in the order in which the reference lists them."""

from __future__ import annotations

from bot.commands.alerts import AlertsGroup
from bot.commands.allow import AllowGroup
from bot.commands.buttons import AlertButtons
from bot.commands.context import Context
from bot.commands.controls import Controls
from bot.commands.exempt import ExemptGroup
from bot.commands.mode import mode_command
from bot.commands.privacy import PrivacyGroup
from bot.commands.report import report_command
from bot.commands.score import score_command, why_command
from bot.commands.setup import setup_command
from bot.commands.threshold import ThresholdGroup
from bot.commands.tree import Tree


def add_commands(tree: Tree, controls: Controls, context: Context) -> None:
    """Add every command to a tree, and have every button and select answered."""
    AlertButtons(context, controls)
    tree.add_command(setup_command(context, controls))
    tree.add_command(mode_command(context, controls))
    tree.add_command(ThresholdGroup(context, controls))
    tree.add_command(ExemptGroup(context))
    tree.add_command(AlertsGroup(context))
    tree.add_command(AllowGroup(context))
    tree.add_command(PrivacyGroup(context))
    tree.add_command(score_command(context))
    tree.add_command(why_command(context, controls))
    tree.add_command(report_command(context))
