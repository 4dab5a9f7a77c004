"""A segment as a manager reads it: its rule in words, its members page by page, what its sync jobs did."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.audience import references, rules
from bot.audience.rules import Leaf, Node
from bot.audience.sentences import sentence
from bot.errors import BadInput, NotFound
from bot.tenancy.rows import Rows
from models import MembershipEvent, Segment, SegmentMembership, SegmentSyncJob, User, Worker

ALL, ANY = "All of these hold", "At least one of these holds"


class Listed(NamedTuple):
    """A segment in the list; `count` as far as the reader may see its members."""

    segment: Segment
    members: int


@dataclass(frozen=True, slots=True)
class Outline:
    """A rule as a list of sentences: a heading and what stands below it, which may be lists again."""

    heading: str
    parts: Sequence[Outline | str]


class Member(NamedTuple):
    """Somebody in a segment. `by_rule` false means picked by hand."""

    worker_id: uuid.UUID
    name: str
    external_id: str | None
    reason: str | None
    by_rule: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """A sync job, with how many came and went."""

    job: SegmentSyncJob
    joined: int
    left: int


def listed(session: Session, rows: Rows, *, offset: int = 0, limit: int = 50) -> tuple[list[Listed], int]:
    """The segments by name, and how many there are."""
    reached = rows.some_segments(Segment.id)
    total = session.scalar(sa.select(sa.func.count()).select_from(Segment).where(reached)) or 0
    segments = session.scalars(
        sa.select(Segment).where(reached).order_by(Segment.name, Segment.id).offset(offset).limit(limit)
    ).all()
    counts = _counts(session, segments, rows)
    return [Listed(each, counts[each.id]) for each in segments], total


def shown(session: Session, segment_id: uuid.UUID, rows: Rows) -> tuple[Segment, str | None]:
    """One segment and who made it; NotFound where these rows reach none of that id."""
    found = session.execute(
        sa.select(Segment, User.name, User.email)
        .outerjoin(User, User.id == Segment.created_by_id)
        .where(Segment.id == segment_id, rows.some_segments(Segment.id))
    ).one_or_none()
    if found is None:
        raise NotFound("There is no such segment here.")
    segment, name, email = found
    return segment, name or email


def outline(session: Session, segment: Segment) -> Outline | None:
    """The rule in words; None for a segment that is picked by hand alone."""
    if segment.rule_definition is None:
        return None
    try:
        rule, names = references.pinned(session, segment.organization_id, rules.parse(segment.rule_definition))
    except BadInput as refused:  # written by an earlier version, or about a segment that is gone
        return Outline("This rule can't be read any more", [refused.words])
    told = _told(rule, names)
    return told if isinstance(told, Outline) else Outline(ALL, [told])


def members(
    session: Session, segment_id: uuid.UUID, rows: Rows, *, offset: int = 0, limit: int = 50
) -> tuple[list[Member], int]:
    """Who is in it as of its last sync, by name, and how many they are."""
    here = (SegmentMembership.segment_id == segment_id, rows.workers(SegmentMembership.worker_id))
    total = session.scalar(sa.select(sa.func.count()).select_from(SegmentMembership).where(*here)) or 0
    found = session.execute(
        sa.select(
            Worker.id, Worker.first_name, Worker.last_name, Worker.external_id, SegmentMembership.rule_match_reason,
            SegmentMembership.rule_match, SegmentMembership.added_at,
        )
        .join(Worker, Worker.id == SegmentMembership.worker_id)
        .where(*here)
        .order_by(Worker.last_name, Worker.first_name, Worker.id)
        .offset(offset)
        .limit(limit)
    )  # fmt: skip
    return [
        Member(worker_id, f"{first} {last}", external_id, reason, by_rule, since)
        for worker_id, first, last, external_id, reason, by_rule, since in found
    ], total


def runs(session: Session, segment_id: uuid.UUID, limit: int = 8) -> list[Run]:
    """The last sync jobs, the newest first."""
    jobs = session.scalars(
        sa.select(SegmentSyncJob)
        .where(SegmentSyncJob.segment_id == segment_id)
        .order_by(SegmentSyncJob.created_at.desc(), SegmentSyncJob.id.desc())
        .limit(limit)
    ).all()
    return [Run(job, _moved(session, job, "joined"), _moved(session, job, "left")) for job in jobs]


def of_worker(session: Session, worker_id: uuid.UUID, rows: Rows) -> list[tuple[Segment, SegmentMembership]]:
    """The segments that somebody is in, by name."""
    found = session.execute(
        sa.select(Segment, SegmentMembership)
        .join(SegmentMembership, SegmentMembership.segment_id == Segment.id)
        .where(SegmentMembership.worker_id == worker_id, rows.some_segments(Segment.id))
        .order_by(Segment.name)
    )
    return [(segment, membership) for segment, membership in found]


def _counts(session: Session, segments: Sequence[Segment], rows: Rows) -> Mapping[uuid.UUID, int]:
    if rows.whole:
        return {each.id: each.worker_count for each in segments}
    found = session.execute(
        sa.select(SegmentMembership.segment_id, sa.func.count())
        .where(
            SegmentMembership.segment_id.in_([each.id for each in segments]), rows.workers(SegmentMembership.worker_id)
        )
        .group_by(SegmentMembership.segment_id)
    )
    counts = dict.fromkeys((each.id for each in segments), 0)
    return counts | {segment_id: count for segment_id, count in found}  # noqa: C416 - rows are no pairs to mypy


def _told(node: Node, names: Mapping[str, str]) -> Outline | str:
    if isinstance(node, Leaf):
        words = sentence(node, names)
        return words[:1].upper() + words[1:]
    parts = [_told(each, names) for each in node.rules]
    if len(parts) == 1 and not node.negated:
        return parts[0]
    heading = ALL if node.combinator == "and" else ANY
    if node.negated:
        heading = "This does not hold" if len(parts) == 1 else f"It is not so that {heading[0].lower()}{heading[1:]}"
    return Outline(heading, parts)


def _moved(session: Session, job: SegmentSyncJob, change: str) -> int:
    """How many joined or left in one run: its events carry a moment between its begin and its end."""
    if job.started_at is None or job.completed_at is None or job.error_message:
        return 0
    moved = sa.select(sa.func.count()).where(
        MembershipEvent.segment_id == job.segment_id,
        MembershipEvent.change == change,
        MembershipEvent.at.between(job.started_at, job.completed_at),
    )
    return session.scalar(moved.select_from(MembershipEvent)) or 0
