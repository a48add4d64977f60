"""The demo in a terminal: where the page is, what to try, and how it ends."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
import webbrowser
from pathlib import Path

from rich.console import Console

from bot.app.signals import stop_event
from bot.demo.narration import steps
from bot.demo.simulation import world


async def run_demo(*, port: int, open_browser: bool) -> None:
    """Run the demo until Ctrl-C, Enter, or the end of the preview session in the page."""
    console = Console(soft_wrap=True, highlight=False)
    stop = stop_event()
    typing = sys.stdin is not None and sys.stdin.isatty()
    if typing:
        asyncio.get_running_loop().add_reader(sys.stdin, stop.set)
    console.print("Starting …")
    with tempfile.TemporaryDirectory(prefix="bellwether-demo-") as folder:
        async with world(Path(folder), port) as shown:
            _introduce(console, shown.page.url)
            console.print(f"{'Enter or ' if typing else ''}Ctrl-C ends the demo; nothing is kept.")
            if open_browser:
                # Where there is no browser this does nothing; the address is printed above.
                await asyncio.to_thread(webbrowser.open, shown.page.url)
            ends = [
                asyncio.create_task(stop.wait(), name="stop"),
                asyncio.create_task(shown.preview.wait_closed(), name="page closed"),
            ]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in ends:
                end.cancel()
    console.print("\nThe demo has ended; nothing of it was kept.")


def _introduce(console: Console, url: str) -> None:
    console.print("\n[bold]Bellwether demo[/bold]: the real bot on a simulated Discord.\n")
    console.print(f"  Open  {url}\n")
    console.print(
        "Then try this, in this order. Use Viewing as, at the top, to switch person:\n"
        "Robin is a member, Morgan a moderator."
    )
    for number, step in enumerate(steps(), start=1):
        console.print(f"  {number}. As {step.who}: {_plain(step.what)}.", markup=False)
        console.print(f"     {_plain(step.result)}", markup=False)
    console.print()


def _plain(text: str) -> str:
    """Return a step's text without Discord's markdown; what is to be written is quoted."""
    return re.sub(r"`([^`]+)`", r"“\1”", text).replace("*", "")
