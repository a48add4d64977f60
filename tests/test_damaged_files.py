"""Every command meets a missing, damaged or wrongly encoded file with one line that says what to do."""

from __future__ import annotations

import json
import logging
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from bot.cli.main import main
from model.artefact import ARTEFACT, MANIFEST, PACKAGED, digest_of

REMEDY = re.compile(
    r"\b(name|copy|save|restore|check|set|run|create|pass|move|write|install|start|add) ",
    re.IGNORECASE,
)


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder as a host has it: settings, a database with its key, a model of one's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BELLWETHER_DISCORD__TOKEN", "a.b.c")
    shutil.copytree(PACKAGED, "model")
    Path("config.toml").write_text('[storage]\ndatabase = "db"\n[model]\nfolder = "model"\n')
    Path("texts.csv").write_text("text,insult\nyou idiot,1\nhello,0\n")
    Path("texts.jsonl").write_text('{"text": "hello", "insult": 0}\n')


Answer = tuple[int, str]
Bellwether = Callable[..., Answer]


@pytest.fixture
def bellwether(
    _here: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Bellwether:
    """Run the command line in this process; return its exit status and what it said of errors."""

    def run(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["bellwether", *arguments])
        capsys.readouterr()
        try:
            main()
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
        else:
            status = 0
        return status, capsys.readouterr().err

    return run


@pytest.fixture
def _kept(bellwether: Bellwether) -> None:
    """A database with its key, and a backup of it."""
    Path("db").touch(0o600)
    assert bellwether("forget", "7") == (0, "")
    assert bellwether("backup", "copy") == (0, "")


def refused(answer: Answer, path: str) -> str:
    """Hold an answer against the rule; return what was said."""
    status, said = answer
    assert status == 2, said
    assert said.startswith("bellwether: ")
    assert said.count("\n") == 1, said
    assert path in said
    assert REMEDY.search(said), said
    return said


# ------------------------------------------------------------------ kinds of damage


def gone(path: Path) -> None:
    path.unlink()


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir(0o700)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garbage(path: Path) -> None:
    path.write_bytes(b"\xff\x00\x80 no such thing" * 300)


def truncated(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def overwritten(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 3_000] = b"\xa5" * 3_000
    path.write_bytes(content)


def utf_16(path: Path) -> None:
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))


def latin_1(path: Path) -> None:
    path.write_bytes(path.read_bytes() + "# caf\xe9".encode("latin-1"))


Damage = Callable[[Path], None]
TEXT_DAMAGES = [gone, folder, garbage, utf_16, latin_1]
ALL_COMMANDS = {
    "run": ["run"],
    "serve": ["serve"],
    "health": ["health"],
    "score": ["score", "hello"],
    "backup": ["backup", "new"],
    "restore": ["restore", "copy"],
    "forget": ["forget", "7"],
    "evaluate": ["evaluate", "--input", "texts.csv"],
}


@pytest.mark.parametrize("damage", TEXT_DAMAGES)
@pytest.mark.parametrize("command", ALL_COMMANDS)
def test_settings(bellwether: Bellwether, command: str, damage: Damage) -> None:
    Path("mine.toml").write_text("[http]\nport = 1\n")
    damage(Path("mine.toml"))
    refused(bellwether(*ALL_COMMANDS[command], "--config", "mine.toml"), "mine.toml")


@pytest.mark.usefixtures("_kept")
@pytest.mark.parametrize("damage", [gone, folder, empty, garbage, truncated, overwritten])
def test_a_backup_that_is_to_be_restored(bellwether: Bellwether, damage: Damage) -> None:
    before = Path("db").read_bytes()
    damage(Path("copy"))
    refused(bellwether("restore", "copy"), "copy")
    assert Path("db").read_bytes() == before
    assert not [*Path().glob("db.*restor*")]


@pytest.mark.usefixtures("_kept")
@pytest.mark.parametrize("damage", [gone, folder, empty, garbage, truncated, overwritten])
def test_a_database_that_is_to_be_backed_up(bellwether: Bellwether, damage: Damage) -> None:
    damage(Path("db"))
    refused(bellwether("backup", "new"), "db")
    assert not Path("new").exists()


@pytest.mark.usefixtures("_kept")
@pytest.mark.parametrize("damage", [gone, folder, garbage, truncated, overwritten])
def test_a_database_that_a_person_is_to_be_erased_from(
    bellwether: Bellwether, damage: Damage
) -> None:
    damage(Path("db"))
    left = Path("db").read_bytes() if Path("db").is_file() else None
    refused(bellwether("forget", "7"), "db")
    assert left is None or Path("db").read_bytes() == left


@pytest.mark.usefixtures("_kept")
@pytest.mark.parametrize("damage", [folder, empty, garbage])
@pytest.mark.parametrize("command", ["run", "forget"])
def test_the_key(bellwether: Bellwether, command: str, damage: Damage) -> None:
    damage(Path("db.key"))
    refused(bellwether(*ALL_COMMANDS[command]), "db.key")


