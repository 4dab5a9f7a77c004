"""A broadcast: who sends what to whom, when, and how far it has come."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Owned, Stamped, owned_key


class Broadcast(Base, Identified, Owned, Stamped):
    """`fan_out_after` is the last worker for whom rows were written; None after `fanned_out_at` means all were."""

    __tablename__ = "broadcasts"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        owned_key("content_id", "contents"),
        owned_key("content_version_id", "content_versions"),
        owned_key("created_by_id", "users"),
        CheckConstraint(
            "state IN ('draft', 'awaiting_approval', 'scheduled', 'running', 'paused', 'finished', 'cancelled')",
            name="state",
        ),
        Index(None, "state", "send_at"),
    )

    content_id: Mapped[uuid.UUID]
    content_version_id: Mapped[uuid.UUID]
    name: Mapped[str]
    state: Mapped[str] = mapped_column(default="draft")
    channels: Mapped[list[Any] | None]
    variables: Mapped[dict[str, Any] | None]
    send_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    fan_out_after: Mapped[uuid.UUID | None]
    fanned_out_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    created_by_id: Mapped[uuid.UUID | None]


class BroadcastSegment(Base, Identified, Owned):
    """A segment that a broadcast goes to."""

    __tablename__ = "broadcast_segments"
    __table_args__ = (
        UniqueConstraint("broadcast_id", "segment_id"),
        owned_key("broadcast_id", "broadcasts", ondelete="CASCADE"),
        owned_key("segment_id", "segments"),
        Index(None, "organization_id"),
    )

    broadcast_id: Mapped[uuid.UUID]
    segment_id: Mapped[uuid.UUID]
