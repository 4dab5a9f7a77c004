"""A rule means one thing: SQL on both databases and Python agree on every rule and every worker."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings

from bot.audience import fields, rules, snapshot
from bot.audience.compile import WORKERS, condition
from bot.audience.evaluate import evaluate
from tests.integration.audience import hostile


@pytest.fixture
def people(database, organization):
    """The snapshots of an organization's hostile workers, by external id."""
    with database.organization_session(organization.id) as session:
        made = hostile.workers(session, organization)
        hostile.segments(session, organization, made)
    with database.reading(organization.id) as session:
        return {f"W{n}": snapshot.of_worker(session, organization.id, f"W{n}") for n in range(len(made))}


def chosen(session, organization, rule):
    asked = condition(rule, organization_id=organization.id, now=hostile.NOW, zone=hostile.ZONE)
    return set(session.scalars(sa.select(WORKERS.c.external_id).where(asked)))


def evaluated(rule, people):
    return {name for name, known in people.items() if evaluate(rule, known, now=hostile.NOW, zone=hostile.ZONE).member}


def agreement(database, organization, people, documents, examples):
    """Ask both legs; what was asked: (kind, operator, whether anybody was chosen)."""
    seen = set()

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(documents)
    def agree(document):
        rule = rules.parse(document)
        by_sql = chosen(session, organization, rule)
        assert by_sql == evaluated(rule, people)
        seen.update((leaf.field.kind, leaf.operator, bool(by_sql)) for _, leaf in rules.leaves(rule))

    with database.reading(organization.id) as session:
        agree()
    return seen


def test_sql_and_python_agree_on_every_operator(database, organization, people):
    one = hostile.leaf().map(lambda leaf: {"combinator": "and", "rules": [leaf]})
    seen = agreement(database, organization, people, one, 1_000)
    assert {kind for kind, *_ in seen} == set(fields.OPERATORS)
    assert {operator for _, operator, some in seen if some} == set(fields.EVERY_OPERATOR)


@pytest.mark.parametrize(
    "value",
    [
        "9999999999999999",  # one more than a double can tell from its neighbour
        "2.5",  # the number 2.5, and not the text 2.50
        2.5,  # both
    ],
)
def test_sql_and_python_agree_on_digits(database, organization, people, value):
    for key in hostile.KEYS:
        rule = rules.parse(
            {"combinator": "and", "rules": [{"field": f"custom.{key}", "operator": "=", "value": value}]}
        )
        with database.reading(organization.id) as session:
            assert chosen(session, organization, rule) == evaluated(rule, people)


def test_sql_and_python_agree_on_groups(database, organization, people):
    assert agreement(database, organization, people, hostile.RULES, 200)
