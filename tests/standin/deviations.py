"""Where discord.py or Discord itself is known to differ from Discord's document, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deviation:
    """A violation that is none of the bot's doing."""

    pattern: str
    """A regular expression that a violation matches from its beginning."""
    reason: str


DEVIATIONS = (
    Deviation(
        r"bulk_set_application_commands request body/\d+: unknown field 'nsfw'",
        "discord.py sends `nsfw` with every command; Discord's pages list it, its document does not.",
    ),
    Deviation(
        r"bulk_set_application_commands (request|answer 200) body/\d+/options/.*/channel_types/\d+: 16 ",
        "Media channels have type 16 on Discord's pages; its document does not know them. discord.py "
        "lists every type for an option that takes any channel.",
    ),
    Deviation(
        r"\w+ request body(/data)?/embeds/\d+: unknown field 'flags'",
        "discord.py sends an embed's `flags`, which only Discord's answers have.",
    ),
    Deviation(
        r"update_(message|(original_)?webhook_message) request body: unknown field 'tts'",
        "discord.py sends `tts` with edits too; Discord passes over it.",
    ),
    Deviation(
        r"bulk_delete_messages request body/messages/\d+: \d+ is not of type 'string'",
        "discord.py sends these ids as numbers; Discord takes them.",
    ),
    Deviation(
        r"\w+ request body(/data)?/allowed_mentions/(users|roles)/\d+: \d+ is not of type 'string'",
        "discord.py sends these ids as numbers; Discord takes them.",
    ),
    Deviation(
        r"\w+ request body(/data)?/attachments/\d+/id: \d+ is not of type 'string'",
        "discord.py numbers new files with numbers, as Discord's pages do in their examples.",
    ),
    Deviation(
        r"create_interaction_response request with_response: '1' ",
        "discord.py writes the truth value as 1; Discord takes it.",
    ),
    Deviation(
        r"execute_webhook request (wait|with_components): '[01]' ",
        "discord.py writes truth values as 0 and 1; Discord takes them.",
    ),
    Deviation(
        r"\w+ answer 429 body: 'code' is a required property",
        "The document wants a code in every error; Discord's rate limits come without one.",
    ),
)


def is_known(violation: str) -> bool:
    return any(re.match(deviation.pattern, violation) for deviation in DEVIATIONS)
