"""The rules of a server, and the decision that they lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bot.domain import (
    NOWHERE,
    ChannelId,
    Decision,
    Kind,
    Mode,
    Post,
    Reason,
    RoleId,
    Scores,
    Surface,
    UserId,
)
from bot.policy.phrases import Phrases
from bot.policy.thresholds import Thresholds

SERVER: Final = NOWHERE
"""The scope of rules for the whole server."""

DEFAULT_MINUTES: Final = 10


@dataclass(frozen=True, slots=True)
class Rule:
    """The score at which an action is taken, ``None`` for never, and the scope that set it."""

    threshold: float | None
    scope_id: ChannelId = SERVER
    minutes: int = 0


Key = tuple[str, Kind]
Table = Mapping[Key, Rule]
Limits = tuple[tuple[Kind, str, float, ChannelId, int], ...]
Scopes = tuple[ChannelId, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of a server, ready to decide with.

    ``defaults`` are the thresholds of its preset. ``overrides`` are the thresholds that moderators
    set, by scope: a channel, a forum, a category, or ``SERVER``. A scope inherits what it does not
    set from the next wider one. ``minutes`` are the lengths of time-outs, by scope and class.
    """

    defaults: Mapping[str, Thresholds] = field(default_factory=dict)
    overrides: Mapping[ChannelId, Mapping[Key, float | None]] = field(default_factory=dict)
    minutes: Mapping[tuple[ChannelId, str], int] = field(default_factory=dict)
    default_minutes: int = DEFAULT_MINUTES
    preset: str = "balanced"
    mode: Mode = Mode.OBSERVE
    alert_channel_id: ChannelId | None = None
    ping_role_id: RoleId | None = None
    ping_above: float = 0.9
    language: str | None = None
    spoilers: bool = True
    moderators_exempt: bool = True
    exempt_roles: frozenset[RoleId] = frozenset()
    exempt_channels: frozenset[ChannelId] = frozenset()
    exempt_members: frozenset[UserId] = frozenset()
    phrases: Phrases = field(default_factory=Phrases)
    _limits: dict[Scopes, Limits] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def table(self, scopes: Scopes = ()) -> Table:
        """Return the rule for each class and action; ``scopes`` go from narrow to wide."""
        found: dict[Key, Rule] = {}
        for harm, thresholds in self.defaults.items():
            minutes = self._minutes(scopes, harm)
            for kind in Kind:
                key = (harm, kind)
                rule = Rule(thresholds.of(kind))
                for scope in (*scopes, SERVER):
                    values = self.overrides.get(scope, {})
                    if key in values:
                        rule = Rule(values[key], scope)
                        break
                length = minutes if kind is Kind.TIMEOUT else 0
                found[key] = Rule(rule.threshold, rule.scope_id, length)
        return found

    def _minutes(self, scopes: Scopes, harm: str) -> int:
        for scope in (*scopes, SERVER):
            if (scope, harm) in self.minutes:
                return self.minutes[scope, harm]
        return self.default_minutes

    def limits(self, post: Post) -> Limits:
        """Return the rules for a post, except those that are off; cached by scopes."""
        overrides = self.overrides
        scopes = tuple(scope for scope in scopes_of(post) if scope in overrides)
        limits = self._limits.get(scopes)
        if limits is None:
            limits = tuple(
                (kind, harm, rule.threshold, rule.scope_id, rule.minutes)
                for (harm, kind), rule in self.table(scopes).items()
                if rule.threshold is not None
            )
            self._limits[scopes] = limits
        return limits

    @property
    def enforcing(self) -> bool:
        """Whether messages are deleted and authors timed out."""
        return self.mode is Mode.ENFORCE

    def exempts(self, post: Post) -> bool:
        """Return whether a post is exempt from every rule."""
        return (
            (post.moderator and self.moderators_exempt)
            or post.author_id in self.exempt_members
            or not self.exempt_roles.isdisjoint(post.role_ids)
            or not self.exempt_channels.isdisjoint(scopes_of(post))
        )


def scopes_of(post: Post) -> Scopes:
    """Return the scopes of a post, from narrow to wide; 0 stands for a missing one."""
    return post.channel_id, post.parent_id, post.category_id


def decide(policy: Policy, post: Post, scores: Scores, model: str) -> Decision:
    """Decide one post: for each action, the reason is the class that exceeds its threshold most.

    A deletion or a time-out always comes with an alert, even if alerts for that class are off, so
    that a moderator learns of everything that is done. Moderators and webhooks are never timed out.
    Titles and nicknames are only alerted on. So are messages whose author's roles Discord did not
    tell, because the author could be a moderator. A class without a score, from before the model
    had it, decides nothing.
    """
    if policy.exempts(post):
        return Decision(post, scores, model, exempt=True, mode=policy.mode)
    strongest: dict[Kind, Reason] = {}
    actionable = post.surface is Surface.MESSAGE and post.roles_known
    for kind, harm, threshold, scope_id, minutes in policy.limits(post):
        score = scores.get(harm)
        if score is None or score < threshold:
            continue
        if kind is Kind.TIMEOUT and (post.moderator or post.webhook):
            continue
        if kind is not Kind.ALERT and not actionable:
            continue
        before = strongest.get(kind)
        if before is None or score - threshold > before.score - before.threshold:
            strongest[kind] = Reason(kind, harm, score, threshold, scope_id, minutes)
    if strongest and Kind.ALERT not in strongest:
        cause = strongest.get(Kind.TIMEOUT) or strongest[Kind.DELETE]
        strongest[Kind.ALERT] = Reason(
            Kind.ALERT, cause.harm, cause.score, cause.threshold, cause.scope_id
        )
    reasons = tuple(strongest[kind] for kind in Kind if kind in strongest)
    return Decision(post, scores, model, reasons, mode=policy.mode)


def further(decision: Decision, had: set[Kind]) -> Decision:
    """Return the decision, without its reasons if its message has had all of these actions.

    Updates ``had``. An edit that corrects a comma causes no second alert; an edit that makes the
    message worse does.
    """
    due = {reason.kind for reason in decision.reasons}
    fresh = decision if due - had else replace(decision, reasons=())
    had |= due
    return fresh
