"""The command line, put together from the files of this folder."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from bot.cli.keeping import backup, forget, restore
from bot.cli.models import evaluate, train
from bot.cli.reference import commands
from bot.cli.running import demo, health, run, serve
from bot.cli.scoring import score
from bot.errors import OperatorError

REFUSED = 2
"""The exit status when the host must change something."""

cli = typer.Typer(
    name="bellwether",
    help="A self-hosted Discord moderation bot. Start with `bellwether demo` or `bellwether run`.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in (
    run,
    serve,
    health,
    demo,
    score,
    backup,
    restore,
    forget,
    commands,
    train,
    evaluate,
):
    cli.command()(command)


def main() -> None:
    """Run the command line. Errors that the host can fix end it with one line and status 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode
    try:
        cli()
    except OperatorError as error:
        said = str(error)
    except OSError as error:
        if error.filename is None:
            raise
        said = (
            f"cannot use {error.filename}: {error.strerror}. Check the path, and that this user "
            "may read and write it."
        )
    else:
        return
    typer.echo(f"bellwether: {said}", err=True)
    sys.exit(REFUSED)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the flag
    if wanted:
        from importlib import metadata

        typer.echo(f"bellwether {metadata.version('bellwether')}")
        raise typer.Exit


@cli.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version
