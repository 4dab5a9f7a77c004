"""May this delivery go now? One pure decision over everything that can hold it back.

The order matters: what ends a delivery is asked before what delays it, and each answer has its reason,
because "why did Ana not get it?" must have one for every person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.delivery import window
from bot.tenancy.settings import Delivery as DeliverySettings

OPENINGS = frozenset({"broadcast", "journey", "reminder"})
"""Source kinds that open a conversation: these are what caps count."""
UNTIL_RESUMED = timedelta(days=1)
"""Resuming a broadcast makes its rows due at once; this is only how often a forgotten one is looked at."""
LEAST_VALID = 60
"""Seconds: a provider that is given less drops messages at the edge of the night that would have been in time."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A due delivery and what its fate depends on.

    `fresh` says that its row was written within the last hour, `opened` are this worker's recent openings.
    """

    id: int
    source_kind: str
    verb: str
    bypass: bool
    part: int
    channel: str
    consent: str | None
    identity_state: str | None
    worker_active: bool
    broadcast_state: str | None
    expires_at: datetime | None
    is_reply: bool
    fresh: bool
    zones: Sequence[str]
    opened: Sequence[datetime] = ()


@dataclass(frozen=True, slots=True)
class Go:
    """It may go now."""


@dataclass(frozen=True, slots=True)
class Later:
    """Not before `due_at`."""

    due_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class End:
    """Never."""

    state: str
    reason: str


Decision = Go | Later | End
GO = Go()
PAUSED, QUIET, CAPPED, DAY_OVER = "broadcast_paused", "quiet_hours", "cap", "sender_per_day"
OURS = (PAUSED, QUIET, CAPPED, DAY_OVER)
"""Reasons of our own for putting off: rules that may have changed meanwhile, unlike what a provider said."""


def decide(candidate: Candidate, settings: DeliverySettings, now: datetime) -> Decision:
    """Go now, later or never, with the reason."""
    ended = unreachable(candidate) or stopped(candidate, now)
    if ended:
        return ended
    if candidate.broadcast_state == "paused":
        return Later(now + UNTIL_RESUMED, PAUSED)
    if _any_hour(candidate):
        return GO
    return _quiet(candidate, settings, now) or _capped(candidate, settings, now) or GO


def unreachable(candidate: Candidate) -> End | None:
    """Consent and identity: what holds for every message, whoever asked for it."""
    if candidate.bypass:
        return None
    if candidate.consent == "revoked":
        return End("skipped", "opted_out")
    if candidate.channel == "sms" and candidate.consent != "granted":
        return End("skipped", "no_consent")
    unusable = {"dead", "blocked", "replaced"} | ({"unverified"} if candidate.source_kind in OPENINGS else set())
    if candidate.identity_state in unusable:
        return End("skipped", f"address_{candidate.identity_state}")
    return None if candidate.worker_active else End("skipped", "inactive")


def stopped(candidate: Candidate, now: datetime) -> End | None:
    """What ends it whoever it is for: its broadcast was cancelled, or it is too late to be of use."""
    if candidate.broadcast_state == "cancelled":
        return End("cancelled", "broadcast_cancelled")
    if candidate.expires_at is not None and candidate.expires_at <= now:
        return End("expired", "too_late")
    return None


def valid_for(candidate: Candidate, settings: DeliverySettings, now: datetime) -> int | None:
    """Seconds within which the provider must have sent it on: it may queue for ten hours, into the night."""
    ends = [candidate.expires_at] if candidate.expires_at else []
    quiet = settings.quiet_hours
    if quiet is not None and not _any_hour(candidate):
        closes = window.closes(now, candidate.zones, quiet.start, quiet.days)
        ends += [closes] if closes else []
    return max(int((min(ends) - now).total_seconds()), LEAST_VALID) if ends else None


def _any_hour(candidate: Candidate) -> bool:
    """Edits, answers, and the rest of what has just begun. What had to wait for hours must not wake anybody."""
    return (
        candidate.verb == "update" or candidate.bypass or candidate.is_reply or (candidate.part > 0 and candidate.fresh)
    )


def _quiet(candidate: Candidate, settings: DeliverySettings, now: datetime) -> Decision | None:
    quiet = settings.quiet_hours
    if quiet is None:
        return None
    free = window.opens(now, candidate.zones, quiet.start, quiet.end, quiet.days)
    if free is None:
        return End("skipped", "no_common_daytime")
    return Later(free, QUIET) if free > now else None


def _capped(candidate: Candidate, settings: DeliverySettings, now: datetime) -> Decision | None:
    caps = settings.caps
    if caps is None or candidate.source_kind not in OPENINGS or candidate.part > 0:
        return None
    free = window.below_caps(now, candidate.opened, caps.per_day, caps.per_week)
    return Later(free, CAPPED) if free > now else None
