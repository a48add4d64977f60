from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from model.classes import CLASSES
from model.evaluation import functional, own
from model.evaluation.measures import calibration_error, ranking, threshold_at
from model.scorer import Scorer


def test_calibration_error_is_the_gap_between_stated_and_true() -> None:
    stated = np.array([0.25] * 100 + [0.75] * 100)
    labels = np.array([1] * 25 + [0] * 75 + [1] * 75 + [0] * 25)
    assert calibration_error(stated, labels) == pytest.approx(0)
    assert calibration_error(stated, np.ones(200, dtype=int)) == pytest.approx(0.5)


@pytest.mark.parametrize("rate", [0.0, 0.001, 0.01, 0.5])
def test_a_threshold_fires_on_no_more_than_it_may(rate: float) -> None:
    scores = np.random.default_rng(0).random(10_000)
    limit = threshold_at(scores, rate)
    assert (scores >= limit).mean() <= rate
    assert (scores >= limit - 0.002).mean() > rate


def test_ranking_needs_both_classes() -> None:
    assert ranking(np.array([0.1, 0.9]), np.array([1, 1])) == {}
    assert ranking(np.array([0.1, 0.9]), np.array([0, 1]))["auc"] == 1


def test_the_functional_suite_is_as_large_as_it_says() -> None:
    found = functional.cases(["slur"])
    assert len(found) >= 500
    assert len({case.function for case in found}) >= 25
    assert not any("{" in case.text and "}" in case.text and "slur}" in case.text for case in found)
    assert not any("{slur}" in case.text for case in functional.cases([]))


def test_a_case_for_any_alarm_passes_only_when_all_are_quiet() -> None:
    case = functional.Case("f", "t", functional.ANY, fires=False)
    quiet = dict.fromkeys(CLASSES, 0.1)
    limits = dict.fromkeys(CLASSES, 0.5)
    assert functional.passes(case, quiet, limits)
    assert not functional.passes(case, quiet | {"threat": 0.6}, limits)
    assert functional.passes(case, quiet | {"offensive": 0.9}, limits)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_own_data_is_measured(tmp_path: Path, scorer: Scorer, suffix: str) -> None:
    path = tmp_path / f"mine{suffix}"
    rows = [("you are a pathetic idiot", 1, ""), ("see you tomorrow", 0, 0), ("nice!", 0, 0)]
    if suffix == ".csv":
        lines = ["text,insult,threat", *(f"{text},{a},{b}" for text, a, b in rows)]
    else:
        lines = [json.dumps({"text": t, "insult": a, "threat": b or None}) for t, a, b in rows]
    path.write_text("\ufeff" + "\n".join(lines), encoding="utf-8")
    table = own.evaluate(path, scorer.probabilities, scorer.presets["balanced"])
    assert "| insult | 3 | 1 | 1.000 |" in table
    assert "hate" not in table


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"text,insult\nhello,2\n", "record 1: insult is '2', use 0 or 1"),
        ("a.csv", b"words\nhello\n", 'no "text"'),
        ("a.csv", b"text\nhello\n", "has no labels"),
        ("a.csv", b"text;insult\nhello;1\n", "It has: text;insult"),
        ("a.csv", b"text,insult\nhello,0,1\n", "not have as many cells"),
        ("a.csv", b"text,insult\nhello\n", "not have as many cells"),
        ("a.jsonl", b'{"text": "a", "insult": true}', "insult is True"),
        ("a.csv", b"\xff", "not UTF-8 text"),
        ("a.jsonl", b"{\n", "line 1 is not JSON"),
        ("a.jsonl", b"5\n", "line 1 is not a JSON object"),
    ],
)
def test_bad_data_is_refused_with_its_place(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(own.InputError, match=re.escape(said)):
        own.read(path)
