"""The points ledger: append-only, unique per reason, so that nothing pays twice."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from models.base import Base, Numbered, Owned, owned_key


class PointsEntry(Base, Numbered, Owned):
    """Points for one reason ("answered", "correct", "reflected") of one prompt."""

    __tablename__ = "points_entries"
    __table_args__ = (
        UniqueConstraint("worker_id", "reason", "source_id"),
        owned_key("worker_id", "workers", ondelete="CASCADE"),
        Index(None, "organization_id", "worker_id", "at"),
    )

    worker_id: Mapped[uuid.UUID]
    reason: Mapped[str]
    source_id: Mapped[uuid.UUID]
    points: Mapped[int]
    at: Mapped[datetime]
