"""One worker as people see them: everything known, under the names that the workers file uses."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from bot.errors import NotFound
from bot.nudge import nudge
from bot.people import consent
from bot.tenancy import audit
from bot.tenancy.roles import Actor
from models.workers import Worker, WorkerContact, WorkerEmployment, WorkerEngagement, WorkerGamification

Document = dict[str, Any]


def find(session: Session, external_id: str) -> Worker:
    """The worker of the session's organization whom it calls `external_id`, or NotFound."""
    worker = session.scalar(select(Worker).where(Worker.external_id == external_id, *_here(session)))
    if worker is None:
        raise NotFound(f'There is no worker "{external_id[:60]}" here.')
    return worker


def show(session: Session, external_id: str) -> Document:
    """The document that `workers show` prints. Dates are ISO, moments ISO in UTC; consent per channel."""
    supervisor = aliased(Worker)
    columns = (Worker, WorkerContact, WorkerEmployment, WorkerEngagement, WorkerGamification, supervisor.external_id)
    found = session.execute(
        select(*columns)
        .join(WorkerContact, WorkerContact.worker_id == Worker.id)
        .join(WorkerEmployment, WorkerEmployment.worker_id == Worker.id)
        .join(WorkerEngagement, WorkerEngagement.worker_id == Worker.id)
        .join(WorkerGamification, WorkerGamification.worker_id == Worker.id)
        .outerjoin(supervisor, supervisor.id == Worker.supervisor_id)
        .where(Worker.external_id == external_id, *_here(session))
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound(f'There is no worker "{external_id[:60]}" here.')
    worker, contact, employment, engagement, gamification, supervisor_external_id = found
    addresses = {"sms": contact.primary_phone_number, "slack": contact.slack_user_id}
    return {
        "external_id": worker.external_id,
        "first_name": worker.first_name,
        "last_name": worker.last_name,
        "date_of_birth": _day(worker.date_of_birth),
        "is_active": worker.is_active,
        "time_zone": worker.time_zone,
        "contact": _contact(contact),
        "employment": _employment(employment, supervisor_external_id),
        "engagement": {
            "last_active_at": _moment(engagement.last_active_at),
            "last_interaction_date": _moment(engagement.last_interaction_date),
        },
        "gamification": {
            "points_balance": gamification.points_balance,
            "badges_earned_count": gamification.badges_earned_count,
        },
        "tags": list(worker.tags or ()),
        "custom": dict(worker.custom_fields or {}),
        "consent": consent.states(session, worker.organization_id, addresses),
    }


def deactivate(session: Session, external_id: str, actor: Actor) -> Worker:
    """Take somebody out of every audience without forgetting them: nothing is sent to who isn't active."""
    worker = find(session, external_id)
    if worker.is_active:
        worker.is_active = False
        session.flush()
        audit.record(session, worker.organization_id, actor, "worker.deactivated", str(worker.id))
        nudge(session, "sync_segments", str(worker.organization_id))
    return worker


def _here(session: Session) -> list[Any]:
    """The session's own organization, said aloud as well: a joined row isn't in reach of the session's scope."""
    organization_id: uuid.UUID = session.info["organization_id"]
    return [Worker.organization_id == organization_id]


def _contact(contact: WorkerContact) -> Document:
    return {
        "phone": contact.primary_phone_number,
        "email": contact.email_address,
        "language": contact.preferred_language,
        "city": contact.location_city,
        "region": contact.location_state_province,
        "country": contact.location_country,
        "slack_user_id": contact.slack_user_id,
    }


def _employment(employment: WorkerEmployment, supervisor_external_id: str | None) -> Document:
    return {
        "job_title": employment.job_title,
        "department": employment.department,
        "team": employment.team,
        "hire_date": _day(employment.hire_date),
        "supervisor_external_id": supervisor_external_id,
    }


def _day(at: datetime | None) -> str | None:
    return at.date().isoformat() if at else None


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
