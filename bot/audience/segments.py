"""Segments: adding and changing them, looking before adding, who is in one and why.

What stands in `segment_memberships` is kept true by `bot.audience.sync`; a preview asks the rule itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot import chance, nudge
from bot.audience import references, rules, snapshot
from bot.audience.compile import WORKERS, condition
from bot.audience.evaluate import Verdict, evaluate
from bot.audience.values import as_id
from bot.errors import BadInput, Conflict, NotFound
from bot.people.consent import consent_state
from bot.tenancy import settings as organization_settings
from models.organizations import Organization
from models.reach import ChannelIdentity
from models.segments import Segment, SegmentMembership
from models.workers import Worker

SMS = "sms"
CHANNELS = (SMS, "slack")
LONGEST_NAME = 120

_identities = cast("sa.Table", ChannelIdentity.__table__)


@dataclass(frozen=True, slots=True)
class Preview:
    """Whom a rule means now: how many, how many of those on each channel, and (when asked) their external ids."""

    count: int
    reachable: Mapping[str, int]
    external_ids: list[str] | None = None


class Member(NamedTuple):
    """Somebody in a segment; `rule_match` false means picked by hand."""

    external_id: str | None
    name: str
    reason: str | None
    rule_match: bool


def add(
    session: Session,
    organization_id: uuid.UUID,
    name: str,
    rule_json: Any,
    *,
    description: str | None = None,
    user_id: uuid.UUID | None = None,
) -> Segment:
    """A new segment with that rule (None: hand-picked only), not synced yet.

    BadInput names what is wrong with the rule; Conflict where the name exists.
    """
    document = _checked(session, organization_id, rule_json)
    segment = Segment(
        id=chance.new_id(),
        organization_id=organization_id,
        name=_free(session, organization_id, name),
        description=description,
        rule_definition=document,
        created_by_id=user_id,
        updated_by_id=user_id,
    )
    session.add(segment)
    return _saved(session, segment)


def change(
    session: Session,
    segment: Segment,
    *,
    name: str,
    rule_json: Any,
    description: str | None = None,
    user_id: uuid.UUID | None = None,
) -> Segment:
    """Give a segment of this session another name, description or rule; its members follow with the next sync.

    BadInput and Conflict as in `add`, and BadInput where it would ask for itself.
    """
    document = _checked(session, segment.organization_id, rule_json)
    if document is not None:
        references.refuse_circle(session, segment.organization_id, segment.id, rules.parse(document))
    segment.name = _free(session, segment.organization_id, name, segment.id)
    segment.description, segment.rule_definition, segment.updated_by_id = description, document, user_id
    return _saved(session, segment)


def find(session: Session, id_or_name: str) -> Segment:
    """The segment of this session's organization with that id or name, or NotFound."""
    segment_id = as_id(id_or_name)
    wanted = Segment.name == id_or_name if segment_id is None else Segment.id == segment_id
    found = session.scalar(sa.select(Segment).where(wanted))
    if found is None and segment_id is not None:
        found = session.scalar(sa.select(Segment).where(Segment.name == id_or_name))
    if found is None:
        raise NotFound(f'There is no segment "{id_or_name[:60]}".')
    return found


def every(session: Session) -> list[Segment]:
    """The segments of this session's organization, by name."""
    return list(session.scalars(sa.select(Segment).order_by(Segment.name)))


def preview(
    session: Session, organization_id: uuid.UUID, rule: rules.Group, now: datetime, zone: ZoneInfo, *, ids: bool = False
) -> Preview:
    """Whom the rule means now, without storing anything; BadInput where it asks for a segment that isn't there."""
    rule, _ = references.pinned(session, organization_id, rule)
    meant = condition(rule, organization_id=organization_id, now=now, zone=zone)
    count = session.scalar(sa.select(sa.func.count()).select_from(WORKERS).where(meant)) or 0
    listed = sa.select(WORKERS.c.external_id).where(meant, WORKERS.c.external_id.is_not(None))
    names = list(session.scalars(listed.order_by(WORKERS.c.external_id))) if ids else None
    return Preview(count, reachable(session, organization_id, meant), names)


