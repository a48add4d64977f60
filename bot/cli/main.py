"""The commands: run, serve, health, demo, score, backup, forget, commands, train, evaluate."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bot.app import logs
from bot.app.settings import Settings, load, require_token
from bot.app.signals import stop_event
from bot.errors import OperatorError

cli = typer.Typer(
    name="bellwether",
    help="Moderate Discord servers with a classifier of your own.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
BROKEN_PIPE = 141
"""What a shell reports for a program that wrote to a closed pipe."""

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="A copy of config.example.toml.", show_default=False),
]
DataDir = Annotated[
    Path | None,
    typer.Option(help="Folder with local copies of the data, see model/datasets.py."),
]


def main() -> None:
    """Run the command line; whatever the operator can put right ends in one plain message."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode
    try:
        cli()
    except OperatorError as error:
        Console(stderr=True, soft_wrap=True).print(f"bellwether: {error}", markup=False)
        sys.exit(2)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the flag
    if wanted:
        typer.echo(f"bellwether {metadata.version('bellwether')}")
        raise typer.Exit


@cli.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version


def _settings(config: Path | None) -> Settings:
    settings = load(config)
    logs.configure(settings.log.level, settings.log.format)
    return settings


@cli.command()
def run(config: Config = None) -> None:
    """Run the bot on Discord, until it is told to stop."""

    async def work() -> None:
        stop = stop_event()
        from bot.app.wiring import App  # takes its seconds, like the model

        app = await App.open(settings)
        try:
            await app.run(stop)
        finally:
            await app.close()

    settings = _settings(config)
    require_token(settings)  # before a model is loaded or a database made
    asyncio.run(work())


@cli.command()
def serve(config: Config = None) -> None:
    """Answer POST /predict and GET /healthz, without Discord."""
    from bot.app.wiring import load_scorer
    from bot.ui.web.predict import create_api
    from bot.ui.web.server import HttpServer, until_signalled

    settings = _settings(config)
    server = HttpServer(create_api(load_scorer(settings)), settings.http.host, settings.http.port)
    asyncio.run(until_signalled(server))


@cli.command()
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


@cli.command()
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


@cli.command()
def score(
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT...", help="Texts to score.")
    ] = None,
    stdin: Annotated[
        bool,
        typer.Option("--stdin", help='Read JSON Lines {"id": ..., "text": ...}, write scores.'),
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also show which words moved which class.")
    ] = False,
    config: Config = None,
) -> None:
    """Score texts: a table, or with --stdin a JSON line for each line with text, in order."""
    from bot.app.wiring import load_scorer
    from bot.cli.json_lines import score_lines
    from model.classes import CLASSES, HARMS

    if bool(texts) == stdin:
        raise OperatorError("give either TEXT arguments or --stdin.")
    if stdin and explain:
        raise OperatorError("--explain is for TEXT arguments; with --stdin there are only scores.")
    scorer = load_scorer(_settings(config))
    if stdin:
        try:
            failed = score_lines(scorer, sys.stdin.buffer, sys.stdout.buffer)
        except BrokenPipeError:
            # Whoever read has had enough; Python must not stumble over the pipe once more.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(BROKEN_PIPE) from None
        if failed:
            typer.echo(f'bellwether: {failed} lines could not be scored; see "error".', err=True)
            raise typer.Exit(1)
        return
    table = Table("text", *CLASSES)
    for text, scores in zip(texts or [], scorer.score(texts or []), strict=True):
        table.add_row(repr(text)[1:-1], *(f"{scores[name]:.3f}" for name in CLASSES))
    console = Console()
    console.print(table, markup=False)
    for text in (texts or []) if explain else []:
        words = Table("word", *HARMS)
        for word in scorer.explain(text):
            shown = (f"{word.weights[harm]:+.2f}" for harm in HARMS)
            words.add_row(repr(text[word.start : word.end])[1:-1], *shown)
        console.print(words, markup=False)


def _require_database(database: Path) -> None:
    if not database.exists():
        raise OperatorError(
            f"there is no database {database} (looked for in {Path.cwd()}). Name the bot's settings "
            "with --config, or set storage.database."
        )


