"""A transaction that stands still is ended, so that others get at what it has locked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.database import Database
from models import Organization
from tests import factories
from tests.integration.sending import until

AT_ONCE, LATER = timedelta(0), timedelta(minutes=5)


@pytest.fixture
def standing(postgresql_database: Database) -> Iterator[sa.orm.Session]:
    """A session of another process's, with a transaction open."""
    other = Database(postgresql_database.url)
    with sa.orm.Session(other.engine) as session:
        yield session
        session.invalidate()
    other.dispose()


def found(session: sa.orm.Session) -> int | None:
    return session.scalar(sa.select(sa.func.count()).select_from(Organization))


@pytest.mark.postgresql
def test_what_stands_still_with_rows_locked_is_ended(postgresql_database: Database, standing: sa.orm.Session) -> None:
    with postgresql_database.service_session() as session:
        organization_id = factories.organization(session).id
    row = sa.select(Organization.name).where(Organization.id == organization_id)
    standing.execute(row.with_for_update()).one()
    # The last statement in many parts, as a begin's: after those PostgreSQL itself would wait for ever.
    rename = (
        sa.update(Organization.__table__).where(Organization.id == sa.bindparam("i")).values(name=sa.bindparam("n"))
    )
    standing.connection().execute(rename, [{"i": organization_id, "n": name} for name in ("A", "B")])
    assert postgresql_database.end_frozen(LATER) == 0
    assert until(lambda: postgresql_database.end_frozen(AT_ONCE)) == 1
    with pytest.raises(sa.exc.OperationalError):
        found(standing)
    with postgresql_database.service_session() as session:
        assert session.scalar(row.with_for_update(nowait=True)) not in {"A", "B"}


@pytest.mark.postgresql
def test_who_only_reads_may_take_their_time(postgresql_database: Database, standing: sa.orm.Session) -> None:
    assert found(standing) == 0
    assert postgresql_database.end_frozen(AT_ONCE) == 0
    assert found(standing) == 0


def test_a_file_has_nobody_else(sqlite_database: Database) -> None:
    with sqlite_database.service_session() as session:
        factories.organization(session)
        assert sqlite_database.end_frozen(AT_ONCE) == 0
