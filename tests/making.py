"""Factories for test values, such as posts and decisions, with defaults for every field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.desk.people import Asker, Right
from bot.domain import (
    POSTED,
    CaseId,
    ChannelId,
    Decision,
    GuildId,
    Kind,
    Mode,
    Post,
    Reason,
    Revision,
    SubjectId,
    Surface,
    UserId,
)
from model.classes import CLASSES

START = datetime(2026, 1, 1, tzinfo=UTC)
SCORES = dict.fromkeys(CLASSES, 0.25)
ALL_RIGHTS = Asker(UserId(9), frozenset(Right))


def case_id(
    subject: int = 1,
    *,
    guild: int = 2,
    surface: Surface = Surface.MESSAGE,
    revision: Revision = POSTED,
) -> CaseId:
    return CaseId(GuildId(guild), surface, SubjectId(subject), revision)


def post(
    subject: int = 1,
    *,
    guild: int = 2,
    channel: int = 3,
    author: int = 4,
    at: datetime = START,
    text: str = "text",
    surface: Surface = Surface.MESSAGE,
    revision: Revision = POSTED,
    **more: Any,
) -> Post:
    return Post(
        case_id(subject, guild=guild, surface=surface, revision=revision),
        ChannelId(channel),
        UserId(author),
        at,
        text,
        **more,
    )


def decision(
    subject: int = 1, *kinds: Kind, mode: Mode = Mode.ENFORCE, model: str = "m", **more: Any
) -> Decision:
    reasons = tuple(Reason(kind, "hate", 0.9, 0.5) for kind in kinds)
    return Decision(post(subject, **more), SCORES, model, reasons, mode=mode)
