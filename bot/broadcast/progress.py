"""How far a broadcast has come, and the steering wheel: pause, resume, cancel, retry."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import clock
from bot.delivery import gate, parts
from bot.errors import NotFound, Refused
from bot.nudge import nudge
from models import Broadcast, Delivery, Integration

OPEN = ("queued", "claimed", "sending")
REVIVED = 5_000  # at a time: SQLite binds 32,766 values in a statement


class WrongMoment(Refused):
    """This broadcast is in no state for that."""

    code = "wrong_moment"


def find(session: Session, broadcast_id: uuid.UUID) -> Broadcast:
    """The broadcast, locked until we commit against whatever would begin for it, or NotFound."""
    broadcast = session.scalar(sa.select(Broadcast).where(Broadcast.id == broadcast_id).with_for_update())
    if broadcast is None:
        raise _nowhere(broadcast_id)
    return broadcast


def look(session: Session, broadcast_id: uuid.UUID) -> Broadcast:
    """The broadcast, for whoever only reads: what goes out doesn't wait for a report. NotFound."""
    broadcast = session.scalar(sa.select(Broadcast).where(Broadcast.id == broadcast_id))
    if broadcast is None:
        raise _nowhere(broadcast_id)
    return broadcast


def _nowhere(broadcast_id: uuid.UUID) -> NotFound:
    return NotFound(f"There is no broadcast {broadcast_id} in this organization.")


def _ours(broadcast_id: uuid.UUID) -> tuple[sa.ColumnElement[bool], ...]:
    return Delivery.source_kind == "broadcast", Delivery.source_id == broadcast_id


def counts(session: Session, broadcast_id: uuid.UUID) -> dict[str, int]:
    """Recipients per delivery state: a message of several parts is in the state of its first."""
    rows = session.execute(
        sa.select(Delivery.state, sa.func.count())
        .where(*_ours(broadcast_id), Delivery.part == 0)
        .group_by(Delivery.state)
    )
    return {state: count for state, count in rows}  # noqa: C416 - rows are Row objects, not pairs


def newest(session: Session, limit: int) -> list[tuple[Broadcast, int]]:
    """The broadcasts made last, newest first, each with how many people it is for (0 before its time)."""
    found = session.scalars(sa.select(Broadcast).order_by(Broadcast.id.desc()).limit(limit)).all()
    people = (
        sa.select(Delivery.source_id, sa.func.count())
        .where(Delivery.source_kind == "broadcast", Delivery.source_id.in_([each.id for each in found]))
        .where(Delivery.part == 0)
        .group_by(Delivery.source_id)
    )
    counted: dict[uuid.UUID, int] = {row[0]: row[1] for row in session.execute(people)}
    return [(each, counted.get(each.id, 0)) for each in found]


def pause(session: Session, broadcast_id: uuid.UUID) -> Broadcast:
    """Nothing more begins until it is resumed; what has begun goes out."""
    return _move(session, broadcast_id, {"running", "scheduled"}, "paused")


def resume(session: Session, broadcast_id: uuid.UUID) -> Broadcast:
    """Go on where it stood. Whoever waits for a rule of ours is looked at anew: it may have been changed meanwhile."""
    broadcast, now = _move(session, broadcast_id, {"paused"}, "running"), clock.now()
    if broadcast.started_at is None:
        # Its time may have passed while it was paused: whoever resumes it means it to go, not to be too late.
        broadcast.state, broadcast.send_at = "scheduled", max(broadcast.send_at or now, now)
    put_off = (Delivery.state == "queued", Delivery.reason.in_(gate.OURS), Delivery.due_at.is_not(None))
    session.execute(sa.update(Delivery).where(*_ours(broadcast_id), *put_off).values(due_at=now, reason=None))
    _look(session, broadcast)
    return broadcast


