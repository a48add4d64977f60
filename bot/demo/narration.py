"""What the demo tells its visitor to try, in the terminal and in the channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.ui.words import words_for

BORDERLINE: Final = "you play like garbage"
HATEFUL: Final = "immigrants are filthy animals and should be shot"

UNDO: Final = "/undo"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to try; every step changes something that the visitor sees."""

    who: str
    what: str
    """In Discord's markdown; a text to write or a command stands in backticks."""
    result: str


def steps() -> tuple[Step, ...]:
    """Return what to try, in order. Each role acts on what the step before it showed."""
    words = words_for("en")
    right, time_out, undo, apply = (
        f"*{words(f'button.{name}')}*" for name in ("right", "timeout", "undo", "set")
    )
    report, why = f"*{words('menu.report')}*", f"*{words('menu.why')}*"
    return (
        Step("Robin", f"write `{HATEFUL}`", "It is deleted, and an alert appears."),
        Step("Morgan", f"press {right} under the alert", "The alert says who judged it."),
        Step("Robin", f"write `{BORDERLINE}`", "It stays, and a second alert appears."),
        Step(
            "Morgan",
            f"press {time_out} under the new alert, choose 1 h, then press {undo}",
            "The alert lists what you did.",
        ),
        Step(
            "Morgan",
            "use `/threshold preview`: class insult, action alert, value 0.9",
            f"You see what that would have changed last week. {apply} makes the change, "
            f"`{UNDO}` takes it back.",
        ),
        Step(
            "Robin",
            f"open a message's menu (right click, or ⋯) and choose {report}",
            "Robin is thanked, and Morgan gets an alert.",
        ),
        Step(
            "Morgan",
            f"open the same message's menu and choose {why}",
            "You see its scores, and what they would lead to.",
        ),
    )


def guide_message() -> str:
    """Return the steps as the message that the channel begins with."""
    lines = [
        "**Welcome! Try this, in this order:**",
        "Use *Viewing as* to switch person. Click a grey text to put it in the message box.",
        "This demo deletes already; a new server only observes.",
        "Alerts come to this public channel for convenience; a real server uses a private one.",
    ]
    lines += [
        f"{number}. **{step.who}:** {step.what}. {step.result}"
        for number, step in enumerate(steps(), start=1)
    ]
    return "\n".join(lines)
