"""Projections recomputed from their facts: there should never be a difference, and this proves it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.database import Database
from bot.people import consent
from models import Organization, PointsEntry, Segment, SegmentMembership, WorkerGamification


def rebuild(database: Database) -> dict[str, int]:
    """Mend every projection; name → how many rows had been wrong."""
    wrong = {"points balance": 0, "segment counts": 0, "consent": 0}
    with database.reading(None) as session:
        organizations = session.scalars(sa.select(Organization.id)).all()
    for organization_id in organizations:
        with database.organization_session(organization_id) as session:
            wrong["points balance"] += _points(session, organization_id)
            wrong["segment counts"] += _segments(session, organization_id)
            wrong["consent"] += consent.project(session, organization_id)
    return wrong


def _points(session: Session, organization_id: Any) -> int:
    earned = (
        sa.select(sa.func.coalesce(sa.func.sum(PointsEntry.points), 0))
        .where(PointsEntry.worker_id == WorkerGamification.worker_id)
        .correlate(WorkerGamification)
        .scalar_subquery()
    )
    return _mend(session, WorkerGamification, WorkerGamification.points_balance, earned, organization_id)


def _segments(session: Session, organization_id: Any) -> int:
    present = (
        sa.select(sa.func.count())
        .where(SegmentMembership.segment_id == Segment.id)
        .correlate(Segment)
        .scalar_subquery()
    )
    return _mend(session, Segment, Segment.worker_count, present, organization_id)


def _mend(session: Session, table: Any, column: Any, truth: Any, organization_id: Any) -> int:
    statement = (
        sa.update(table.__table__)
        .where(table.organization_id == organization_id, column != truth)
        .values({column.key: truth})
    )
    return session.connection().execute(statement).rowcount
