"""Alerts moderators in both modes. Cases that belong together share an alert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import structlog

from bot.domain import Case, CaseId, ChannelId, Kind, Outcome, Status, failed
from bot.domain.snowflakes import time_at
from bot.enforcement.actuators import DONE
from bot.enforcement.alert_channel import AlertChannel, AlertRemovedError
from bot.enforcement.grouping import LONGEST_OPEN, OpenAlert, OpenAlerts
from bot.policy.book import PolicyBook
from bot.policy.rules import Policy
from bot.retries import RefusedError, TemporaryError, retry
from bot.store.ports import Assigned, Journal

log = structlog.stdlib.get_logger(__name__)


class Alerting:
    """Groups cases into alerts, then sends or updates the alerts."""

    def __init__(
        self, channel: AlertChannel, book: PolicyBook, alerts: OpenAlerts, journal: Journal
    ) -> None:
        self._channel = channel
        self._book = book
        self._alerts = alerts
        self._journal = journal

    async def alert(self, cases: Sequence[Case]) -> tuple[Sequence[Outcome], Sequence[CaseId]]:
        """Alert on cases of one server. Return the outcome and the alert's lead case for each.

        Each alert is retried by itself until Discord takes it: one that fails costs no further
        request for those before it.
        """
        outcomes: dict[CaseId, tuple[Outcome, CaseId]] = {}
        waiting = list(cases)
        while waiting:
            told: dict[OpenAlert, list[Case]] = {}
            for case in waiting:
                told.setdefault(self._join(case), []).append(case)
            waiting = []
            for alert, its in told.items():
                try:
                    outcome = await retry(Kind.ALERT, partial(self._show, alert, its))
                except AlertRemovedError:
                    # A moderator removed it or acts on it, so its cases need a new alert.
                    self._alerts.close(alert.lead.id)
                    waiting += its
                    continue
                except RefusedError as error:
                    outcome = failed("failed.refused", reason=str(error))
                if outcome.status is Status.FAILED:
                    self._alerts.close(alert.lead.id)
                outcomes.update({case.id: (outcome, alert.lead.id) for case in its})
        ended = [outcomes[case.id] for case in cases]
        return [outcome for outcome, _ in ended], [lead for _, lead in ended]

    def _join(self, case: Case) -> OpenAlert:
        return self._alerts.join(case, pings=_pings(self._book.of(case.id.guild), case))

    async def _show(self, alert: OpenAlert, cases: Sequence[Case]) -> Outcome:
        """Send an alert, or update it with cases that joined it. Raises ``AlertRemovedError``."""
        guild = alert.lead.id.guild
        async with alert.showing:
            place = self._channel.place(guild)
            if isinstance(place, Outcome):
                return place
            # A moderator acted on it meanwhile, or the server changed its alert channel.
            if alert.closed or (alert.channel_id and alert.channel_id != place):
                raise AlertRemovedError
            # Before it is sent, so that the next process can find out what was. Not before the
            # check above: a moderator who acts on the alert has not seen these cases.
            await self._journal.assign(cases, [alert.lead.id] * len(cases))
            if alert.maybe_sent and not alert.message_id:
                await self._look_for(alert, place)
            if alert.message_id:
                return await self._channel.update(alert)
            try:
                return await self._channel.send(alert)
            except TemporaryError:
                # It may have arrived anyway, and Discord forgets nonces within minutes.
                alert.maybe_sent = True
                raise

    async def _look_for(self, alert: OpenAlert, place: ChannelId) -> None:
        """Look in the channel for an alert whose sending was never confirmed."""
        shown = await self._channel.sent_since(alert.lead.id.guild, alert.lead.decision.post.at)
        found = shown.get(alert.lead.id)
        if found is not None:
            alert.channel_id, alert.message_id = place, found.message_id

    async def mark_sent(self, cases: Sequence[Case]) -> list[Case]:
        """Return the cases, with those marked that an earlier process already alerted on.

        That process may have stopped between sending an alert and recording it. All cases must be
        from one server. The ids of an alert's buttons contain its lead case, and its title has the
        number of cases, so the alert channel itself shows what moderators have seen.
        """
        assigned = await self._journal.assigned(
            [case for case in cases if Kind.ALERT not in case.outcomes]
        )
        if not assigned:
            return list(cases)
        since = min(case.decision.post.at for case in cases) - LONGEST_OPEN
        leads = [told.lead.subject for told in assigned.values()]
        since = min(since, *(time_at(lead) for lead in leads))
        shown = await self._channel.sent_since(cases[0].id.guild, since)
        found = []
        for case in cases:
            told = assigned.get(case.id)
            seen = None if told is None else shown.get(told.lead)
            if told is None or seen is None or seen.count < _place_in(told, case):
                found.append(case)
                continue
            await self._journal.finish([case], Kind.ALERT, [DONE], [told.lead])
            found.append(replace(case, outcomes={**case.outcomes, Kind.ALERT: DONE}))
        return found


def _place_in(told: Assigned, case: Case) -> int:
    """Return the number of cases an alert must count, to include this one."""
    return 1 if told.lead == case.id else told.count


def _pings(policy: Policy, case: Case) -> bool:
    highest = max((reason.score for reason in case.decision.reasons), default=0.0)
    return policy.ping_role_id is not None and highest >= policy.ping_above
