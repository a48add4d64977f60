"""The commands that run the bot, serve scores, ask how it is, and show it."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from typing import Annotated

import typer

from bot.app import logs
from bot.app.settings import load, require_token
from bot.app.signals import stop_event
from bot.cli.common import Config, settings_from
from bot.errors import OperatorError


def run(config: Config = None) -> None:
    """Run the bot on Discord, until it is told to stop."""

    async def work() -> None:
        stop = stop_event()
        from bot.app.lifecycle import App  # takes its seconds, like the model

        app = await App.open(settings)
        try:
            await app.run(stop)
        finally:
            await app.close()

    settings = settings_from(config)
    require_token(settings)  # before a model is loaded or a database made
    asyncio.run(work())


def serve(config: Config = None) -> None:
    """Answer POST /predict and GET /healthz, without Discord."""
    from bot.app.scoring import load_scorer
    from bot.ui.web.predict import create_api
    from bot.ui.web.server import HttpServer, until_signalled

    settings = settings_from(config)
    server = HttpServer(create_api(load_scorer(settings)), settings.http.host, settings.http.port)
    asyncio.run(until_signalled(server))


def health(config: Config = None) -> None:
    """Ask the running bot on this machine whether it is well; exit status 1 if it is not."""
    settings = load(config)
    host = settings.http.host
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not bound
    if ":" in host:
        host = f"[{host}]"
    address = f"http://{host}:{settings.http.port}/healthz"
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            typer.echo(answer.read().decode())
    except urllib.error.HTTPError as error:
        typer.echo(error.read().decode(errors="replace"), err=True)  # it answers, and says why
        raise typer.Exit(1) from error
    except OSError as error:
        typer.echo(
            f"{address} does not answer ({error}). Is the bot running, with http.enabled = true?",
            err=True,
        )
        raise typer.Exit(1) from error


def demo(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Local port; 0 takes a free one.")
    ] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    """Run the bot on a simulated Discord in the browser; no token, no server."""
    try:
        from bot.demo import run_demo
    except ModuleNotFoundError as error:
        raise OperatorError(
            f"the demo needs {error.name}: pip install '.[demo]', or use `make demo`."
        ) from error
    logs.configure("WARNING", "console")
    asyncio.run(run_demo(port=port, open_browser=browser))
