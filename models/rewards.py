"""The points ledger: append-only, unique per reason, so that nothing pays twice."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from models.base import Base, Numbered, Owned, owned_key


class PointsEntry(Base, Numbered, Owned):
    """Points for one reason ("answered", "correct", "reflected"), paid once per `subject_id`.

    The subject is what was achieved (a question of a content, whichever broadcast brought it), `source_id` the
    prompt whose answer earned it.
    """

    __tablename__ = "points_entries"
    __table_args__ = (
        UniqueConstraint("worker_id", "reason", "subject_id"),
        owned_key("worker_id", "workers", ondelete="CASCADE"),
        Index(None, "organization_id", "worker_id", "at"),
        Index(None, "worker_id", "source_id"),
    )

    worker_id: Mapped[uuid.UUID]
    reason: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    source_id: Mapped[uuid.UUID]
    points: Mapped[int]
    at: Mapped[datetime]
