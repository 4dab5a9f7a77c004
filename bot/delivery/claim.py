"""Claiming: taking due deliveries of one sender, one short transaction at a time.

Consent, quiet hours, caps and pace are asked here and not at launch: a STOP that arrives in the middle of a
broadcast holds for everyone not yet claimed. A row that may not go now is re-dated or ended with
its reason in the same transaction, so that refused rows never stand in the way of others.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import chance
from bot.delivery import gate, pace, parts, timing
from bot.delivery.facts import REPLIES, REPLY_WINDOW, candidate_of, database_now, facts
from bot.delivery.gate import Decision, End, Go, Later
from bot.delivery.outbox import BULK
from bot.tenancy.settings import OrganizationSettings
from models import Broadcast, Delivery

__all__ = ["BATCH", "REPLIES", "REPLY_WINDOW", "Claim", "candidate_of", "claim", "database_now", "facts"]

BATCH = 256
PAGE = 2_000  # put off at a time: the sender's bucket is locked, and on SQLite everybody waits
SPARE = 32  # rows looked at beyond what the pace allows: refused ones cost no pace
IN_FLIGHT = ("claimed", "sending")
WENT_OUT = ("claimed", "sending", "in_doubt", "submitted", "sent", "delivered", "read")
"""States of an opening that somebody may have in front of them, or will have in a moment."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Rows taken under one lease. `more` says that others are due right now."""

    lease: uuid.UUID
    ids: tuple[int, ...]
    more: bool


@dataclass(slots=True)
class _Sorted:
    """What is to become of the rows that a claim looked at."""

    taken: list[int] = field(default_factory=list)
    later: list[tuple[int, Later]] = field(default_factory=list)
    ended: list[tuple[int, End]] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.taken) + len(self.later) + len(self.ended)


def claim(  # noqa: PLR0917 - whose, by which sender, under which rules, when
    session: Session,
    organization_id: uuid.UUID,
    integration_id: uuid.UUID,
    channel: str,
    settings: OrganizationSettings,
    now: datetime,
    limit: int = BATCH,
) -> Claim:
    """Take up to `limit` due deliveries of one integration, most urgent first.

    The caller commits before it begins. A lease that runs out gives claimed rows back: they are
    certainly not sent.
    """
    lease = chance.new_id()
    bucket = pace.lock(session, organization_id, integration_id, pace.allowance_of(channel, settings), now)
    if bucket is None:
        return Claim(lease, (), more=False)
    left = _until_tomorrow(session, bucket, now) if bucket.day_is_over else False
    if bucket.empty:
        return Claim(lease, (), more=left)
    limit = min(limit, SPARE + int(bucket.tokens))
    rows = session.execute(_due(integration_id, now, limit, bulk=not bucket.day_is_over)).all()
    sorted_ = _sort(rows, settings, now, bucket, _openings(session, rows, settings, now), _paused(session, rows))
    if sorted_.taken:
        _take(session, sorted_.taken, lease, database_now(session, now) + timing.used().lease)
        pace.store(session, bucket)
    _put_off(session, sorted_.later)
    _end(session, sorted_.ended, now)
    # Only a claim that got on with something asks for another: the clock's next sweep is soon enough otherwise.
    more = left or (sorted_.count > 0 and (len(rows) == limit or len(rows) > sorted_.count))
    return Claim(lease, tuple(sorted_.taken), more=more)


def _until_tomorrow(session: Session, bucket: pace.Bucket, now: datetime) -> bool:
    """Put a page of due bulk off until the sender may send bulk again; True if there may be more of it.

    Left due it would be looked at each second of the day, and nobody could say what it waits for.
    """
    bulk = sa.select(Delivery.id).where(
        Delivery.integration_id == bucket.integration_id,
        Delivery.state == "queued",
        Delivery.priority >= BULK,
        Delivery.due_at <= now,
    )
    first = bulk.order_by(Delivery.priority, Delivery.due_at, Delivery.id).limit(PAGE)
    ids = session.scalars(first.with_for_update(skip_locked=True)).all()
    _put_off(session, [(delivery_id, Later(bucket.tomorrow, gate.DAY_OVER)) for delivery_id in ids])
    return len(ids) == PAGE


def give_back(session: Session, lease: uuid.UUID) -> None:
    """What was claimed under this lease and not begun is free for others again: it is certainly not sent."""
    session.execute(
        sa.update(Delivery)
        .where(Delivery.lease == lease, Delivery.state == "claimed")
        .values(state="queued", lease=None, lease_until=None)
    )


