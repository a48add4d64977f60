"""The command that scores texts."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from bot.cli.common import Config, settings_from
from bot.errors import OperatorError

BROKEN_PIPE = 141
"""The exit status that a shell gives a program that wrote to a closed pipe."""


def score(
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT", help="The texts to score.")
    ] = None,
    stdin: Annotated[
        bool,
        typer.Option("--stdin", help='Read lines like {"id": 1, "text": "..."}; write scores.'),
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also show how much each word counted.")
    ] = False,
    config: Config = None,
) -> None:
    """Score texts. Prints a table, or with --stdin one JSON line for each line, in order."""
    if bool(texts) == stdin:
        raise OperatorError('give either texts, as in bellwether score "some text", or --stdin.')
    if stdin and explain:
        raise OperatorError("--explain works with texts given as arguments, not with --stdin.")
    if stdin and (sys.stdin is None or sys.stdout is None):
        raise OperatorError("--stdin needs an open standard input and output.")
    from bot.app.scoring import load_scorer
    from bot.cli.json_lines import score_lines
    from model.classes import CLASSES, HARMS

    scorer = load_scorer(settings_from(config))
    if stdin:
        try:
            failed = score_lines(scorer, sys.stdin.buffer, sys.stdout.buffer)
        except BrokenPipeError:
            # The reader has closed the pipe. Python would fail once more when it flushes.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(BROKEN_PIPE) from None
        if failed:
            lines = "1 line" if failed == 1 else f"{failed:,} lines"
            typer.echo(f'bellwether: {lines} could not be scored; see "error".', err=True)
            raise typer.Exit(1)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("text", *CLASSES)
    for text, scores in zip(texts or [], scorer.score(texts or []), strict=True):
        table.add_row(repr(text)[1:-1], *(f"{scores[name]:.3f}" for name in CLASSES))
    console = Console()
    console.print(table, markup=False)
    for text in (texts or []) if explain else []:
        words = Table("word", *HARMS)
        for word in scorer.explain(text):
            shown = (f"{word.weights[harm]:+.2f}" for harm in HARMS)
            words.add_row(repr(text[word.start : word.end])[1:-1], *shown)
        console.print(words, markup=False)
