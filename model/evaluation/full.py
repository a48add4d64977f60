"""Run the evaluation behind `bellwether evaluate`: figures, report, plots and the model card."""

from __future__ import annotations

import json
from pathlib import Path

from model import artefact, card, training
from model.evaluation import davidson, plots, report, suite
from model.lowered import Lowered


def evaluate(
    folder: Path,
    data_dir: Path | None,
    out: Path,
    progress: training.Progress,
    *,
    write_card: bool = False,
) -> str:
    """Measure the artefact in ``folder`` and return the tables as Markdown.

    Writes figures.json, report.md and the plots into ``out``. With ``write_card``, also stores the
    figures beside the artefact and writes its model card. Raises ``datasets.DatasetError``.
    """
    model, manifest = artefact.load(folder)
    corpus, normaliser = training.read_corpus(data_dir, progress)
    scored = suite.score(corpus, Lowered(model).predict_proba)
    progress("scored")
    figures = suite.figures(scored, manifest.presets, data_dir)
    progress("davidson, grouped 5-fold: this takes a while")
    figures["davidson"] = davidson.cross_validate(corpus, normaliser, progress)
    tables = report.markdown(figures)
    drawn = plots.draw(scored, out)
    shown = "\n".join(f"![{path.stem}]({path.name})" for path in drawn)
    document = json.dumps({"version": manifest.version, **figures}, indent=2)
    (out / artefact.FIGURES).write_text(document + "\n", encoding="utf-8")
    (out / "report.md").write_text(
        f"# Evaluation of `{manifest.version}`\n\n{tables}\n{shown}\n", encoding="utf-8"
    )
    if write_card:
        (folder / artefact.FIGURES).write_text(document + "\n", encoding="utf-8")
        card.write(folder)
    return tables
