"""Workers as people look them up: by their own number, in their own organization."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from bot.errors import NotFound
from bot.people import directory
from bot.tenancy.roles import Actor
from models import AuditEvent, Worker
from tests import factories


@pytest.fixture
def other(database):
    with database.service_session() as session:
        made = factories.organization(session)
        factories.worker(session, made, external_id="W1", first_name="Theirs")
        session.expunge(made)
    return made


def test_a_worker_with_what_they_did(database, organization, other):
    at = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    with database.organization_session(organization.id) as session:
        factories.worker(
            session, organization, external_id="W1", first_name="Ours", engagement={"last_active_at": at},
            gamification={"points_balance": 12, "badges_earned_count": 1},
        )  # fmt: skip
        shown = directory.show(session, "W1")
    assert shown["first_name"] == "Ours"
    assert shown["engagement"] == {"last_active_at": "2026-03-02T09:30:00+00:00", "last_interaction_date": None}
    assert shown["gamification"] == {"points_balance": 12, "badges_earned_count": 1}
    assert (shown["tags"], shown["custom"], shown["consent"]) == ([], {}, {"sms": "none", "slack": "none"})


def test_nobody_of_that_name_here(database, organization, other):
    with database.organization_session(organization.id) as session:
        for look in (directory.find, directory.show):
            with pytest.raises(NotFound, match='There is no worker "W1" here'):
                look(session, "W1")


def test_deactivating_is_noted_once(database, organization):
    nudged = []
    database.sender = lambda *nudge: nudged.append(nudge)
    actor = Actor.operator(organization.id)
    with database.organization_session(organization.id) as session:
        factories.worker(session, organization, external_id="W1")
    for _ in range(2):
        with database.organization_session(organization.id) as session:
            directory.deactivate(session, "W1", actor)
    with database.reading(organization.id) as session:
        assert session.scalar(sa.select(Worker.is_active)) is False
        assert session.scalars(sa.select(AuditEvent.action)).all() == ["worker.deactivated"]
    assert nudged == [("sync_segments", str(organization.id))]
