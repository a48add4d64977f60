"""What several commands share: options, settings, progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bot.errors import OperatorError

if TYPE_CHECKING:
    from bot.app.settings import Settings

CONFIG: Final = Path("config.toml")
"""The settings file that is read when none is named."""

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="The settings file. Without it, config.toml is used if there is one.",
        show_default=False,
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="A folder with local copies of the data sets. Without it they are downloaded.",
        show_default=False,
    ),
]


def config_file(named: Path | None) -> Path | None:
    """Return the settings file to read: the named one, or config.toml in the working directory."""
    return CONFIG if named is None and CONFIG.exists() else named


def settings_from(config: Path | None) -> Settings:
    """Read the settings and set up logging as they say. Raises ``OperatorError``."""
    from bot.app import logs
    from bot.app.settings import load

    settings = load(config_file(config))
    logs.configure(settings.log.level, settings.log.format)
    return settings


def require_database(database: Path) -> None:
    """Raise ``OperatorError`` if there is no database."""
    if not database.exists():
        raise OperatorError(
            f"there is no database {database} (working directory: {Path.cwd()}). Run this where "
            "the bot runs, or name its settings file with --config."
        )


def missing(error: ModuleNotFoundError, extra: str, what: str) -> OperatorError:
    """Return the error for a command that needs a package of an extra."""
    return OperatorError(
        f"{what} needs the package {error.name}, which is not installed. Install Bellwether with "
        f"the extra {extra!r}: make install EXTRAS={extra}, or pipx install '.[{extra}]'."
    )


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Show each finished step of long work, and how long the current one has taken."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("reading")

        def tell(step: str) -> None:
            shown.console.print(step, markup=False, highlight=False)
            shown.update(task, description=f"after: {step}")

        yield tell
