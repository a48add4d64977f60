"""Write the model card and the tables of docs/classifier.md from the stored figures.

`bellwether evaluate --card` stores the figures beside the artefact. `python -m model.card` writes
the texts again without evaluating, after a template has changed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from model import artefact
from model.artefact import Manifest
from model.datasets import REGISTRY
from model.evaluation.host_tables import host_tables
from model.evaluation.report import markdown
from model.tables import own_table
from model.training import FEATURES

ROOT: Final = Path(__file__).parent.parent
SPEED: Final = ROOT / "bench" / "model.json"
NOTEBOOK: Final = ROOT / "docs" / "lab-notebook.md"
PAGE: Final = ROOT / "docs" / "classifier.md"
BEGIN: Final = "<!-- The tables are written by `python -m model.card`. -->\n\n"
END: Final = "\n<!-- End of the tables. -->"


class CardError(Exception):
    """The stored figures are missing or belong to another artefact."""


def write(folder: Path = artefact.PACKAGED) -> None:
    """Write the card of the artefact in ``folder`` from its stored figures.

    For the packaged artefact, also writes the tables of docs/classifier.md. Raises ``CardError``.
    """
    manifest, figures = artefact.read_manifest(folder), stored_figures(folder)
    (folder / artefact.CARD).write_text(card(manifest, figures), encoding="utf-8")
    if folder == artefact.PACKAGED:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(with_tables(page, figures), encoding="utf-8")


def stored_figures(folder: Path) -> dict[str, Any]:
    """Return the figures of the artefact in ``folder``. Raises ``CardError``."""
    path = folder / artefact.FIGURES
    try:
        figures: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CardError(
            f"cannot read {path} ({error}). Run `bellwether evaluate --card`."
        ) from error
    version = artefact.read_manifest(folder).version
    if figures.get("version") != version:
        raise CardError(
            f"{path} has the figures of model {figures.get('version')}, but the model is {version}. "
            "Run `bellwether evaluate --card`."
        )
    return figures


def with_tables(page: str, figures: dict[str, Any]) -> str:
    """Return docs/classifier.md with fresh tables between its two markers."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{host_tables(figures)}{END}{after}"


def card(manifest: Manifest, figures: dict[str, Any]) -> str:
    """Return the model card as Markdown. Speeds are those last written by ``make bench-model``."""
    sources = "\n".join(
        f"| {dataset.name} | {dataset.citation} | {dataset.licence} |"
        for dataset in REGISTRY.values()
    )
    own = sum(1 for _ in own_table("chat_texts.tsv"))
    return f"""# Model card

Version `{manifest.version}`. Written by `bellwether evaluate --card`; do not edit by hand.

## What it is
A text classifier with four heads. Each is a logistic regression over words, pairs of neighbouring
words and character n-grams ({FEATURES:,} features), calibrated to a probability:

- **hate**: an attack on people for what they are
- **insult**: demeaning words aimed at a person or a group of people
- **threat**: wishing, announcing or inciting harm
- **offensive**: profane language, aimed at anybody or anything

*Neither* is 1 minus the highest of these. Texts are normalised first: look-alikes, leet, stars, split
and repeated letters, and Discord markdown. A long text is also scored passage by passage, and the
worst passage counts. [docs/classifier.md](../../docs/classifier.md) explains what this means on a
server, [docs/lab-notebook.md](../../docs/lab-notebook.md) how the classifier was designed.

## What it must not be used for
A score is a reason for a person to look at a message. It is not a verdict on anybody. The classifier
reads English: texts in other languages score *neither*, whatever they say. It sees no context:
quotations, counter-speech, irony and insults without a harsh word are often wrong, in both
directions. The functional suite below shows how often. Words for groups that are often attacked in
the training data are mistaken for attacks more easily. No message from a Discord server was used to
train it, and none may be.

## In short
{_summary(manifest, figures)}
## How to read the figures
Rows are held out by the hash of their group: near-duplicates, a contrasting pair, one match of a
game. So the same rows are always held out: half of irc_ubuntu, a third of goemotions and of the
project's own texts, a sixth of the rest. Thresholds are set on one half of the held-out benign chat
and measured on the other half. The functional cases were never trained on.

Labels are noisy. Many of goemotions' "benign" alarms are real insults, so recall at a given fire rate
is understated. About 60 variants were compared on these held-out rows during design, so differences
under .01 mean nothing.

An attack changes half of a text's letters, or half of its longer words. Some training texts were
misspelt with the attacks named dropped, swapped, repeated or ambiguous letters and leet. The
look-alikes come from Unicode's list of confusables. After a first measurement (.80 kept), characters
that the normaliser lacked were added, so the figure no longer shows unforeseen look-alikes.

{markdown(figures)}
{_speed()}
{_tried()}
## Data
Each source trains only the heads that its labels cover (`model/sources.py`). In addition, {own:,}
texts were written for this project ([labelling rules](../../docs/texts.md)). They are under the MIT
licence, like the project.

| source | | licence |
|---|---|---|
{sources}

This table is the attribution that CC-BY sources require. The changes made to them are the mapping of
labels and the normalisation. The artefact contains weights of hashed features and a list of words
that people hide behind stars. No text of any source can be read from it.
"""


