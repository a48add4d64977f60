"""The bot on a simulated server: members write, and the bot does what the thresholds say."""

from __future__ import annotations

import discord
import pytest
import simcord

from bot.app.lifecycle import App
from bot.app.settings import Moderation, Settings
from bot.enforcement.breaker import REFUSALS
from bot.platform.surfaces import post_of
from tests.answers import field
from tests.database import rows
from tests.world import BENIGN, BORDERLINE, HATEFUL, World

pytestmark = pytest.mark.simcord


async def test_ordinary_talk_is_left_alone(world: World) -> None:
    await world.choose_desk()
    await world.say(BENIGN)
    assert world.texts() == [BENIGN]
    assert world.alerts == []
    assert await world.recorded() == 1


async def test_a_borderline_message_is_alerted_and_stays(world: World) -> None:
    await world.choose_desk()
    message = await world.say(BORDERLINE)
    assert world.texts() == [BORDERLINE]
    (alert,) = world.alerts
    shown = str(alert.to_dict())
    assert (alert.title or "").startswith("Alert")
    assert BORDERLINE in shown
    assert f"/{world.guild.id}/{world.general.id}/{message.id}" in shown


async def test_a_hateful_message_is_deleted_and_the_moderators_are_told(world: World) -> None:
    await world.choose_desk()
    await world.say(HATEFUL)
    assert world.texts() == []
    (alert,) = world.alerts
    assert (alert.title or "").startswith("Deleted")
    assert HATEFUL in str(alert.to_dict())


async def test_a_fresh_install_observes(settings: Settings) -> None:
    assert Settings().moderation.mode == "observe"
    observing = settings.model_copy(update={"moderation": Moderation()})
    app = await App.open(observing)
    try:
        async with simcord.run(app.client) as env:
            world = World.furnish(app, env)
            await world.choose_desk()
            await world.say(HATEFUL)
            assert world.texts() == [HATEFUL]
            (alert,) = world.alerts
            assert (alert.title or "").startswith("Would delete")
            result = await world.moderator.slash(world.desk, "threshold show")
            assert "Observing" in str(result.response.embeds[0].to_dict())  # type: ignore[union-attr]
    finally:
        await app.close()


async def test_an_edit_is_read_like_a_message(world: World) -> None:
    await world.choose_desk()
    message = await world.say(BENIGN)
    await world.member.edit(message, HATEFUL)
    await world.app.drained()
    assert world.texts() == []
    (alert,) = world.alerts
    assert (alert.title or "").startswith("Deleted")
    assert HATEFUL in str(alert.to_dict())


async def test_an_edit_of_what_was_alerted_is_not_alerted_again(world: World) -> None:
    await world.choose_desk()
    message = await world.say(BORDERLINE)
    await world.member.edit(message, f"{BORDERLINE}!")
    await world.app.drained()
    assert len(world.alerts) == 1
    assert await world.recorded() == 2
    await world.env.advance_time(1)  # the simulated clock stands still by itself
    await world.member.edit(message, HATEFUL)
    await world.app.drained()
    assert world.texts() == []
    assert len(world.alerts) == 2


async def test_alerts_ping_nobody(world: World) -> None:
    await world.choose_desk()
    await world.say(f"@everyone {world.moderator.mention} you worthless pathetic idiot")
    sent = [r for r in world.env.http_requests if r.method == "POST" and "messages" in r.path]
    (alert,) = sent
    assert isinstance(alert.json, dict)
    assert alert.json["allowed_mentions"] == {"parse": []}
    assert alert.json["nonce"]
    assert alert.json["enforce_nonce"] is True


async def test_bots_are_not_scored_and_webhooks_are(world: World) -> None:
    await world.choose_desk()
    other = world.guild.add_member(world.env.create_user("other", bot=True))
    await other.send(world.general, HATEFUL)
    await world.app.drained()
    assert await world.recorded() == 0
    await world.guild.create_webhook(world.general).send(HATEFUL)
    await world.app.drained()
    assert await world.recorded() == 1
    assert world.texts() == [HATEFUL]


