"""The command that scores texts."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.cli.common import Config, settings_from
from bot.errors import OperatorError

BROKEN_PIPE = 141
"""What a shell reports for a program that wrote to a closed pipe."""


def score(
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT...", help="Texts to score.")
    ] = None,
    stdin: Annotated[
        bool,
        typer.Option("--stdin", help='Read JSON Lines {"id": ..., "text": ...}, write scores.'),
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also show which words moved which class.")
    ] = False,
    config: Config = None,
) -> None:
    """Score texts: a table, or with --stdin a JSON line for each line with text, in order."""
    from bot.app.scoring import load_scorer
    from bot.cli.json_lines import score_lines
    from model.classes import CLASSES, HARMS

    if bool(texts) == stdin:
        raise OperatorError("give either TEXT arguments or --stdin.")
    if stdin and explain:
        raise OperatorError("--explain is for TEXT arguments; with --stdin there are only scores.")
    scorer = load_scorer(settings_from(config))
    if stdin:
        try:
            failed = score_lines(scorer, sys.stdin.buffer, sys.stdout.buffer)
        except BrokenPipeError:
            # Whoever read has had enough; Python must not stumble over the pipe once more.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(BROKEN_PIPE) from None
        if failed:
            typer.echo(f'bellwether: {failed} lines could not be scored; see "error".', err=True)
            raise typer.Exit(1)
        return
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
