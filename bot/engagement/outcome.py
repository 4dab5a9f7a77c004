"""What became of broadcasts, as somebody reads it: the list, the figures, and page by page who missed it.

Every question takes the rows that the reader may see: whoever sees their own team only sees figures of their
own team only. A recipient counts once, in the state of the first part of what they were sent.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.engagement import waiting as unsent
from bot.engagement.report import in_words
from bot.errors import NotFound
from bot.tenancy.rows import Rows
from models import (
    Broadcast,
    BroadcastSegment,
    Content,
    ContentVersion,
    Delivery,
    QuestionResponse,
    ReflectionResponse,
    Segment,
    User,
    Worker,
)

ARRIVED, TAKEN, MOVING = ("delivered", "read"), ("submitted", "sent"), ("queued", "claimed", "sending")
MISSED = ("skipped", "failed", "expired", "cancelled")


@dataclass(frozen=True, slots=True)
class Tally:
    """Recipients by state."""

    states: Mapping[str, int] = field(default_factory=dict)

    def among(self, states: Iterable[str]) -> int:
        """How many are in one of these."""
        return sum(self.states.get(state, 0) for state in states)

    @property
    def total(self) -> int:
        """Everybody for whom there is a row."""
        return sum(self.states.values())

    @property
    def arrived(self) -> int:
        """The provider says that it is on their screen."""
        return self.among(ARRIVED)

    @property
    def taken(self) -> int:
        """The provider has it; Slack never says more than that."""
        return self.among(TAKEN)

    @property
    def moving(self) -> int:
        """Still with us."""
        return self.among(MOVING)

    @property
    def doubtful(self) -> int:
        """Nobody knows yet whether it went out."""
        return self.among(("in_doubt",))

    @property
    def missed(self) -> int:
        """They won't get it."""
        return self.among(MISSED)


class Listed(NamedTuple):
    """A broadcast in the list."""

    broadcast: Broadcast
    kind: str
    tally: Tally
    answered: int


class Shown(NamedTuple):
    """A broadcast on its own page. `version` is the content as it was when somebody decided to send it."""

    broadcast: Broadcast
    content: Content
    version: ContentVersion
    segments: Sequence[Segment]
    by: str | None


class Missed(NamedTuple):
    """Somebody whom it didn't reach, and why."""

    worker_id: uuid.UUID
    name: str
    external_id: str | None
    state: str
    words: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Reason:
    """How many there are for one reason; `key` is what `missed` takes."""

    key: str
    words: str
    count: int
    earliest: datetime | None = None


def listed(
    session: Session, rows: Rows, *, states: Sequence[str] = (), offset: int = 0, limit: int = 20
) -> tuple[list[Listed], int]:
    """The newest broadcasts first, and how many there are in all."""
    where = [rows.some_broadcasts(Broadcast.id)]
    if states:
        where.append(Broadcast.state.in_(states))
    total = session.scalar(sa.select(sa.func.count()).select_from(Broadcast).where(*where)) or 0
    found = session.execute(
        sa.select(Broadcast, Content.kind)
        .join(Content, Content.id == Broadcast.content_id)
        .where(*where)
        .order_by(Broadcast.created_at.desc(), Broadcast.id.desc())
        .offset(offset)
        .limit(limit)
    ).all()
    ids = [broadcast.id for broadcast, _ in found]
    tallies, answers = _tallies(session, ids, rows), answered(session, ids, rows)
    return [Listed(each, kind, tallies[each.id], answers[each.id]) for each, kind in found], total


def shown(session: Session, broadcast_id: uuid.UUID, rows: Rows) -> Shown:
    """One broadcast; NotFound where there is none that these rows reach."""
    found = session.execute(
        sa.select(Broadcast, Content, ContentVersion, User.name, User.email)
        .join(Content, Content.id == Broadcast.content_id)
        .join(ContentVersion, ContentVersion.id == Broadcast.content_version_id)
        .outerjoin(User, User.id == Broadcast.created_by_id)
        .where(Broadcast.id == broadcast_id, rows.some_broadcasts(Broadcast.id))
    ).one_or_none()
    if found is None:
        raise NotFound("There is no such broadcast here.")
    segments = session.scalars(
        sa.select(Segment)
        .join(BroadcastSegment, BroadcastSegment.segment_id == Segment.id)
        .where(BroadcastSegment.broadcast_id == broadcast_id)
        .order_by(Segment.name)
    ).all()
    broadcast, content, version, name, email = found
    return Shown(broadcast, content, version, segments, name or email)


def tally(session: Session, broadcast_id: uuid.UUID, rows: Rows) -> Tally:
    """Recipients by state."""
    return _tallies(session, [broadcast_id], rows)[broadcast_id]


