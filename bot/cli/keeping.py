"""The commands for stored data: back it up, restore it, erase a person's."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.common import Config, require_database, settings_from
from bot.errors import OperatorError


def backup(
    target: Annotated[Path, typer.Argument(help="A new file to write the backup to.")],
    config: Config = None,
) -> None:
    """Copy the database to a file. The bot may be running."""
    from bot.store.sqlite.backup import copy_to

    database = settings_from(config).storage.database
    require_database(database)
    if target.exists():
        raise OperatorError(f"{target} already exists. Name a new file.")
    if not target.parent.is_dir():
        raise OperatorError(f"there is no folder {target.parent}. Create it, or name another file.")
    copy_to(database, target)
    typer.echo(f"{target}: {target.stat().st_size:,} bytes")


def restore(
    backup: Annotated[Path, typer.Argument(help="A file that `bellwether backup` wrote.")],
    config: Config = None,
) -> None:
    """Replace the database with a backup. Stop the bot first."""
    from bot.store.sqlite.backup import restore as put_back

    database = settings_from(config).storage.database
    if not backup.is_file():
        raise OperatorError(
            f"there is no file {backup}. Name a file that `bellwether backup` wrote."
        )
    aside = asyncio.run(put_back(backup, database))
    typer.echo(f"{database}: restored. Alerts and deletions pending in the backup are cancelled.")
    if aside is not None:
        typer.echo(f"{aside}: the database as it was before")


def forget(
    user: Annotated[
        int,
        typer.Argument(min=1, max=2**63 - 1, help="The person's Discord user id."),
    ],
    config: Config = None,
) -> None:
    """Erase everything stored about a person's messages, in every server."""
    from bot.domain import UserId
    from bot.store.sqlite.store import SqliteStore

    storage = settings_from(config).storage
    require_database(storage.database)

    async def erase() -> int:
        store = await SqliteStore.open(storage.database, storage.key_file, set_aside=False)
        try:
            return await store.housekeeping.forget_author(UserId(user))
        finally:
            await store.close()

    erased = asyncio.run(erase())
    typer.echo(
        f"erased the records of {erased} messages" if erased else f"nothing is stored about {user}"
    )
