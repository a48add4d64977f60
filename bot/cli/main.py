"""The command line: each command in the file of its group."""

from __future__ import annotations

import io
import sys
from importlib import metadata
from typing import Annotated

import typer
from rich.console import Console

from bot.cli.keeping import backup, forget, restore
from bot.cli.models import evaluate, train
from bot.cli.reference import commands
from bot.cli.running import demo, health, run, serve
from bot.cli.scoring import score
from bot.errors import OperatorError

cli = typer.Typer(
    name="bellwether",
    help="Moderate Discord servers with a classifier of your own.",
    no_args_is_help=True,
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
    """Run the command line; whatever the operator can put right ends in one plain message."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode
    try:
        cli()
    except OperatorError as error:
        Console(stderr=True, soft_wrap=True).print(f"bellwether: {error}", markup=False)
        sys.exit(2)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the flag
    if wanted:
        typer.echo(f"bellwether {metadata.version('bellwether')}")
        raise typer.Exit


@cli.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version
