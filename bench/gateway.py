"""Benchmark the bot as a process, on a stand-in Discord that sends chat as fast as it is read.

Two other clients are measured in the same run: a bare discord.py client whose handler does nothing,
and a naive bot as in tutorials, which calls a TF-IDF pipeline in the handler and commits after each
message. Results are printed and written to `bench/gateway.json`: messages per second, CPU per
message, time from frame to journal, and memory.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from bench.baselines import DONE
from tests.process import bellwether, environment, settings_for, until
from tests.standin import GENERAL, StandIn, channel

MESSAGES: Final = 10_000
REPEATS: Final = 3
WORDS: Final = [
    "hey",
    "anyone",
    "up",
    "for",
    "a",
    "round",
    "tonight",
    "i",
    "think",
    "the",
    "new",
    "map",
    "is",
    "great",
    "but",
    "my",
    "team",
    "keeps",
    "losing",
    "what",
    "did",
    "you",
    "all",
    "do",
    "on",
    "the",
    "weekend",
    "it",
    "rained",
    "here",
    "the",
    "whole",
    "time",
    "lol",
    "same",
    "brb",
    "getting",
    "coffee",
]
OUT: Final = Path("bench/gateway.json")
CHANNELS: Final = 2_000
AHEAD: Final = 20_000
"""Messages that are sent before waiting until the journal has them."""

SOON: Final = 0.02
"""Seconds between messages when the time to the journal is measured."""


def text(chance: random.Random) -> str:
    """Return a harmless chat message of 2 to 14 words."""
    return " ".join(chance.choices(WORDS, k=chance.randint(2, 14)))


def cpu(pid: int) -> float:
    """Return the CPU time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int, name: str = "VmHWM") -> float:
    """Return a process's peak memory, or another figure from its status, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise LookupError(name)


def count_messages(database: Path) -> int:
    """Return the number of messages in a journal; 0 if there is no journal yet."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return int(
                connection.execute(
                    "SELECT count(*) FROM cases WHERE surface = 'message'"
                ).fetchone()[0]
            )
    except sqlite3.OperationalError:
        return 0


async def measure(subject: str, messages: int) -> dict[str, float]:
    """Send ``messages`` to one subject, wait until it has handled them, and return the figures."""
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with StandIn().serving() as standin:
            settings = settings_for(standin, folder)
            if subject == "bellwether":
                async with bellwether(folder, settings) as running:
                    await until(lambda: '"event": "ready"' in running.logged(), running)
                    database = folder / "bellwether.sqlite3"
                    return await _drive(
                        standin,
                        running.process.pid,
                        lambda: count_messages(database),
                        messages,
                        chance,
                    )
            log = folder / "log"
            with log.open("wb") as sink:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "bench.baselines", subject, str(folder),
                    env=environment(**settings), stdout=sink, stderr=sink,
                )  # fmt: skip
            try:
                done = folder / DONE

                def count() -> int:
                    return int(done.read_text() or 0) if done.exists() else -1

                while count() < 0:
                    if process.returncode is not None:
                        raise RuntimeError(log.read_text())
                    await asyncio.sleep(0.05)
                return await _drive(standin, process.pid, count, messages, chance)
            finally:
                process.kill()
                await process.wait()


async def _drive(
    standin: StandIn, pid: int, count: Callable[[], int], messages: int, chance: random.Random
) -> dict[str, float]:
    texts = [text(chance) for _ in range(messages)]
    before, started = cpu(pid), time.perf_counter()
    for content in texts:
        await standin.say(content, author=chance.randint(2_002, 2_200), keep=False)
    while count() < messages:
        await asyncio.sleep(0.01)
    seconds = time.perf_counter() - started
    used = cpu(pid) - before
    waits = []
    for number in range(1, 201):
        sent = time.perf_counter()
        await standin.say(text(chance), author=2_002, keep=False)
        while count() < messages + number:
            await asyncio.sleep(0.0005)
        waits.append((time.perf_counter() - sent) * 1000)
        await asyncio.sleep(SOON)
    return {
        "messages_a_second": messages / seconds,
        "cpu_us_a_message": used / messages * 1e6,
        "frame_to_journal_ms_median": statistics.median(waits),
        "frame_to_journal_ms_p99": sorted(waits)[-2],
        "peak_mb": memory(pid),
    }


async def compare(messages: int, repeats: int) -> dict[str, Any]:
    """Measure all subjects in turn and return the medians and their ratios."""
    runs: dict[str, list[dict[str, float]]] = {"bare": [], "naive": [], "bellwether": []}
    for _ in range(repeats):
        for subject, found in runs.items():
            # The naive bot is slow, and its rate does not depend on the number of messages.
            found.append(await measure(subject, messages // 5 if subject == "naive" else messages))
    figures: dict[str, Any] = {
        subject: {
            name: round(statistics.median(run[name] for run in found), 2) for name in found[0]
        }
        for subject, found in runs.items()
    }
    mine, bare, naive = figures["bellwether"], figures["bare"], figures["naive"]
    for subject in figures.values():
        subject["cpu_ratio_to_bare"] = round(
            subject["cpu_us_a_message"] / bare["cpu_us_a_message"], 2
        )
    figures["speed_ratio_to_naive"] = round(
        mine["messages_a_second"] / naive["messages_a_second"], 1
    )
    figures["messages"], figures["repeats"] = messages, repeats
    return figures


async def soak(messages: int) -> dict[str, float]:
    """Send many messages to many channels and return how much the bot's memory grew.

    The first tenth is the warm-up: after it, every channel and member has occurred.
    """
    chance = random.Random(2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        channels = {
            GENERAL + 10_000 + n: channel(GENERAL + 10_000 + n, f"c{n}") for n in range(CHANNELS)
        }
        standin = StandIn()
        standin.channels |= channels
        async with standin.serving():
            async with bellwether(folder, settings_for(standin, folder)) as running:
                await until(lambda: '"event": "ready"' in running.logged(), running)
                pid, rooms = running.process.pid, list(channels)
                resident = {}
                for number in range(1, messages + 1):
                    await standin.say(
                        text(chance),
                        author=chance.randint(2_002, 7_000),
                        where=chance.choice(rooms),
                        keep=False,
                    )
                    if number % AHEAD == 0 or number == messages:
                        while count_messages(folder / "bellwether.sqlite3") < number:
                            await asyncio.sleep(0.05)
                        resident[number] = memory(pid, "VmRSS")
    first = min(number for number in resident if number >= messages / 10)
    return {
        "soak_messages": messages,
        "soak_channels": CHANNELS,
        "soak_first_mb": round(resident[first], 1),
        "soak_last_mb": round(resident[messages], 1),
        "soak_growth_mb": round(resident[messages] - resident[first], 1),
    }


def main() -> None:
    """Print the figures as JSON and write them to ``OUT``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--soak", type=int, default=0, help="measure memory over so many messages")
    given = parser.parse_args()
    found = json.loads(OUT.read_text(encoding="utf-8")) if OUT.exists() else {}
    if given.soak:
        found |= asyncio.run(soak(given.soak))
    else:
        found |= asyncio.run(compare(given.messages, given.repeats))
    figures = json.dumps(found, indent=2)
    OUT.write_text(figures + "\n", encoding="utf-8")
    print(figures)


if __name__ == "__main__":
    main()
