"""The commands that train and measure the classifier."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.common import Config, DataDir, progress, settings_from
from bot.errors import OperatorError


def train(
    data_dir: DataDir = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; the packaged model's by default.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="Folder for run records and candidates.")] = Path(
        "runs"
    ),
) -> None:
    """Train the classifier; it replaces the one in use only if it passes the gates."""
    from model import artefact, candidate, datasets

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
        typer.Option("--input", help="Labelled texts of your own, CSV or JSON Lines."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the report and its plots.")] = Path(
        "runs/evaluation"
    ),
    card: Annotated[bool, typer.Option(help="Also write the packaged model's card.")] = False,
    config: Config = None,
) -> None:
    """Measure the classifier on held-out data, or on labelled data of your own."""
    from bot.app.scoring import load_scorer
    from model import datasets
    from model.evaluation import own

    settings = settings_from(config)
    scorer = load_scorer(settings)
    try:
        if given is not None:
            typer.echo(own.evaluate(given, scorer.probabilities, scorer.presets["balanced"]))
            return
        try:
            from model.evaluation import full
        except ModuleNotFoundError as error:
            raise OperatorError(
                f"evaluating needs {error.name}: pip install '.[evaluate]'."
            ) from error
        with progress() as tell:
            report = full.evaluate(settings.model.folder, data_dir, out, tell, write_card=card)
    except (datasets.DatasetError, own.InputError) as error:
        raise OperatorError(str(error)) from error
    typer.echo(report)
