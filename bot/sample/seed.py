"""Harbor & Pine, the sample organization that `shiftline demo` begins with.

An invented company: twelve stores, a distribution center, a fleet, and those who keep the lights on.
Everything comes in by the doors that a customer uses (a workers file, rules, content files, an approval by
a second person), so that whatever the demonstration shows is what a real organization would get.
"""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import chance, clock
from bot.audience import segments
from bot.audience.sync import sync_all
from bot.channels import registry
from bot.content import approval, intake, interchange, write
from bot.content.media import Store
from bot.database import Database
from bot.people.imports import import_workers
from bot.people.zones import zones_of
from bot.sample import people
from bot.settings import Settings
from bot.tenancy import integrations, organizations, users
from bot.tenancy.roles import Actor
from models import Content, Organization, Role, Segment, User, Worker, WorkerContact

SLUG = "harbor-pine"
NAME = "Harbor & Pine"
WEBSITE = "https://harborpine.example"
"""How the sample is told from a customer who happens to use its slug: no real website ends in .example."""
TIMEZONE = "America/New_York"
MANAGER = ("dana.whitfield@harborpine.example", "Dana Whitfield", "manager")
APPROVER = ("marcus.bell@harborpine.example", "Marcus Bell", "approver")
SETTINGS: Mapping[str, Any] = {
    "locale": {"supported_languages": ["en", "es"], "date_format": "us", "week_start": "sunday"},
    # Nobody who tries things at eleven at night should have to ask why nothing arrives.
    "delivery": {
        "quiet_hours": None,
        "holidays": None,
        "caps": None,
        "pace": {"sms": {"segments_per_second": 50.0, "per_day": None}, "slack": {"per_minute": 6000}},
    },
    "consent": {"legal_name": NAME},
}

_HERE = Path(__file__).parent

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """The sample organization: its segments by name, and by kind the content that it began with."""

    organization_id: uuid.UUID
    slug: str
    name: str
    segments: Mapping[str, uuid.UUID]
    contents: Mapping[str, uuid.UUID]


def seed(
    database: Database,
    settings: Settings,
    store: Store,
    *,
    twilio: Mapping[str, str],
    slack: Mapping[str, str],
    progress: Progress | None = None,
) -> Sample:
    """Make the sample organization, or give the one that is there, unchanged.

    `twilio` (account_sid, auth_token, from) and `slack` (team_id, bot_token, signing_secret) are sealed with
    the keys of `settings`. A seeding that was interrupted is taken up where it ended. Conflict where a
    customer has the slug or the senders.
    """
    if found := seeded(database):
        return found
    said = progress or (lambda _: None)
    with database.service_session() as session:
        organization_id = _organization(session, settings, {"twilio": twilio, "slack": slack})
    with database.reading(organization_id) as session:
        manager, approver = (users.find(session, email) for email, *_ in (MANAGER, APPROVER))
        actor = Actor.of(manager, session.get(Role, manager.role_id))
    said("Importing the people …")
    _people(database, organization_id, actor)
    said("Making the segments …")
    _segments(database, organization_id, manager)
    said("Storing the contents …")
    with database.organization_session(organization_id) as session:
        _contents(session, organization_id, store, manager, approver)
    return _sample(database, organization_id)


def seeded(database: Database) -> Sample | None:
    """The sample organization, if it is there and complete."""
    with database.reading(None) as session:
        organization_id = _begun(session)
    found = _sample(database, organization_id) if organization_id else None
    # The contents come last and all at once: where there is one, everything is there.
    return found if found and found.contents else None


def people_of_slack(database: Database, sample: Sample) -> list[dict[str, str]]:
    """Everybody with a Slack user id, as the simulator's team wants them: id, name, real_name, email, tz."""
    with database.reading(sample.organization_id) as session:
        found = session.execute(
            sa.select(Worker, WorkerContact)
            .join(WorkerContact, WorkerContact.worker_id == Worker.id)
            .where(WorkerContact.slack_user_id.is_not(None))
            .order_by(Worker.external_id)
        )
        return [_member(worker, contact) for worker, contact in found]


def _begun(session: Session) -> uuid.UUID | None:
    return session.scalar(sa.select(Organization.id).where(Organization.slug == SLUG, Organization.website == WEBSITE))


def _sample(database: Database, organization_id: uuid.UUID) -> Sample:
    with database.reading(organization_id) as session:
        # Newest first, so that of each kind the first one stays: a manager may have written more since.
        contents = {each.kind: each.id for each in session.scalars(sa.select(Content).order_by(Content.id.desc()))}
        named = {each.name: each.id for each in session.scalars(sa.select(Segment).order_by(Segment.id))}
    return Sample(organization_id, SLUG, NAME, named, contents)


def _organization(session: Session, settings: Settings, senders: Mapping[str, Mapping[str, str]]) -> uuid.UUID:
    """The organization with those who run it and its senders, all in one transaction."""
    if begun := _begun(session):
        return begun
    organization = organizations.add(session, NAME, SLUG, TIMEZONE)
    organization.website = WEBSITE
    organization.description = "Home, garden and outdoor goods from twelve stores and one distribution center."
    organizations.set_settings(session, organization, SETTINGS)
    for email, name, role in (MANAGER, APPROVER):
        # Nobody is told this password. The demonstration lets in with one of its own, which is stored nowhere: so
        # a real start on the same database later has no account that everybody could open.
        users.add(session, organization, email, role, chance.token(24)).name = name
    for kind, config in senders.items():
        # Not "untested": a test from the command line would ask the real provider about made-up credentials.
        channel = registry.by_kind(kind)
        integrations.add(session, settings.encryption_keys, organization, channel, config).status = "connected"
    return organization.id


def _people(database: Database, organization_id: uuid.UUID, actor: Actor) -> None:
    today = clock.now().astimezone(ZoneInfo(TIMEZONE)).date()
    file = io.BytesIO(people.as_of(today))
    import_workers(database, organization_id, file, file_name=people.FILE.name, actor=actor)


def _segments(database: Database, organization_id: uuid.UUID, manager: User) -> None:
    with database.organization_session(organization_id) as session:
        there = set(session.scalars(sa.select(Segment.name)))
        for each in json.loads((_HERE / "segments.json").read_text(encoding="utf-8")):
            if each["name"] not in there:
                name, rule, description = each["name"], each["rule"], each["description"]
                segments.add(session, organization_id, name, rule, description=description, user_id=manager.id)
    sync_all(database, organization_id)


def _contents(session: Session, organization_id: uuid.UUID, store: Store, manager: User, approver: User) -> None:
    """Every content file in one transaction, written by the manager; the template approved by somebody else."""
    for path in sorted((_HERE / "contents").glob("*.yaml")):
        document = interchange.load(path.read_text(encoding="utf-8"), path.name)
        kept = intake.with_media(session, organization_id, store, path.parent, document, manager.id)
        content = write.add(session, organization_id, kept, manager.id)
        if content.kind == "template":
            approval.submit(session, content.id)
            approval.approve(session, content.id, approver.id)


def _member(worker: Worker, contact: WorkerContact) -> dict[str, str]:
    place = (contact.location_city, contact.location_state_province, contact.location_country)
    email = contact.email_address or ""
    return {
        "id": contact.slack_user_id or "",
        "name": email.partition("@")[0] or worker.first_name.lower(),
        "real_name": f"{worker.first_name} {worker.last_name}",
        "email": email,
        "tz": zones_of(worker.time_zone, *place, contact.primary_phone_number, TIMEZONE)[0],
    }