async def test_a_message_is_deleted_in_a_thread_and_a_voice_channel(world: World) -> None:
    await world.choose_desk()
    parent = world.env.bot.get_channel(world.general.id)
    assert isinstance(parent, discord.TextChannel)
    await parent.create_thread(name="aside", type=discord.ChannelType.public_thread)
    (thread,) = world.general.threads
    for place in (thread, world.guild.create_voice_channel("talk")):
        await world.env.advance_time(60)
        await world.member.send(place, f"{HATEFUL} in {place.name}")
        await world.app.drained()
        assert place.history() == []
        assert (world.alert.embeds[0].title or "").startswith("Deleted")
        assert f"<#{place.id}>" in field(world, "Channel")
    assert len(world.alerts) == 2


async def test_direct_messages_are_none_of_its_business(world: World, settings: Settings) -> None:
    await world.member.send_dm(HATEFUL)
    await world.app.drained()
    assert rows(settings.storage.database, "SELECT count(*) FROM cases") == [(0,)]


async def test_without_an_alert_channel_it_deletes_and_says_what_is_missing(world: World) -> None:
    await world.say(HATEFUL)
    assert world.texts() == []
    result = await world.moderator.slash(world.desk, "threshold show")
    assert "no alert channel is set" in str(result.response.embeds[0].to_dict())  # type: ignore[union-attr]


async def test_without_manage_messages_the_alert_says_so(world: World) -> None:
    await world.choose_desk()
    me = world.env.bot.user
    assert me is not None
    locked = world.guild.create_text_channel(
        "locked", overwrites={me: discord.PermissionOverwrite(manage_messages=False)}
    )
    before = len(world.env.http_requests)
    await world.member.send(locked, HATEFUL)
    await world.app.drained()
    assert [message.content for message in locked.history()] == [HATEFUL]
    (alert,) = world.alerts
    assert (alert.title or "").startswith("Action failed")
    assert "Manage Messages" in str(alert.to_dict())
    # Nothing was asked of Discord that it would refuse: refusals count towards a ban.
    asked = [request.method for request in world.env.http_requests[before:]]
    assert asked == ["POST"]


async def test_an_alert_channel_without_permissions_is_reported_where_moderators_look(
    world: World,
) -> None:
    me = world.env.bot.user
    assert me is not None
    closed = world.guild.create_text_channel(
        "closed", overwrites={me: discord.PermissionOverwrite(embed_links=False)}
    )
    result = await world.moderator.slash(world.desk, "alerts channel", channel=closed)
    assert "I lack **Embed Links**" in result.response.content  # type: ignore[union-attr]
    assert world.policy.alert_channel_id is None


async def test_a_deleted_alert_channel_is_reported_and_can_be_replaced(world: World) -> None:
    await world.choose_desk()
    channel = world.env.bot.get_channel(world.desk.id)
    assert isinstance(channel, discord.TextChannel)
    await channel.delete()
    await world.say(BORDERLINE)
    result = await world.moderator.slash(world.general, "threshold show")
    assert result.response is not None
    shown = str(result.response.embeds[0].to_dict())
    assert "no longer exists, or the bot cannot see it: use /setup" in shown

    world.desk = world.guild.create_text_channel("desk again")
    await world.choose_desk()
    await world.say(BORDERLINE)
    assert len(world.alerts) == 1


