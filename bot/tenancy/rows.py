"""Row scope: of which workers, segments and broadcasts a grant speaks, as conditions for a query.

"organization" is everybody, "segment" the members of the named segments, "supervised" everybody below the
user's own worker record in the tree of supervisors, "self" that record alone. A user without a worker
record supervises nobody: unknown means no.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.tenancy.roles import Actor, Scope
from models import (
    Broadcast,
    BroadcastSegment,
    Delivery,
    Segment,
    SegmentMembership,
    User,
    Worker,
    WorkerContact,
)

_workers = cast("sa.Table", Worker.__table__)
_memberships = cast("sa.Table", SegmentMembership.__table__)
_segments = cast("sa.Table", Segment.__table__)
_deliveries = cast("sa.Table", Delivery.__table__)
_sent_to = cast("sa.Table", BroadcastSegment.__table__)


class Rows:
    """What one grant of one user reaches. `whole` where it is the whole organization."""

    def __init__(self, session: Session, actor: Actor, scope: Scope) -> None:
        self._organization_id = actor.organization_id
        self.whole = scope.type == "organization"
        self.segments: Sequence[uuid.UUID] = _named(session, actor, scope) if scope.type == "segment" else ()
        self._type = scope.type
        self._own = own_worker(session, actor) if scope.type in {"supervised", "self"} else None
        self._nobody = scope.type in {"supervised", "self"} and self._own is None
        # once: a query that asks twice must ask the same WITH, or there would be two of one name
        self._team = _below(actor.organization_id, self._own) if self._own and scope.type == "supervised" else None

    def workers(self, column: Any) -> sa.ColumnElement[bool]:
        """Whether the worker whose id stands in `column` is one of them."""
        if self.whole:
            return sa.true()
        if self._type == "segment":
            inside = sa.select(_memberships.c.worker_id).where(
                _memberships.c.organization_id == self._organization_id, _memberships.c.segment_id.in_(self.segments)
            )
            return cast("sa.ColumnElement[bool]", column.in_(inside))
        if self._nobody:
            return sa.false()
        mine = column == self._own if self._team is None else column.in_(self._team)
        return cast("sa.ColumnElement[bool]", mine)

    def some_segments(self, column: Any) -> sa.ColumnElement[bool]:
        """Whether the segment in `column` is one of theirs: a named one, or one that holds somebody of theirs."""
        if self.whole:
            return sa.true()
        if self._type == "segment":
            return cast("sa.ColumnElement[bool]", column.in_(self.segments))
        if self._nobody:
            return sa.false()
        return sa.exists().where(_memberships.c.segment_id == column, self.workers(_memberships.c.worker_id))

    def some_broadcasts(self, column: Any) -> sa.ColumnElement[bool]:
        """Whether the broadcast in `column` goes, or went, to anybody of theirs."""
        if self.whole or self._nobody:
            return sa.true() if self.whole else sa.false()
        return sa.or_(
            _got(column, self.workers(_deliveries.c.worker_id)),
            _meant_for(column, self.workers(_memberships.c.worker_id)),
        )

    def whole_broadcast(self, session: Session, broadcast_id: uuid.UUID) -> bool:
        """Whether a broadcast goes to nobody else: only then may they steer it."""
        if self.whole or self._nobody:
            return self.whole
        others = sa.or_(
            _got(Broadcast.id, ~self.workers(_deliveries.c.worker_id)),
            _meant_for(Broadcast.id, ~self.workers(_memberships.c.worker_id)),
        )
        return not session.scalar(sa.select(Broadcast.id).where(Broadcast.id == broadcast_id, others))


def own_worker(session: Session, actor: Actor) -> uuid.UUID | None:
    """The user's own record among the workers: the one they are tied to, else the one with their e-mail."""
    if actor.worker_id is not None or actor.user_id is None:
        return actor.worker_id
    email = sa.select(User.email).where(User.id == actor.user_id).scalar_subquery()
    found = session.scalars(
        sa.select(WorkerContact.worker_id)
        .where(
            WorkerContact.organization_id == actor.organization_id,
            sa.func.lower(WorkerContact.email_address) == email,
        )
        .limit(2)
    ).all()
    return found[0] if len(found) == 1 else None


def _named(session: Session, actor: Actor, scope: Scope) -> Sequence[uuid.UUID]:
    """A role names its segments by id or by name."""
    ids = []
    for name in scope.segments:
        try:
            ids.append(uuid.UUID(name))
        except ValueError:
            continue
    named = sa.or_(_segments.c.id.in_(ids), _segments.c.name.in_(scope.segments))
    return session.scalars(
        sa.select(_segments.c.id).where(_segments.c.organization_id == actor.organization_id, named)
    ).all()


def _below(organization_id: uuid.UUID, top: uuid.UUID) -> sa.Select[Any]:
    """Everybody below `top`, over however many steps; UNION ends where a tree that isn't one would go in circles."""
    here = _workers.c.organization_id == organization_id
    team = sa.select(_workers.c.id).where(here, _workers.c.supervisor_id == top).cte("team", recursive=True)
    next_level = sa.select(_workers.c.id).where(here).join(team, _workers.c.supervisor_id == team.c.id)
    return sa.select(team.union(next_level).c.id)


def _got(broadcast: Any, who: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        _deliveries.c.source_kind == "broadcast",
        _deliveries.c.source_id == broadcast,
        _deliveries.c.worker_id.is_not(None),
        who,
    )


def _meant_for(broadcast: Any, who: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        _sent_to.c.broadcast_id == broadcast, _memberships.c.segment_id == _sent_to.c.segment_id, who
    )
