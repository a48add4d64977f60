"""What a command loads: only what it uses, so that it answers quickly and stays small."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.process import environment

CODE = """
import json, sys
sys.argv = ["bellwether", *json.loads(sys.argv[1])]
from bot.cli.main import main
try:
    main()
except SystemExit:
    pass
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""

TRAINING = {"sklearn", "scipy", "matplotlib", "pooch", "confusable_homoglyphs"}
BOT = {"discord", "aiohttp", "aiosqlite", "sqlite3", "cryptography"}
WEB = {"fastapi", "uvicorn", "starlette"}


def loaded(folder: Path, *arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(arguments)],
        capture_output=True,
        check=True,
        cwd=folder,
        env={**environment(), "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_loads_neither_the_model_nor_discord_nor_the_settings(tmp_path: Path) -> None:
    found = loaded(tmp_path, "--help")
    assert "typer" in found
    own = {"numpy", "joblib", "pydantic", "pydantic_settings", "structlog", "model"}
    assert found & (TRAINING | BOT | WEB | own) == set()


def test_the_help_of_a_command_loads_no_more(tmp_path: Path) -> None:
    found = loaded(tmp_path, "run", "--help")
    assert (
        found & (TRAINING | BOT | WEB | {"numpy", "structlog"}) == set()
    )  # typer itself loads pydantic


def test_scoring_loads_no_scikit_learn_and_no_discord(tmp_path: Path) -> None:
    found = loaded(tmp_path, "score", "hello")
    assert "numpy" in found
    assert found & (TRAINING | BOT | WEB) == set()


@pytest.mark.parametrize("module", ["bot.app.lifecycle", "bot.ui.web.server"])
def test_the_bot_loads_nothing_of_training(module: str) -> None:
    code = f"import sys, {module}; print([n for n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    found = {name.partition(".")[0].strip("'[] ") for name in done.stdout.decode().split(",")}
    assert "bot" in found
    assert found & TRAINING == set()
