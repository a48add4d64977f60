"""Who is in the demo's server, what they wrote there, and what moderators said of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import discord
import simcord
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle
from simcord.enums import AppCommandType

from bot.app.lifecycle import App
from bot.demo.narration import guide_message
from bot.domain import ChannelId, Judgement, Post, UserId, Verdict, message_case

CONVERSATION: Final = (
    (18, "Ada", "morning all, is the book club still on for thursday?"),
    (17, "Linus", "yes, 8 pm, chapter five"),
    (12, "Ada", "damn, that was a good chapter"),
    (11, "Grace", "no spoilers please, i am on chapter three"),
    (9, "Linus", "ok, promised"),
)
"""Minutes ago, who, and what. Nothing here is alerted on: the first alert is the visitor's."""

LAST_WEEK: Final = (
    (6, "you are the worst reader in this club, honestly", Judgement.FALSE_POSITIVE),
    (6, "shut up, nobody asked you", Judgement.RIGHT),
    (5, "only an idiot would like that ending", Judgement.FALSE_POSITIVE),
    (5, "you are an idiot and everybody here knows it", Judgement.RIGHT),
    (4, "what a stupid, stupid book", None),
    (4, "your review is as dumb as you are", Judgement.RIGHT),
    (3, "i am such a moron, i read chapter six twice", Judgement.FALSE_POSITIVE),
    (3, "get lost, loser", Judgement.RIGHT),
    (3, "the villain is a pathetic coward", Judgement.FALSE_POSITIVE),
    (2, "you pathetic little worm", Judgement.RIGHT),
    (2, "that plot twist was garbage", None),
    (1, "go away, you are useless", None),
    (1, "you clown, that is not even in the book", None),
)
"""Days ago, a message in another channel, and Morgan's verdict on its alert."""


@dataclass(frozen=True, slots=True)
class Server:
    """The demo's server: its channel, and the two people a visitor can be."""

    env: simcord.Env
    channel: ChannelHandle
    member: MemberActor
    moderator: MemberActor
    guide_id: int
    """The message that says what to try."""
    names: dict[str, str]
    """What a mention shows, by the mention: ``<@1>`` is ``@Ada``."""

    def menu(self, viewer: MemberActor) -> list[str]:
        """Return which commands a person finds in a message's menu."""
        commands = self.env.backend.visible_commands(
            user_id=viewer.id, channel_id=self.channel.id, type=AppCommandType.MESSAGE
        )
        return [str(command["name"]) for command in commands]


async def seed(app: App, env: simcord.Env) -> Server:
    """Make the server, its people and its past. Moves simulated time from its start to now."""
    now = datetime.now(UTC)
    guild = env.create_guild("The Reading Room")
    moderators = guild.create_role(
        "Moderator",
        permissions=discord.Permissions(
            manage_messages=True, moderate_members=True, manage_guild=True
        ),
    )
    channel = guild.create_text_channel(
        "general", topic="Robin is a member, Morgan a moderator. Alerts come to this channel, too."
    )
    lobby = guild.create_text_channel("lobby")
    people: dict[str, MemberActor] = {}

    def join(name: str, *, moderating: bool = False) -> MemberActor:
        user = env.create_user(name.lower(), global_name=name)
        people[name] = guild.add_member(user, roles=[moderators] if moderating else [])
        return people[name]

    for name in dict.fromkeys(name for _, name, _ in CONVERSATION):
        join(name)
    moderator = join("Morgan", moderating=True)
    guide = join("Guide", moderating=True)  # moderators are exempt, and the guide quotes insults
    _advance(env, now - timedelta(days=2))
    member = join("Robin")
    if (me := guild.me) is not None:
        await me.edit(nick="Bellwether")

    await moderator.slash(channel, "alerts channel", channel=channel)
    await _remember(app, guild.id, lobby.id, people["Linus"].id, moderator.id)
    for minutes, name, text in CONVERSATION:
        _advance(env, now - timedelta(minutes=minutes))
        await people[name].send(channel, text)
    _advance(env, datetime.now(UTC))
    steps = await guide.send(channel, guide_message())
    await app.drained()

    names = {f"<@{person.id}>": f"@{name}" for name, person in people.items()}
    names |= {place.mention: f"#{place.name}" for place in (channel, lobby)}
    names[f"<@&{moderators.id}>"] = f"@{moderators.name}"
    return Server(env, channel, member, moderator, steps.id, names)


def _advance(env: simcord.Env, moment: datetime) -> None:
    """Move simulated time, while nothing waits for it."""
    env.backend.clock.advance((moment - env.now()).total_seconds())


async def _remember(
    app: App, guild_id: int, channel_id: int, author_id: int, moderator_id: int
) -> None:
    """Record a week of another channel, scored as if it had just been written."""
    context, now = app.context, datetime.now(UTC)
    posts = []
    for number, (days, text, _) in enumerate(LAST_WEEK):
        at = now - timedelta(days=days, minutes=number)
        case = message_case(guild_id, discord.utils.time_snowflake(at))
        posts.append(Post(case, ChannelId(channel_id), UserId(author_id), at, text))
    decisions, verdicts = [], []
    for decision, (_, _, judgement) in zip(context.judge.judge(posts), LAST_WEEK, strict=True):
        decisions.append(replace(decision, reasons=()))  # acted on, long ago
        if judgement is not None and decision.lead is not None:
            by, at = UserId(moderator_id), decision.post.created_at
            verdicts.append(Verdict(decision, decision.lead.harm, judgement, by, at))
    await context.store.journal.record(decisions)
    await context.store.verdicts.judge(verdicts)
