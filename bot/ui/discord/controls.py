"""Routes buttons and selects by their custom ids, so that they work after a restart."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import discord
import structlog

from bot.desk.people import RefusalError
from bot.domain import CaseId, GuildId, Note
from bot.platform.members import is_moderator
from bot.policy.thresholds import SettingError
from bot.ui.discord.items import case_from, control_id
from bot.ui.discord.replies import say, words_of

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Press:
    """A button that was pressed, or a select that was used.

    ``parts`` are the parts of the custom id after the name. ``values`` are the selected values,
    which are ids for a channel select.
    """

    name: str
    guild: GuildId
    parts: tuple[str, ...]
    values: tuple[str, ...]

    def case(self, parts: Sequence[str] | None = None) -> CaseId:
        """Return the case in a control's id. Raises ``RefusalError`` if there is none."""
        found = case_from(self.guild, self.parts if parts is None else parts)
        if found is None:
            raise RefusalError(Note("refused.old_button"))
        return found


Handler = Callable[[discord.Interaction, Press], Awaitable[None]]


class Controls:
    """The handlers of all controls, by name."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}

    def on(self, name: str, handler: Handler) -> None:
        """Register the handler of the controls with a name."""
        if name in self._handlers:
            raise ValueError(f"{name} already has a handler")
        self._handlers[name] = handler

    def item(self) -> type[discord.ui.DynamicItem[Any]]:
        """Return the class that discord.py creates for each used control, of whatever name."""
        controls = self

        class Control(
            discord.ui.DynamicItem[discord.ui.Item[discord.ui.View]],
            template=re.escape(control_id("")) + r"(?P<name>[a-z_]+)(?::(?P<parts>.*))?",
        ):
            @classmethod
            async def from_custom_id(
                cls,
                interaction: discord.Interaction,
                item: discord.ui.Item[Any],
                match: re.Match[str],
                /,
            ) -> Control:
                del interaction
                control = cls(item)
                control.match = match
                return control

            match: re.Match[str]

            async def callback(self, interaction: discord.Interaction) -> None:
                data: dict[str, Any] = dict(interaction.data or {})
                parts = self.match["parts"]
                press = Press(
                    self.match["name"],
                    GuildId(interaction.guild_id or 0),
                    tuple(parts.split(":")) if parts else (),
                    tuple(data.get("values", ())),
                )
                await controls.answer(interaction, press)

        return Control

    async def answer(self, interaction: discord.Interaction, press: Press) -> None:
        """Handle one control, for moderators of the server only.

        The person is told about a failure, as with a command. discord.py would only log it.
        """
        words = words_of(interaction)
        handler = self._handlers.get(press.name)
        try:
            if interaction.guild is None or not is_moderator(interaction.user):
                await say(interaction, words("refused.moderators"))
            elif handler is None:
                await say(interaction, words("refused.old_button"))
            else:
                await handler(interaction, press)
        except RefusalError as error:
            await say(interaction, words.note(error.note))
        except SettingError as error:
            await say(interaction, words("refused.unchanged", why=words.note(error.note)))
        except Exception as error:
            log.error(  # noqa: TRY400 - exc_info has the traceback
                "button failed",
                control=press.name,
                guild_id=interaction.guild_id,
                interaction_id=interaction.id,
                exc_info=error,
            )
            await say(interaction, words("refused.fault", id=interaction.id))
