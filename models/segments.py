"""Segments, who is in them, who joined and left, and the jobs that keep them true."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Numbered, Owned, Stamped, owned_key


class Segment(Base, Identified, Owned, Stamped):
    """A named audience: a rule, hand-picked members, or both. `worker_count` is a projection."""

    __tablename__ = "segments"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("organization_id", "name"),
        owned_key("created_by_id", "users"),
        owned_key("updated_by_id", "users"),
    )

    name: Mapped[str]
    description: Mapped[str | None]
    rule_definition: Mapped[dict[str, Any] | None]
    worker_count: Mapped[int] = mapped_column(default=0)
    last_sync_at: Mapped[datetime | None]
    created_by_id: Mapped[uuid.UUID | None]
    updated_by_id: Mapped[uuid.UUID | None]


class SegmentMembership(Base, Numbered, Owned):
    """A present member. `rule_match` false means picked by hand, which a sync leaves alone."""

    __tablename__ = "segment_memberships"
    __table_args__ = (
        UniqueConstraint("segment_id", "worker_id"),
        owned_key("segment_id", "segments", ondelete="CASCADE"),
        owned_key("worker_id", "workers", ondelete="CASCADE"),
        Index(None, "worker_id"),
    )

    worker_id: Mapped[uuid.UUID]
    segment_id: Mapped[uuid.UUID]
    rule_match: Mapped[bool]
    rule_match_reason: Mapped[str | None]
    added_at: Mapped[datetime]


class MembershipEvent(Base, Numbered, Owned):
    """Somebody joined or left a segment: kept for journeys to find."""

    __tablename__ = "membership_events"
    __table_args__ = (
        owned_key("segment_id", "segments", ondelete="CASCADE"),
        owned_key("worker_id", "workers", ondelete="CASCADE"),
        CheckConstraint("change IN ('joined', 'left')", name="change"),
        Index(None, "segment_id", "id"),
        Index(None, "worker_id"),
    )

    segment_id: Mapped[uuid.UUID]
    worker_id: Mapped[uuid.UUID]
    change: Mapped[str]
    reason: Mapped[str | None]
    at: Mapped[datetime]


class SegmentSyncJob(Base, Identified, Owned, Stamped):
    """One run of a segment's sync; a failed one changed nothing."""

    __tablename__ = "segment_sync_jobs"
    __table_args__ = (
        owned_key("segment_id", "segments", ondelete="CASCADE"),
        Index(None, "segment_id", "created_at"),
        Index(None, "organization_id"),
    )

    segment_id: Mapped[uuid.UUID]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    processed_count: Mapped[int] = mapped_column(default=0)
    match_count: Mapped[int] = mapped_column(default=0)
    error_message: Mapped[str | None]
