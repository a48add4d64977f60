"""What people are shown: the answers to what they do, and the latest alert."""

from __future__ import annotations

import json
from datetime import datetime

import discord
from simcord.results import InteractionResult

from tests.world import World


def said(result: InteractionResult) -> str:
    """Return everything that only the person who acted can see."""
    shown = [result.response] if result.response and result.response.ephemeral else []
    return "\n".join(message.content for message in (*shown, *result.followups))


async def ask(world: World, name: str, **options: object) -> str:
    """Have the moderator use a command; return the answer, embeds included, as text."""
    result = await world.moderator.slash(world.desk, name, **options)
    assert result.response is not None
    assert result.response.ephemeral
    embeds = [embed.to_dict() for embed in result.response.embeds]
    return result.response.content + json.dumps(embeds, ensure_ascii=False)


def field(world: World, name: str) -> str:
    """Return a field of the latest alert, empty where it has none of that name."""
    (embed,) = world.alert.embeds
    return next((found.value or "" for found in embed.fields if found.name == name), "")


def offered(world: World) -> dict[str, bool]:
    """Return the labels under the latest alert, and whether they can be pressed."""
    return {
        item.label or "": not item.disabled
        for row in world.alert.components
        if isinstance(row, discord.ActionRow)
        for item in row.children
        if isinstance(item, discord.Button)
    }


async def timed_out(world: World) -> datetime | None:
    """Return until when the member is timed out."""
    return (await world.fetched()).timed_out_until
