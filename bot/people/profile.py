"""One person as a manager reads them: who they are, how they may be reached, and how we know that they agreed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from bot.errors import NotFound
from bot.people import consent
from bot.tenancy.rows import Rows
from models import (
    ChannelIdentity,
    ConsentEvent,
    Worker,
    WorkerContact,
    WorkerEmployment,
    WorkerEngagement,
    WorkerGamification,
)

SOURCES: Mapping[str, str] = {
    "stop_word": "they wrote a stop word",
    "start_word": "they wrote a start word",
    "slack_button": "they tapped a button in Slack",
    "provider": "the provider reported it",
    "number_moved": "the number went to somebody else",
    "import": "a workers file said so",
    "console": "somebody noted it in the console",
}
"""How we know of a yes or a no, in words."""

IDENTITIES: Mapping[str, str] = {
    "verified": "reachable",
    "unverified": "not confirmed yet",
    "blocked": "blocked",
    "dead": "no longer works",
    "replaced": "replaced",
}


class Agreed(NamedTuple):
    """One yes or no."""

    channel: str
    yes: bool
    source: str
    wording: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Reach:
    """One channel of a person. `consent` is "granted", "revoked" or "none"; `state` is what became of the address."""

    channel: str
    address: str
    consent: str
    state: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of somebody; whatever isn't is None. `supervisor` is their id and name."""

    worker: Worker
    contact: WorkerContact | None
    employment: WorkerEmployment | None
    engagement: WorkerEngagement | None
    gamification: WorkerGamification | None
    supervisor: tuple[uuid.UUID, str] | None

    @property
    def name(self) -> str:
        """As one says it."""
        return f"{self.worker.first_name} {self.worker.last_name}"

    @property
    def place(self) -> str:
        """City, region, country, as far as they are known."""
        contact = self.contact
        known = (contact.location_city, contact.location_state_province, contact.location_country) if contact else ()
        return ", ".join(part for part in known if part)


def profile(session: Session, worker_id: uuid.UUID, rows: Rows) -> Profile:
    """The person with that id; NotFound where there is none whom these rows reach."""
    boss = aliased(Worker)
    found = session.execute(
        sa.select(Worker, WorkerContact, WorkerEmployment, WorkerEngagement, WorkerGamification, boss)
        .outerjoin(WorkerContact, WorkerContact.worker_id == Worker.id)
        .outerjoin(WorkerEmployment, WorkerEmployment.worker_id == Worker.id)
        .outerjoin(WorkerEngagement, WorkerEngagement.worker_id == Worker.id)
        .outerjoin(WorkerGamification, WorkerGamification.worker_id == Worker.id)
        .outerjoin(boss, boss.id == Worker.supervisor_id)
        .where(Worker.id == worker_id, rows.workers(Worker.id))
    ).one_or_none()
    if found is None:
        raise NotFound("There is nobody of that kind here.")
    worker, contact, employment, engagement, gamification, supervisor = found
    named = (supervisor.id, f"{supervisor.first_name} {supervisor.last_name}") if supervisor else None
    return Profile(worker, contact, employment, engagement, gamification, named)


def reaches(session: Session, known: Profile) -> list[Reach]:
    """The channels on which there is an address for them."""
    if known.contact is None:
        return []
    addresses = {"sms": known.contact.primary_phone_number, "slack": known.contact.slack_user_id}
    states = consent.states(session, known.worker.organization_id, addresses)
    rows = session.execute(
        sa.select(ChannelIdentity.channel, ChannelIdentity.address, ChannelIdentity.state, ChannelIdentity.reason)
        .where(ChannelIdentity.worker_id == known.worker.id, ChannelIdentity.state != "replaced")
        .order_by(ChannelIdentity.created_at, ChannelIdentity.id)
    )
    identities = {(channel, address): (state, reason) for channel, address, state, reason in rows}
    return [
        Reach(channel, address, states[channel], *identities.get((channel, address), (None, None)))
        for channel, address in addresses.items()
        if address
    ]


def agreements(session: Session, known: Sequence[Reach], organization_id: uuid.UUID, limit: int = 10) -> list[Agreed]:
    """Every yes and no of these addresses, the newest first."""
    same = [sa.and_(ConsentEvent.channel == each.channel, ConsentEvent.address == each.address) for each in known]
    if not same:
        return []
    rows = session.scalars(
        sa.select(ConsentEvent)
        .where(ConsentEvent.organization_id == organization_id, sa.or_(*same))
        .order_by(ConsentEvent.id.desc())
        .limit(limit)
    )
    return [Agreed(row.channel, row.state == "granted", source_words(row.source), row.wording, row.at) for row in rows]


def source_words(source: str) -> str:
    """How we know, from what is stored: "import: paper form" is "a workers file said so (paper form)"."""
    kind, _, more = source.partition(":")
    words = SOURCES.get(kind, kind)
    if not more.strip():
        return words
    return f"{words}, and the provider answered" if more == "provider" else f"{words} ({more.strip()})"