def _tried() -> str:
    """Return the notebook's section on failed experiments, so that it is written only once."""
    page = NOTEBOOK.read_text(encoding="utf-8")
    start = page.index("## What was tried and did not help")
    return page[start:].split("\n## ", 1)[0].rstrip() + "\n"


def _summary(manifest: Manifest, figures: dict[str, Any]) -> str:
    worst = max(values["calibration_error"] for values in figures["heads"].values())
    rows = (
        ("macro-F1 on davidson, grouped 5-fold", "davidson", "macro_f1"),
        ("average precision of hate, same folds", "davidson", "hate_average_precision"),
        (
            "recall on explicit lines of unseen game chat, at 5 false alarms in 1,000 messages",
            "game_chat",
            "recall_line",
        ),
        ("the same, by a line's highest-scoring message", "game_chat", "recall_utterance"),
    )
    cells = [(name, f"{figures[part][key]:.3f}") for name, part, key in rows]
    cells.append(("calibration error, worst head", f"{worst:.4f}"))
    for attack in ("unicode confusables", "emoji inside words"):
        kept = figures["evasion"][attack]["recall_kept"]
        cells.append((f"share of alarms kept under attack, {attack}", f"{kept:.3f}"))
    kept = figures["evasion"]["among 20 harmless words"]["recall_kept"]
    cells.append(("share of alarms kept among 20 harmless words", f"{kept:.3f}"))
    balanced = figures["presets"]["balanced"]
    cells += [
        (
            f"share of benign chat with {what} at balanced, unseen half",
            f"{balanced[f'{kind} benign, all']:.4f}",
        )
        for kind, what in (("alert", "an alert"), ("delete", "a deletion"))
    ]
    lines = "\n".join(f"| {name} | {value} |" for name, value in cells)
    return f"| figure | {manifest.version} |\n|---|---|\n{lines}\n"


def _speed() -> str:
    if not SPEED.is_file():
        return ""
    rows = json.loads(SPEED.read_text(encoding="utf-8"))["rows"]
    lines = "\n".join(
        f"| {row['path']} | {row['one_message_us']:,.0f} | {row['one_message_ratio']:.2f} "
        f"| {row['batch_a_second']:,.0f} | {row['batch_ratio']:.1f} |"
        for row in rows
    )
    return f"""### Speed on one core, medians of one run
| path | µs for one message | relative to scikit-learn | messages per second, batches of 512 | relative to scikit-learn |
|---|---|---|---|---|
{lines}
"""


if __name__ == "__main__":
    try:
        write()
    except CardError as error:
        sys.exit(str(error))
