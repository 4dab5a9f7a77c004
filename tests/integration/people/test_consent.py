"""Consent is proof: only added to, the newest counts, and nobody overrules a person's own STOP."""

from __future__ import annotations

import threading

import sqlalchemy as sa

from bot import clock
from bot.people import consent
from models import ConsentEvent, Worker, WorkerContact
from tests import factories

PHONE = "+14155550101"


def worker_with_phone(database, organization, phone=PHONE):
    with database.organization_session(organization.id) as session:
        return factories.worker(session, organization, contact={"primary_phone_number": phone}).id


def projected(database, organization, worker_id):
    with database.reading(organization.id) as session:
        return session.scalar(
            sa.select(WorkerContact.communication_consent).where(WorkerContact.worker_id == worker_id)
        )


def say(database, organization, state, source, *, channel="sms", address=PHONE):
    with database.organization_session(organization.id) as session:
        consent.record(session, organization.id, channel, address, state, source, at=clock.now())


def import_says(database, organization, worker_id, state):
    with database.organization_session(organization.id) as session:
        said = consent.Statement("sms", PHONE, worker_id, state)
        changed = consent.record_many(session, organization.id, [said], at=clock.now())
        consent.project(session, organization.id, [worker_id])
        return changed


def test_the_newest_event_is_projected(database, organization):
    worker = worker_with_phone(database, organization)
    say(database, organization, "granted", "console")
    assert projected(database, organization, worker) is True
    say(database, organization, "revoked", "stop_word")
    assert projected(database, organization, worker) is False
    say(database, organization, "granted", "stop_word")
    assert projected(database, organization, worker) is True


def test_a_no_on_slack_leaves_the_phone_alone(database, organization):
    worker = worker_with_phone(database, organization)
    say(database, organization, "granted", "console")
    say(database, organization, "revoked", "slack_button", channel="slack", address="U1")
    assert projected(database, organization, worker) is True
    with database.reading(organization.id) as session:
        asked = {"sms": PHONE, "slack": "U1", "teams": "nobody", "fax": None}
        assert consent.states(session, organization.id, asked) == {
            "sms": "granted", "slack": "revoked", "teams": "none", "fax": "none",
        }  # fmt: skip


def test_a_stop_of_a_stranger_holds_when_the_number_turns_up(database, organization):
    say(database, organization, "revoked", "stop_word")
    worker = worker_with_phone(database, organization)
    assert import_says(database, organization, worker, "granted") == set()
    assert projected(database, organization, worker) is False


def test_the_same_number_in_another_organization_is_another_consent(database, organization):
    with database.service_session() as session:
        other = factories.organization(session)
        session.expunge(other)
    mine, theirs = (worker_with_phone(database, each) for each in (organization, other))
    say(database, organization, "granted", "console")
    assert projected(database, organization, mine) is True
    assert projected(database, other, theirs) is False


def test_an_import_appends_only_what_is_new(database, organization):
    worker = worker_with_phone(database, organization)
    assert import_says(database, organization, worker, "granted") == {worker}
    assert import_says(database, organization, worker, "granted") == set()
    assert import_says(database, organization, worker, "revoked") == {worker}
    assert import_says(database, organization, worker, "granted") == {worker}
    with database.reading(organization.id) as session:
        states = session.scalars(sa.select(ConsentEvent.state).order_by(ConsentEvent.id)).all()
    assert states == ["granted", "revoked", "granted"]
    assert projected(database, organization, worker) is True


def test_the_state_of_an_address_in_a_statement_of_others(database, organization):
    asked = worker_with_phone(database, organization)
    silent = worker_with_phone(database, organization, "+14155550102")
    say(database, organization, "revoked", "console")
    say(database, organization, "granted", "console")
    state = consent.consent_state(organization.id, "sms", WorkerContact.primary_phone_number)
    with database.reading(organization.id) as session:
        found = session.execute(sa.select(WorkerContact.worker_id, state)).all()
        reachable = session.scalars(sa.select(WorkerContact.worker_id).where(state == "granted")).all()
    assert dict(map(tuple, found)) == {asked: "granted", silent: None}
    assert reachable == [asked]


def test_a_projection_that_flips_marks_the_worker_as_changed(database, organization, moment):
    worker = worker_with_phone(database, organization)

    def changed_at():
        with database.reading(organization.id) as session:
            return session.scalar(sa.select(Worker.updated_at).where(Worker.id == worker))

    made = changed_at()
    moment.shift(60)
    say(database, organization, "granted", "console")
    flipped = changed_at()
    assert (flipped - made).total_seconds() == 60
    moment.shift(60)
    say(database, organization, "granted", "console")
    assert changed_at() == flipped


def test_rebuilding_repairs_a_projection_that_went_wrong(database, organization):
    worker = worker_with_phone(database, organization)
    say(database, organization, "granted", "console")
    with database.organization_session(organization.id) as session:
        session.execute(sa.update(WorkerContact).values(communication_consent=False))
    with database.organization_session(organization.id) as session:
        assert consent.project(session, organization.id) == 1
        assert consent.project(session, organization.id) == 0
    assert projected(database, organization, worker) is True


def test_an_import_waits_for_a_stop_that_is_being_written(database, organization):
    worker = worker_with_phone(database, organization)
    with database.organization_session(organization.id) as session:
        consent.record(session, organization.id, "sms", PHONE, "revoked", "stop_word", at=clock.now())
        importing = threading.Thread(target=import_says, args=(database, organization, worker, "granted"))
        importing.start()
        importing.join(0.3)  # time enough to decide too early, if it didn't wait
    importing.join()
    assert projected(database, organization, worker) is False