def cancel(session: Session, broadcast_id: uuid.UUID) -> Broadcast:
    """Nothing more begins, for good."""
    before = {"draft", "awaiting_approval", "scheduled", "running", "paused"}
    broadcast, now = _move(session, broadcast_id, before, "cancelled"), clock.now()
    broadcast.finished_at = now
    session.execute(
        sa.update(Delivery)
        .where(*_ours(broadcast_id), Delivery.state == "queued")
        .values(state="cancelled", reason="broadcast_cancelled", finished_at=now)
    )
    return broadcast


def retry(session: Session, broadcast_id: uuid.UUID) -> int:
    """Queue once more what failed for good; never what may have arrived. Returns how many.

    Each starts afresh, with as many attempts before it as a new one: the attempts already made keep their numbers,
    by which the transcript and the providers' reports know them.
    """
    broadcast = find(session, broadcast_id)
    if broadcast.state not in {"running", "finished"}:
        raise WrongMoment(f"This broadcast is {broadcast.state}: there is nothing to retry.")
    failed = session.scalars(
        sa.update(Delivery)
        .where(*_ours(broadcast_id), Delivery.state == "failed", Delivery.flagged.is_(None))
        .values(
            state="queued",
            reason="retried",
            error_code=None,
            forgiven=Delivery.attempts,
            due_at=clock.now(),
            finished_at=None,
        )
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    for start in range(0, len(failed), REVIVED):
        parts.revive(session, failed[start : start + REVIVED])
    if failed:
        broadcast.state, broadcast.finished_at = "running", None
        session.flush()
        _look(session, broadcast)
    return len(failed)


def finish(session: Session, now: datetime) -> Sequence[uuid.UUID]:
    """Finish the running broadcasts for which nothing is left to do. A flagged doubt counts as resolved."""
    left = sa.exists().where(
        Delivery.source_kind == "broadcast",
        Delivery.source_id == Broadcast.id,
        sa.or_(Delivery.state.in_(OPEN), sa.and_(Delivery.state == "in_doubt", Delivery.settle_at.is_not(None))),
    )
    done = session.scalars(
        sa.select(Broadcast.id)
        .where(Broadcast.state == "running", Broadcast.fanned_out_at.is_not(None), ~left)
        .with_for_update(skip_locked=True)
    ).all()
    if done:
        session.execute(sa.update(Broadcast).where(Broadcast.id.in_(done)).values(state="finished", finished_at=now))
    return done


def due(session: Session, now: datetime) -> Sequence[Any]:
    """(organization, broadcast) of those to launch: scheduled ones whose time has come, and interrupted ones."""
    return session.execute(
        sa.select(Broadcast.organization_id, Broadcast.id).where(
            sa.or_(
                sa.and_(Broadcast.state == "scheduled", Broadcast.send_at <= now),
                sa.and_(Broadcast.state == "running", Broadcast.fanned_out_at.is_(None)),
            )
        )
    ).all()


def _move(session: Session, broadcast_id: uuid.UUID, allowed: set[str], state: str) -> Broadcast:
    broadcast = find(session, broadcast_id)
    if broadcast.state not in allowed:
        raise WrongMoment(f"This broadcast is {broadcast.state}: that can't be done with it now.")
    broadcast.state = state
    session.flush()
    return broadcast


def _look(session: Session, broadcast: Broadcast) -> None:
    nudge(session, "launch", str(broadcast.id))
    ours = sa.select(Integration.id).where(Integration.organization_id == broadcast.organization_id)
    for integration_id in session.scalars(ours):
        nudge(session, "dispatch", str(integration_id))


def scheduled(session: Session) -> int:
    """How many broadcasts wait for their time."""
    return session.scalar(sa.select(sa.func.count()).select_from(Broadcast).where(Broadcast.state == "scheduled")) or 0


def any_running(session: Session) -> bool:
    """Say whether there is anything that could be finished."""
    return bool(session.scalar(sa.select(sa.exists().where(Broadcast.state == "running"))))
