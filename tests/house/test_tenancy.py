"""No organization sees another: in the models, in the sessions, and in the database itself.

Each wall is tried alone: the sessions' scope here, then the composite keys with the scope out of the way;
PostgreSQL's own is in `test_wall`.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from bot.database import Database, ForeignOrganization
from models import Base, Organization, User, Worker
from models.base import Owned
from tests import factories

MODELS = {mapper.class_ for mapper in Base.registry.mappers} - {Organization}
TABLES = sorted({model.__table__ for model in MODELS}, key=lambda table: table.name)
WITHOUT_INDEX = {  # found by another key, and written by the million: an index of the organization alone would only cost
    "delivery_events", "inbound_keys", "membership_events", "segment_memberships", "sender_paces",
    "sign_in_attempts",
}  # fmt: skip


@pytest.fixture
def two(database: Database) -> tuple[uuid.UUID, uuid.UUID]:
    """Two organizations with a row in every table each."""
    with database.service_session() as session:
        ours, theirs = factories.organization(session), factories.organization(session)
        for organization in (ours, theirs):
            factories.everything(session, organization)
        return ours.id, theirs.id


# the models


def test_every_table_but_the_organizations_has_an_owner() -> None:
    assert all(issubclass(model, Owned) for model in MODELS)
    may_be_nobodys = {table.name for table in TABLES if table.c.organization_id.nullable}
    assert may_be_nobodys == {"users", "sign_in_attempts"}


def test_every_key_holds_the_organization() -> None:
    loose = [
        f"{table.name}.{key.column_keys}"
        for table in TABLES
        for key in table.foreign_key_constraints
        if key.referred_table.name != "organizations" and "organization_id" not in key.column_keys
    ]
    assert loose == []


def test_an_organizations_rows_are_found_by_an_index() -> None:
    unfound = {table.name for table in TABLES if "organization_id" not in first_columns(table)}
    assert unfound == WITHOUT_INDEX


def test_what_a_cascade_follows_is_found_by_an_index() -> None:
    """Erasing one worker must not read everyone's rows."""
    scanned = {
        (table.name, column)
        for table in TABLES
        for key in table.foreign_key_constraints
        for column in key.column_keys
        if key.ondelete and column != "organization_id"
        if column not in first_columns(table) and column not in first_columns(table, after="organization_id")
    }
    # an identity goes with its worker, and by then their prompts are gone; an index of open ones serves the rest
    assert scanned == {("prompts", "identity_id")}


def first_columns(table: sa.Table, after: str | None = None) -> set[str]:
    """The columns that some whole index begins with, or goes on with `after` that one."""
    whole = [index for index in table.indexes if index.dialect_options["postgresql"]["where"] is None]
    uniques = [c for c in table.constraints if isinstance(c, (sa.UniqueConstraint, sa.PrimaryKeyConstraint))]
    keys = [[column.name for column in key.columns] for key in (*whole, *uniques)]
    return {key[0] for key in keys} if after is None else {key[1] for key in keys if key[0] == after and key[1:]}


# the sessions


def test_a_session_hides_foreign_rows(database: Database, two: tuple[uuid.UUID, uuid.UUID]) -> None:
    ours, theirs = two
    with database.service_session() as session:
        keys = {model: key_of(session, model, theirs) for model in MODELS}
    for opened in (database.organization_session, database.reading):
        with opened(ours) as session:
            for model, key in keys.items():
                assert owners(session, model) == {ours}, model
                assert owners(session, aliased(model)) == {ours}, model
                assert session.get(model, key) is None, model
                named = sa.select(sa.func.count()).select_from(model).where(model.organization_id == theirs)
                assert session.scalar(named) == 0, model


