"""The page's Send panel: what can be sent to whom, what would become of it, and sending it.

Sending is `bot.broadcast.draft.place`, as the command line does it. Before that the page asks the very
statement that a launch would run, rolled back: a warning that is computed in another way is sooner or
later wrong.
"""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import clock
from bot.broadcast import draft, launch
from bot.database import Database
from bot.engagement.report import REASONS
from bot.errors import BadInput
from models import Broadcast, Content, Segment, SegmentMembership

KINDS = {
    "quiz": "Quiz",
    "text": "Text",
    "image": "Picture",
    "video": "Video",
    "audio": "Recording",
    "document": "Document",
    "reflection": "Reflection",
    "template": "Template",
}
CHANNELS = ("sms", "slack")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the page wants to send; without `channel`, by each worker's preference."""

    content_id: uuid.UUID
    segment_id: uuid.UUID
    channel: str | None

    @property
    def order(self) -> draft.Order:
        """The same, as the broadcast room takes it."""
        return draft.Order(self.content_id, [self.segment_id], channels=[self.channel] if self.channel else None)


def channel(value: object) -> str | None:
    """The channel that was chosen, or None for each worker's preference; BadInput."""
    if value in CHANNELS:
        return str(value)
    if value not in {None, "", "preference"}:
        raise BadInput("The channel must be preference, sms or slack.")
    return None


def catalogue(session: Session) -> dict[str, Any]:
    """Contents by kind, the quizzes first, and segments from the smallest."""
    contents = session.scalars(sa.select(Content).where(Content.archived_at.is_(None)).order_by(Content.created_at))
    order = list(KINDS)
    listed = sorted(contents, key=lambda content: order.index(content.kind))
    segments = session.scalars(sa.select(Segment).order_by(Segment.worker_count, Segment.name))
    return {
        "contents": [
            {"id": str(each.id), "title": each.title, "kind": each.kind, "label": KINDS[each.kind]} for each in listed
        ],
        "segments": [{"id": str(each.id), "name": each.name, "count": each.worker_count} for each in segments],
    }


def preview(database: Database, organization_id: uuid.UUID, wish: Wish, worker_id: uuid.UUID) -> dict[str, Any]:
    """Who would get it now, who not and why, and whether the chosen worker would. Nothing is left behind."""
    with database.organization_session(organization_id) as session:
        found = _foreseen(session, draft.place(session, organization_id, wish.order), wish, worker_id)
        session.rollback()
        return found


def send(database: Database, organization_id: uuid.UUID, wish: Wish) -> str:
    """Place the broadcast; its id. It leaves by the nudge that follows the commit."""
    with database.organization_session(organization_id) as session:
        return str(draft.place(session, organization_id, wish.order).id)


def _foreseen(session: Session, broadcast: Broadcast, wish: Wish, worker_id: uuid.UUID) -> dict[str, Any]:
    rows = launch.everybody(session, broadcast, clock.now()).subquery()
    per_outcome = session.execute(
        sa.select(rows.c.state, rows.c.reason, sa.func.count()).group_by(rows.c.state, rows.c.reason)
    ).all()
    reached = sum(count for state, _, count in per_outcome if state == "queued")
    missed = Counter({in_words(reason): count for state, reason, count in per_outcome if state != "queued"})
    theirs = session.execute(
        sa.select(rows.c.state, rows.c.reason, rows.c.channel).where(rows.c.worker_id == worker_id)
    ).one_or_none()
    member = session.scalar(
        sa.select(SegmentMembership.id).where(
            SegmentMembership.segment_id == wish.segment_id, SegmentMembership.worker_id == worker_id
        )
    )
    return {
        "recipients": reached + missed.total(),
        "reached": reached,
        "missed": [{"words": words, "count": count} for words, count in missed.most_common()],
        "worker": {
            "member": member is not None,
            "gets_it": theirs is not None and theirs.state == "queued",
            "channel": theirs.channel if theirs else None,
            "words": in_words(theirs.reason) if theirs and theirs.reason else None,
        },
    }


def in_words(reason: str | None) -> str:
    """A stored reason as people say it."""
    return REASONS.get(reason or "", (reason or "no reason noted").replace("_", " "))
