"""The one exception whose text is meant for the person who runs the bot."""

from __future__ import annotations


class OperatorError(Exception):
    """Something the operator must put right: what was wrong, with which value, what to do."""
