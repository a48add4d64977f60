"""The button that shows the messages around an alert's message."""

from __future__ import annotations

import discord

from bot.desk.evidence import Neighbour
from bot.domain import Post
from bot.ui.discord.context import Context
from bot.ui.discord.controls import Controls, Press
from bot.ui.discord.links import message_url
from bot.ui.discord.quoting import harmless, quoted, shorten
from bot.ui.discord.replies import member_of, say, words_of
from bot.ui.words import Words

QUOTED = 80
"""The quoted characters of each message. A link leads to the full message."""


class SurroundingsButton:
    """Handles the button *Messages around it*. Only the person who pressed it sees the answer."""

    def __init__(self, context: Context, controls: Controls) -> None:
        self._context = context
        controls.on("around", self._around)

    async def _around(self, interaction: discord.Interaction, press: Press) -> None:
        words = words_of(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        lead = press.case()
        asker = self._context.gate.admit(member_of(interaction))
        post, found = await self._context.evidence.around(lead, asker)
        spoilers = self._context.book.of(lead.guild).spoilers
        lines = [_line(post, each, words, spoilers=spoilers) for each in found]
        if all(each.id != post.subject_id for each in found):
            lines.append(words("around.gone"))
        await say(
            interaction,
            embed=discord.Embed(
                title=words("around.title"),
                description=shorten("\n".join(lines), 4_000) or words("around.nothing"),
            ),
        )


def _line(post: Post, each: Neighbour, words: Words, *, spoilers: bool) -> str:
    """Return a line for one message: a link, its time, its author and the beginning of its text."""
    url = message_url(post.guild_id, post.channel_id, each.id)
    name = harmless(shorten(each.author_name, 30))
    text = quoted(" ".join(each.text.split()), QUOTED, spoilers=spoilers) or words("around.no_text")
    mark = "➤ " if each.id == post.subject_id else ""
    return (
        f"{mark}[{words('around.open')}]({url}) <t:{int(each.at.timestamp())}:T> **{name}** {text}"
    )
