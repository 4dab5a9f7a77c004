"""Launching: a row for every member of the segments, written by the database itself, page by page.

Whoever can't be reached gets a row too, `skipped` and with the reason: the answer to "why didn't Ana get
it?" is written before anybody asks. A page that is repeated writes nothing twice, so a launch that was
interrupted goes on where it stood.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot import clock
from bot.broadcast.recipients import COLUMNS, channels_of, everybody, reachable, settings_of
from bot.database import Database, on_sqlite
from bot.delivery import outbox
from bot.nudge import nudge
from bot.tenancy import integrations
from models import Broadcast, BroadcastSegment, Delivery, Integration, SegmentMembership, Worker

__all__ = ["PAGE", "SMALL_PAGE", "channels_of", "everybody", "launch", "reachable", "settings_of"]

PAGE = 20_000
SMALL_PAGE = 2_000  # on SQLite, where everybody else waits while a page is written


def launch(database: Database, organization_id: uuid.UUID, broadcast_id: uuid.UUID) -> None:
    """Start a scheduled broadcast whose time has come, or go on with one that was interrupted."""
    with database.organization_session(organization_id) as session:
        broadcast = _locked(session, broadcast_id)
        if broadcast is None or broadcast.state not in {"scheduled", "running"} or broadcast.fanned_out_at:
            return
        if broadcast.state == "scheduled" and not _start(session, broadcast):
            return
    while _page(database, organization_id, broadcast_id):
        pass


def _locked(session: Session, broadcast_id: uuid.UUID) -> Broadcast | None:
    """Locked against steering and other launches, not against what has been launched already and begins."""
    query = sa.select(Broadcast).where(Broadcast.id == broadcast_id)
    return session.scalar(query.with_for_update(key_share=True))


def _start(session: Session, broadcast: Broadcast) -> bool:
    """Running from now; False if it is too early, or so late that the organization wants it skipped."""
    now = clock.now()
    if broadcast.send_at is None or broadcast.send_at > now:
        return False
    settings = settings_of(session, broadcast.organization_id)
    late = (now - broadcast.send_at).total_seconds() / 60
    if settings.delivery.past_due == "skip" and late > settings.delivery.catch_up_minutes:
        broadcast.state, broadcast.reason, broadcast.finished_at = "cancelled", "past_due", now
        return False
    broadcast.state, broadcast.started_at = "running", now
    session.flush()
    return True


def _page(database: Database, organization_id: uuid.UUID, broadcast_id: uuid.UUID) -> bool:
    """Write the rows of the next page of members; True if there may be more."""
    with database.organization_session(organization_id) as session:
        broadcast = _locked(session, broadcast_id)
        if broadcast is None or broadcast.state != "running" or broadcast.fanned_out_at:
            return False
        members = _members(session, broadcast)
        if not members:
            broadcast.fanned_out_at = clock.now()
            return False
        now = clock.now()
        insert: Any = sqlite.insert if on_sqlite(session) else postgresql.insert
        page = everybody(session, broadcast, now).where(Worker.id.between(members[0], members[-1]))
        statement = insert(Delivery.__table__).from_select(list(COLUMNS), page)
        session.execute(statement.on_conflict_do_nothing(index_elements=outbox.KEY))
        broadcast.fan_out_after = members[-1]
        session.flush()
        for integration_id in session.scalars(_senders(broadcast)):
            nudge(session, "dispatch", str(integration_id))
        return True


def _members(session: Session, broadcast: Broadcast) -> Sequence[uuid.UUID]:
    """The next page of members, by id."""
    query = (
        sa.select(SegmentMembership.worker_id)
        .join(BroadcastSegment, BroadcastSegment.segment_id == SegmentMembership.segment_id)
        .where(BroadcastSegment.broadcast_id == broadcast.id)
        .distinct()
        .order_by(SegmentMembership.worker_id)
        .limit(SMALL_PAGE if on_sqlite(session) else PAGE)
    )
    if broadcast.fan_out_after is not None:
        query = query.where(SegmentMembership.worker_id > broadcast.fan_out_after)
    return session.scalars(query).all()


def _senders(broadcast: Broadcast) -> sa.Select[Any]:
    ours = Integration.organization_id == broadcast.organization_id
    return sa.select(Integration.id).where(ours, Integration.status.in_(integrations.SENDING))