def test_a_database_that_is_a_folder_when_the_bot_starts(bellwether: Bellwether) -> None:
    Path("db").mkdir()
    refused(bellwether("run"), "db")


def wrong_presets(path: Path) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | {"presets": {"balanced": 5}}))


def no_threshold(path: Path) -> None:
    document = json.loads(path.read_text())
    document["presets"]["strict"]["hate"]["alert"] = "low"
    path.write_text(json.dumps(document))


def one_preset(path: Path) -> None:
    document = json.loads(path.read_text())
    del document["presets"]["strict"]
    path.write_text(json.dumps(document))


def a_list(path: Path) -> None:
    path.write_text("[1, 2]")


MANIFEST_DAMAGES = [gone, folder, garbage, latin_1, empty, truncated]


@pytest.mark.parametrize(
    "damage", [*MANIFEST_DAMAGES, wrong_presets, one_preset, no_threshold, a_list]
)
@pytest.mark.parametrize("command", ["run", "serve", "score", "evaluate"])
def test_a_models_manifest(bellwether: Bellwether, command: str, damage: Damage) -> None:
    damage(Path("model", MANIFEST))
    refused(bellwether(*ALL_COMMANDS[command]), "model/manifest.json")


def vouched_for(damage: Damage) -> Damage:
    """Damage an artefact so that its manifest vouches for it."""

    def both(path: Path) -> None:
        damage(path)
        manifest = path.with_name(MANIFEST)
        document = json.loads(manifest.read_text())
        document["sha256"] = digest_of(path.read_bytes())
        manifest.write_text(json.dumps(document))

    return both


@pytest.mark.parametrize(
    "damage",
    [gone, folder, empty, garbage, truncated, overwritten]
    + [vouched_for(damage) for damage in (empty, garbage, truncated, overwritten)],
)
@pytest.mark.parametrize("command", ["run", "serve", "score", "evaluate"])
def test_a_models_artefact(bellwether: Bellwether, command: str, damage: Damage) -> None:
    damage(Path("model", ARTEFACT))
    refused(bellwether(*ALL_COMMANDS[command]), f"model/{ARTEFACT}")


@pytest.mark.parametrize("there", ["nothing", "a file"])
@pytest.mark.parametrize("command", ["run", "serve", "score", "evaluate"])
def test_a_models_folder(bellwether: Bellwether, command: str, there: str) -> None:
    shutil.rmtree("model")
    if there == "a file":
        Path("model").touch()
    refused(bellwether(*ALL_COMMANDS[command]), "model/manifest.json")


@pytest.mark.parametrize("damage", [*TEXT_DAMAGES, empty])
@pytest.mark.parametrize("name", ["texts.csv", "texts.jsonl"])
def test_labelled_texts(bellwether: Bellwether, name: str, damage: Damage) -> None:
    damage(Path(name))
    refused(bellwether("evaluate", "--input", name), name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("huge.csv", "text,insult\n" + "a" * 200_000 + ",1\n"),
        ("uneven.csv", "text,insult\nhello\n"),
        ("wrong.csv", "text,insult\nhello,yes\n"),
        ("other.csv", "words,insult\nhello,1\n"),
        ("none.csv", "text,mood\nhello,1\n"),
        ("deep.jsonl", "[" * 100_000),
        ("half.jsonl", '{"text": "hello", "insult"'),
        ("list.jsonl", "[1]"),
    ],
)
def test_labels_that_are_none(bellwether: Bellwether, name: str, content: str) -> None:
    Path(name).write_text(content)
    status, said = bellwether("evaluate", "--input", name)
    assert (status, said.count("\n")) == (2, 1)
    assert name in said


@pytest.mark.parametrize("there", ["nothing", "a file", "an empty folder"])
@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_data_to_train_on(bellwether: Bellwether, command: str, there: str) -> None:
    if there == "a file":
        Path("data").touch()
    elif there == "an empty folder":
        Path("data").mkdir()
    status, said = bellwether(command, "--data-dir", "data")
    last = said.splitlines()[-1]
    assert status == 2
    assert last.startswith("bellwether: data/")
    assert "model/datasets.py" in last


@pytest.mark.usefixtures("_kept")
@pytest.mark.parametrize("target", ["copy", "nowhere/copy", "copy/copy"])
def test_a_backup_has_a_place(bellwether: Bellwether, target: str) -> None:
    before = Path("copy").read_bytes()
    refused(bellwether("backup", target), target.rpartition("/")[0] or target)
    assert Path("copy").read_bytes() == before


@pytest.mark.usefixtures("_kept")
def test_a_backup_is_restored_where_there_was_nothing(bellwether: Bellwether) -> None:
    Path("config.toml").write_text('[storage]\ndatabase = "data/db"\n')
    Path("copy").rename("copy #1?.sqlite3")
    assert bellwether("restore", "copy #1?.sqlite3") == (0, "")
    assert Path("data/db").exists()
