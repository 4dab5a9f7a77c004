"""Identities follow contacts; what somebody said from an address stays theirs when the address moves on."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.people import identities
from models import ChannelIdentity, WorkerContact
from tests import factories

OLD, NEW = "+14155550101", "+14155550102"


@pytest.fixture
def sms(database, organization):
    with database.organization_session(organization.id) as session:
        return factories.integration(session, organization).id


def person(database, organization, **contact):
    with database.organization_session(organization.id) as session:
        return factories.worker(session, organization, contact={"primary_phone_number": None, **contact}).id


def move(database, organization, worker_id, phone):
    with database.organization_session(organization.id) as session:
        session.execute(
            sa.update(WorkerContact).where(WorkerContact.worker_id == worker_id).values(primary_phone_number=phone)
        )


def link(database, organization, workers=None):
    with database.organization_session(organization.id) as session:
        return identities.link(session, organization.id, workers)


def who(database, organization, integration_id, address):
    with database.organization_session(organization.id) as session:
        found = identities.by_address(session, integration_id, address)
        return found and found.worker_id


def rows(database, organization):
    with database.reading(organization.id) as session:
        return sorted((row.worker_id, row.state) for row in session.scalars(sa.select(ChannelIdentity)))


def test_every_contact_gets_an_identity_on_every_integration_of_its_channel(database, organization, sms):
    ana = person(database, organization, primary_phone_number=OLD, slack_user_id="U1")
    ben = person(database, organization, slack_user_id="U2")
    with database.organization_session(organization.id) as session:
        second = factories.integration(session, organization).id
        slack = factories.integration(session, organization, type="slack").id
    assert link(database, organization) == 4
    assert link(database, organization) == 0
    assert [who(database, organization, each, OLD) for each in (sms, second, slack)] == [ana, ana, None]
    assert [who(database, organization, slack, each) for each in ("U1", "U2")] == [ana, ben]


def test_more_people_than_one_page_holds(database, organization, sms, monkeypatch):
    monkeypatch.setattr(identities, "PAGE", 2)
    for _ in range(5):
        person(database, organization, primary_phone_number=factories.phone())
    assert link(database, organization) == 5
    assert len(rows(database, organization)) == 5


def test_only_the_named_workers_are_linked(database, organization, sms):
    ana = person(database, organization, primary_phone_number=OLD)
    person(database, organization, primary_phone_number=NEW)
    assert link(database, organization, [ana]) == 1
    assert rows(database, organization) == [(ana, "verified")]


def test_a_changed_phone_replaces_the_identity(database, organization, sms):
    ana = person(database, organization, primary_phone_number=OLD)
    link(database, organization)
    move(database, organization, ana, NEW)
    assert link(database, organization) == 1
    assert who(database, organization, sms, OLD) is None
    assert who(database, organization, sms, NEW) == ana
    assert rows(database, organization) == [(ana, "replaced"), (ana, "verified")]


def test_a_phone_that_was_taken_away_is_nobodys(database, organization, sms):
    ana = person(database, organization, primary_phone_number=OLD)
    link(database, organization)
    move(database, organization, ana, None)
    link(database, organization)
    assert rows(database, organization) == [(ana, "replaced")]


def test_who_comes_back_to_a_number_is_the_same_identity(database, organization, sms):
    ana = person(database, organization, primary_phone_number=OLD)
    link(database, organization)
    for phone in (NEW, OLD):
        move(database, organization, ana, phone)
        link(database, organization)
    assert who(database, organization, sms, OLD) == ana
    assert rows(database, organization) == [(ana, "replaced"), (ana, "verified")]


def test_a_number_that_moves_on_gets_a_new_identity_with_its_new_owner(database, organization, sms):
    ana = person(database, organization, primary_phone_number=OLD)
    link(database, organization)
    with database.organization_session(organization.id) as session:
        before = identities.by_address(session, sms, OLD).id
    move(database, organization, ana, NEW)
    ben = person(database, organization, primary_phone_number=OLD)
    link(database, organization)
    with database.organization_session(organization.id) as session:
        after = identities.by_address(session, sms, OLD)
        former = session.get(ChannelIdentity, before)
        assert (after.worker_id, former.worker_id, former.state) == (ben, ana, "replaced")


def test_a_dead_number_stays_dead_until_somebody_marks_it(database, organization, sms):
    person(database, organization, primary_phone_number=OLD)
    link(database, organization)
    with database.organization_session(organization.id) as session:
        identity = identities.by_address(session, sms, OLD)
        identities.mark(session, identity.id, "dead", "30006: landline")
    link(database, organization)
    with database.organization_session(organization.id) as session:
        identity = identities.by_address(session, sms, OLD)
        assert (identity.state, identity.reason) == ("dead", "30006: landline")


def test_a_slack_identity_found_otherwise_is_kept(database, organization):
    with database.organization_session(organization.id) as session:
        slack = factories.integration(session, organization, type="slack")
        ana = factories.worker(session, organization, contact={"slack_user_id": None}).id
        factories.channel_identity(
            session, organization, integration_id=slack.id, worker_id=ana, channel="slack", address="U9"
        )
        slack = slack.id
    link(database, organization)
    assert who(database, organization, slack, "U9") == ana


def test_another_organization_is_left_alone(database, organization, sms):
    with database.service_session() as session:
        other = factories.organization(session)
        factories.integration(session, other)
        factories.worker(session, other, contact={"primary_phone_number": OLD})
        other_id = other.id
    person(database, organization, primary_phone_number=OLD)
    assert link(database, organization) == 1
    with database.reading(other_id) as session:
        assert session.scalars(sa.select(ChannelIdentity)).all() == []
