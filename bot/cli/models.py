"""The commands that train and measure the classifier."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.common import Config, DataDir, missing, progress, settings_from
from bot.errors import OperatorError


def train(
    data_dir: DataDir = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="The folder to write to. Without it, the new model replaces the packaged one.",
            show_default=False,
        ),
    ] = None,
    runs: Annotated[
        Path, typer.Option(metavar="FOLDER", help="The folder for run records and candidates.")
    ] = Path("runs"),
) -> None:
    """Train the classifier. The new one replaces the old one only if it passes the checks."""
    try:
        from model import artefact, candidate, datasets
    except ModuleNotFoundError as error:
        raise missing(error, "train", "training") from error

    with progress() as tell:
        try:
            manifest = candidate.train(out or artefact.PACKAGED, runs, data_dir, tell)
        except (datasets.DatasetError, candidate.GateError, artefact.ArtefactError) as error:
            raise OperatorError(str(error)) from error
    typer.echo(json.dumps({"version": manifest.version, **manifest.metrics}, indent=2))


def evaluate(
    data_dir: DataDir = None,
    given: Annotated[
        Path | None,
        typer.Option(
            "--input",
            metavar="FILE",
            help="Your own labelled texts, as CSV or JSON Lines.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="The folder for the report and its plots.")
    ] = Path("runs/evaluation"),
    card: Annotated[
        bool, typer.Option("--card", help="Also write the packaged model's card.")
    ] = False,
    config: Config = None,
) -> None:
    """Measure the classifier on held-out data, or on your own."""
    from bot.app.scoring import load_scorer
    from model.artefact import ArtefactError

    settings = settings_from(config)
    try:
        if given is not None:
            from model.evaluation import own
        else:
            from model import datasets
            from model.evaluation import full
    except ModuleNotFoundError as error:
        raise missing(error, "train", "evaluating") from error
    scorer = load_scorer(settings)
    if given is not None:
        try:
            typer.echo(own.evaluate(given, scorer.probabilities, scorer.presets["balanced"]))
        except own.InputError as error:
            raise OperatorError(str(error)) from error
        return
    with progress() as tell:
        try:
            report = full.evaluate(settings.model.folder, data_dir, out, tell, write_card=card)
        except (datasets.DatasetError, ArtefactError) as error:
            raise OperatorError(str(error)) from error
    typer.echo(report)
