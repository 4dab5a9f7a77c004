"""Making a broadcast: content and segments are checked and pinned before anything is promised.

The version is pinned when the manager says so, not when the clock fires: what they saw is what goes out.
Members are read when it launches, so that whoever joined meanwhile is not forgotten.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import clock
from bot.broadcast.moments import InThePast
from bot.channels.registry import CHANNELS, by_name
from bot.content import check, versions, write
from bot.content.documents import TemplateDocument
from bot.content.variables import suits
from bot.errors import BadInput, NotFound, Refused
from bot.nudge import nudge
from models import Broadcast, BroadcastSegment, Content, Segment

__all__ = ["NAMES", "CannotBeSent", "InThePast", "Order", "Unfilled", "place"]

NAMES = tuple(channel.name for channel in CHANNELS)


class CannotBeSent(Refused):
    """This content has mistakes that would show on somebody's phone."""

    code = "cannot_be_sent"


class Unfilled(BadInput):
    """A template's variable has no value that fits."""

    code = "unfilled"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to go out. `channels` overrides the organization's preference; `send_at` None is now."""

    content_id: uuid.UUID
    segment_ids: Sequence[uuid.UUID]
    send_at: datetime | None = None
    channels: Sequence[str] | None = None
    name: str | None = None
    values: Mapping[str, Any] | None = None


def place(session: Session, organization_id: uuid.UUID, order: Order, user_id: uuid.UUID | None = None) -> Broadcast:
    """Check the order, pin its version and put it on its way. Refused says what stands against it."""
    now = clock.now()
    if order.send_at is not None and order.send_at <= now:
        raise InThePast
    if not order.segment_ids:
        raise Refused("A broadcast needs at least one segment.")
    content = write.find(session, order.content_id)
    version = versions.to_send(session, content)
    document = versions.DOCUMENTS.of(version.id, version.version_data)
    _checked(document, order.channels)
    _filled(document, order.values or {})
    segments = [_segment(session, segment_id) for segment_id in dict.fromkeys(order.segment_ids)]
    broadcast = Broadcast(
        organization_id=organization_id,
        content_id=content.id,
        content_version_id=version.id,
        name=order.name or _name(content, segments),
        state="scheduled",
        channels=list(order.channels) if order.channels else None,
        variables=dict(order.values) if order.values else None,
        send_at=order.send_at or now,
        created_by_id=user_id,
    )
    session.add(broadcast)
    session.flush()
    session.add_all(
        BroadcastSegment(organization_id=organization_id, broadcast_id=broadcast.id, segment_id=segment.id)
        for segment in segments
    )
    session.flush()
    if order.send_at is None:
        nudge(session, "launch", str(broadcast.id))
    return broadcast


def _checked(document: Any, channels: Sequence[str] | None) -> None:
    for name in channels or ():
        if name not in NAMES:
            raise BadInput(f'There is no channel "{name[:40]}": there is {" and ".join(NAMES)}.')
    errors = check.check(document, {name: by_name(name).abilities for name in channels or NAMES}).errors
    if errors:
        raise CannotBeSent("; ".join(f"{problem.path}: {problem.words}" for problem in errors))


def _filled(document: Any, values: Mapping[str, Any]) -> None:
    """Hold the broadcast's own values against the template: what nobody fills would fail on every phone."""
    of_template = document.variables if isinstance(document, TemplateDocument) else ()
    declared = {variable.name: variable for variable in of_template}
    for name, value in values.items():
        if name not in declared:
            there = f"it has {', '.join(declared)}" if declared else "it has none"
            raise Unfilled(f'This content has no variable "{name[:40]}"; {there}.')
        if not suits(declared[name].type, value):
            raise Unfilled(f'"{str(value)[:40]}" is no {declared[name].type} for the variable {name}.')
    for variable in declared.values():
        if variable.source is None and variable.required and variable.default is None and not values.get(variable.name):
            raise Unfilled(f"The variable {variable.name} needs a value: --set {variable.name}=VALUE")


def _segment(session: Session, segment_id: uuid.UUID) -> Segment:
    segment = session.scalar(sa.select(Segment).where(Segment.id == segment_id))
    if segment is None:
        raise NotFound(f"There is no segment {segment_id} in this organization.")
    return segment


def _name(content: Content, segments: Sequence[Segment]) -> str:
    return f"{content.title} → {', '.join(segment.name for segment in segments)}"[:200]
