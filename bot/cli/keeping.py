"""The commands for stored data: back it up, restore it, erase a person's."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Annotated, Final

import typer

from bot.cli.common import Config, require_database, settings_from
from bot.errors import OperatorError

USER_ID: Final = re.compile(r"[1-9][0-9]{0,18}")


def backup(
    target: Annotated[
        Path, typer.Argument(metavar="FILE", help="A new file to write the backup to.")
    ],
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
    typer.echo(f"backup written to {target} ({target.stat().st_size:,} bytes)")


def restore(
    backup: Annotated[
        Path, typer.Argument(metavar="FILE", help="A file that `bellwether backup` wrote.")
    ],
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


def _user_id(given: str) -> str:
    if not USER_ID.fullmatch(given):
        raise typer.BadParameter(
            f"{given!r} is not a valid user id. Use a number like 80351110224678912: with Developer "
            "Mode on, a person's menu in Discord has Copy User ID."
        )
    return given


def forget(
    user: Annotated[
        str,
        typer.Argument(
            metavar="USER_ID", callback=_user_id, help="The person's Discord user id, a number."
        ),
    ],
    config: Config = None,
) -> None:
    """Erase what is stored about a person's messages."""
    from bot.domain import UserId
    from bot.store.sqlite.store import SqliteStore

    storage = settings_from(config).storage
    require_database(storage.database)

    async def erase() -> int:
        store = await SqliteStore.open(storage.database, storage.key_file, set_aside=False)
        try:
            return await store.housekeeping.forget_author(UserId(int(user)))
        finally:
            await store.close()

    erased = asyncio.run(erase())
    if erased:
        records = "1 record" if erased == 1 else f"{erased:,} records"
        typer.echo(f"erased {records} about user {user}, in every server")
    else:
        typer.echo(f"nothing is stored about user {user}")
