"""What several commands share: options, settings, progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bot.app import logs
from bot.app.settings import Settings, load
from bot.errors import OperatorError

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="A copy of config.example.toml.", show_default=False),
]
DataDir = Annotated[
    Path | None,
    typer.Option(help="Folder with local copies of the data, see model/datasets.py."),
]


def settings_from(config: Path | None) -> Settings:
    """Return the settings, with logging set up as they say. Raises ``OperatorError``."""
    settings = load(config)
    logs.configure(settings.log.level, settings.log.format)
    return settings


def require_database(database: Path) -> None:
    """Raise ``OperatorError`` where there is no database."""
    if not database.exists():
        raise OperatorError(
            f"there is no database {database} (looked for in {Path.cwd()}). Name the bot's settings "
            "with --config, or set storage.database."
        )


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Show what long work is at: a moving line with the time it takes, and each step as it ends."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("reading")

        def tell(step: str) -> None:
            shown.console.print(step, markup=False, highlight=False)
            shown.update(task, description=f"after: {step}")

        yield tell
