"""docs/hosting.md, the service, the image and the lock files fit the program and each other."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import typer

from bot.app.settings import Settings
from bot.app.settings_errors import keys
from bot.app.settings_sources import SECRETS_DIR_VARIABLE
from bot.cli.main import cli

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")
UNIT = (ROOT / "deploy" / "bellwether.service").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
COMMANDS = typer.main.get_command(cli).commands  # type: ignore[attr-defined]
VARIABLES = {f"BELLWETHER_{'__'.join(key).upper()}" for key in keys(Settings)} | {
    SECRETS_DIR_VARIABLE
}
SETS = ("run", "charts", "train", "demo", "dev")


def code(page: str) -> list[str]:
    """Every line of shell on a page: in fences, and in running text."""
    fenced = [
        line
        for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
        for line in block.splitlines()
    ]
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", page, flags=re.DOTALL))
    return fenced + inline


def calls(page: str) -> list[list[str]]:
    """The arguments of every call of bellwether on a page."""
    found = []
    for line in code(page):
        words = shlex.split(line)
        if words[:2] == ["docker", "run"] and "bellwether" in words:
            # The image's name is the last word that is no option's value and no path.
            at = len(words) - 1 - words[::-1].index("bellwether")
            found.append(words[at + 1 :] or ["run"])
            continue
        starts = [i for i, word in enumerate(words) if word.rpartition("/")[2] == "bellwether"]
        runs = words[0] in {"docker", "sudo"} and "exec" not in words and "systemd-run" not in words
        if starts and not runs and words[0] not in {"pipx", "journalctl"}:
            found.append(words[starts[-1] + 1 :])
    return [call for call in found if call and call[0] != "COMMAND"]


def test_the_page_calls_the_commands_that_a_host_needs() -> None:
    assert {call[0] for call in calls(PAGE)} >= {"run", "backup", "restore", "forget", "health"}


@pytest.mark.parametrize("call", calls(PAGE), ids=" ".join)
def test_every_command_on_the_page_exists_with_its_options(call: list[str]) -> None:
    COMMANDS[call[0]].make_context(call[0], call[1:])


def test_a_person_who_is_not_named_by_a_number_is_refused_in_plain_words() -> None:
    with pytest.raises(Exception, match=r"'bob' is not a valid user id\. Use a number like"):
        COMMANDS["forget"].make_context("forget", ["bob"])


@pytest.mark.parametrize("call", [["backup"], ["run", "--no-charts"], ["forget", "Robin"]])
def test_a_command_that_does_not_exist_is_found(call: list[str]) -> None:
    with pytest.raises(Exception, match=r"(?i)missing|no such|valid"):
        COMMANDS[call[0]].make_context(call[0], call[1:])


@pytest.mark.parametrize("text", [PAGE, UNIT, DOCKERFILE], ids=["page", "service", "image"])
def test_every_variable_is_a_setting(text: str) -> None:
    named = set(re.findall(r"BELLWETHER_[A-Z_]+", text))
    assert named
    assert named <= VARIABLES


def test_every_target_and_extra_on_the_page_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for line in code(PAGE):
        words = shlex.split(line)
        if "make" in words:
            targets = [word for word in words[words.index("make") + 1 :] if word.isalpha()]
            assert all(re.search(rf"^{name}:", makefile, re.MULTILINE) for name in targets)
    for name in re.findall(r"EXTRAS=(\w+)|SET=(\w+)|'\.\[(\w+)\]'", PAGE):
        extra = next(filter(None, name))
        assert extra in PROJECT["optional-dependencies"]
        assert (ROOT / "requirements" / f"{extra}.txt").exists()


# ------------------------------------------------------------------ the service


def value(name: str) -> str:
    return re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)[-1]  # type: ignore[no-any-return]


def test_the_service_starts_what_there_is() -> None:
    program, *call = shlex.split(value("ExecStart"))
    assert program.endswith("/.venv/bin/bellwether")
    COMMANDS[call[0]].make_context(call[0], call[1:])
    credential = value("LoadCredential").partition(":")[0]
    assert credential.upper() in VARIABLES


def test_the_service_restarts_until_what_stopped_it_has_passed() -> None:
    """Every refusal ends with the same status, also that of a disk that is full for a minute."""
    assert value("Restart") == "on-failure"
    assert int(value("RestartSec")) > 10  # systemd gives up after five starts within 10 seconds
    assert "RestartPreventExitStatus" not in UNIT


def test_the_service_lets_the_bot_finish() -> None:
    assert int(value("TimeoutStopSec")) > 2 * Settings().pipeline.shutdown_seconds


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_the_service(tmp_path: Path) -> None:
    path = tmp_path / "bellwether.service"
    path.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", UNIT))
    command = ["systemd-analyze", "verify", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# ------------------------------------------------------------------ the image


def test_the_image_copies_what_there_is_and_what_is_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[0] == "*"
    for name in ("run", "charts"):
        for line in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE):
            for source in line.replace("${SET}", name).split():
                assert (ROOT / source).exists()
                assert f"!{source}" in ignored


def test_the_image_runs_commands_that_there_are() -> None:
    for call in re.findall(
        r'^(?:HEALTHCHECK.*)?CMD \["(?:bellwether", ")?(\w+)"\]', DOCKERFILE, re.MULTILINE
    ):
        assert call in COMMANDS


# ------------------------------------------------------------------ what is installed


def locked(name: str) -> set[str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert "://" not in text  # no address of an index
    return {package.lower() for package in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)}


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=]", each)[0].lower().replace(".", "-") for each in requirements}


@pytest.mark.parametrize("name", SETS)
def test_a_lock_file_has_what_its_extra_asks_for(name: str) -> None:
    extras = PROJECT["optional-dependencies"]
    assert names(PROJECT["dependencies"]) <= locked(name)
    assert names(extras.get(name, [])) <= locked(name)


def test_who_only_runs_the_bot_pays_neither_for_charts_nor_for_training() -> None:
    training = {"scikit-learn", "scipy", "pooch", "confusable-homoglyphs"}
    assert locked("run") & (training | {"matplotlib", "pillow", "simcord"}) == set()
    assert locked("charts") & training == set()
    assert locked("train") >= training | {"matplotlib"}


def test_what_an_install_announces_is_about_what_it_installs() -> None:
    script = runpy.run_path(str(ROOT / "requirements" / "install.py"))
    assert set(script["EXPECTED"]) == set(SETS)
    for name, (packages, *_) in script["EXPECTED"].items():
        assert abs(packages - len(locked(name))) <= len(locked(name)) / 5
