"""Members picked by hand, whom no sync takes out again.

Like a sync, picking holds the segment's row, so that the two never insert the same member at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.errors import NotFound
from models.segments import MembershipEvent, Segment, SegmentMembership
from models.workers import Worker

BY_HAND = "picked by hand"

_segments = cast("sa.Table", Segment.__table__)
_memberships = cast("sa.Table", SegmentMembership.__table__)
_events = cast("sa.Table", MembershipEvent.__table__)
_workers = cast("sa.Table", Worker.__table__)


def hold(session: Session, organization_id: uuid.UUID, segment_id: uuid.UUID) -> None:
    """Lock the segment's row until the transaction ends; what merely refers to the segment needn't wait."""
    asked = sa.select(_segments.c.id).where(
        _segments.c.organization_id == organization_id, _segments.c.id == segment_id
    )
    if session.scalar(asked.with_for_update(key_share=True)) is None:
        raise NotFound("There is no such segment.")


def pick(session: Session, segment: Segment, workers: Collection[uuid.UUID], now: datetime) -> int:
    """Put workers into the segment for good; who matches the rule already becomes picked. Returns how many are new.

    Workers of another organization are passed over.
    """
    hold(session, segment.organization_id, segment.id)
    in_segment = _memberships.c.segment_id == segment.id
    session.execute(
        sa.update(_memberships)
        .where(in_segment, _memberships.c.worker_id.in_(workers))
        .values(rule_match=False, rule_match_reason=BY_HAND)
    )
    present = sa.select(_memberships.c.worker_id).where(in_segment)
    found = sa.select(_workers.c.id).where(
        _workers.c.organization_id == segment.organization_id,
        _workers.c.id.in_(workers),
        _workers.c.id.not_in(present),
    )
    new = list(session.scalars(found))
    if new:
        of = {"organization_id": segment.organization_id, "segment_id": segment.id}
        member = {"rule_match": False, "rule_match_reason": BY_HAND, "added_at": now}
        session.execute(sa.insert(_memberships), [{**of, **member, "worker_id": each} for each in new])
    _note(session, segment, new, "joined", now)
    return len(new)


def unpick(session: Session, segment: Segment, workers: Collection[uuid.UUID], now: datetime) -> int:
    """Take picked workers out; whom the rule means comes back as its member with the next sync. Returns how many."""
    hold(session, segment.organization_id, segment.id)
    gone = list(
        session.scalars(
            sa.delete(_memberships)
            .where(
                _memberships.c.segment_id == segment.id,
                _memberships.c.rule_match.is_(sa.false()),
                _memberships.c.worker_id.in_(workers),
            )
            .returning(_memberships.c.worker_id)
        )
    )
    _note(session, segment, gone, "left", now)
    return len(gone)


def _note(session: Session, segment: Segment, workers: list[uuid.UUID], change: str, now: datetime) -> None:
    if workers:
        about = {"organization_id": segment.organization_id, "segment_id": segment.id, "reason": BY_HAND, "at": now}
        session.execute(sa.insert(_events), [{**about, "worker_id": each, "change": change} for each in workers])
    count_members(session, segment.organization_id, segment.id)


def count_members(session: Session, organization_id: uuid.UUID, segment_id: uuid.UUID) -> None:
    """Project `worker_count`; `updated_at` stays the moment when a person last changed the segment."""
    counted = sa.select(sa.func.count()).where(_memberships.c.segment_id == segment_id).scalar_subquery()
    session.execute(
        sa.update(_segments)
        .where(_segments.c.organization_id == organization_id, _segments.c.id == segment_id)
        .values(worker_count=counted, updated_at=_segments.c.updated_at)
    )
