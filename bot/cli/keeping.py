"""The commands about what is kept: copy it, put it back, erase a person's."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.common import Config, require_database, settings_from
from bot.errors import OperatorError


def backup(
    target: Annotated[Path, typer.Argument(help="A file that does not exist yet.")],
    config: Config = None,
) -> None:
    """Copy the database to a file, while the bot runs or not."""
    from bot.store.sqlite.backup import copy_to

    database = settings_from(config).storage.database
    require_database(database)
    if target.exists():
        raise OperatorError(f"{target} exists already; name another file.")
    if not target.parent.is_dir():
        raise OperatorError(f"the folder {target.parent} does not exist.")
    copy_to(database, target)
    typer.echo(f"{target}: {target.stat().st_size:,} bytes")


def restore(
    backup: Annotated[
        Path,
        typer.Argument(help="A file that `bellwether backup` made.", exists=True, dir_okay=False),
    ],
    config: Config = None,
) -> None:
    """Put a backup in the database's place; the bot must be stopped."""
    from bot.store.sqlite.backup import restore as put_back

    database = settings_from(config).storage.database
    aside = asyncio.run(put_back(backup, database))
    typer.echo(f"{database}: restored. What was decided before is not acted upon any more.")
    if aside is not None:
        typer.echo(f"{aside}: the database that was there before")


def forget(
    user: Annotated[
        int,
        typer.Argument(min=1, max=2**63 - 1, help="A person's Discord id (Copy User ID)."),
    ],
    config: Config = None,
) -> None:
    """Erase all that is kept about a person's messages, in every server."""
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
        f"erased all about {erased} messages" if erased else f"nothing was kept about {user}"
    )