def test_a_session_changes_no_foreign_rows(database: Database, two: tuple[uuid.UUID, uuid.UUID]) -> None:
    ours, theirs = two
    with database.organization_session(ours) as session:
        for model in MODELS:
            same = sa.update(model).values(organization_id=model.organization_id)
            rows = session.scalar(sa.select(sa.func.count()).select_from(model))
            assert session.execute(same).rowcount == rows > 0, model
            assert session.execute(same.where(model.organization_id == theirs)).rowcount == 0, model
            assert session.execute(sa.delete(model).where(model.organization_id == theirs)).rowcount == 0, model


@pytest.mark.parametrize("model", sorted(MODELS, key=lambda model: model.__name__))
def test_a_session_refuses_to_write_a_foreign_row(sqlite_database: Database, model: type[Base]) -> None:
    with sqlite_database.service_session() as session:
        ours, theirs = factories.organization(session).id, factories.organization(session).id
        made = factories.FACTORIES[model](session, theirs)
        columns = {attribute.key: getattr(made, attribute.key) for attribute in sa.inspect(model).column_attrs}
    with pytest.raises(ForeignOrganization), sqlite_database.organization_session(ours) as session:
        session.add(model(**columns))


def owners(session: Session, model: type[Base]) -> set[uuid.UUID]:
    return {row.organization_id for row in session.scalars(sa.select(model))}


def key_of(session: Session, model: type[Base], organization: uuid.UUID) -> tuple[Any, ...]:
    """The primary key of some row of that organization."""
    return sa.inspect(session.scalars(sa.select(model).where(model.organization_id == organization)).first()).identity


def test_a_row_cannot_be_given_away(database: Database, organization: Organization) -> None:
    with database.service_session() as session:
        theirs = factories.organization(session).id
        worker = factories.worker(session, organization).id
    with pytest.raises(ForeignOrganization), database.organization_session(organization.id) as session:
        session.get_one(Worker, worker).organization_id = theirs


def test_somebody_of_the_service_is_seen_by_no_organization(database: Database, organization: Organization) -> None:
    with database.service_session() as session:
        session.add(User(email="operator@example.org", password="!"))
        factories.user(session, organization)
    with database.organization_session(organization.id) as session:
        assert session.scalars(sa.select(User.email).where(User.email == "operator@example.org")).all() == []
        assert session.scalar(sa.select(sa.func.count()).select_from(User)) == 1
    with database.service_session() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(User)) == 2


# the keys


def test_no_key_reaches_into_another_organization(database: Database, two: tuple[uuid.UUID, uuid.UUID]) -> None:
    ours, theirs = two
    keys = [key for table in TABLES for key in table.foreign_key_constraints if len(key.column_keys) == 2]
    assert len(keys) > 60
    reached = []
    with database.service_session() as session:
        for key in keys:
            table, column = key.table, next(name for name in key.column_keys if name != "organization_id")
            row = session.execute(sa.select(*table.primary_key).where(table.c.organization_id == ours)).first()
            here = [name == value for name, value in zip(table.primary_key, row, strict=True)]
            point = sa.update(table).where(*here).values({column: fresh(session, key.referred_table, theirs)})
            try:
                with session.begin_nested():
                    session.execute(point)
            except sa.exc.IntegrityError as error:
                if "foreign key" in str(error.orig).lower():
                    continue
            reached.append(f"{table.name}.{column}")
    assert reached == []


def fresh(session: Session, table: sa.Table, organization: uuid.UUID) -> Any:
    """The id of a row that nothing points to yet, so that only the organization can be in the way."""
    model = next(model for model in MODELS if model.__table__ is table)
    beside = dict.fromkeys(factories.SATELLITES) if model is Worker else {}
    return factories.FACTORIES[model](session, organization, **beside).id


def test_somebody_of_the_service_points_nowhere(database: Database, organization: Organization) -> None:
    """A composite key with a NULL in it isn't looked at, so a check has to."""
    with database.service_session() as session:
        role = factories.role(session, organization).id
    with pytest.raises(sa.exc.IntegrityError, match="service_points_nowhere"), database.service_session() as session:
        session.add(User(email="operator@example.org", password="!", role_id=role))
