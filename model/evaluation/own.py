"""Evaluate the classifier on a user's own labelled texts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from model.classes import HARMS
from model.evaluation.markdown import table
from model.evaluation.measures import calibration_error, ranking
from model.heads import Floats


class InputError(Exception):
    """The file cannot be read, or a row has no text or an invalid label."""


def read(path: Path) -> list[tuple[str, dict[str, int]]]:
    """Return the texts of a file with their labels.

    A ``.jsonl`` file is read as JSON Lines, any other as CSV with a header. It needs a column or
    key ``text`` and at least one of the classes, with 0 or 1. An empty label is unknown. Raises
    ``InputError``, which names the row and what is allowed.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")  # Excel writes a byte order mark
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}. Name a CSV file, or JSON Lines as .jsonl."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8 text (byte {error.start}). Save it as UTF-8."
        ) from None
    rows: list[tuple[str, dict[str, int]]] = []
    for number, record in enumerate(_records(path, content), start=1):
        text = record.get("text")
        if not isinstance(text, str):
            found = ", ".join(str(name) for name in record)
            raise InputError(f'{path}, record {number}: no "text". It has: {found}.')
        labels = {}
        for head in HARMS:
            value = record.get(head)
            if value is None or value == "":
                continue
            if isinstance(value, bool) or str(value) not in {"0", "1"}:
                raise InputError(f"{path}, record {number}: {head} is {value!r}, use 0 or 1.")
            labels[head] = int(str(value))
        rows.append((text, labels))
    if not any(labels for _, labels in rows):
        raise InputError(
            f"{path} has no labels. Add a column for at least one of {', '.join(HARMS)}, with 0 or 1."
        )
    return rows


def _records(path: Path, content: str) -> Sequence[Mapping[str, object]]:
    if path.suffix != ".jsonl":
        try:
            table = list(csv.DictReader(io.StringIO(content, newline="")))
        except csv.Error as error:
            raise InputError(f"{path} is not CSV: {error}. Save it as CSV in UTF-8.") from error
        for number, row in enumerate(table, start=1):
            if None in row or None in row.values():
                raise InputError(
                    f"{path}, record {number} does not have as many cells as the header."
                )
        return table
    records = []
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}, line {number} is not JSON: {error}") from error
        if not isinstance(record, dict):
            raise InputError(f'{path}, line {number} is not a JSON object like {{"text": "…"}}.')
        records.append(record)
    return records


def evaluate(
    path: Path,
    predict: Callable[[Sequence[str]], Floats],
    preset: Mapping[str, Mapping[str, float | None]],
) -> str:
    """Return a Markdown table with the figures of each labelled class.

    Recall and fire rate are measured at the preset's alert threshold, or at 0.5 if it has none.
    """
    rows = read(path)
    probabilities = predict([text for text, _ in rows])
    header = (
        "class", "texts", "positive", "AUC", "average precision", "calibration error",
        "threshold", "recall", "fire rate on negatives",
    )  # fmt: skip
    measured = []
    for index, head in enumerate(HARMS):
        known = [number for number, (_, labels) in enumerate(rows) if head in labels]
        if not known:
            continue
        labels = np.array([rows[number][1][head] for number in known])
        scores = probabilities[known, index]
        ranks = ranking(scores, labels)
        limit = preset[head]["alert"]
        limit = 0.5 if limit is None else limit
        shares = [
            f"{(scores[labels == value] >= limit).mean():.4f}" if (labels == value).any() else "–"  # noqa: RUF001
            for value in (1, 0)
        ]
        figures = [
            f"{ranks[name]:.3f}" if ranks else "–"  # noqa: RUF001
            for name in ("auc", "average_precision")
        ]
        cells = (
            head, str(len(known)), str(int(labels.sum())), *figures,
            f"{calibration_error(scores, labels):.4f}", f"{limit:.3f}", *shares,
        )  # fmt: skip
        measured.append(cells)
    return table(header, measured)