@cli.command()
def backup(
    target: Annotated[Path, typer.Argument(help="A file that does not exist yet.")],
    config: Config = None,
) -> None:
    """Copy the database to a file, while the bot runs or not."""
    import sqlite3
    from contextlib import closing

    database = _settings(config).storage.database
    _require_database(database)
    if target.exists():
        raise OperatorError(f"{target} exists already; name another file.")
    if not target.parent.is_dir():
        raise OperatorError(f"the folder {target.parent} does not exist.")
    try:
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy, pages=1_000)
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        raise OperatorError(f"the copy could not be made: {error}.") from error
    typer.echo(f"{target}: {target.stat().st_size:,} bytes")


@cli.command()
def forget(
    user: Annotated[
        int,
        typer.Argument(min=1, max=2**63 - 1, help="A person's Discord id (Copy User ID)."),
    ],
    config: Config = None,
) -> None:
    """Erase all that is kept about a person's messages, in every server."""
    from bot.store.sqlite.store import SqliteStore

    storage = _settings(config).storage
    _require_database(storage.database)

    async def erase() -> int:
        store = await SqliteStore.open(storage.database, storage.key_file, set_aside=False)
        try:
            return await store.housekeeping.forget_author(user)
        finally:
            await store.close()

    erased = asyncio.run(erase())
    typer.echo(
        f"erased all about {erased} messages" if erased else f"nothing was kept about {user}"
    )


@cli.command()
def commands() -> None:
    """Print the reference of the bot's Discord commands, in Markdown."""
    import tempfile

    from bot.app.settings import Storage
    from bot.app.wiring import App
    from bot.ui.discord.reference import reference

    async def written() -> str:
        with tempfile.TemporaryDirectory() as folder:
            app = await App.open(Settings(storage=Storage(database=Path(folder) / "empty.sqlite3")))
            try:
                return reference(app.tree)
            finally:
                await app.close()

    typer.echo(asyncio.run(written()), nl=False)


@cli.command()
def train(
    data_dir: DataDir = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; the packaged model's by default.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="Folder for run records and candidates.")] = Path(
        "runs"
    ),
) -> None:
    """Train the classifier; it replaces the one in use only if it passes the gates."""
    from model import artefact, candidate, datasets

    with _progress() as tell:
        try:
            manifest = candidate.train(out or artefact.PACKAGED, runs, data_dir, tell)
        except (datasets.DatasetError, candidate.GateError, artefact.ArtefactError) as error:
            raise OperatorError(str(error)) from error
    typer.echo(json.dumps({"version": manifest.version, **manifest.metrics}, indent=2))


@cli.command()
def evaluate(
    data_dir: DataDir = None,
    given: Annotated[
        Path | None,
        typer.Option("--input", help="Labelled texts of your own, CSV or JSON Lines."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the report and its plots.")] = Path(
        "runs/evaluation"
    ),
    card: Annotated[bool, typer.Option(help="Also write the packaged model's card.")] = False,
    config: Config = None,
) -> None:
    """Measure the classifier on held-out data, or on labelled data of your own."""
    from bot.app.wiring import load_scorer
    from model import datasets
    from model.evaluation import own

    settings = _settings(config)
    scorer = load_scorer(settings)
    try:
        if given is not None:
            typer.echo(own.evaluate(given, scorer.probabilities, scorer.presets["balanced"]))
            return
        try:
            from model.evaluation import full
        except ModuleNotFoundError as error:
            raise OperatorError(
                f"evaluating needs {error.name}: pip install '.[evaluate]'."
            ) from error
        with _progress() as tell:
            report = full.evaluate(settings.model.folder, data_dir, out, tell, write_card=card)
    except (datasets.DatasetError, own.InputError) as error:
        raise OperatorError(str(error)) from error
    typer.echo(report)


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Show what long work is at: a moving line with the time it takes, and each step as it ends."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("reading")

        def tell(step: str) -> None:
            progress.console.print(step, markup=False, highlight=False)
            progress.update(task, description=f"after: {step}")

        yield tell
