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
def elsewhere(postgresql_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The same database, from another process."""
    monkeypatch.setattr("bot.database._process", lambda: "1@elsewhere")
    other = Database(postgresql_database.url)
    yield other
    other.dispose()


@pytest.fixture
def standing(elsewhere: Database) -> Iterator[sa.orm.Session]:
    """A session of the other process's, with a transaction open."""
    with sa.orm.Session(elsewhere.engine) as session:
        yield session
        session.invalidate()


def found(session: sa.orm.Session) -> int | None:
    return session.scalar(sa.select(sa.func.count()).select_from(Organization))


def locked(database: Database, session: sa.orm.Session) -> sa.Select[tuple[str]]:
    """Have the session hold an organization's row; how to look at it."""
    with database.service_session() as making:
        organization_id = factories.organization(making).id
    row = sa.select(Organization.name).where(Organization.id == organization_id)
    session.execute(row.with_for_update()).one()
    # The last statement in many parts: after those PostgreSQL itself would wait for ever.
    rename = (
        sa.update(Organization.__table__).where(Organization.id == sa.bindparam("i")).values(name=sa.bindparam("n"))
    )
    session.connection().execute(rename, [{"i": organization_id, "n": name} for name in ("A", "B")])
    return row


@pytest.mark.postgresql
def test_what_stands_still_with_rows_locked_is_ended(postgresql_database: Database, standing: sa.orm.Session) -> None:
    row = locked(postgresql_database, standing)
    assert postgresql_database.end_frozen(LATER) == 0
    assert until(lambda: postgresql_database.end_frozen(AT_ONCE)) == 1
    with pytest.raises(sa.exc.OperationalError):
        found(standing)
    with postgresql_database.service_session() as session:
        assert session.scalar(row.with_for_update(nowait=True)) not in {"A", "B"}


@pytest.mark.postgresql
def test_whatever_else_its_process_has_begun_ends_with_it(
    postgresql_database: Database, standing: sa.orm.Session, elsewhere: Database
) -> None:
    locked(postgresql_database, standing)
    with sa.orm.Session(elsewhere.engine) as waiting:
        assert found(waiting) == 1
        assert until(lambda: postgresql_database.end_frozen(AT_ONCE)) == 2
        with pytest.raises(sa.exc.OperationalError):
            found(waiting)
        waiting.invalidate()


@pytest.mark.postgresql
def test_nobody_ends_their_own(postgresql_database: Database) -> None:
    with sa.orm.Session(postgresql_database.engine) as session:
        locked(postgresql_database, session)
        assert postgresql_database.end_frozen(AT_ONCE) == 0
        assert found(session) == 1


@pytest.mark.postgresql
def test_who_only_reads_may_take_their_time(postgresql_database: Database, standing: sa.orm.Session) -> None:
    assert found(standing) == 0
    assert postgresql_database.end_frozen(AT_ONCE) == 0
    assert found(standing) == 0


def test_a_file_has_nobody_else(sqlite_database: Database) -> None:
    with sqlite_database.service_session() as session:
        factories.organization(session)
        assert sqlite_database.end_frozen(AT_ONCE) == 0
