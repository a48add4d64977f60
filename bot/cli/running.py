"""The commands that run the bot, serve scores, check the bot's health, and show a demo."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Annotated, Final

import typer

from bot.cli.common import Config, config_file, missing, settings_from
from bot.cli.terminal import ctrl_c_spares_make
from bot.errors import OperatorError

HIGHEST_PORT: Final = 65_535


def run(config: Config = None) -> None:
    """Run the bot on Discord until it is told to stop."""
    from bot.app.settings import require_token
    from bot.app.signals import stop_event

    async def work() -> None:
        stop = stop_event()
        from bot.app.lifecycle import App  # slow; a signal must be heard before

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
    """Ask the bot on this machine if it is well. If not, the exit status is 1."""
    import http.client
    import urllib.error
    import urllib.request

    from bot.app.settings import load

    settings = load(config_file(config))
    host = settings.http.host
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not bound
    if ":" in host:
        host = f"[{host}]"
    address = f"http://{host}:{settings.http.port}/healthz"
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            typer.echo(answer.read().decode(errors="replace"))
    except urllib.error.HTTPError as error:
        typer.echo(error.read().decode(errors="replace"), err=True)  # it answers with the reason
        raise typer.Exit(1) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        typer.echo(
            f"bellwether: {address} does not answer ({reason}). Check that the bot is running, "
            "that http.enabled is true, and that http.port is its port.",
            err=True,
        )
        raise typer.Exit(1) from error


def demo(
    port: Annotated[
        int,
        typer.Option(
            metavar="PORT", help="The local port. Without it, any free one.", show_default=False
        ),
    ] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    """Try the bot on a simulated Discord in your browser. Needs no token and no server."""
    from bot.app import logs

    if not 0 <= port <= HIGHEST_PORT:
        raise OperatorError(f"{port} is not a port: use a number from 0 to {HIGHEST_PORT}.")
    # Ctrl-C is how the demo ends, also while it starts.
    with suppress(KeyboardInterrupt), ctrl_c_spares_make():
        try:
            from bot.demo import run_demo
        except ModuleNotFoundError as error:
            raise missing(error, "demo", "the demo") from error
        logs.configure("WARNING", "console")
        asyncio.run(run_demo(port=port, open_browser=browser))
