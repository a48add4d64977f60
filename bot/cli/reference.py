"""The command that prints the reference of the bot's Discord commands."""

from __future__ import annotations

import asyncio
from pathlib import Path

import typer


def commands() -> None:
    """Print the reference of the bot's Discord commands, in Markdown."""
    import tempfile

    from bot.app.lifecycle import App
    from bot.app.settings import Settings, Storage
    from bot.ui.discord.reference import reference

    async def written() -> str:
        with tempfile.TemporaryDirectory() as folder:
            app = await App.open(Settings(storage=Storage(database=Path(folder) / "empty.sqlite3")))
            try:
                return reference(app.parts.tree)
            finally:
                await app.close()

    typer.echo(asyncio.run(written()), nl=False)
