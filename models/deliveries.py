"""The outbox and the transcript: what is to be said, what was said and heard, and what providers told of it.

One delivery row is exactly one provider call. The database row is the truth; whatever carries it along
(a nudge, an actor, a clock tick) may be lost or doubled without harm.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigId, Identified, Numbered, Owned, owned_key, partial_index

STATES = (
    "queued", "claimed", "sending", "submitted", "sent", "delivered", "read",
    "failed", "skipped", "cancelled", "expired", "in_doubt",
)  # fmt: skip


class Delivery(Base, Numbered, Owned):
    """One call to one recipient ("worker:…", "user:…" or "address:…").

    `due_at` NULL on a queued row means that it waits for the part before it. `body` is set where the words
    are known when the row is written (replies, later parts); otherwise they are rendered at begin from
    `content_version_id`. `lease` names the claimer, `lease_until` when others may take over.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("source_kind", "source_id", "recipient", "step", "part"),
        owned_key("integration_id", "integrations"),
        owned_key("worker_id", "workers", ondelete="CASCADE"),
        owned_key("content_version_id", "content_versions"),
        CheckConstraint(f"state IN {STATES!r}", name="state"),
        CheckConstraint("verb IN ('send', 'update')", name="verb"),
        partial_index("ix_deliveries_due", "integration_id", "priority", "due_at", "id", where="state = 'queued'"),
        partial_index("ix_deliveries_flight", "integration_id", "address", where="state IN ('claimed', 'sending')"),
        partial_index("ix_deliveries_leases", "lease_until", where="state IN ('claimed', 'sending')"),
        partial_index("ix_deliveries_doubt", "settle_at", where="state = 'in_doubt'"),
        Index("ix_deliveries_worker", "organization_id", "worker_id", "id"),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    source_kind: Mapped[str]
    source_id: Mapped[uuid.UUID]
    recipient: Mapped[str]
    step: Mapped[int] = mapped_column(default=0)
    part: Mapped[int] = mapped_column(default=0)
    integration_id: Mapped[uuid.UUID | None]
    channel: Mapped[str | None]
    worker_id: Mapped[uuid.UUID | None]
    identity_id: Mapped[uuid.UUID | None]
    address: Mapped[str | None]
    content_version_id: Mapped[uuid.UUID | None]
    verb: Mapped[str] = mapped_column(default="send")
    body: Mapped[dict[str, Any] | None]
    asks: Mapped[dict[str, Any] | None]  # the prompt to open at begin, where it isn't the content's first question
    bypass: Mapped[bool] = mapped_column(default=False)  # the one confirmation of STOP or HELP
    priority: Mapped[int] = mapped_column(default=5)
    state: Mapped[str] = mapped_column(default="queued")
    rank: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str | None]
    due_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    forgiven: Mapped[int] = mapped_column(default=0)  # of the attempts, those made before a human asked for more
    parts: Mapped[int | None]
    lease: Mapped[uuid.UUID | None]
    lease_until: Mapped[datetime | None]
    settle_at: Mapped[datetime | None]
    search_count: Mapped[int] = mapped_column(default=0)
    flagged: Mapped[str | None]  # "maybe_lost" or "possibly_twice": a human may want to look
    provider_id: Mapped[str | None]
    error_code: Mapped[str | None]
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class SentMessage(Base, Identified, Owned):
    """One line of the transcript: an attempt of ours or something heard.

    An outbound row is written, with its exact words, before the provider is called; `outcome` follows. Of something
    heard it is what it led to ("answered", "joined", "noted" …).
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("integration_id", "provider_id"),
        UniqueConstraint("delivery_id", "attempt"),
        owned_key("integration_id", "integrations"),
        owned_key("worker_id", "workers", ondelete="CASCADE"),
        owned_key("delivery_id", "deliveries"),
        CheckConstraint("direction IN ('in', 'out')", name="direction"),
        Index("ix_messages_worker", "organization_id", "worker_id", "at"),
        Index("ix_messages_address", "integration_id", "address", "at"),
    )

    integration_id: Mapped[uuid.UUID]
    worker_id: Mapped[uuid.UUID | None]
    address: Mapped[str]
    direction: Mapped[str]
    delivery_id: Mapped[int | None] = mapped_column(BigId)
    attempt: Mapped[int | None]
    provider_id: Mapped[str | None]
    body: Mapped[str | None]
    payload: Mapped[dict[str, Any] | None]
    outcome: Mapped[str | None]
    at: Mapped[datetime]


class InboundKey(Base, Owned):
    """What has been processed already; outlives the messages, because a replay may come late."""

    __tablename__ = "inbound_keys"
    __table_args__ = (owned_key("integration_id", "integrations", ondelete="CASCADE"),)

    integration_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    received_at: Mapped[datetime]


class DeliveryEvent(Base, Numbered, Owned):
    """A provider's callback as it came, in the order in which it came."""

    __tablename__ = "delivery_events"
    __table_args__ = (owned_key("delivery_id", "deliveries", ondelete="CASCADE"), Index(None, "delivery_id", "id"))

    delivery_id: Mapped[int] = mapped_column(BigId)
    attempt: Mapped[int | None]
    provider_id: Mapped[str | None]
    status: Mapped[str]
    error_code: Mapped[str | None]
    at: Mapped[datetime]


class SenderPace(Base, Owned):
    """A sender's token bucket, in parts. Its row lock also makes one claim at a time of each sender.

    `day_parts` went out on `day`, which is a date of the organization's own calendar.
    """

    __tablename__ = "sender_paces"
    __table_args__ = (owned_key("integration_id", "integrations", ondelete="CASCADE"),)

    integration_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    tokens: Mapped[float] = mapped_column(default=0.0)
    refilled_at: Mapped[datetime]
    resume_at: Mapped[datetime | None]  # the provider said: not before...
    resume_reason: Mapped[str | None]  # ...and why
    day: Mapped[date | None]
    day_parts: Mapped[int] = mapped_column(default=0)
