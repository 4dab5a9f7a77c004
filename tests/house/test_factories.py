"""Every table has a factory whose row both databases take: a test elsewhere can then begin at what it is about."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.content import documents
from bot.database import Database
from models import Base, Organization
from tests import factories

MODELS = {mapper.class_ for mapper in Base.registry.mappers}


def test_every_table_has_a_factory() -> None:
    assert set(factories.FACTORIES) == MODELS
    assert {model.__table__ for model in MODELS} == set(Base.metadata.sorted_tables)


@pytest.mark.parametrize("model", sorted(MODELS, key=lambda model: model.__name__))
def test_a_factorys_row_is_kept(database: Database, model: type[Base]) -> None:
    with database.service_session() as session:
        owner = factories.organization(session)
        made = owner if model is Organization else factories.FACTORIES[model](session, owner)
        key = sa.inspect(made).identity
        session.expunge_all()
    with database.organization_session(owner.id) as session:
        assert session.get(model, key) is not None


def test_rows_of_one_organization_live_side_by_side(database: Database, organization: Organization) -> None:
    with database.organization_session(organization.id) as session:
        for _ in range(3):
            factories.everything(session, organization)
        for model in MODELS - {Organization}:
            assert session.scalar(sa.select(sa.func.count()).select_from(model)) >= 3, model


def test_a_worker_comes_with_five_satellites_where_not_told_otherwise(
    database: Database, organization: Organization
) -> None:
    with database.organization_session(organization.id) as session:
        made = factories.worker(session, organization, contact={"location_city": "Lagos"}, wellbeing=None)
        kept = {
            name: session.scalars(sa.select(model).filter_by(worker_id=made.id)).all()
            for model, name in factories.BESIDE.items()
        }
        assert {name: len(rows) for name, rows in kept.items()} == {
            "contact": 1, "employment": 1, "engagement": 1, "wellbeing": 0, "gamification": 1,
        }  # fmt: skip
        assert kept["contact"][0].location_city == "Lagos"


@pytest.mark.parametrize("kind", factories.DOCUMENTS)
def test_a_versions_document_passes_the_door_of_content(
    database: Database, organization: Organization, kind: str
) -> None:
    with database.organization_session(organization.id) as session:
        head = factories.content(session, organization, kind=kind)
        version = factories.content_version(session, organization, content_id=head.id)
        assert documents.parse(version.version_data).kind == kind
