"""The audit log: who did what, as plain facts."""

from __future__ import annotations

import sqlalchemy as sa

from bot.tenancy import audit
from bot.tenancy.roles import Actor
from models import AuditEvent
from tests import factories


def test_a_deed_is_noted_with_its_doer(database, organization, moment):
    with database.organization_session(organization.id) as session:
        user = factories.user(session, organization)
        signed_in = Actor.of(user, None)
        for actor in (signed_in, Actor.operator(organization.id), None):
            audit.record(session, organization.id, actor, "content.archived", "c1", content=user.id, count=2)
    with database.reading(organization.id) as session:
        events = session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [event.user_id for event in events] == [signed_in.user_id, None, None]
    assert [event.details["by"] for event in events] == ["user", "operator", "service"]
    assert events[0].details == {"by": "user", "content": str(signed_in.user_id), "count": 2}
    assert (events[0].action, events[0].subject, events[0].at.isoformat()) == (
        "content.archived",
        "c1",
        "2026-03-02T09:30:00+00:00",
    )
