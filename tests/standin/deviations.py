"""Known differences of discord.py or Discord itself from Discord's document, with reasons."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deviation:
    """A violation that the bot does not cause."""

    pattern: str
    """A regular expression that matches the beginning of a violation."""
    reason: str


DEVIATIONS = (
    Deviation(
        r"bulk_set_application_commands request body/\d+: unknown field 'nsfw'",
        "discord.py sends `nsfw` with every command; Discord's pages list it, its document does not.",
    ),
    Deviation(
        r"bulk_set_application_commands (request|answer 200) body/\d+/options/.*/channel_types/\d+: 16 ",
        "Media channels have type 16 on Discord's pages; its document lacks them. discord.py "
        "lists every type for an option that takes any channel.",
    ),
    Deviation(
        r"\w+ request body(/data)?/embeds/\d+: unknown field 'flags'",
        "discord.py sends an embed's `flags`, which exist only in Discord's answers.",
    ),
    Deviation(
        r"update_(message|(original_)?webhook_message) request body: unknown field 'tts'",
        "discord.py sends `tts` with edits too; Discord ignores it.",
    ),
    Deviation(
        r"bulk_delete_messages request body/messages/\d+: \d+ is not of type 'string'",
        "discord.py sends these ids as numbers; Discord accepts them.",
    ),
    Deviation(
        r"\w+ request body(/data)?/allowed_mentions/(users|roles)/\d+: \d+ is not of type 'string'",
        "discord.py sends these ids as numbers; Discord accepts them.",
    ),
    Deviation(
        r"\w+ request body(/data)?/attachments/\d+/id: \d+ is not of type 'string'",
        "discord.py gives new files numeric ids, as do the examples on Discord's pages.",
    ),
    Deviation(
        r"create_interaction_response request with_response: '1' ",
        "discord.py writes the boolean as 1; Discord accepts it.",
    ),
    Deviation(
        r"execute_webhook request (wait|with_components): '[01]' ",
        "discord.py writes booleans as 0 and 1; Discord accepts them.",
    ),
    Deviation(
        r"\w+ answer 429 body: 'code' is a required property",
        "The document requires a code in every error; Discord's rate limits have none.",
    ),
)


def is_known(violation: str) -> bool:
    return any(re.match(deviation.pattern, violation) for deviation in DEVIATIONS)
