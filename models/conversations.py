"""Open questions and what was answered: prompts, attempts, responses."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, BigId, Identified, Owned, owned_key, partial_index


class Prompt(Base, Identified, Owned):
    """A question in front of one person, from the begin of the delivery that carries it.

    `position` is the question's index in its quiz (NULL for a reflection). `option_order` and `first_label`
    are what the person saw, so that "5" means what it meant on their screen. `response_id` points to the
    words of a reflection or a long text while later parts may still join them, also while they are too few
    to be an answer.
    """

    __tablename__ = "prompts"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("token"),
        UniqueConstraint("delivery_id"),
        owned_key("worker_id", "workers", ondelete="CASCADE"),
        owned_key("identity_id", "channel_identities", ondelete="CASCADE"),
        owned_key("delivery_id", "deliveries"),
        owned_key("content_version_id", "content_versions"),
        CheckConstraint("state IN ('open', 'answered', 'expired', 'withdrawn')", name="state"),
        Index(None, "worker_id"),
        partial_index("ix_prompts_open", "identity_id", "asked_at", where="state = 'open'"),
        partial_index("ix_prompts_joining", "identity_id", where="response_id IS NOT NULL"),
        partial_index("ix_prompts_timed", "expires_at", where="state = 'open' AND expires_at IS NOT NULL"),
    )  # fmt: skip

    worker_id: Mapped[uuid.UUID]
    identity_id: Mapped[uuid.UUID]
    delivery_id: Mapped[int] = mapped_column(BigId)
    content_version_id: Mapped[uuid.UUID]
    source_kind: Mapped[str]
    source_id: Mapped[uuid.UUID]
    question_id: Mapped[str | None]
    position: Mapped[int | None]
    token: Mapped[str]
    option_order: Mapped[list[Any] | None]
    first_label: Mapped[int] = mapped_column(default=1)
    labels: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(default="open")
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    response_id: Mapped[uuid.UUID | None]
    joins_until: Mapped[datetime | None]


class QuizAttempt(Base, Identified, Owned):
    """One worker's way through one quiz of one broadcast or journey step.

    `deadline` is when the quiz's own time is over. `expired`: it ended because nothing more could be answered in
    time. Scores are projections of the responses.
    """

    __tablename__ = "quiz_attempts"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("worker_id", "source_kind", "source_id", "content_id"),
        owned_key("worker_id", "workers", ondelete="CASCADE"),
        owned_key("content_version_id", "content_versions"),
        partial_index("ix_quiz_attempts_timed", "deadline", where="finished_at IS NULL AND deadline IS NOT NULL"),
    )

    worker_id: Mapped[uuid.UUID]
    content_id: Mapped[uuid.UUID]
    content_version_id: Mapped[uuid.UUID]
    source_kind: Mapped[str]
    source_id: Mapped[uuid.UUID]
    started_at: Mapped[datetime]
    deadline: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    expired: Mapped[bool] = mapped_column(default=False)
    score: Mapped[float] = mapped_column(default=0.0)
    max_score: Mapped[float] = mapped_column(default=0.0)
    passed: Mapped[bool | None]


class QuestionResponse(Base, Identified, Owned):
    """An answer: the words as typed, how they were understood, the score."""

    __tablename__ = "question_responses"
    __table_args__ = (
        UniqueConstraint("prompt_id", "try_number"),
        owned_key("attempt_id", "quiz_attempts", ondelete="CASCADE"),
        owned_key("prompt_id", "prompts", ondelete="CASCADE"),
        owned_key("worker_id", "workers", ondelete="CASCADE"),
        Index(None, "organization_id", "source_kind", "source_id"),
        Index(None, "attempt_id"),
        Index(None, "worker_id"),
    )

    attempt_id: Mapped[uuid.UUID]
    prompt_id: Mapped[uuid.UUID]
    worker_id: Mapped[uuid.UUID]
    source_kind: Mapped[str]
    source_id: Mapped[uuid.UUID]
    question_id: Mapped[str]
    channel: Mapped[str]
    try_number: Mapped[int] = mapped_column(default=1)
    typed: Mapped[str | None]
    understood: Mapped[list[Any] | None]
    correct: Mapped[bool | None]
    score: Mapped[float] = mapped_column(default=0.0)
    max_score: Mapped[float] = mapped_column(default=0.0)
    late: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]


class ReflectionResponse(Base, Identified, Owned):
    """Free words. An anonymous one has no worker, a random id and a date without a time."""

    __tablename__ = "reflection_responses"
    __table_args__ = (
        owned_key("worker_id", "workers", ondelete="CASCADE"),
        owned_key("content_id", "contents"),
        owned_key("content_version_id", "content_versions"),
        Index(None, "organization_id", "source_kind", "source_id"),
        Index(None, "worker_id"),
    )

    worker_id: Mapped[uuid.UUID | None]
    content_id: Mapped[uuid.UUID]
    content_version_id: Mapped[uuid.UUID]
    source_kind: Mapped[str]
    source_id: Mapped[uuid.UUID]
    question_id: Mapped[str]
    visibility: Mapped[str]
    channel: Mapped[str]
    text: Mapped[str]
    rating: Mapped[int | None]
    parts: Mapped[int] = mapped_column(default=1)
    at: Mapped[datetime]
