from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import artefact, datasets
from model.classes import CLASSES
from model.pipeline import build, normalise
from model.scorer import MAX_CHARACTERS, Scorer


@given(st.text())
def test_any_text_is_scored(text: str) -> None:
    (scores,) = SCORER.score([text])
    assert set(scores) == set(CLASSES)
    assert all(0 <= value <= 1 for value in scores.values())


SCORER = Scorer.load()


def test_a_batch_scores_as_its_texts_do_alone(scorer: Scorer) -> None:
    texts = ["hello", "you are an idiot", "", "a" * 3_000, "\ud800"]
    together = scorer.probabilities(texts)
    alone = np.vstack([scorer.probabilities([text]) for text in texts])
    assert together.shape == (5, len(CLASSES))
    np.testing.assert_allclose(together, alone, atol=1e-9)
    assert scorer.score([]) == []


def test_only_the_beginning_of_a_very_long_text_counts(scorer: Scorer) -> None:
    beginning = "word " * (MAX_CHARACTERS // 5)
    assert scorer.score([beginning]) == scorer.score([beginning + "idiot " * 100_000])


def test_mentions_urls_and_repeats_are_normalised() -> None:
    assert normalise("Heyyyy <@!123> see https://a.b/c?d") == "heyy  @user  see  http "


def test_a_manifest_that_does_not_parse_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    shutil.copytree(artefact.PACKAGED, folder)
    (folder / artefact.MANIFEST).write_text("{}")
    with pytest.raises(artefact.ArtefactError, match="not a manifest"):
        Scorer.load(folder)


def test_an_artefact_with_other_classes_is_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, classes=["spam", "ham"])
    with pytest.raises(artefact.ArtefactError, match="has the classes spam, ham"):
        Scorer.load(folder)


def test_an_artefact_that_scores_differently_is_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, golden={"hello": dict.fromkeys(CLASSES, 0.123)})
    with pytest.raises(artefact.ArtefactError, match="no longer scores its example texts"):
        Scorer.load(folder)


def changed(tmp_path: Path, **fields: object) -> Path:
    folder = tmp_path / "m"
    shutil.copytree(artefact.PACKAGED, folder)
    path = folder / artefact.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))
    return folder


def test_what_is_written_can_be_loaded(tmp_path: Path) -> None:
    texts = [f"{word} number {n}" for n in range(12) for word in ("alpha", "beta", "gamma")]
    model = build([0, 1, 2] * 12).fit(texts, [0, 1, 2] * 12)
    rest = {"classes": CLASSES, "data": {}, "metrics": {}, "golden": {}}
    written = artefact.write(tmp_path, model, rest, "card {version}")
    scorer = Scorer.load(tmp_path)
    assert scorer.version == written.version
    assert (tmp_path / artefact.CARD).read_text() == f"card {written.version}"
    np.testing.assert_array_equal(scorer.probabilities(texts), model.predict_proba(texts))


def test_data_that_is_not_the_registered_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(datasets.DatasetError, match="does not exist"):
        datasets.load_davidson(tmp_path)
    path = tmp_path / datasets.DAVIDSON.path
    path.parent.mkdir()
    path.write_text("class,tweet\n0,hello\n")
    with pytest.raises(datasets.DatasetError, match="has SHA-256"):
        datasets.load_davidson(tmp_path)


def test_near_duplicates_share_a_key() -> None:
    key = datasets.near_duplicate_key
    assert key("RT @one: Hello, World! https://t.co/x") == key("hello world")
    assert key("hello world") != key("hello there world")


def test_the_card_and_the_manifest_belong_together() -> None:
    manifest = artefact.read_manifest(artefact.PACKAGED)
    card = (artefact.PACKAGED / artefact.CARD).read_text(encoding="utf-8")
    assert f"`{manifest.version}`" in card
    assert f"{manifest.metrics['macro_f1']:.3f}" in card
    assert manifest.metrics["macro_f1"] >= 0.74
