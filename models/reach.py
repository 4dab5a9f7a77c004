"""How a person can be reached and whether they agreed to it.

Consent is kept per address and never changed, only added to: the newest event of an address counts.
An address may belong to nobody whom we know; its STOP holds all the same.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Numbered, Owned, Stamped, owned_key


class ChannelIdentity(Base, Identified, Owned, Stamped):
    """A worker on an integration: a phone number or a Slack user id. Its row lock orders what they say."""

    __tablename__ = "channel_identities"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("integration_id", "address"),
        owned_key("integration_id", "integrations", ondelete="CASCADE"),
        owned_key("worker_id", "workers", ondelete="CASCADE"),
        CheckConstraint("state IN ('verified', 'unverified', 'blocked', 'dead', 'replaced')", name="state"),
        Index(None, "organization_id", "worker_id", "channel"),
    )

    integration_id: Mapped[uuid.UUID]
    worker_id: Mapped[uuid.UUID]
    channel: Mapped[str]
    address: Mapped[str]
    state: Mapped[str] = mapped_column(default="verified")
    reason: Mapped[str | None]
    last_inbound_at: Mapped[datetime | None]


class ConsentEvent(Base, Numbered, Owned):
    """Proof of a yes or a no: which address on which channel, where it came from, in which words, when."""

    __tablename__ = "consent_events"
    __table_args__ = (
        owned_key("worker_id", "workers"),
        CheckConstraint("state IN ('granted', 'revoked')", name="state"),
        Index("ix_consent_events_newest", "organization_id", "channel", "address", "id"),
        {"sqlite_autoincrement": True},
    )

    channel: Mapped[str]
    address: Mapped[str]
    worker_id: Mapped[uuid.UUID | None]
    state: Mapped[str]
    source: Mapped[str]
    wording: Mapped[str | None]
    user_id: Mapped[uuid.UUID | None]
    at: Mapped[datetime]
