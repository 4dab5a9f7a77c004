"""Keeping a segment's members equal to its rule.

A run is a job row, written first, and then one transaction of set-based statements: whoever the rule
means and isn't there joins, whoever came by the rule and isn't meant any more leaves, and each of
them is an event. Two plain statements with NOT EXISTS serve both databases and took half the time of
ON CONFLICT. A run that fails changes nothing but its job row; a run whose process was killed is
closed by the next one.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import cast

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot import clock
from bot.audience import references, rules
from bot.audience.compile import WORKERS, condition
from bot.audience.picked import count_members, hold
from bot.audience.segments import zone_of
from bot.audience.sentences import sentence
from bot.database import Database, on_sqlite
from bot.errors import NotFound, ShiftlineError
from models.segments import MembershipEvent, Segment, SegmentMembership, SegmentSyncJob

SUPERSEDED = "This run didn't finish; a newer one took its place."
REFUSED = "The database refused the rule."

_segments = cast("sa.Table", Segment.__table__)
_memberships = cast("sa.Table", SegmentMembership.__table__)
_events = cast("sa.Table", MembershipEvent.__table__)
_jobs = cast("sa.Table", SegmentSyncJob.__table__)


def sync(database: Database, organization_id: uuid.UUID, segment_id: uuid.UUID) -> SegmentSyncJob:
    """Make the segment's members those whom its rule means now; the finished job, detached.

    A rule that can't be read or run doesn't raise: the job's `error_message` says why, and nothing else has
    changed. NotFound where there is no such segment.
    """
    with database.organization_session(organization_id) as session:
        job_id = _begin(session, organization_id, segment_id)
    try:
        with database.organization_session(organization_id) as session:
            return _run(session, organization_id, segment_id, job_id)
    except ShiftlineError as error:
        return _failed(database, organization_id, job_id, error.words)
    except SQLAlchemyError:
        return _failed(database, organization_id, job_id, REFUSED)


def sync_all(database: Database, organization_id: uuid.UUID) -> list[SegmentSyncJob]:
    """Sync every segment that has a rule, those that other rules ask for first."""
    with database.reading(organization_id) as session:
        segments = references.in_order(session, organization_id)
    return [sync(database, organization_id, each) for each in segments]


def stale(session: Session, before: datetime) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """(organization, segment) of those with a rule for which no run began since `before`; for a service session.

    A failed run counts: a rule that can't run would otherwise be tried at every tick.
    """
    begun = sa.select(_jobs.c.id).where(_jobs.c.segment_id == _segments.c.id, _jobs.c.created_at >= before)
    rows = session.execute(
        sa.select(_segments.c.organization_id, _segments.c.id)
        .where(_segments.c.rule_definition.is_not(None), ~begun.exists())
        .order_by(_segments.c.organization_id, _segments.c.id)
    )
    return [(organization_id, segment_id) for organization_id, segment_id in rows]


def _begin(session: Session, organization_id: uuid.UUID, segment_id: uuid.UUID) -> uuid.UUID:
    """Close what a killed process left open, and write this run's job."""
    hold(session, organization_id, segment_id)
    now = clock.now()
    session.execute(
        sa.update(_jobs)
        .where(_jobs.c.organization_id == organization_id, _jobs.c.segment_id == segment_id)
        .where(_jobs.c.completed_at.is_(None))
        .values(completed_at=now, error_message=SUPERSEDED)
    )
    job = SegmentSyncJob(organization_id=organization_id, segment_id=segment_id, started_at=now, created_at=now)
    session.add(job)
    session.flush()
    return job.id


def _run(session: Session, organization_id: uuid.UUID, segment_id: uuid.UUID, job_id: uuid.UUID) -> SegmentSyncJob:
    hold(session, organization_id, segment_id)
    now = clock.now()
    document = session.scalar(sa.select(_segments.c.rule_definition).where(_segments.c.id == segment_id))
    refresh = _Refresh(session, organization_id, segment_id, now)
    refresh.plan()
    if document is None:
        refresh.match(sa.false(), "the segment has no rule")
    else:
        rule, names = references.pinned(session, organization_id, rules.parse(document))
        zone = zone_of(session, organization_id)
        meant = condition(rule, organization_id=organization_id, now=now, zone=zone)
        refresh.match(meant, sentence(rule, names))
    refresh.count()
    return _completed(session, job_id, now, *refresh.figures())


