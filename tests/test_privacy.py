"""/privacy, for everybody: what is kept about whoever asks, and erasing it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.desk.privacy import USES
from tests.answers import said
from tests.world import BENIGN, BORDERLINE, World


async def test_a_member_sees_what_is_kept_and_has_it_erased(world: World) -> None:
    await world.choose_desk()
    assert "Nothing is stored" in said(await world.member.slash(world.general, "privacy show"))
    await world.say(BENIGN)
    await world.say(BORDERLINE)
    other = world.guild.add_member(world.env.create_user("kim"))
    await other.send(world.general, BENIGN)
    await world.app.drained()
    await world.moderator.click(world.alert, label="Right call")
    shown = await world.member.slash(world.general, "privacy show")
    assert shown.ephemeral
    # Two messages and the name they came with.
    assert "scores of 3 messages, 1 action, 1 verdict by moderators" in said(shown)

    # What moderators were just alerted to stays, or whoever wrote it could disarm the alert.
    forgotten = said(await world.member.slash(world.general, "privacy forget"))
    assert "about 2 messages" in forgotten
    assert "Not erased yet: 1 message that" in forgotten
    assert "2 messages" in said(await other.slash(world.general, "privacy show"))
    assert world.texts().count(BORDERLINE) == 1
    await world.moderator.click(world.alert, label="Delete")
    assert world.texts().count(BORDERLINE) == 0

    # A week later it is gone, and the alert says so.
    house = world.app.context.store.housekeeping
    assert await house.erase_due(datetime.now(UTC) + timedelta(seconds=1)) == 1
    assert "Nothing is stored about this message any more" in said(
        await world.moderator.click(world.alert, label="False positive")
    )


async def test_asking_again_and_again_is_refused(world: World) -> None:
    for _ in range(USES):
        assert "Nothing is stored" in said(await world.member.slash(world.general, "privacy show"))
    for command in ("privacy show", "privacy forget"):
        assert "Try again later" in said(await world.member.slash(world.general, command))
    # Each member has a limit of their own.
    assert "Nothing is stored" in said(await world.moderator.slash(world.general, "privacy show"))


async def test_being_forgotten_here_changes_nothing_elsewhere(world: World) -> None:
    elsewhere = world.env.create_guild("Others")
    there = elsewhere.create_text_channel("there")
    same = elsewhere.add_member(world.member.user)
    await same.send(there, BENIGN)
    await world.say(BENIGN)
    await world.member.slash(world.general, "privacy forget")
    assert "Nothing is stored" in said(await world.member.slash(world.general, "privacy show"))
    # The message and the name it came with.
    assert "scores of 2 messages" in said(await same.slash(there, "privacy show"))
