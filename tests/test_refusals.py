"""What the bot refuses to start with, and in which words."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from model.artefact import ARTEFACT, PACKAGED
from tests.process import (
    DATABASE,
    ended,
    settings_for,
)
from tests.standin import StandIn


async def test_no_token(tmp_path: Path) -> None:
    async with StandIn().serving() as standin:
        settings = settings_for(standin, tmp_path, BELLWETHER_DISCORD__TOKEN="")
        code, said = await ended(tmp_path, settings)
    assert code == 2
    assert "no token. Set the environment variable BELLWETHER_DISCORD__TOKEN" in said
    assert standin.requests == []
    assert not (tmp_path / DATABASE).exists()


async def test_a_wrong_token(tmp_path: Path) -> None:
    async with StandIn().serving() as standin:
        wrong = "wrong.token.value"
        settings = settings_for(standin, tmp_path, BELLWETHER_DISCORD__TOKEN=wrong)
        code, said = await ended(tmp_path, settings)
    assert code == 2
    assert "Discord refused the token" in said
    assert wrong not in said
    assert "Traceback" not in said


async def test_a_refused_intent(tmp_path: Path) -> None:
    async with StandIn(refuse_intents=True).serving() as standin:
        code, said = await ended(tmp_path, settings_for(standin, tmp_path))
    assert code == 2
    assert "Switch on Message Content Intent" in said


async def test_an_unreadable_configuration(tmp_path: Path) -> None:
    code, said = await ended(tmp_path, {}, "run", "--config", str(tmp_path / "absent.toml"))
    assert code == 2
    assert "config.example.toml" in said


async def test_a_missing_artefact(tmp_path: Path) -> None:
    async with StandIn().serving() as standin:
        settings = settings_for(standin, tmp_path, BELLWETHER_MODEL__FOLDER=str(tmp_path / "no"))
        code, said = await ended(tmp_path, settings)
    assert code == 2
    assert "no model manifest at" in said
    assert "bellwether train" in said


async def test_an_altered_artefact(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(PACKAGED, folder)
    content = bytearray((folder / ARTEFACT).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / ARTEFACT).write_bytes(content)
    async with StandIn().serving() as standin:
        settings = settings_for(standin, tmp_path, BELLWETHER_MODEL__FOLDER=str(folder))
        code, said = await ended(tmp_path, settings)
    assert code == 2
    assert "is not loaded" in said


@pytest.mark.parametrize("command", ["run", "serve"])
async def test_a_port_in_use(tmp_path: Path, command: str) -> None:
    async with StandIn().serving() as standin:
        settings = settings_for(
            standin,
            tmp_path,
            BELLWETHER_HTTP__ENABLED="true",
            BELLWETHER_HTTP__PORT=str(standin.port),
        )
        code, said = await ended(tmp_path, settings, command)
    assert code == 2
    busy = (
        f"cannot listen on 127.0.0.1, port {standin.port}: another program uses it. Choose another"
    )
    assert said.count(busy) == 1
