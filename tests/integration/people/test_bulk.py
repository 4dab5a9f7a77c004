"""Rows written in bulk are the rows that the ORM would have written, to the last character."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from bot import chance
from bot.people import bulk
from models import Worker
from tests import factories

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TOLD = {
    "first_name": "Zoë", "last_name": 'O’Neill "Z" \\', "date_of_birth": AT, "tags": ["a;b", "ü"], "is_active": False,
    "custom_fields": {"n": 1, "f": 1.5, "b": True, "t": "x\ny"}, "supervisor_id": None, "time_zone": None,
    "created_at": AT, "updated_at": AT.replace(microsecond=120),
}  # fmt: skip


def raw(session, external_id):
    """The row as the database keeps it."""
    names = ", ".join(TOLD)
    return session.execute(sa.text(f"SELECT {names} FROM workers WHERE external_id = :id"), {"id": external_id}).one()


@pytest.mark.parametrize("empty", [True, False])
def test_an_insert_is_kept_as_the_orm_keeps_it(database, organization, empty):
    told = TOLD | ({"custom_fields": None, "tags": []} if empty else {})
    with database.organization_session(organization.id) as session:
        factories.worker(session, organization, external_id="orm", **told)
        row = {"id": chance.new_id(), "organization_id": organization.id, "external_id": "bulk", **told}
        bulk.insert(session, Worker.__table__, [row])
        assert raw(session, "bulk") == raw(session, "orm")


def test_an_update_is_kept_as_the_orm_keeps_it(database, organization):
    with database.organization_session(organization.id) as session:
        factories.worker(session, organization, external_id="orm", **TOLD)
        other = factories.worker(session, organization, external_id="bulk")
        left = factories.worker(session, organization, external_id="left", first_name="Left")
        bulk.update(session, Worker.__table__, "id", [{"id": other.id, **TOLD}])
        assert raw(session, "bulk") == raw(session, "orm")
        session.refresh(left)
        assert left.first_name == "Left"


def test_conflicts_are_ignored_only_where_asked(database, organization):
    with database.organization_session(organization.id) as session:
        here = factories.worker(session, organization)
        row = {"id": here.id, "organization_id": organization.id, "external_id": "other", **TOLD}
        bulk.insert(session, Worker.__table__, [row], ignore_conflicts=True)
        assert session.scalar(sa.select(sa.func.count()).select_from(Worker)) == 1
    with pytest.raises(sa.exc.IntegrityError), database.organization_session(organization.id) as session:
        bulk.insert(session, Worker.__table__, [row])


def test_nothing_is_nothing(database, organization):
    with database.organization_session(organization.id) as session:
        bulk.insert(session, Worker.__table__, [])
        bulk.update(session, Worker.__table__, "id", [])


@pytest.mark.parametrize("column", ["id", "external_id"])
def test_among(database, organization, column):
    with database.organization_session(organization.id) as session:
        workers = [factories.worker(session, organization) for _ in range(3)]
        wanted = [getattr(worker, column) for worker in workers[:2]]
        found = session.scalars(sa.select(Worker.id).where(bulk.among(session, Worker.__table__.c[column], wanted)))
        assert sorted(found) == sorted(worker.id for worker in workers[:2])
        assert (
            session.scalars(sa.select(Worker.id).where(bulk.among(session, Worker.__table__.c[column], []))).all() == []
        )