def _sort(  # noqa: PLR0917 - everything that was read, and nothing that isn't used
    rows: Sequence[Any],
    settings: OrganizationSettings,
    now: datetime,
    bucket: pace.Bucket,
    opened: dict[uuid.UUID | None, list[datetime]],
    paused: frozenset[uuid.UUID],
) -> _Sorted:
    found, addresses = _Sorted(), set[str]()
    for row in rows:
        if row.address in addresses:  # one in flight per address: the order in which they were written holds
            continue
        decision: Decision = gate.decide(
            candidate_of(row, settings, now, opened.get(row.worker_id, ())), settings.delivery, now
        )
        if isinstance(decision, Go):
            if not bucket.take(row.parts or 1, bulk=row.priority >= BULK):
                break
            addresses.add(row.address)
            found.taken.append(row.id)
        elif isinstance(decision, End):
            found.ended.append((row.id, decision))
        elif decision.reason != gate.PAUSED or row.source_id in paused:
            found.later.append((row.id, decision))
    return found


def _due(integration_id: uuid.UUID, now: datetime, limit: int, *, bulk: bool) -> sa.Select[Any]:
    flying = sa.orm.aliased(Delivery)
    in_flight = sa.exists().where(
        flying.integration_id == Delivery.integration_id,
        flying.address == Delivery.address,
        flying.state.in_(IN_FLIGHT),
    )
    query = facts().where(
        Delivery.integration_id == integration_id, Delivery.state == "queued", Delivery.due_at <= now, ~in_flight
    )
    if not bulk:
        query = query.where(Delivery.priority < BULK)
    return (
        query.order_by(Delivery.priority, Delivery.due_at, Delivery.id)
        .limit(limit)
        .with_for_update(of=Delivery, skip_locked=True)
    )


def _paused(session: Session, rows: Sequence[Any]) -> frozenset[uuid.UUID]:
    """The broadcasts of these rows that are paused and stay so until we commit.

    Resuming locks the broadcast and then re-dates what we have put off. Without the lock we could put a row off
    just behind its back, for a whole day; one that is being resumed now is left as it is.
    """
    ids = {row.source_id for row in rows if row.broadcast_state == "paused"}
    if not ids:
        return frozenset()
    query = sa.select(Broadcast.id).where(Broadcast.id.in_(ids), Broadcast.state == "paused")
    return frozenset(session.scalars(query.with_for_update(read=True, skip_locked=True)))


def _openings(
    session: Session, rows: Sequence[Any], settings: OrganizationSettings, now: datetime
) -> dict[uuid.UUID | None, list[datetime]]:
    """When each worker of the batch was last opened a conversation with, for the caps."""
    opened: dict[uuid.UUID | None, list[datetime]] = defaultdict(list)
    workers = {row.worker_id for row in rows if row.worker_id and row.source_kind in gate.OPENINGS and row.part == 0}
    if settings.delivery.caps is None or not workers:
        return opened
    query = sa.select(Delivery.worker_id, Delivery.submitted_at).where(
        Delivery.worker_id.in_(workers),
        Delivery.source_kind.in_(gate.OPENINGS),
        Delivery.part == 0,
        Delivery.verb == "send",
        Delivery.state.in_(WENT_OUT),
        sa.or_(Delivery.submitted_at.is_(None), Delivery.submitted_at > now - timedelta(days=7)),
    )
    for worker_id, submitted_at in session.execute(query):
        opened[worker_id].append(submitted_at or now)
    return opened


def _take(session: Session, ids: Sequence[int], lease: uuid.UUID, until: datetime) -> None:
    session.execute(
        sa.update(Delivery)
        .where(Delivery.id.in_(ids))
        .values(state="claimed", lease=lease, lease_until=until, reason=None)
    )


def _put_off(session: Session, later: Iterable[tuple[int, Later]]) -> None:
    together: dict[Later, list[int]] = defaultdict(list)
    for delivery_id, decision in later:
        together[decision].append(delivery_id)
    for decision, ids in together.items():
        session.execute(
            sa.update(Delivery).where(Delivery.id.in_(ids)).values(due_at=decision.due_at, reason=decision.reason)
        )


def _end(session: Session, ended: Iterable[tuple[int, End]], now: datetime) -> None:
    together: dict[End, list[int]] = defaultdict(list)
    for delivery_id, decision in ended:
        together[decision].append(delivery_id)
    for decision, ids in together.items():
        session.execute(
            sa.update(Delivery)
            .where(Delivery.id.in_(ids))
            .values(state=decision.state, reason=decision.reason, finished_at=now)
        )
        parts.drop_later(session, ids, now)
        parts.withdraw_questions(session, ids)
