"""Send real messages through the bot as a process, and check every row, alert and deletion.

Half of them are tweets, half are live technical chat. A stand-in Discord sends them as fast as the
socket takes them. Afterwards, every row, alert and deletion is compared with what the thresholds
ask for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from random import Random

from discord.utils import snowflake_time

from bot.app.settings import Moderation
from bot.domain import ChannelId, Kind, Post, UserId, clean, message_case
from bot.policy.rules import decide
from model import sources
from model.scorer import Scorer
from tests.process import MESSAGES, bellwether, rows, settings_for, until, with_alert_channel
from tests.standin import GENERAL, GUILD, MEMBER, StandIn

SEED = 0
HALF = 2_500


def messages(data_dir: Path) -> list[str]:
    """Return ``HALF`` tweets, then ``HALF`` lines of chat, each drawn with a fixed seed."""
    random = Random(SEED)
    tweets = [row.text for row in sources.load("davidson", data_dir)]
    chat = [row.text for row in sources.load("irc_ubuntu", data_dir)]
    return [*random.sample(tweets, HALF), *random.sample(chat, HALF)]


async def replay(data_dir: Path) -> dict[str, float]:
    """Run the bot on all messages. Raises ``AssertionError`` if it did anything unexpected."""
    texts = messages(data_dir)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        await with_alert_channel(folder)
        async with StandIn().serving() as standin:
            settings = settings_for(standin, folder, BELLWETHER_LOG__LEVEL="WARNING")
            async with bellwether(folder, settings) as running:
                await until(standin.identified.is_set, running)
                started = time.perf_counter()
                ids = [await standin.say(text) for text in texts]
                count = "SELECT count(*) FROM cases WHERE surface = 'message'"
                await until(lambda: rows(folder, count)[0][0] == len(texts), running, 300)
                scored = time.perf_counter() - started
                pending = "SELECT count(*) FROM actions WHERE status = 'pending'"
                await until(lambda: rows(folder, pending)[0][0] == 0, running, 300)
                acted = time.perf_counter() - started
                code = await running.stop()
                assert code == 0, running.logged()
        return _compare(folder, standin, dict(zip(ids, texts, strict=True))) | {
            "messages_a_second": round(len(texts) / scored),
            "messages_a_second_until_acted": round(len(texts) / acted),
        }


def _compare(folder: Path, standin: StandIn, texts: dict[int, str]) -> dict[str, float]:
    scorer = Scorer.load()
    policy = Moderation().defaults(scorer.presets).policy()
    expected: dict[Kind, set[int]] = {kind: set() for kind in Kind}
    cleaned = [clean(text) for text in texts.values()]
    scored = scorer.score(cleaned)
    for identity, scores in zip(texts, scored, strict=True):
        case = message_case(GUILD, identity)
        post = Post(case, ChannelId(GENERAL), UserId(MEMBER), snowflake_time(identity), "")
        for reason in decide(policy, post, scores, scorer.version).reasons:
            expected[reason.kind].add(identity)

    logged = [row[0] for row in rows(folder, MESSAGES)]
    assert sorted(logged) == sorted(texts), "not exactly one row for each message"
    leads = [int(sent["nonce"].split(".")[0]) for sent in standin.sent]
    assert len(leads) == len(set(leads)), "an alert was sent twice"
    told = (
        "SELECT c.subject_id, l.subject_id FROM actions a JOIN cases c ON c.id = a.case_id"
        " JOIN cases l ON l.id = a.alert_case_id WHERE a.kind = 'alert' AND a.status = 'done'"
    )
    groups = dict(rows(folder, told))
    assert set(groups) == expected[Kind.ALERT], "the alerts do not match the thresholds"
    assert set(groups.values()) == set(leads), "a message belongs to an alert that was not sent"
    assert len(standin.deleted) == len(set(standin.deleted)), "a message was deleted twice"
    assert set(standin.deleted) == expected[Kind.DELETE], (
        "the deletions do not match the thresholds"
    )

    halves = {"tweets": set(list(texts)[:HALF]), "chat": set(list(texts)[HALF:])}
    return {"messages": float(len(texts)), "alerts_sent": float(len(leads))} | {
        f"{kind}s_per_1000_{half}": round(1000 * len(expected[kind] & ids) / len(ids), 1)
        for half, ids in halves.items()
        for kind in Kind
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    figures = asyncio.run(replay(parser.parse_args().data_dir))
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
