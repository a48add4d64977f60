"""What people are shown: the answers to what they do, and the latest alert."""

from __future__ import annotations

import json
from datetime import datetime

import discord
from simcord.actors import MemberActor
from simcord.results import InteractionResult, ResponseMessage

from tests.world import World


def said(result: InteractionResult) -> str:
    """Return everything that only the person who acted can see."""
    shown = [result.response] if result.response and result.response.ephemeral else []
    return "\n".join(message.content for message in (*shown, *result.followups))


def asked_of(result: InteractionResult) -> ResponseMessage:
    """Return the question that a button asked: its latest answer, which the question is."""
    found = result.followups[-1] if result.followups else result.response
    assert found is not None
    return found


async def ask(world: World, name: str, **options: object) -> str:
    """Have the moderator use a command; return the answer, embeds included, as text."""
    result = await world.moderator.slash(world.desk, name, **options)
    assert result.response is not None
    assert result.response.ephemeral
    embeds = [json.dumps(each.to_dict(), ensure_ascii=False) for each in result.response.embeds]
    return "\n".join([result.response.content, *embeds]).strip()


async def shown(world: World, name: str, **options: object) -> discord.Embed:
    """Have the moderator use a command that answers with one embed; return it."""
    result = await world.moderator.slash(world.desk, name, **options)
    assert result.response is not None
    (embed,) = result.response.embeds
    return embed


def ruled(embed: discord.Embed) -> dict[str, list[str]]:
    """Return what an explained score says of each class: the rules, in their order."""
    rules: dict[str, list[str]] = {}
    for line in (embed.description or "").strip("`\n").splitlines():
        if line.startswith("  "):
            rules[next(reversed(rules))].append(line.strip())
        else:
            rules[line.split()[0]] = []
    return rules


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


async def timed_out(world: World, who: MemberActor | None = None) -> datetime | None:
    """Return until when the member, or another one, is timed out; the bot keeps no members."""
    guild = world.env.bot.get_guild(world.guild.id)
    assert guild is not None
    return (await guild.fetch_member((who or world.member).id)).timed_out_until
