"""Workers and the five satellites that the diagram gives each of them, plus their import jobs."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from models.base import Base, Identified, Owned, Stamped, TextList, owned_key


class Worker(Base, Identified, Owned, Stamped):
    """A person on the floor, known to their organization by `external_id`."""

    __tablename__ = "workers"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("organization_id", "external_id"),
        owned_key("supervisor_id", "workers"),
        Index(None, "organization_id", "supervisor_id"),
        Index(None, "organization_id", "updated_at"),
    )

    external_id: Mapped[str | None]
    first_name: Mapped[str]
    last_name: Mapped[str]
    date_of_birth: Mapped[datetime | None]
    tags: Mapped[list[str]] = mapped_column(TextList, default=list)
    custom_fields: Mapped[dict[str, Any] | None]
    supervisor_id: Mapped[uuid.UUID | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    time_zone: Mapped[str | None]


class Satellite(Identified, Owned, Stamped):
    """One row beside each worker."""

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        """One per worker, of the same organization."""
        return (
            UniqueConstraint("worker_id"),
            owned_key("worker_id", "workers", ondelete="CASCADE"),
            Index(None, "organization_id"),
        )

    worker_id: Mapped[uuid.UUID]


class WorkerContact(Base, Satellite):
    """Where a worker is and can be reached. `communication_consent` is a projection of `consent_events`."""

    __tablename__ = "worker_contacts"

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        """A phone belongs to one worker of the organization."""
        return (
            UniqueConstraint("worker_id"),
            UniqueConstraint("organization_id", "primary_phone_number"),
            owned_key("worker_id", "workers", ondelete="CASCADE"),
        )

    location_city: Mapped[str | None]
    location_state_province: Mapped[str | None]
    location_country: Mapped[str | None]
    primary_phone_number: Mapped[str | None]
    preferred_language: Mapped[str] = mapped_column(default="en")
    communication_consent: Mapped[bool] = mapped_column(default=False)
    email_address: Mapped[str | None]
    slack_user_id: Mapped[str | None]


class WorkerEmployment(Base, Satellite):
    """What a worker does, where, and since when."""

    __tablename__ = "worker_employments"

    job_title: Mapped[str | None]
    department: Mapped[str | None]
    team: Mapped[str | None]
    hire_date: Mapped[datetime | None]


class WorkerEngagement(Base, Satellite):
    """Projection: when the worker last did anything (`last_active_at`) and last answered (`last_interaction_date`)."""

    __tablename__ = "worker_engagements"

    last_active_at: Mapped[datetime | None]
    last_interaction_date: Mapped[datetime | None]


class WorkerWellbeing(Base, Satellite):
    """Projection of the wellbeing check-ins; read only under the privacy rules."""

    __tablename__ = "worker_wellbeings"

    last_wellbeing_assessment_date: Mapped[datetime | None]
    overall_wellbeing_score: Mapped[float | None]


class WorkerGamification(Base, Satellite):
    """Projection: equals the points and badge ledgers, always."""

    __tablename__ = "worker_gamifications"

    points_balance: Mapped[int] = mapped_column(default=0)
    badges_earned_count: Mapped[int] = mapped_column(default=0)


class ImportJob(Base, Identified, Owned, Stamped):
    """One import of a workers file, with what became of each refused row."""

    __tablename__ = "import_jobs"
    __table_args__ = (
        owned_key("created_by_id", "users"),
        CheckConstraint("state IN ('running', 'finished', 'failed')", name="state"),
        Index(None, "organization_id", "created_at"),
    )

    file_name: Mapped[str]
    state: Mapped[str] = mapped_column(default="running")
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[list[Any]] = mapped_column(default=list)
    error_message: Mapped[str | None]
    created_by_id: Mapped[uuid.UUID | None]