def answered(session: Session, ids: Sequence[uuid.UUID], rows: Rows) -> Mapping[uuid.UUID, int]:
    """How many people answered each of these broadcasts; of those who answered without a name, as many as answers."""
    counts: dict[uuid.UUID, int] = defaultdict(int)
    for table in (QuestionResponse, ReflectionResponse):
        per_broadcast = session.execute(
            sa.select(table.source_id, sa.func.count(table.worker_id.distinct()))
            .where(table.source_kind == "broadcast", table.source_id.in_(ids), rows.workers(table.worker_id))
            .group_by(table.source_id)
        )
        for broadcast_id, count in per_broadcast:
            counts[broadcast_id] += count
    if rows.whole:
        for broadcast_id, count in _nameless(session, ids):
            counts[broadcast_id] += count
    return counts


def missed(
    session: Session,
    broadcast_id: uuid.UUID,
    rows: Rows,
    *,
    reason: str | None = None,
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[Missed], int]:
    """Who won't get it, by name, and how many they are; of one reason, where one is named."""
    where = [*_of([broadcast_id]), _lost(), rows.workers(Delivery.worker_id)]
    if reason is not None:
        where.append(_reason() == reason)
    total = session.scalar(sa.select(sa.func.count()).select_from(Delivery).where(*where)) or 0
    found = session.execute(
        sa.select(
            Worker.id, Worker.first_name, Worker.last_name, Worker.external_id, Delivery.state, _reason(),
            Delivery.finished_at,
        )
        .join(Worker, Worker.id == Delivery.worker_id)
        .where(*where)
        .order_by(Worker.last_name, Worker.first_name, Worker.id)
        .offset(offset)
        .limit(limit)
    )  # fmt: skip
    return [
        Missed(worker_id, f"{first} {last}", external_id, state, told(why), at)
        for worker_id, first, last, external_id, state, why, at in found
    ], total


def reasons(session: Session, broadcast_id: uuid.UUID, rows: Rows) -> list[Reason]:
    """Why people won't get it, the most frequent reason first."""
    found = session.execute(
        sa.select(_reason(), sa.func.count())
        .where(*_of([broadcast_id]), _lost(), rows.workers(Delivery.worker_id))
        .group_by(_reason())
        .order_by(sa.func.count().desc(), _reason())
    )
    return [Reason(key, told(key), count) for key, count in found]


def waiting(session: Session, broadcast_id: uuid.UUID, rows: Rows) -> list[Reason]:
    """What those wait for who haven't got it yet, with the moment at which the first of them may go on."""
    return [
        Reason(group["reason"], _sentence(group["words"]), group["count"], _moment(group["next_try"]))
        for group in unsent.groups(session, broadcast_id, rows.workers(Delivery.worker_id))
    ]


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def told(reason: str) -> str:
    """A stored reason in words."""
    return _sentence(in_words(reason))


def _sentence(reason: str) -> str:
    """The provider's own words, as they stand in the middle of ours."""
    return reason.rstrip(".")


def _tallies(session: Session, ids: Sequence[uuid.UUID], rows: Rows) -> Mapping[uuid.UUID, Tally]:
    states: dict[uuid.UUID, dict[str, int]] = {each: {} for each in ids}
    found = session.execute(
        sa.select(Delivery.source_id, Delivery.state, sa.func.count())
        .where(*_of(ids), rows.workers(Delivery.worker_id))
        .group_by(Delivery.source_id, Delivery.state)
    )
    for broadcast_id, state, count in found:
        states[broadcast_id][state] = count
    return {each: Tally(counts) for each, counts in states.items()}


def _nameless(session: Session, ids: Sequence[uuid.UUID]) -> Iterable[tuple[uuid.UUID, int]]:
    """Answers without a name: of a reflection with follow-ups, as many as its most answered question has."""
    response = ReflectionResponse
    per_question = (
        sa.select(response.source_id, sa.func.count().label("count"))
        .where(response.source_kind == "broadcast", response.source_id.in_(ids), response.worker_id.is_(None))
        .group_by(response.source_id, response.question_id)
        .subquery()
    )
    found = session.execute(
        sa.select(per_question.c.source_id, sa.func.max(per_question.c.count)).group_by(per_question.c.source_id)
    )
    return [(broadcast_id, count) for broadcast_id, count in found]


def _of(ids: Sequence[uuid.UUID]) -> tuple[sa.ColumnElement[bool], ...]:
    return Delivery.source_kind == "broadcast", Delivery.source_id.in_(ids), Delivery.part == 0


def _lost() -> sa.ColumnElement[bool]:
    """Those who won't get it, and those of whom nobody will ever know."""
    return sa.or_(Delivery.state.in_(MISSED), Delivery.flagged == "maybe_lost")


def _reason() -> sa.ColumnElement[str]:
    return sa.func.coalesce(Delivery.reason, Delivery.state)