class _Refresh:
    """The statements of one run; the segment's row is held, so nobody else changes its members meanwhile."""

    def __init__(self, session: Session, organization_id: uuid.UUID, segment_id: uuid.UUID, now: datetime) -> None:
        self.session = session
        self.organization_id, self.segment_id, self.now = organization_id, segment_id, now
        self.here = _memberships.c.segment_id == segment_id
        self.by_rule = sa.and_(self.here, _memberships.c.rule_match.is_(sa.true()))

    def plan(self) -> None:
        """Keep PostgreSQL from looking for each worker in the very table that the statement is filling.

        It plans so while that table was empty at its last VACUUM: 75,000 new members took 250 s instead of 7.
        """
        if not on_sqlite(self.session):
            self.session.execute(sa.text("SET LOCAL enable_nestloop = off"))
            self.session.execute(sa.text("SET LOCAL jit = off"))

    def match(self, meant: sa.ColumnElement[bool], reason: str) -> None:
        """Bring the members by rule in line with `meant`; `reason` is the rule in words."""
        self.leave(meant, reason)
        self.join(meant, reason)
        self.session.execute(
            sa.update(_memberships)
            .where(self.by_rule, _memberships.c.rule_match_reason.is_distinct_from(reason))
            .values(rule_match_reason=reason)
        )

    def join(self, meant: sa.ColumnElement[bool], reason: str) -> None:
        """Add whom the rule means; their events are read off the new rows, so that the rule is asked once."""
        last = self._last(_memberships)
        present = sa.select(_memberships.c.id).where(self.here, _memberships.c.worker_id == WORKERS.c.id)
        new = sa.select(
            *self._constants(), WORKERS.c.id, sa.true(), sa.literal(reason, sa.Text), self._bound_now()
        ).where(meant, ~present.correlate(WORKERS).exists())
        columns = ["organization_id", "segment_id", "worker_id", "rule_match", "rule_match_reason", "added_at"]
        self.session.execute(sa.insert(_memberships).from_select(columns, new))
        self._note("joined", sa.and_(self.by_rule, _memberships.c.id > last), reason)

    def leave(self, meant: sa.ColumnElement[bool], reason: str) -> None:
        """Remove whom the rule means no more; the rule is asked for the events, and they name who goes."""
        last = self._last(_events)
        still = sa.select(WORKERS.c.id).where(WORKERS.c.id == _memberships.c.worker_id, meant)
        self._note("left", sa.and_(self.by_rule, ~still.correlate(_memberships).exists()), f"no longer: {reason}")
        gone = sa.select(_events.c.worker_id).where(_events.c.segment_id == self.segment_id, _events.c.id > last)
        self.session.execute(sa.delete(_memberships).where(self.by_rule, _memberships.c.worker_id.in_(gone)))

    def count(self) -> None:
        """Project the segment's own columns."""
        count_members(self.session, self.organization_id, self.segment_id)
        self.session.execute(
            sa.update(_segments)
            .where(_segments.c.organization_id == self.organization_id, _segments.c.id == self.segment_id)
            .values(last_sync_at=self.now, updated_at=_segments.c.updated_at)
        )

    def figures(self) -> tuple[int, int]:
        """How many workers were asked, and how many are members by the rule."""
        asked = sa.select(sa.func.count()).where(WORKERS.c.organization_id == self.organization_id)
        matched = sa.select(sa.func.count()).where(self.by_rule)
        return self.session.scalar(asked) or 0, self.session.scalar(matched) or 0

    def _note(self, change: str, who: sa.ColumnElement[bool], reason: str) -> None:
        rows = sa.select(
            *self._constants(), _memberships.c.worker_id, sa.literal(change), sa.literal(reason), self._bound_now()
        ).where(who)
        columns = ["organization_id", "segment_id", "worker_id", "change", "reason", "at"]
        self.session.execute(sa.insert(_events).from_select(columns, rows))

    def _constants(self) -> tuple[sa.ColumnElement[uuid.UUID], sa.ColumnElement[uuid.UUID]]:
        return sa.literal(self.organization_id), sa.literal(self.segment_id)

    def _bound_now(self) -> sa.ColumnElement[datetime]:
        return sa.literal(self.now, _memberships.c.added_at.type)

    def _last(self, table: sa.Table) -> int:
        """The highest id so far; of the whole table, because there its index knows it at once."""
        return self.session.scalar(sa.select(sa.func.max(table.c.id))) or 0


def _completed(session: Session, job_id: uuid.UUID, now: datetime, processed: int, matched: int) -> SegmentSyncJob:
    """Close the job; also one that another run has taken for dead meanwhile, because it has finished after all."""
    job = session.get_one(SegmentSyncJob, job_id)
    job.completed_at, job.error_message = max(now, clock.now()), None
    job.processed_count, job.match_count = processed, matched
    session.flush()
    session.expunge(job)
    return job


def _failed(database: Database, organization_id: uuid.UUID, job_id: uuid.UUID, words: str) -> SegmentSyncJob:
    with database.organization_session(organization_id) as session:
        job = session.get(SegmentSyncJob, job_id)
        if job is None:
            raise NotFound("There is no such segment any more.")
        job.completed_at, job.error_message = clock.now(), words
        session.flush()
        session.expunge(job)
        return job
