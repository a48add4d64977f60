"""The bot at work with no token and no server: the real client on a simulated Discord."""

from __future__ import annotations

from bot.demo.narration import BORDERLINE, HATEFUL
from bot.demo.simulation import World, world
from bot.demo.terminal import run_demo

__all__ = ["BORDERLINE", "HATEFUL", "World", "run_demo", "world"]