def reachable(session: Session, organization_id: uuid.UUID, meant: sa.ColumnElement[bool]) -> dict[str, int]:
    """Channel → how many of the workers `meant` could get a message there now.

    They are active, have a verified identity and (SMS) said yes or (elsewhere) never said no.
    """
    said = consent_state(organization_id, _identities.c.channel, _identities.c.address)
    allowed = sa.or_(said == "granted", sa.and_(_identities.c.channel != SMS, said.is_(None)))
    rows = session.execute(
        sa.select(_identities.c.channel, sa.func.count(_identities.c.worker_id.distinct()))
        .join_from(_identities, WORKERS, WORKERS.c.id == _identities.c.worker_id)
        .where(_identities.c.organization_id == organization_id, _identities.c.state == "verified", allowed)
        .where(WORKERS.c.is_active.is_(sa.true()), meant)
        .group_by(_identities.c.channel)
    )
    return dict.fromkeys(CHANNELS, 0) | {row[0]: row[1] for row in rows}


def members(session: Session, segment_id: uuid.UUID) -> list[Member]:
    """Everybody in the segment (of this session's organization) as of its last sync, by external id."""
    rows = session.execute(
        sa.select(
            Worker.external_id,
            Worker.first_name,
            Worker.last_name,
            SegmentMembership.rule_match_reason,
            SegmentMembership.rule_match,
        )
        .join(Worker, Worker.id == SegmentMembership.worker_id)
        .where(SegmentMembership.segment_id == segment_id, SegmentMembership.organization_id == Worker.organization_id)
        .order_by(Worker.external_id, Worker.id)
    )
    return [Member(number, f"{first} {last}", reason, matched) for number, first, last, reason, matched in rows]


def why(session: Session, segment: Segment, external_id: str, now: datetime) -> Verdict:
    """Whether and why that worker is in the segment, or what would have to change; NotFound without such a worker."""
    organization_id = segment.organization_id
    known = snapshot.of_worker(session, organization_id, external_id)
    by_hand = sa.select(SegmentMembership.rule_match_reason).join(Worker, Worker.id == SegmentMembership.worker_id)
    picked = session.execute(
        by_hand.where(
            SegmentMembership.segment_id == segment.id,
            SegmentMembership.rule_match.is_(sa.false()),
            Worker.organization_id == organization_id,
            Worker.external_id == external_id,
        )
    ).one_or_none()
    if picked is not None:
        return Verdict(member=True, reason=picked[0] or "picked by hand")
    if segment.rule_definition is None:
        return Verdict(member=False, reason="not picked by hand", would_match_if="somebody picks the worker by hand")
    rule, names = references.pinned(session, organization_id, rules.parse(segment.rule_definition))
    return evaluate(rule, known, now=now, zone=zone_of(session, organization_id), names=names)


def zone_of(session: Session, organization_id: uuid.UUID) -> ZoneInfo:
    """The zone in which the organization counts its days."""
    stored = session.scalar(sa.select(Organization.settings).where(Organization.id == organization_id))
    return ZoneInfo(organization_settings.load(stored).locale.timezone)


def _checked(session: Session, organization_id: uuid.UUID, rule_json: Any) -> dict[str, Any] | None:
    if rule_json is None:
        return None
    rule, _ = references.pinned(session, organization_id, rules.parse(rule_json))
    return rules.to_json(rule)


def _free(session: Session, organization_id: uuid.UUID, name: str, own: uuid.UUID | None = None) -> str:
    """The name without space around it; BadInput where it is none, Conflict where another segment has it."""
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise BadInput(f"name: needs 1 to {LONGEST_NAME} letters")
    taken = sa.select(Segment.id).where(Segment.organization_id == organization_id, Segment.name == name)
    if session.scalar(taken.where(Segment.id != own) if own else taken) is not None:
        raise _taken(name)
    return name


def _saved(session: Session, segment: Segment) -> Segment:
    name = segment.name
    try:
        session.flush()
    except IntegrityError:  # somebody else took the name a moment ago
        raise _taken(name) from None
    nudge.nudge(session, "sync_segment", str(segment.id))
    return segment


def _taken(name: str) -> Conflict:
    return Conflict(f'There is a segment "{name}" already.')
