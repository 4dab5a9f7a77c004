"""Organizations and those who run them: users, their preferences, roles and provider connections."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Numbered, Owned, Stamped, owned_key


class Organization(Base, Identified, Stamped):
    """A customer. `settings` and `custom_terminology` hold differences from the defaults only."""

    __tablename__ = "organizations"

    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    description: Mapped[str | None]
    website: Mapped[str | None]
    subscription_tier: Mapped[str] = mapped_column(default="standard")
    logo_url: Mapped[str | None]
    custom_terminology: Mapped[dict[str, Any] | None]
    settings: Mapped[dict[str, Any] | None]


class User(Base, Identified, Owned, Stamped):
    """Somebody who signs in. `password` is an argon2 hash; `worker_id` ties a manager to their own worker record.

    Without an organization it is somebody of the service itself, whom no organization's session sees.
    """

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("organization_id", "email"),
        UniqueConstraint("organization_id", "id"),
        owned_key("role_id", "roles"),
        owned_key("worker_id", "workers"),
        CheckConstraint("status IN ('active', 'invited', 'suspended')", name="status"),
        # a composite key with a NULL in it isn't looked at: without this, such a user could point anywhere
        CheckConstraint(
            "organization_id IS NOT NULL OR (role_id IS NULL AND worker_id IS NULL)", name="service_points_nowhere"
        ),
    )

    email: Mapped[str]
    name: Mapped[str | None]
    password: Mapped[str]
    status: Mapped[str | None] = mapped_column(default="active")
    last_login_at: Mapped[datetime | None]
    organization_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organizations.id"))  # type: ignore[assignment]
    role_id: Mapped[uuid.UUID | None]
    worker_id: Mapped[uuid.UUID | None]


class UserPreference(Base, Identified, Owned, Stamped):
    """How one user wants to see and be told things."""

    __tablename__ = "user_preferences"
    __table_args__ = (
        UniqueConstraint("user_id"),
        owned_key("user_id", "users", ondelete="CASCADE"),
        Index(None, "organization_id"),
    )

    user_id: Mapped[uuid.UUID]
    theme: Mapped[str] = mapped_column(default="system")
    language: Mapped[str] = mapped_column(default="en")
    email_notifications: Mapped[bool] = mapped_column(default=True)
    push_notifications: Mapped[bool] = mapped_column(default=False)
    timezone: Mapped[str] = mapped_column(default="UTC")
    date_format: Mapped[str] = mapped_column(default="iso")
    custom_settings: Mapped[dict[str, Any] | None]


class Role(Base, Identified, Owned, Stamped):
    """A named set of grants with row scope; see `bot.tenancy.roles`."""

    __tablename__ = "roles"
    __table_args__ = (UniqueConstraint("organization_id", "name"), UniqueConstraint("organization_id", "id"))

    name: Mapped[str]
    display_name: Mapped[str]
    description: Mapped[str | None]
    is_default: Mapped[bool] = mapped_column(default=False)
    permissions: Mapped[dict[str, Any]]


class Integration(Base, Identified, Owned, Stamped):
    """A connection to a provider. `config` is sealed; `address` is how a hook finds it before it can verify."""

    __tablename__ = "integrations"
    __table_args__ = (
        UniqueConstraint("type", "address"),
        UniqueConstraint("organization_id", "id"),
        CheckConstraint(
            "status IN ('untested', 'connected', 'failing', 'revoked', 'paused', 'removed')", name="status"
        ),
    )

    type: Mapped[str]
    channel: Mapped[str]
    address: Mapped[str]
    config: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(default="untested")
    status_reason: Mapped[str | None]


class AuditEvent(Base, Numbered, Owned):
    """Who did what to what. Without a user it was the operator, by the command line."""

    __tablename__ = "audit_events"
    __table_args__ = (Index(None, "organization_id", "at"),)

    user_id: Mapped[uuid.UUID | None]
    action: Mapped[str]
    subject: Mapped[str | None]
    details: Mapped[dict[str, Any] | None]
    at: Mapped[datetime]
