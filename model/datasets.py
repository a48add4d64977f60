"""The labelled data: where each file comes from, how it is checked, what its labels mean."""

from __future__ import annotations

import csv
import html
import re
from dataclasses import dataclass
from pathlib import Path

import pooch

from model.classes import CLASSES


class DatasetError(Exception):
    """A data file is missing, is not the registered one, or does not parse."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of a public dataset.

    ``path`` is relative to the data folder, ``url`` names a commit, so that the bytes cannot
    change, and ``sha256`` proves that they did not.
    """

    path: str
    url: str
    sha256: str
    licence: str
    citation: str


DAVIDSON = DataFile(
    path="davidson/labeled_data.csv",
    url=(
        "https://raw.githubusercontent.com/t-davidson/hate-speech-and-offensive-language/"
        "cb50f7e9eb855a99abc51423bf40df0e26d6fe30/data/labeled_data.csv"
    ),
    sha256="fcb8bc7c68120ae4af04a5b9acd58585513ede11e1548ebf36a5c2040b6f6281",
    licence="MIT",
    citation=(
        "Davidson, Warmsley, Macy and Weber: Automated Hate Speech Detection and the Problem of "
        "Offensive Language, ICWSM 2017"
    ),
)


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """Parallel sequences: a text, its class (an index into ``CLASSES``) and its group.

    Texts of one group are near-duplicates; a split must keep them on one side.
    """

    texts: tuple[str, ...]
    labels: tuple[int, ...]
    groups: tuple[str, ...]


def locate(file: DataFile, data_dir: Path | None) -> Path:
    """Return the path of a verified copy of ``file``.

    With ``data_dir`` only that folder is looked at; without it the file is downloaded once into
    the user's cache. Raises ``DatasetError`` where there is no copy or its SHA-256 differs.
    """
    if data_dir is None:
        try:
            return Path(
                pooch.retrieve(
                    file.url,
                    known_hash=f"sha256:{file.sha256}",
                    fname=file.path.replace("/", "-"),
                    path=pooch.os_cache("bellwether"),
                )
            )
        except (OSError, ValueError) as error:
            raise DatasetError(
                f"could not download {file.path} from {file.url}: {error}. "
                "Check the network, or pass --data-dir with a local copy."
            ) from error
    path = data_dir / file.path
    if not path.is_file():
        raise DatasetError(f"{path} does not exist; put {file.url} there, or leave out --data-dir.")
    digest = pooch.file_hash(str(path), alg="sha256")
    if digest != file.sha256:
        raise DatasetError(
            f"{path} has SHA-256 {digest}, the registered file has {file.sha256}; "
            f"replace it by {file.url}."
        )
    return path


_WRAPPING = re.compile(r"https?://\S+|@\w+|\brt\b")
_NOT_TEXT = re.compile(r"[^a-z0-9]+")


def near_duplicate_key(text: str) -> str:
    """Reduce a text to what near-duplicates share: no URLs, mentions, "RT", case, punctuation."""
    key = _NOT_TEXT.sub(" ", _WRAPPING.sub(" ", html.unescape(text).lower()))
    return " ".join(key.split()) or text


def load_davidson(data_dir: Path | None) -> LabelledTexts:
    """Load the 24,783 tweets; the file's class 0, 1, 2 is hate, offensive, neither."""
    path = locate(DAVIDSON, data_dir)
    texts: list[str] = []
    labels: list[int] = []
    with path.open(encoding="utf-8", newline="") as handle:
        for number, row in enumerate(csv.DictReader(handle), start=2):
            label = int(row["class"])
            if not 0 <= label < len(CLASSES):
                raise DatasetError(f"{path}, record {number}: class {label} is not 0, 1 or 2.")
            texts.append(html.unescape(row["tweet"]))
            labels.append(label)
    groups = tuple(near_duplicate_key(text) for text in texts)
    return LabelledTexts(tuple(texts), tuple(labels), groups)
