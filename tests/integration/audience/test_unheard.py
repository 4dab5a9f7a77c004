"""A custom field that nobody has is said to whoever writes the rule, with those there are; it refuses nothing."""

from __future__ import annotations

import pytest

from bot.audience import rules
from bot.audience.unheard import unheard
from tests import factories


def asking(*fields):
    return rules.parse({"combinator": "and", "rules": [{"field": f, "operator": "=", "value": "x"} for f in fields]})


@pytest.fixture
def session(database, organization):
    with database.organization_session(organization.id) as session:
        yield session


def test_what_somebody_has_is_heard_of(session, organization):
    factories.worker(session, organization, custom_fields={"region": "North", "a.b": 1})
    factories.worker(session, organization, custom_fields=None)
    assert unheard(session, organization.id, asking("custom.region", "custom.a.b", "employment.team")) == []


def test_the_nearest_name_comes_first_and_each_is_said_once(session, organization):
    factories.worker(session, organization, custom_fields={"store": 1, "shift": "A"})
    factories.worker(session, organization, custom_fields={"Region": "North", "store": None})
    [found] = unheard(session, organization.id, asking("custom.store", "custom.regoin", "custom.regoin"))
    assert (found.path, found.key, found.known[0], set(found.known)) == (
        "rules[1]", "regoin", "Region", {"Region", "store", "shift"}
    )  # fmt: skip
    assert str(found).startswith('rules[1].field: no worker has the custom field "regoin" now; there are Region, ')


def test_capitals_count(session, organization):
    factories.worker(session, organization, custom_fields={"Region": "North"})
    [found] = unheard(session, organization.id, asking("custom.region"))
    assert str(found) == 'rules[0].field: no worker has the custom field "region" now; there is Region.'


def test_another_organizations_fields_are_not_told(database, organization):
    with database.service_session() as session:
        factories.worker(session, factories.organization(session), custom_fields={"region": "North"})
    with database.organization_session(organization.id) as session:
        [found] = unheard(session, organization.id, asking("custom.region"))
    assert str(found).endswith("nobody has any custom field yet.")


def test_many_names_are_cut(session, organization):
    factories.worker(session, organization, custom_fields={f"field {n:02}": n for n in range(25)})
    [found] = unheard(session, organization.id, asking("custom.field"))
    assert str(found).endswith(" and 15 more.")
    assert len(found.known) == 25


def test_fields_that_are_no_object_are_passed_over(session, organization):
    """What an API of ours would never write, and PostgreSQL can't take the keys of."""
    factories.worker(session, organization, custom_fields=[1, 2])
    factories.worker(session, organization, custom_fields={"region": "North"})
    [found] = unheard(session, organization.id, asking("custom.x"))
    assert list(found.known) == ["region"]
