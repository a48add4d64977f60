from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import simcord

from bot.app.lifecycle import App
from bot.app.settings import Moderation, Settings, Storage
from bot.desk.people import RefusalError
from bot.policy.thresholds import SettingError
from model.scorer import Scorer
from tests.world import World

REFUSALS = (RefusalError, SettingError)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine that runs the tests may decide how they end."""
    for name in list(os.environ):
        if name.startswith("BELLWETHER_") or name == "PORT":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def scorer() -> Scorer:
    return Scorer.load()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        storage=Storage(database=tmp_path / "test.sqlite3"), moderation=Moderation(mode="enforce")
    )


@pytest.fixture
async def world(
    settings: Settings, scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """The real client, enforcing, on a simulated server with a member and a moderator."""
    # Loading the model is most of what opening costs, and it is the same one each time.
    monkeypatch.setattr("bot.app.lifecycle.load_scorer", lambda _settings: scorer)
    app = await App.open(settings)
    try:
        # Not simcord.run: its context variables do not survive a fixture's yield.
        env = simcord.Env(app.client)
        await env.start()
        yield World.furnish(app, env)
        await app.drained()
        await env.shutdown()
        # A refusal is an answer, not a failure; anything else that went wrong is one.
        refusals = [e for e in env.errors if isinstance(getattr(e, "original", None), REFUSALS)]
        assert env.errors == refusals
    finally:
        await app.close()
