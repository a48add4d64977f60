"""The clients that Bellwether is compared with: a bare client and a naive bot as in tutorials."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path
from typing import Final

import discord
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from bot.app.settings import load
from bot.platform.client import point_at
from model.classes import HARMS
from model.tables import own_table

DONE: Final = "done"
"""The file where a client writes how many messages it has handled."""


class Bare(discord.Client):
    """Counts messages in memory and does nothing else."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True, guild_messages=True, message_content=True),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
        )
        self.done = folder / DONE
        self.count = 0

    async def on_ready(self) -> None:
        """Start to report progress."""
        self.reporting = asyncio.create_task(self.report())

    async def report(self) -> None:
        """Write the count every few milliseconds. A write per message would distort the result."""
        while True:
            self.done.write_text(str(self.count), encoding="ascii")
            await asyncio.sleep(0.005)

    async def on_message(self, message: discord.Message) -> None:
        """Count the message."""
        del message
        self.count += 1


class Naive(Bare):
    """Scores every message in the handler and commits after each one."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        table = list(own_table("chat_texts.tsv"))
        texts = [row["text"] for row in table]
        labels = np.array([[int(row[harm]) for harm in HARMS] for row in table])
        self.model = make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2)), OneVsRestClassifier(LogisticRegression())
        ).fit(texts, labels)
        self.connection = sqlite3.connect(folder / "naive.sqlite3")
        self.connection.execute("CREATE TABLE scores (message_id, author_id, a, b)")

    async def on_message(self, message: discord.Message) -> None:
        """Score the message and commit the result."""
        scores = self.model.predict_proba([message.content])[0]
        self.connection.execute(
            "INSERT INTO scores VALUES (?, ?, ?, ?)",
            (message.id, message.author.id, float(scores[0]), float(scores[-1])),
        )
        self.connection.commit()
        self.count += 1


def main() -> None:
    """Run a client until it is killed."""
    settings = load(None)
    point_at(settings.discord.api_base, settings.discord.gateway_url)
    subject = {"bare": Bare, "naive": Naive}[sys.argv[1]](Path(sys.argv[2]))
    subject.run(settings.discord.token.get_secret_value(), log_handler=None)


if __name__ == "__main__":
    main()
