"""The second wall: PostgreSQL itself keeps organizations apart, whatever a statement forgets to say.

It is asked in plain SQL, by a role that is no superuser (a superuser walks through every wall), with two
organizations that have a row in every table.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from bot.database import Database
from models import Base, Organization
from tests import factories

pytestmark = pytest.mark.postgresql
TABLES = sorted((table for table in Base.metadata.sorted_tables if table.name != "organizations"), key=lambda t: t.name)
REFUSED = "new row violates row-level security policy"
SAY = sa.text("SELECT set_config('shiftline.organization', :id, true)")


@dataclass
class Visitor:
    """A connection in a role of no special rights, and the two organizations that it might see."""

    connection: sa.Connection
    ours: uuid.UUID
    theirs: uuid.UUID

    def visits(self, organization: uuid.UUID | None) -> None:
        """Say whose transaction it is from now on."""
        self.connection.execute(SAY, {"id": str(organization or "")})

    def each(self, statement: Callable[[sa.Table], sa.Executable]) -> dict[str, int | str]:
        """What `statement` does to each table: how many rows, or the first words of the refusal; undone again."""
        return {table.name: self._undone(statement(table)) for table in TABLES}

    def _undone(self, statement: sa.Executable) -> int | str:
        with self.connection.begin_nested() as attempt:
            try:
                return self.connection.execute(statement).rowcount
            except sa.exc.DBAPIError as error:
                return str(error.orig)[: len(REFUSED)]
            finally:
                attempt.rollback()


@pytest.fixture
def visitor(postgresql_database: Database) -> Iterator[Visitor]:
    """The role is made in a transaction that is rolled back: roles belong to the whole server."""
    with postgresql_database.service_session() as session:
        organizations = [factories.organization(session).id for _ in range(2)]
        for organization in organizations:
            factories.everything(session, organization)
        factories.user(session, organizations[0])
        session.execute(sa.text("INSERT INTO users (id, email, password, created_at, updated_at)"
                                " VALUES (gen_random_uuid(), 'operator@example.org', '!', now(), now())"))  # fmt: skip
    role = f"shiftline_visitor_{os.getpid()}"
    with postgresql_database.engine.connect() as connection, connection.begin() as transaction:
        connection.exec_driver_sql(f"CREATE ROLE {role} NOSUPERUSER NOBYPASSRLS")
        connection.exec_driver_sql(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
        connection.exec_driver_sql(f"SET LOCAL ROLE {role}")
        yield Visitor(connection, *organizations)
        transaction.rollback()


def nothing() -> dict[str, int | str]:
    return {table.name: 0 for table in TABLES}


def foreign(organization: uuid.UUID) -> Callable[[sa.Table], sa.ColumnElement[bool]]:
    return lambda table: table.c.organization_id.is_distinct_from(organization)


def test_an_organization_reads_its_own_rows_only(visitor: Visitor) -> None:
    visitor.visits(visitor.ours)
    assert visitor.each(lambda table: sa.select(table).where(foreign(visitor.ours)(table))) == nothing()
    assert min(visitor.each(sa.select).values()) > 0


def test_an_organization_changes_and_deletes_its_own_rows_only(visitor: Visitor) -> None:
    visitor.visits(visitor.ours)
    touch = lambda table: sa.update(table).values(organization_id=table.c.organization_id)  # noqa: E731
    assert visitor.each(lambda table: touch(table).where(foreign(visitor.ours)(table))) == nothing()
    assert min(visitor.each(touch).values()) > 0
    assert visitor.each(lambda table: sa.delete(table).where(foreign(visitor.ours)(table))) == nothing()


def test_an_organization_gives_no_row_away(visitor: Visitor) -> None:
    visitor.visits(visitor.ours)
    assert set(visitor.each(lambda table: sa.update(table).values(organization_id=visitor.theirs)).values()) == {
        REFUSED
    }


def test_an_organization_adds_no_row_to_another(visitor: Visitor) -> None:
    visitor.visits(visitor.ours)

    def copied(table: sa.Table) -> sa.Executable:
        columns = [sa.literal(visitor.theirs) if c.name == "organization_id" else c for c in table.columns]
        return sa.insert(table).from_select([c.name for c in table.columns], sa.select(*columns).limit(1))

    assert set(visitor.each(copied).values()) == {REFUSED}


def test_without_an_organization_everything_is_open(visitor: Visitor) -> None:
    seen = visitor.each(
        lambda table: sa.select(table.c.organization_id).where(table.c.organization_id == visitor.theirs)
    )
    assert min(seen.values()) > 0
    visitor.visits(visitor.ours)
    visitor.visits(None)  # an ended transaction leaves '' behind
    operator = sa.text("SELECT count(*) FROM users WHERE organization_id IS NULL")
    assert visitor.connection.scalar(operator) == 1
    visitor.visits(visitor.ours)
    assert visitor.connection.scalar(operator) == 0


def test_a_session_says_whose_it_is_and_the_next_one_is_free(
    postgresql_database: Database, organization_on_postgresql: Organization
) -> None:
    asked = sa.text("SELECT nullif(current_setting('shiftline.organization', true), '')")
    with postgresql_database.organization_session(organization_on_postgresql.id) as session:
        assert session.scalar(asked) == str(organization_on_postgresql.id)
    with postgresql_database.reading(organization_on_postgresql.id) as session:
        assert session.scalar(asked) == str(organization_on_postgresql.id)
        session.rollback()
        assert session.scalar(asked) == str(organization_on_postgresql.id)  # each of its transactions says so
    for _ in range(20):  # the pool hands the same connections on
        with postgresql_database.service_session() as session:
            assert session.scalar(asked) is None


@pytest.fixture
def organization_on_postgresql(postgresql_database: Database) -> Organization:
    with postgresql_database.service_session() as session:
        saved = factories.organization(session)
        session.expunge(saved)
    return saved


def test_every_owned_table_stands_behind_the_same_wall(postgresql_database: Database) -> None:
    query = sa.text("""
        SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, p.polcmd, p.polpermissive,
               pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
        FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
          AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'organization_id')
    """)
    with postgresql_database.reading(None) as session:
        walls = {row[0]: tuple(row[1:]) for row in session.execute(query)}
    assert set(walls) == {table.name for table in TABLES}
    (wall,) = set(walls.values())
    enabled, forced, command, permissive, reads, writes = wall
    assert (enabled, forced, permissive) == (True, True, True)
    assert command in {"*", b"*"}
    assert reads == writes
