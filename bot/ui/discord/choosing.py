"""Asks a moderator which messages or people of an alert to act on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import discord

from bot.desk.record import Record
from bot.domain import Case, CaseId, UserId
from bot.enforcement.grouping import numbered
from bot.ui.discord.items import button, control_id, parts_of, view_of
from bot.ui.discord.quoting import shorten
from bot.ui.words import Words

PAGE: Final = 25
"""Discord's limit for the options of a select."""

LABEL: Final = 100
"""Discord's limit for an option's label and description."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The action that the choice is for, the alert's message, and its lead case."""

    act: str
    alert_id: int
    lead: CaseId

    def control(self, name: str, *parts: str | int) -> str:
        """Return the custom id of one of the choice's controls."""
        return control_id(name, self.act, *parts, self.alert_id, *parts_of(self.lead))


def choose_messages(
    choice: Choice, record: Record, names: Mapping[UserId, str], page: int, words: Words
) -> discord.ui.View:
    """Return a select with one page of an alert's messages, and the buttons "all" and "cancel"."""
    cases = numbered(record.cases)

    def option(place: int) -> discord.SelectOption:
        case = cases[place]
        post, lead = case.decision.post, case.decision.lead
        name = names.get(post.author_id) or str(post.author_id)
        score = f" · {lead.harm} {lead.score:.2f}" if lead else ""
        verdict = record.judgements.get(case.id)
        notes = [f"{post.at:%H:%M:%S} UTC"]
        if record.deleted(case):
            notes.append(words("choose.deleted"))
        if verdict is not None:
            notes.append(words(f"judgement.{verdict}"))
        return discord.SelectOption(
            label=shorten(f"{place + 1} · {name}{score}", LABEL),
            value=":".join(map(str, parts_of(case.id))),
            description=shorten(" · ".join(notes), LABEL),
        )

    return _view(choice, len(cases), page, option, words)


def choose_people(
    choice: Choice, people: Sequence[UserId], names: Mapping[UserId, str], page: int, words: Words
) -> discord.ui.View:
    """Return a select with one page of people, and the buttons "all" and "cancel"."""

    def option(place: int) -> discord.SelectOption:
        person = people[place]
        return discord.SelectOption(
            label=shorten(names.get(person) or words("alert.unknown"), LABEL),
            value=str(person),
            description=str(person),
        )

    return _view(choice, len(people), page, option, words)


def on_page(cases: Sequence[Case], page: int) -> list[UserId]:
    """Return the authors of the messages on one page, without duplicates."""
    shown = numbered(cases)[page * PAGE : (page + 1) * PAGE]
    return list(dict.fromkeys(case.decision.post.author_id for case in shown))


def _view(
    choice: Choice,
    count: int,
    page: int,
    option: Callable[[int], discord.SelectOption],
    words: Words,
) -> discord.ui.View:
    last = max(0, (count - 1) // PAGE)
    page = min(max(page, 0), last)
    options = [option(place) for place in range(page * PAGE, min(count, (page + 1) * PAGE))]
    select: discord.ui.Select[discord.ui.View] = discord.ui.Select(
        custom_id=choice.control("some"),
        placeholder=words("choose.some"),
        min_values=1,
        max_values=len(options),
        options=options,
    )
    items: list[discord.ui.Item[discord.ui.View]] = [select]
    if last:
        items += [
            discord.ui.Button(
                label=label,
                custom_id=choice.control("page", wanted),
                disabled=not 0 <= wanted <= last,
            )
            for label, wanted in (("◀", page - 1), ("▶", page + 1))
        ]
    items.append(
        discord.ui.Button(
            label=words("choose.all", count=count),
            custom_id=choice.control("all"),
            style=discord.ButtonStyle.danger,
        )
    )
    items.append(button(words, "cancel"))
    return view_of(*items)
