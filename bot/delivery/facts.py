"""What decides whether a delivery may go, read in one statement: the same for its claim and for its begin."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.database import on_sqlite
from bot.delivery.gate import Candidate
from bot.people.consent import consent_state
from bot.people.zones import zones_of
from bot.tenancy.settings import OrganizationSettings
from models import Broadcast, ChannelIdentity, Delivery, Worker, WorkerContact

REPLY_WINDOW = timedelta(hours=1)
REPLIES = frozenset({"reply", "notice", "confirmation"})


def facts() -> sa.Select[*tuple[Any, ...]]:
    """Deliveries with everything that decides whether they may go."""
    return (
        sa.select(
            Delivery.id,
            Delivery.source_kind,
            Delivery.source_id,
            Delivery.verb,
            Delivery.bypass,
            Delivery.part,
            Delivery.parts,
            Delivery.priority,
            Delivery.channel,
            Delivery.address,
            Delivery.worker_id,
            Delivery.created_at,
            Delivery.expires_at,
            ChannelIdentity.state.label("identity_state"),
            Worker.is_active,
            Worker.time_zone,
            WorkerContact.location_city,
            WorkerContact.location_state_province,
            WorkerContact.location_country,
            WorkerContact.primary_phone_number,
            Broadcast.state.label("broadcast_state"),
            consent_state(Delivery.organization_id, Delivery.channel, Delivery.address).label("consent"),
        )
        .outerjoin(ChannelIdentity, ChannelIdentity.id == Delivery.identity_id)
        .outerjoin(Worker, Worker.id == Delivery.worker_id)
        .outerjoin(WorkerContact, WorkerContact.worker_id == Delivery.worker_id)
        .outerjoin(Broadcast, sa.and_(Delivery.source_kind == "broadcast", Broadcast.id == Delivery.source_id))
    )


def candidate_of(row: Any, settings: OrganizationSettings, now: datetime, opened: Sequence[datetime] = ()) -> Candidate:
    """A row of `facts` as the gate wants it."""
    fresh = row.created_at > now - REPLY_WINDOW
    return Candidate(
        id=row.id,
        source_kind=row.source_kind,
        verb=row.verb,
        bypass=row.bypass,
        part=row.part,
        channel=row.channel,
        consent=row.consent,
        identity_state=row.identity_state,
        worker_active=row.is_active is not False,
        broadcast_state=row.broadcast_state,
        expires_at=row.expires_at,
        is_reply=row.source_kind in REPLIES and fresh,
        fresh=fresh,
        zones=_zones(row, settings),
        opened=opened,
    )


def database_now(session: Session, now: datetime) -> datetime:
    """The clock by which leases are judged: PostgreSQL's own where several machines share it, else ours."""
    if on_sqlite(session):
        return now
    moment: datetime = session.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return moment


def _zones(row: Any, settings: OrganizationSettings) -> Sequence[str]:
    if not row.worker_id:
        return (settings.locale.timezone,)
    return zones_of(
        row.time_zone,
        row.location_city,
        row.location_state_province,
        row.location_country,
        row.primary_phone_number,
        settings.locale.timezone,
    )
