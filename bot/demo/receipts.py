"""What the page learns of an action: one that the bot refused is answered, not failed.

discord.py's way to refuse is an exception, which the bot answers in words. simcord takes every
exception for a failure, keeps the command in the composer and calls the outcome unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

ANSWERED: Final = {"response", "followup"}
CALLBACK_ERROR: Final = "action-callback-error"


def as_answered(document: dict[str, Any]) -> None:
    """Change an action's receipt, or those in a page's state, in place."""
    for receipt in _receipts(document):
        if receipt.get("settlement") != "failed" or not _is_answered(receipt):
            continue
        receipt["settlement"] = "settled"
        receipt["uncertain"] = False
        receipt["diagnostics"] = [
            each for each in receipt.get("diagnostics") or () if each.get("code") != CALLBACK_ERROR
        ]


def _is_answered(receipt: dict[str, Any]) -> bool:
    return any(outcome.get("kind") in ANSWERED for outcome in receipt.get("outcomes") or ())


def _receipts(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield document
    found = [document.get("lastAction"), *(document.get("activity") or ())]
    yield from (each for each in found if isinstance(each, dict))
