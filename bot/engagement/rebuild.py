"""Projections recomputed from their facts: there should never be a difference, and this proves it.

What a projection lacks altogether (a worker without a balance) is a difference too. The facts of activity are
the lines of the transcript: whoever deletes old ones has to leave each person's last.
"""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import chance, clock
from bot.database import Database
from bot.engagement import attempts
from bot.engagement.record import INTERACTIONS
from bot.people import consent
from models import (
    Organization,
    PointsEntry,
    Segment,
    SegmentMembership,
    SentMessage,
    WorkerEngagement,
    WorkerGamification,
)


def rebuild(database: Database) -> dict[str, int]:
    """Mend every projection; name → how many rows had been wrong."""
    wrong = dict.fromkeys(("points balance", "activity", "quiz scores", "segment counts", "consent"), 0)
    with database.reading(None) as session:
        organizations = session.scalars(sa.select(Organization.id)).all()
    for organization_id in organizations:
        with database.organization_session(organization_id) as session:
            wrong["points balance"] += _points(session, organization_id)
            wrong["activity"] += _activity(session, organization_id)
            wrong["quiz scores"] += attempts.rebuild(session, organization_id)
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
    added = _add_missing(session, WorkerGamification, PointsEntry.worker_id, organization_id)
    wrong = _mend(session, WorkerGamification, {"points_balance": earned}, organization_id)
    return max(added, wrong)


def _activity(session: Session, organization_id: Any) -> int:
    heard = sa.select(sa.func.max(SentMessage.at)).where(
        SentMessage.organization_id == WorkerEngagement.organization_id,
        SentMessage.worker_id == WorkerEngagement.worker_id,
        SentMessage.direction == "in",
    )
    answered = heard.where(SentMessage.outcome.in_(INTERACTIONS))
    truth = {
        "last_active_at": heard.correlate(WorkerEngagement).scalar_subquery(),
        "last_interaction_date": answered.correlate(WorkerEngagement).scalar_subquery(),
    }
    inbound = sa.and_(SentMessage.direction == "in", SentMessage.worker_id.is_not(None))
    added = _add_missing(session, WorkerEngagement, SentMessage.worker_id, organization_id, inbound)
    return max(added, _mend(session, WorkerEngagement, truth, organization_id))


def _segments(session: Session, organization_id: Any) -> int:
    present = (
        sa.select(sa.func.count())
        .where(SegmentMembership.segment_id == Segment.id)
        .correlate(Segment)
        .scalar_subquery()
    )
    return _mend(session, Segment, {"worker_count": present}, organization_id)


def _mend(session: Session, table: Any, truth: dict[str, Any], organization_id: Any) -> int:
    wrong = sa.or_(*(getattr(table, name).is_distinct_from(value) for name, value in truth.items()))
    statement = sa.update(table.__table__).where(table.organization_id == organization_id, wrong).values(**truth)
    return session.connection().execute(statement).rowcount


def _add_missing(
    session: Session, table: Any, worker_id: Any, organization_id: Any, *facts: sa.ColumnElement[bool]
) -> int:
    """Empty rows for the workers of whom there are facts and no projection; `_mend` fills them in."""
    there = sa.exists().where(table.worker_id == worker_id)
    found = sa.select(worker_id).where(worker_id.class_.organization_id == organization_id, *facts, ~there).distinct()
    now = clock.now()
    rows = [
        {
            "id": chance.new_id(),
            "organization_id": organization_id,
            "worker_id": one,
            "created_at": now,
            "updated_at": now,
        }
        for one in session.scalars(found)
    ]
    if rows:
        session.execute(sa.insert(cast("sa.Table", table.__table__)), rows)
    return len(rows)
