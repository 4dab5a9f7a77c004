"""The points ledger as somebody reads it: what was earned lately, and for what."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import PointsEntry

REASONS: Mapping[str, str] = {
    "answered": "answered a question",
    "correct": "answered right",
    "first_try": "right at the first try",
    "reflected": "answered a reflection",
    "course_finished": "finished a course",
}
"""What points are paid for, in words."""


class Earned(NamedTuple):
    """One entry."""

    points: int
    words: str
    at: datetime


def latest(session: Session, worker_id: uuid.UUID, limit: int = 6) -> list[Earned]:
    """Somebody's last entries, the newest first."""
    rows = session.execute(
        sa.select(PointsEntry.points, PointsEntry.reason, PointsEntry.at)
        .where(PointsEntry.worker_id == worker_id)
        .order_by(PointsEntry.at.desc(), PointsEntry.id.desc())
        .limit(limit)
    )
    return [Earned(points, REASONS.get(reason, reason.replace("_", " ")), at) for points, reason, at in rows]
