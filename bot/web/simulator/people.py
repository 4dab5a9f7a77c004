"""The sample workers as the page lists them, and the figures that move when one of them answers."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.errors import NotFound
from bot.people import consent
from bot.tenancy import integrations
from models import (
    ChannelIdentity,
    Integration,
    Organization,
    Segment,
    SegmentMembership,
    Worker,
    WorkerContact,
    WorkerEmployment,
    WorkerEngagement,
    WorkerGamification,
)

MOST = 50
USABLE = ("verified", "unverified", "blocked", "dead")  # a replaced address is somebody else's by now


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a worker is reached: their address, and the other end ("from" number or team) at the provider."""

    address: str
    other_end: str


def organization(session: Session) -> Organization:
    """The demonstration's one organization."""
    found = session.scalar(sa.select(Organization).order_by(Organization.created_at, Organization.id).limit(1))
    if found is None:
        raise NotFound("The sample organization isn't there: start `shiftline demo` again.")
    return found


def listed(session: Session, wanted: str) -> dict[str, Any]:
    """Workers who have a phone or Slack and in whose name, job or department every word of `wanted` stands."""
    words = wanted.casefold().split()
    found = [person for person in _people(session) if all(word in _searched(person) for word in words)]
    return {"workers": found[:MOST], "count": len(found)}


def suggested(session: Session) -> str | None:
    """Whom to begin with: somebody with a phone and Slack, in as small a segment as there is.

    A quiz that goes to fourteen people is answered at once; one to everybody keeps the demonstration busy.
    """
    counts = session.execute(
        sa.select(SegmentMembership.worker_id, sa.func.min(Segment.worker_count))
        .join(Segment, Segment.id == SegmentMembership.segment_id)
        .group_by(SegmentMembership.worker_id)
    )
    smallest = dict(counts.all())
    everybody = [
        person for person in _people(session, Worker.is_active.is_(sa.true())) if uuid.UUID(person["id"]) in smallest
    ]

    def order(person: dict[str, Any]) -> tuple[bool, bool, int]:
        both = bool(person["sms"] and person["slack"])
        return not both, person["language"] != "en", smallest[uuid.UUID(person["id"])]

    found = min(everybody, key=order, default=None)
    return found["id"] if found else None


def figures(session: Session, worker_id: uuid.UUID) -> dict[str, Any]:
    """One worker with points, activity, consent and segments; NotFound."""
    person = next(iter(_people(session, Worker.id == worker_id)), None)
    if person is None:
        raise NotFound("There is no such worker with a phone or Slack.")
    organization_id = session.info["organization_id"]
    addresses = {channel: person[channel] for channel in ("sms", "slack")}
    engagement = session.scalar(sa.select(WorkerEngagement).where(WorkerEngagement.worker_id == worker_id))
    rewards = session.scalar(sa.select(WorkerGamification).where(WorkerGamification.worker_id == worker_id))
    segments = session.scalars(sa.select(SegmentMembership.segment_id).where(SegmentMembership.worker_id == worker_id))
    return person | {
        "points": rewards.points_balance if rewards else 0,
        "badges": rewards.badges_earned_count if rewards else 0,
        "last_interaction": _moment(engagement.last_interaction_date if engagement else None),
        "last_active": _moment(engagement.last_active_at if engagement else None),
        "consent": consent.states(session, organization_id, addresses),
        "segments": [str(segment_id) for segment_id in segments],
    }


def reach(session: Session, worker_id: uuid.UUID, keys: tuple[str, ...]) -> dict[str, Reach]:
    """Channel → where this worker is reached there; `keys` open the credentials."""
    rows = session.execute(
        sa.select(ChannelIdentity, Integration)
        .join(Integration, Integration.id == ChannelIdentity.integration_id)
        .where(ChannelIdentity.worker_id == worker_id, ChannelIdentity.state.in_(USABLE))
        .order_by(ChannelIdentity.created_at.desc(), ChannelIdentity.id.desc())
    ).all()
    found: dict[str, Reach] = {}
    for identity, integration in rows:
        config = integrations.config_of(integration, keys)
        other_end = config.get("team_id") or config.get("from") or ""
        found[identity.channel] = Reach(identity.address, other_end)
    if not found:
        raise NotFound("There is no such worker with a phone or Slack.")
    return found


def _people(session: Session, *where: sa.ColumnElement[bool]) -> Iterable[dict[str, Any]]:
    sms, slack = _address("sms"), _address("slack")
    rows = session.execute(
        sa.select(Worker, WorkerContact.preferred_language, WorkerEmployment, sms, slack)
        .outerjoin(WorkerContact, WorkerContact.worker_id == Worker.id)
        .outerjoin(WorkerEmployment, WorkerEmployment.worker_id == Worker.id)
        .where(sa.or_(sms.is_not(None), slack.is_not(None)), *where)
        .order_by(Worker.first_name, Worker.last_name, Worker.id)
    )
    for worker, language, employment, phone, member in rows:
        yield {
            "id": str(worker.id),
            "external_id": worker.external_id,
            "name": f"{worker.first_name} {worker.last_name}",
            "first_name": worker.first_name,
            "job": employment.job_title if employment else None,
            "department": employment.department if employment else None,
            "language": language or "en",
            "active": worker.is_active,
            "sms": phone,
            "slack": member,
        }


def _address(channel: str) -> sa.ScalarSelect[str]:
    return (
        sa.select(ChannelIdentity.address)
        .where(
            ChannelIdentity.worker_id == Worker.id,
            ChannelIdentity.channel == channel,
            ChannelIdentity.state.in_(USABLE),
        )
        .order_by(ChannelIdentity.created_at, ChannelIdentity.id)
        .limit(1)
        .correlate(Worker)
        .scalar_subquery()
    )


def _searched(person: dict[str, Any]) -> str:
    fields = ("name", "job", "department", "external_id", "language")
    return " ".join(str(person[field] or "") for field in fields).casefold()


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
