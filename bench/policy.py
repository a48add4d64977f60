"""Benchmark a decision, under the policy of a fresh server and under 200 overrides.

Prints the medians as JSON, in microseconds per message.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from datetime import UTC, datetime
from typing import Final

from bot.app.settings import Moderation
from bot.domain import NOWHERE, ChannelId, Kind, Post, RoleId, UserId, message_case
from bot.policy.entries import OFF, Value, exempt_entry, threshold_entry
from bot.policy.rules import Policy, decide
from model.classes import CLASSES, HARMS
from model.scorer import Scorer

OVERRIDES: Final = 200
POSTS: Final = 5_000
REPEATS: Final = 15


def main() -> None:
    """Print the figures."""
    chance = random.Random(0)
    defaults = Moderation().defaults(Scorer.load().presets)
    scopes = [ChannelId(number) for number in range(1_000, 1_000 + OVERRIDES)]
    entries: dict[str, Value] = {}
    for scope in scopes:
        harm, kind = chance.choice(HARMS), chance.choice(list(Kind))
        entries[threshold_entry(scope, harm, kind)] = chance.choice((OFF, 0.7, 0.9))
    entries |= {exempt_entry("role", number): True for number in range(20)}
    # Half of the overrides are for channels, a quarter for forums, a quarter for categories.
    channels, forums, categories = scopes[:100], scopes[100:150], scopes[150:]
    above = {
        channel: (chance.choice((NOWHERE, *forums)), chance.choice(categories))
        for channel in channels
    }
    places = [(channel, *above[channel]) for channel in chance.choices(channels, k=POSTS)]
    posts = [
        Post(
            id=message_case(1, number),
            channel_id=channel,
            author_id=UserId(number),
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            text="",
            parent_id=parent,
            category_id=category,
            role_ids=tuple(map(RoleId, range(100, 110))),
        )
        for number, (channel, parent, category) in enumerate(places)
    ]
    scores = [{name: chance.random() for name in CLASSES} for _ in posts]
    figures: dict[str, object] = {"posts": POSTS, "repeats": REPEATS}
    for name, policy in (("fresh", defaults.policy()), ("overrides_200", defaults.policy(entries))):
        # The first pass computes and caches the rules of each combination of scopes.
        first = _microseconds(policy, posts, scores)
        later = [_microseconds(policy, posts, scores) for _ in range(REPEATS)]
        figures[name] = {
            "first_pass_us": round(first, 2),
            "median_us": round(statistics.median(later), 2),
        }
    print(json.dumps(figures, indent=2))


def _microseconds(policy: Policy, posts: list[Post], scores: list[dict[str, float]]) -> float:
    started = time.perf_counter()
    for post, scored in zip(posts, scores, strict=True):
        decide(policy, post, scored, "m")
    return (time.perf_counter() - started) / len(posts) * 1e6


if __name__ == "__main__":
    main()
