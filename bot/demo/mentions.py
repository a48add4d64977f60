"""Mentions and times as Discord shows them, where simcord's page shows less."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

MENTION: Final = re.compile(r"<(?:@[!&]?|#)[0-9]{1,20}>")


def as_discord_shows(state: dict[str, Any], names: Mapping[str, str]) -> None:
    """Change a page's state in place.

    Mentions in embeds become mentions; simcord shows their ids, Discord names. "5 minutes ago" is
    drawn anew as time goes by; simcord draws a message only when the message changes.
    """
    now = state.get("profile", {}).get("presentationTime")
    for message in state.get("messages", {}).values():
        for tokens in _embed_texts(message):
            _name_mentions(tokens, names)
        for token in _walk([message.get("content_tokens"), message.get("embeds")]):
            if token.get("type") == "timestamp" and token.get("style") == "R":
                token["drawn_at"] = now


def _embed_texts(message: Mapping[str, Any]) -> Iterator[list[Any]]:
    for embed in message.get("embeds") or ():
        parts = [(embed, "description_tokens")]
        parts += [(field, "value_tokens") for field in embed.get("fields") or ()]
        for part, key in parts:
            if isinstance(part.get(key), list):
                yield part[key]


def _name_mentions(tokens: list[Any], names: Mapping[str, str]) -> None:
    named: list[Any] = []
    for token in tokens:
        if token.get("type") == "text":
            named += _split(str(token.get("content", "")), names)
            continue
        if isinstance(token.get("children"), list):
            _name_mentions(token["children"], names)
        named.append(token)
    tokens[:] = named


def _split(text: str, names: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Return a text's tokens; an unknown mention stays a text, as it does on Discord."""
    end = 0
    for found in MENTION.finditer(text):
        name = names.get(found[0].replace("!", ""))
        if name is not None:
            yield {"type": "text", "content": text[end : found.start()]}
            yield {"type": "mention", "label": name}
            end = found.end()
    yield {"type": "text", "content": text[end:]}


def _walk(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _walk(each)
