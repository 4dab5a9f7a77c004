"""Organizations: made with their roles, found by slug, and settings that never break halfway."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.errors import BadInput, Conflict, NotFound
from bot.tenancy import organizations, roles, settings
from models import Organization, Role


def add(database, slug="acme", timezone="America/Chicago", name="Acme Foods"):
    with database.service_session() as session:
        return organizations.add(session, name, slug, timezone).id


def test_a_new_organization_has_its_zone_and_the_built_in_roles(database):
    made = add(database)
    with database.service_session() as session:
        found = organizations.find(session, "acme")
        assert (found.id, found.name) == (made, "Acme Foods")
        assert settings.load(found.settings).locale.timezone == "America/Chicago"
    with database.reading(made) as session:
        here = session.scalars(sa.select(Role)).all()
    assert {role.name for role in here} == set(roles.BUILT_IN)
    assert [role.name for role in here if role.is_default] == ["analyst"]


def test_the_default_zone_needs_no_setting(database):
    add(database, timezone="UTC")
    with database.service_session() as session:
        assert organizations.find(session, "acme").settings is None


def test_a_slug_is_given_once(database):
    add(database)
    with pytest.raises(Conflict, match='There is an organization "acme" already'):
        add(database)


@pytest.mark.parametrize("slug", ["", "Acme", "-acme", "acme-", "a b", "a" * 64, "ácme", "acme\n"])
def test_a_slug_that_no_link_could_carry(database, slug):
    with pytest.raises(BadInput, match="A slug is"):
        add(database, slug=slug)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "localtime", "america/chicago"])
def test_an_unknown_zone(database, zone):
    with pytest.raises(BadInput, match="There is no time zone"):
        add(database, timezone=zone)


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\x00b"])
def test_a_name_is_needed(database, name):
    with pytest.raises(BadInput, match="needs a name"):
        add(database, name=name)


def test_nobody_of_that_name(database):
    with database.service_session() as session, pytest.raises(NotFound, match='There is no organization "acme"'):
        organizations.find(session, "acme")


def test_settings_are_laid_over_and_a_mistake_changes_nothing(database):
    made = add(database)
    with database.service_session() as session:
        organizations.set_settings(session, session.get(Organization, made), {"delivery": {"quiet_hours": None}})
    with pytest.raises(BadInput, match="caps: must be"), database.service_session() as session:
        organizations.set_settings(
            session, session.get(Organization, made), {"delivery": {"caps": 7, "holidays": None}}
        )
    with database.service_session() as session:
        stored = session.get(Organization, made).settings
    assert stored == {"locale": {"timezone": "America/Chicago"}, "delivery": {"quiet_hours": None}}
