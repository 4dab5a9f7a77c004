"""Points and activity, in the transaction of what earned them.

The ledger is the truth; the balance moves by exactly what the ledger took. Both are written in two
statements, so an entry that was there already (an event told twice) moves nothing. A worker who has no
row for it yet gets one: points that no balance shows would be lost to the person.

Nothing pays twice. What pays is the achievement and not the message that asked for it: a question of a
content pays a worker once for each reason, however often it is sent and in whatever version of the
content. Who had it wrong and gets it right the next time still has the points for that to come. Words
to a reflection that is sent again are new work, and pay again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot.database import on_sqlite
from models import PointsEntry, Prompt, WorkerEngagement, WorkerGamification

INTERACTIONS = ("answered", "joined")
"""What a message may have led to that counts as an interaction, and not only as activity."""


@dataclass(frozen=True, slots=True)
class Award:
    """`points` for `reason` ("answered", "correct", "reflected")."""

    reason: str
    points: int


def pay(  # noqa: PLR0917 - who, for what, how much and when
    session: Session,
    organization_id: uuid.UUID,
    worker_id: uuid.UUID,
    source_id: uuid.UUID,
    awards: Sequence[Award],
    now: datetime,
    *,
    subject_id: uuid.UUID | None = None,
) -> int:
    """Write `awards` for one source (a prompt) and move the balance. Returns the points that were new.

    `subject_id` is what pays only once (`question_subject`); without one it is the source itself.
    """
    rows = [
        {
            "organization_id": organization_id,
            "worker_id": worker_id,
            "reason": award.reason,
            "subject_id": subject_id or source_id,
            "source_id": source_id,
            "points": award.points,
            "at": now,
        }
        for award in awards
        if award.points
    ]
    if not rows:
        return 0
    insert: Any = sqlite.insert if on_sqlite(session) else postgresql.insert
    statement = (
        insert(PointsEntry.__table__)
        .values(rows)
        .on_conflict_do_nothing(index_elements=("worker_id", "reason", "subject_id"))
        .returning(sa.column("points"))
    )
    paid: int = sum(session.execute(statement).scalars())
    if paid:
        _move_balance(session, organization_id, worker_id, paid, now)
    return paid


def question_subject(content_id: uuid.UUID, question_id: str) -> uuid.UUID:
    """What pays once: this question of this content."""
    return uuid.uuid5(content_id, question_id)


def _move_balance(session: Session, organization_id: uuid.UUID, worker_id: uuid.UUID, paid: int, now: datetime) -> None:
    gamification = WorkerGamification
    moved = session.execute(
        sa.update(gamification)
        .where(gamification.worker_id == worker_id)
        .values(points_balance=gamification.points_balance + paid, updated_at=now)
        .returning(gamification.worker_id)
        .execution_options(synchronize_session=False)
    )
    if moved.first() is None:
        session.add(gamification(organization_id=organization_id, worker_id=worker_id, points_balance=paid))
        session.flush()


def earned(session: Session, prompt: Any) -> int:
    """What was earned by all that was asked together with `prompt`: a quiz, a reflection with its follow-ups."""
    own = (Prompt.worker_id, Prompt.source_kind, Prompt.source_id, Prompt.content_version_id)
    asked = sa.select(*own).where(Prompt.id == prompt.id).subquery()
    together = sa.select(Prompt.id).join(asked, sa.and_(*(column == asked.c[column.key] for column in own)))
    worker = sa.select(asked.c.worker_id).scalar_subquery()
    total = sa.select(sa.func.coalesce(sa.func.sum(PointsEntry.points), 0))
    return int(session.scalar(total.where(PointsEntry.worker_id == worker, PointsEntry.source_id.in_(together))) or 0)


def active(
    session: Session, organization_id: uuid.UUID, worker_id: uuid.UUID, now: datetime, *, interacted: bool
) -> None:
    """They did something; `interacted` if it was an answer and not just any message or tap."""
    values: dict[str, Any] = {"last_active_at": now, "updated_at": now}
    if interacted:
        values["last_interaction_date"] = now
    moved = session.execute(
        sa.update(WorkerEngagement)
        .where(WorkerEngagement.worker_id == worker_id)
        .values(**values)
        .returning(WorkerEngagement.worker_id)
        .execution_options(synchronize_session=False)
    )
    if moved.first() is None:
        session.add(WorkerEngagement(organization_id=organization_id, worker_id=worker_id, **values))
        session.flush()