async def test_a_passing_failure_is_retried(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.retries.RETRY_SECONDS", (0.01,))
    await world.choose_desk()
    world.env.inject_error("POST", "/channels/*/messages", status=503, times=9)
    world.env.inject_error("DELETE", "/channels/*/messages/*", status=503, times=9)
    await world.say(HATEFUL)
    assert world.texts() == []
    assert len(world.alerts) == 1


async def test_what_discord_refuses_is_given_up_and_reported(world: World) -> None:
    await world.choose_desk()
    world.env.inject_error("DELETE", "/channels/*/messages/*", status=400, code=50035, times=None)
    await world.say(HATEFUL)
    assert world.texts() == [HATEFUL]
    (alert,) = world.alerts
    assert (alert.title or "").startswith("Action failed")
    # The alert went well, and still the moderators can see that the deletion did not.
    result = await world.moderator.slash(world.desk, "threshold show")
    assert "status 400, code 50035" in str(result.response.embeds[0].to_dict())  # type: ignore[union-attr]


async def test_a_message_is_deleted_before_its_alert_is_sent(world: World) -> None:
    await world.choose_desk()
    before = len(world.env.http_requests)
    message = await world.say(HATEFUL)
    asked = [(request.method, request.path) for request in world.env.http_requests[before:]]
    assert asked == [
        ("DELETE", f"/channels/{world.general.id}/messages/{message.id}"),
        ("POST", f"/channels/{world.desk.id}/messages"),
    ]


async def test_a_stopped_dispatcher_takes_nothing_on(world: World) -> None:
    await world.choose_desk()
    await world.app.parts.dispatcher.stop()
    await world.say(HATEFUL)
    assert world.texts() == [HATEFUL]
    assert len(await world.app.context.store.journal.unfinished()) == 1


async def test_a_message_already_gone_counts_as_deleted(world: World) -> None:
    await world.choose_desk()
    world.env.inject_error("DELETE", "/channels/*/messages/*", status=404, code=10008)
    await world.say(HATEFUL)
    (alert,) = world.alerts
    assert (alert.title or "").startswith("Deleted")


async def test_what_a_stopped_bot_left_is_done_by_the_next(settings: Settings) -> None:
    app = await App.open(settings)
    async with simcord.run(app.client) as env:
        world = World.furnish(app, env)
        await world.choose_desk()
        # The first process journals, and dies before it acts.
        app.parts.pipeline.hand_on = lambda _cases: None
        await world.say(HATEFUL)
        assert world.texts() == [HATEFUL]
        await app.close()

        second = await App.open(settings)
        await env.restart_bot(second.client)
        await second.drained()
        assert world.texts() == []
        (alert,) = world.alerts
        assert (alert.title or "").startswith("Deleted")
        # The quotation waited, encrypted, and is erased now that the alert is sent.
        assert HATEFUL in (alert.description or "")
        assert rows(settings.storage.database, "SELECT count(*) FROM excerpts") == [(0,)]
        await second.close()


async def test_a_full_queue_refuses_and_counts(settings: Settings) -> None:
    small = settings.pipeline.model_copy(update={"queue_size": 1})
    app = await App.open(settings.model_copy(update={"pipeline": small}))
    try:
        async with simcord.run(app.client) as env:
            world = World.furnish(app, env)
            original = await world.member.send(world.general, BENIGN)
            await app.drained()
            post = post_of(original, 0)
            assert post is not None
            assert app.parts.pipeline.submit(post) is None
            assert app.parts.pipeline.submit(post) is post
            assert app.parts.pipeline.refused == 2  # the other was the name the member goes by
    finally:
        await app.close()


async def test_what_discord_refuses_again_and_again_is_not_asked_for_a_while(
    world: World,
) -> None:
    await world.choose_desk()
    world.env.inject_error("DELETE", "/channels/*/messages/*", status=403, code=50013, times=None)
    before = len(world.env.http_requests)
    for number in range(REFUSALS + 4):
        await world.say(f"{HATEFUL} {number}")
    asked = [r.method for r in world.env.http_requests[before:]]
    assert asked.count("DELETE") == REFUSALS
    assert "several times in a row" in str(world.alerts[-1].to_dict())
    # A moderator who puts it right does not have to wait.
    world.app.parts.dispatcher.forget_problem(world.guild_id)
    await world.say(f"{HATEFUL} again")
    asked = [r.method for r in world.env.http_requests[before:]]
    assert asked.count("DELETE") == REFUSALS + 1
