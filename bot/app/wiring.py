"""Creates all parts of the bot and connects them, without starting them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.app.settings import Settings
from bot.clock import Clock
from bot.desk.alerts import AlertDesk
from bot.desk.evidence import EvidenceDesk
from bot.desk.judging import JudgingDesk
from bot.desk.privacy import PrivacyDesk
from bot.desk.reports import Reports
from bot.desk.settings import SettingsDesk
from bot.domain import Post
from bot.enforcement.actuators import Observing
from bot.enforcement.alerting import Alerting
from bot.enforcement.dispatcher import Dispatcher
from bot.enforcement.grouping import OpenAlerts
from bot.enforcement.recovery import Recovery
from bot.intake.catch_up.gaps import Gaps
from bot.intake.catch_up.runner import CatchUp
from bot.intake.live import Live
from bot.judging.judge import Judge
from bot.judging.pipeline import Pipeline
from bot.platform.actuators import Enforcing
from bot.platform.client import Client, Events
from bot.platform.gate import DiscordGate
from bot.platform.history import DiscordHistory
from bot.platform.places import Servers
from bot.platform.roles import Roles
from bot.platform.surroundings import DiscordSurroundings
from bot.policy.book import PolicyBook
from bot.store.patience import Patience
from bot.store.ports import Store
from bot.ui.discord.alert_channel import DiscordAlertChannel
from bot.ui.discord.context import Context
from bot.ui.discord.controls import Controls
from bot.ui.discord.registry import add_commands
from bot.ui.discord.speech import Speech
from bot.ui.discord.tree import Tree
from model.scorer import Scorer


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that the app uses after they have been created."""

    client: Client
    clock: Clock
    patience: Patience
    book: PolicyBook
    judge: Judge
    pipeline: Pipeline
    dispatcher: Dispatcher
    recovery: Recovery
    catch_up: CatchUp
    live: Live
    roles: Roles
    tree: Tree
    controls: Controls
    context: Context


def assemble(
    settings: Settings,
    scorer: Scorer,
    store: Store,
    events: Events,
    submit: Callable[[Post], bool],
) -> Parts:
    """Create all parts. ``submit`` takes a live post without waiting."""
    clock, patience, gaps = Clock(), Patience(), Gaps()
    book = PolicyBook(settings.moderation.defaults(scorer.presets))
    judge = Judge(scorer, book)
    client = Client(events, clock)
    servers, speech, open_alerts = Servers(client), Speech(client), OpenAlerts()
    channel = DiscordAlertChannel(servers, book, speech)
    alerting = Alerting(channel, book, open_alerts, store.journal)
    enforcing = Enforcing(servers, clock)
    dispatcher = Dispatcher(
        store.journal,
        book,
        alerting,
        channel,
        enforcing=enforcing,
        observing=Observing(),
        patience=patience,
    )
    pipeline = Pipeline(
        judge,
        store.journal,
        dispatcher.hand_on,
        patience=patience,
        caught_up=gaps.caught_up,
        batch_size=settings.pipeline.batch_size,
        queue_size=settings.pipeline.queue_size,
    )
    catch_up = CatchUp(
        gaps,
        DiscordHistory(client),
        store.watermarks,
        pipeline.enter,
        patience=patience,
        clock=clock,
        hours=settings.catch_up.hours,
        messages=settings.catch_up.messages,
    )
    roles = Roles(client, gaps, submit)
    gate = DiscordGate(servers)
    context = Context(
        store=store,
        book=book,
        judge=judge,
        settings=SettingsDesk(store.settings, store.journal, book),
        alerts=AlertDesk(store.journal, store.verdicts, open_alerts, enforcing, gate),
        evidence=EvidenceDesk(store.journal, DiscordSurroundings(servers), gate),
        judging=JudgingDesk(judge, pipeline, book, store.journal, store.verdicts),
        reports=Reports(),
        privacy=PrivacyDesk(store.housekeeping, settings.storage.retention_days),
        dispatcher=dispatcher,
        channel=channel,
        speech=speech,
        gate=gate,
    )
    tree, controls = Tree(client, store), Controls()
    client.tree = tree
    add_commands(tree, controls, context)
    return Parts(
        client=client,
        clock=clock,
        patience=patience,
        book=book,
        judge=judge,
        pipeline=pipeline,
        dispatcher=dispatcher,
        recovery=Recovery(alerting, dispatcher.hand_on),
        catch_up=catch_up,
        live=Live(submit, roles.ask),
        roles=roles,
        tree=tree,
        controls=controls,
        context=context,
    )
