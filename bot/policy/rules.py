"""What one server wants done about which message, and the decision it leads to."""

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
"""The scope of a rule that holds in the whole server."""

DEFAULT_MINUTES: Final = 10


@dataclass(frozen=True, slots=True)
class Rule:
    """From which score an action is taken (``None``: never), and whose rule that is."""

    threshold: float | None
    scope_id: ChannelId = SERVER
    minutes: int = 0


Key = tuple[str, Kind]
Table = Mapping[Key, Rule]
Limits = tuple[tuple[Kind, str, float, ChannelId, int], ...]
Scopes = tuple[ChannelId, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A server's rules, ready to decide with.

    ``defaults`` are those of its preset. ``overrides`` holds, by scope (a channel, forum or
    category, or ``SERVER``), what moderators set there; what a scope does not mention it inherits
    from the next wider one. ``minutes`` are the lengths of time-outs, by scope and class.
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
        """Return the rule for every class and action, where ``scopes`` go from narrow to wide."""
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
        """Return the rules that hold for a post and are not "never"; kept for the next post."""
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
        """Whether messages are deleted and people timed out."""
        return self.mode is Mode.ENFORCE

    def exempts(self, post: Post) -> bool:
        """Return whether no rule applies to a post."""
        return (
            (post.moderator and self.moderators_exempt)
            or post.author_id in self.exempt_members
            or not self.exempt_roles.isdisjoint(post.role_ids)
            or not self.exempt_channels.isdisjoint(scopes_of(post))
        )


def scopes_of(post: Post) -> Scopes:
    """Return where a post stands, from narrow to wide; 0 where there is no such place."""
    return post.channel_id, post.parent_id, post.category_id


def decide(policy: Policy, post: Post, scores: Scores, model: str) -> Decision:
    """Decide one post: for each kind, the class that exceeds its threshold by most, if any.

    A deletion or a time-out always brings an alert with it, even where alerts for that class are
    off: nothing happens without a moderator being told. Nobody who moderates, and no webhook, is
    ever timed out. A title or a nickname is only alerted on, and so is a message whose author's roles
    Discord did not tell: a moderator could have written it. A class without a score, from before a
    model knew it, decides nothing.
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
    """Return a decision with its reasons only if it calls for an action its message has not had.

    ``had`` is brought up to date. Nobody wants a second alert for a corrected comma, and an edit
    that makes it worse is worth one.
    """
    due = {reason.kind for reason in decision.reasons}
    fresh = decision if due - had else replace(decision, reasons=())
    had |= due
    return fresh
