"""How fast a sender may send: a token bucket per integration, in message parts, and a count per day.

Its row is locked while a claim runs, so one claim at a time is made of each sender: that is also what keeps
two claimers from taking two messages of one person at once.

The day's count holds back bulk only, until the organization's midnight. A reply or the rest of a message that has
begun is worth nothing tomorrow, and the confirmation of a STOP is owed today: they go, and they are counted.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot.database import on_sqlite
from bot.tenancy.settings import Delivery as DeliverySettings
from bot.tenancy.settings import OrganizationSettings
from models import SenderPace

BURST_SECONDS = 2.0  # the clock sweeps each second: a bucket that held less would lose pace


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the organization lets one sender do: parts a second, parts a day (None: no limit), whose calendar."""

    per_second: float
    per_day: int | None = None
    zone: str = "UTC"


@dataclass(slots=True)
class Bucket:
    """A sender's allowance at `now`: it may send while `tokens` is positive, and pays debts first."""

    integration_id: uuid.UUID
    tokens: float
    refilled_at: datetime
    day: date
    day_parts: int = 0
    per_day: int | None = None
    zone: str = "UTC"
    spent: int = 0

    @property
    def empty(self) -> bool:
        """Nothing may go now."""
        return self.tokens - self.spent <= 0

    @property
    def day_is_over(self) -> bool:
        """No bulk may go any more today."""
        return self.per_day is not None and self.day_parts + self.spent >= self.per_day

    @property
    def tomorrow(self) -> datetime:
        """When the next day begins where the organization is."""
        midnight = datetime.combine(self.day + timedelta(days=1), time(), ZoneInfo(self.zone))
        return midnight.astimezone(UTC)

    def take(self, parts: int, *, bulk: bool = True) -> bool:
        """Take `parts`, going into debt at most once; False when nothing is left."""
        if self.empty or (bulk and self.day_is_over):
            return False
        self.spent += parts
        return True


def allowance_of(channel: str, settings: OrganizationSettings) -> Allowance:
    """What the organization allows a sender of this channel."""
    per_day = None if channel == "slack" else settings.delivery.pace.sms.per_day
    return Allowance(rate_of(channel, settings.delivery), per_day, settings.locale.timezone)


def rate_of(channel: str, settings: DeliverySettings) -> float:
    """Parts per second that the organization allows this channel."""
    if channel == "slack":
        return settings.pace.slack.per_minute / 60
    return settings.pace.sms.segments_per_second


def lock(
    session: Session, organization_id: uuid.UUID, integration_id: uuid.UUID, allowed: Allowance, now: datetime
) -> Bucket | None:
    """The bucket, refilled up to `now` and locked; None while the provider has asked us to wait."""
    row = _row(session, integration_id)
    if row is None:
        _make(session, organization_id, integration_id, allowed, now)
        row = _row(session, integration_id)
    if row is None or (row.resume_at is not None and row.resume_at > now):
        return None
    # Clocks of two machines differ: time that another one has paid out already isn't paid out again.
    gained = max((now - row.refilled_at).total_seconds(), 0.0) * allowed.per_second
    tokens = min(row.tokens + gained, max(allowed.per_second * BURST_SECONDS, 1.0))
    today = now.astimezone(ZoneInfo(allowed.zone)).date()
    used = row.day_parts if row.day == today else 0
    return Bucket(integration_id, tokens, max(now, row.refilled_at), today, used, allowed.per_day, allowed.zone)


def store(session: Session, bucket: Bucket) -> None:
    """Write the bucket back."""
    session.execute(
        sa.update(SenderPace)
        .where(SenderPace.integration_id == bucket.integration_id)
        .values(
            tokens=bucket.tokens - bucket.spent,
            refilled_at=bucket.refilled_at,
            resume_at=None,
            resume_reason=None,
            day=bucket.day,
            day_parts=bucket.day_parts + bucket.spent,
        )
    )


def settle(session: Session, integration_id: uuid.UUID, more: int) -> None:
    """Rendering showed `more` (or fewer) parts than were reserved."""
    if more:
        session.execute(
            sa.update(SenderPace)
            .where(SenderPace.integration_id == integration_id)
            .values(tokens=SenderPace.tokens - more, day_parts=SenderPace.day_parts + more)
        )


def hold(session: Session, integration_id: uuid.UUID, until: datetime, reason: str | None = None) -> None:
    """The provider said: not before `until`, and why. An earlier word for a later moment still holds."""
    sooner = sa.or_(SenderPace.resume_at.is_(None), SenderPace.resume_at < until)
    session.execute(
        sa.update(SenderPace)
        .where(SenderPace.integration_id == integration_id, sooner)
        .values(resume_at=until, resume_reason=reason)
    )


def _row(session: Session, integration_id: uuid.UUID) -> Any:
    query = sa.select(
        SenderPace.tokens, SenderPace.refilled_at, SenderPace.resume_at, SenderPace.day, SenderPace.day_parts
    ).where(SenderPace.integration_id == integration_id)
    return session.execute(query.with_for_update()).first()


def _make(
    session: Session, organization_id: uuid.UUID, integration_id: uuid.UUID, allowed: Allowance, now: datetime
) -> None:
    """A full bucket. Of two claimers that come at once, the second waits here for the first."""
    insert: Any = sqlite.insert if on_sqlite(session) else postgresql.insert
    session.execute(
        insert(SenderPace)
        .values(
            organization_id=organization_id,
            integration_id=integration_id,
            tokens=max(allowed.per_second, 1.0),
            refilled_at=now,
            day_parts=0,
        )
        .on_conflict_do_nothing()
    )
