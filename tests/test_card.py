"""The model card and the tables of docs/classifier.md are what the stored figures say."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from model import artefact, card, tables
from model.evaluation.host_tables import HARMFUL, HARMLESS

FUNCTIONS = {row["function"] for row in tables.own_table("functional.tsv")}


def test_the_card_is_the_one_that_the_stored_figures_give() -> None:
    written = (artefact.PACKAGED / artefact.CARD).read_text(encoding="utf-8")
    manifest = artefact.read_manifest(artefact.PACKAGED)
    fresh = card.card(manifest, card.stored_figures(artefact.PACKAGED))
    assert written == fresh, "run `make docs`"


def test_the_classifiers_page_has_the_tables_that_the_stored_figures_give() -> None:
    written = card.PAGE.read_text(encoding="utf-8")
    assert card.BEGIN in written
    assert card.END in written
    figures = card.stored_figures(artefact.PACKAGED)
    assert written == card.with_tables(written, figures), "run `make docs`"


def test_the_stored_figures_agree_with_the_manifest() -> None:
    figures = card.stored_figures(artefact.PACKAGED)
    metrics = artefact.read_manifest(artefact.PACKAGED).metrics
    for head, values in figures["heads"].items():
        for name, value in values.items():
            assert metrics[f"{head} {name}"] == pytest.approx(value, abs=1e-4)
    balanced = figures["presets"]["balanced"]["alert benign, all"]
    assert metrics["alert benign, all"] == pytest.approx(balanced, abs=1e-4)


def test_every_function_of_the_suite_is_in_one_row_for_hosts() -> None:
    named = [name for _, _, names in HARMFUL + HARMLESS for name in names.split()]
    assert sorted(named) == sorted(FUNCTIONS)


def test_every_example_for_hosts_is_a_case_of_its_row() -> None:
    cases = list(tables.own_table("functional.tsv"))
    for _, example, names in HARMFUL + HARMLESS:
        assert any(example in row["text"] for row in cases if row["function"] in names.split())


def test_only_text_between_the_markers_is_replaced() -> None:
    figures = card.stored_figures(artefact.PACKAGED)
    page = f"# Page\n\n{card.BEGIN}old{card.END}\n\nend\n"
    fresh = card.with_tables(page, figures)
    assert fresh.startswith(f"# Page\n\n{card.BEGIN}|")
    assert fresh.endswith(f"|\n{card.END}\n\nend\n")
    assert "old" not in fresh


def test_figures_of_another_model_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(artefact.PACKAGED, folder)
    path = folder / artefact.FIGURES
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": "other"}))
    with pytest.raises(card.CardError, match="figures of model other, but the model is"):
        card.write(folder)
    path.write_text("{")
    with pytest.raises(card.CardError, match="Run `bellwether evaluate --card`"):
        card.write(folder)


def test_a_card_is_written_into_the_folder_of_its_artefact(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(artefact.PACKAGED, folder)
    (folder / artefact.CARD).unlink()
    card.write(folder)
    written = (folder / artefact.CARD).read_text(encoding="utf-8")
    assert written == (artefact.PACKAGED / artefact.CARD).read_text(encoding="utf-8")
