"""Launching: a row for every member, with the reason where somebody is skipped, whatever interrupts it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot import clock
from bot.broadcast import draft, launch, plan, progress
from bot.errors import NotFound, Refused
from models import Broadcast, ChannelIdentity, ContentVersion, Delivery, Integration, Worker
from tests import factories


def rows(house, broadcast_id):
    return house.all(Delivery, source_id=broadcast_id)


def put(house, identity, **values):
    with house.session() as session:
        session.execute(sa.update(ChannelIdentity).where(ChannelIdentity.id == identity.id).values(**values))


def test_everybody_gets_a_row_and_the_reasons_are_right(house):
    sms = house.connect()
    fine, stopped, silent, dead, blocked, unverified, gone = (house.hire(sms, consent=c)[0] for c in (
        "granted", "revoked", None, "granted", "granted", "granted", "granted"
    ))  # fmt: skip
    for who, state in ((dead, "dead"), (blocked, "blocked"), (unverified, "unverified")):
        put(house, who, state=state)
    with house.session() as session:
        session.get(Worker, gone.worker_id).is_active = False
        nobody = factories.worker(session, house.organization_id).id
    people = [fine, stopped, silent, dead, blocked, unverified, gone, nobody]
    broadcast = house.place(house.write(), house.segment(people))
    house.launch(broadcast)
    found = {row.worker_id: (row.state, row.reason) for row in rows(house, broadcast)}
    assert found == {
        fine.worker_id: ("queued", None),
        stopped.worker_id: ("skipped", "opted_out"),
        silent.worker_id: ("skipped", "no_consent"),
        dead.worker_id: ("skipped", "address_dead"),
        blocked.worker_id: ("skipped", "address_blocked"),
        unverified.worker_id: ("skipped", "address_unverified"),
        gone.worker_id: ("skipped", "inactive"),
        nobody: ("skipped", "no_address"),
    }
    assert house.broadcast(broadcast).state == "running"
    assert ("dispatch", str(sms)) in house.nudges


def test_the_preferred_channel_wins_and_the_other_steps_in(house):
    sms, slack = house.connect(), house.connect("slack")
    both, texting = house.hire(sms, 2)
    with house.session() as session:
        factories.channel_identity(session, house.organization_id, worker_id=both.worker_id, integration_id=slack)
    segment, version = house.segment([both, texting]), house.write()
    first = house.place(version, segment)
    house.launch(first)
    assert {row.worker_id: row.channel for row in rows(house, first)} == {
        both.worker_id: "slack",
        texting.worker_id: "sms",
    }
    only = house.place(version, segment, channels=["sms"])
    house.launch(only)
    assert [row.channel for row in rows(house, only)] == ["sms", "sms"]
    with house.session() as session:
        session.get(Integration, slack).status = "revoked"
    third = house.place(version, segment, channels=["slack"])
    house.launch(third)
    assert Counter(row.reason for row in rows(house, third)) == Counter(["disconnected", "no_address"])


def test_somebody_in_two_segments_gets_it_once(house):
    people = house.hire(house.connect(), 3)
    broadcast = house.place(house.write(), house.segment(people[:2]), house.segment(people[1:]))
    house.launch(broadcast)
    assert len(rows(house, broadcast)) == 3


@pytest.mark.parametrize("after", [1, 2])
def test_a_launch_that_dies_between_pages_goes_on_where_it_stood(house, monkeypatch, after):
    monkeypatch.setattr(launch, "PAGE", 3)
    monkeypatch.setattr(launch, "SMALL_PAGE", 3)
    broadcast = house.place(house.write(), house.segment(house.hire(house.connect(), 8)))
    real, calls = launch._page, []

    def dying(*given):
        if len(calls) == after:
            raise RuntimeError("killed")
        calls.append(1)
        return real(*given)

    with monkeypatch.context() as patched:
        patched.setattr(launch, "_page", dying)
        with pytest.raises(RuntimeError):
            house.launch(broadcast)
    assert len(rows(house, broadcast)) == 3 * after
    with house.database.service_session() as session:
        assert [found.id for found in progress.due(session, clock.now())] == [broadcast]
        assert progress.finish(session, clock.now()) == []  # it isn't complete, even if all of it had gone
    house.launch(broadcast)
    house.launch(broadcast)
    assert len(rows(house, broadcast)) == 8
    assert house.broadcast(broadcast).fanned_out_at is not None


def test_a_page_that_is_written_twice_writes_nothing_twice(house):
    broadcast = house.place(house.write(), house.segment(house.hire(house.connect(), 4)))
    house.launch(broadcast)
    with house.session() as session:
        session.execute(sa.update(Broadcast).values(fan_out_after=None, fanned_out_at=None))
    house.launch(broadcast)
    assert len(rows(house, broadcast)) == 4


def test_it_does_not_start_before_its_time_and_not_too_late(house, moment):
    broadcast = house.place(
        house.write(), house.segment(house.hire(house.connect())), send_at=clock.now() + timedelta(hours=1)
    )
    house.launch(broadcast)
    assert (house.broadcast(broadcast).state, rows(house, broadcast)) == ("scheduled", [])
    moment.shift(3600 + 121 * 60)
    house.launch(broadcast)
    found = house.broadcast(broadcast)
    assert (found.state, found.reason, rows(house, broadcast)) == ("cancelled", "past_due", [])


def test_late_is_sent_all_the_same_where_the_organization_wants_it(house, moment):
    house.decide({"past_due": "send"})
    broadcast = house.place(
        house.write(), house.segment(house.hire(house.connect())), send_at=clock.now() + timedelta(hours=1)
    )
    moment.shift(timedelta(days=2))
    house.launch(broadcast)
    assert len(rows(house, broadcast)) == 1


def test_the_version_is_the_one_that_was_seen(house):
    first = house.write()
    broadcast = house.place(
        first, house.segment(house.hire(house.connect())), send_at=clock.now() + timedelta(seconds=1)
    )
    with house.session() as session:
        content_id = session.get(ContentVersion, first).content_id
        factories.content_version(session, house.organization_id, content_id=content_id)
    assert house.broadcast(broadcast).content_version_id == first


def test_orders_that_cannot_be(house, database):
    version = house.write()
    segment = house.segment([])
    with pytest.raises(draft.InThePast):
        house.place(version, segment, send_at=clock.now() - timedelta(seconds=1))
    with pytest.raises(Refused):
        house.place(version)
    with database.service_session() as session:
        foreign = factories.segment(session, factories.organization(session)).id
    with pytest.raises(NotFound):
        house.place(version, foreign)


STATES = st.sampled_from(["verified", "unverified", "dead", "blocked"])
PEOPLE = st.lists(
    st.tuples(st.booleans(), st.none() | STATES, st.sampled_from([None, "granted", "revoked"]), st.none() | STATES),
    max_size=8,
)


@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PEOPLE)
def test_the_plan_says_what_the_launch_then_does(house, people):
    integrations = {row.type: row.id for row in house.all(Integration)}
    sms = integrations.get("twilio") or house.connect()
    slack = integrations.get("slack") or house.connect("slack")
    workers = [hired(house, sms, slack, *one) for one in people]
    version, segment = house.write(), house.segment(workers)
    with house.database.reading(house.organization_id) as session:
        content_id = session.get(ContentVersion, version).content_id
    before = len(house.all(Broadcast))
    said = plan.preview(house.database, house.organization_id, draft.Order(content_id, [segment]))
    assert len(house.all(Broadcast)) == before  # it left nothing behind
    broadcast = house.place(version, segment)
    house.launch(broadcast)
    written = rows(house, broadcast)
    assert said["recipients"] == len(written) == len(people)
    assert said["channels"] == dict(Counter(row.channel for row in written if row.state == "queued"))
    assert said["skipped"] == dict(Counter(row.reason for row in written if row.state == "skipped"))
    assert said["reachable"] == sum(said["channels"].values())
    assert said["parts"] == said["channels"].get("sms", 0)


@pytest.mark.parametrize(
    ("mime", "size", "parts"), [("image/png", 10_000, 1), ("image/png", 6_000_000, 2), ("application/pdf", 10_000, 2)]
)
def test_the_plan_counts_a_file_as_it_goes_out(house, mime, size, parts):
    """A picture travels along; what is too large or no picture is a link, whose letters are paid for."""
    sms = house.connect()
    caption = "x" * 100
    with house.session() as session:
        asset = factories.media_asset(session, house.organization_id, mime_type=mime, file_size=size).id
    kind, told = ("image", {"caption": caption}) if mime == "image/png" else ("document", {"description": caption})
    version = house.write(kind, media_asset_id=str(asset), **told)
    with house.database.reading(house.organization_id) as session:
        content_id = session.get(ContentVersion, version).content_id
    segment = house.segment(house.hire(sms))
    said = plan.preview(house.database, house.organization_id, draft.Order(content_id, [segment]))
    house.launch(house.place(version, segment))
    house.send_all(sms)
    (sent,) = house.all(Delivery)
    assert (said["parts"], sent.parts) == (parts, parts)


def hired(house, sms, slack, active, by_sms, consent, by_slack):
    with house.session() as session:
        worker = factories.worker(session, house.organization_id, is_active=active)
        for integration_id, state in ((sms, by_sms), (slack, by_slack)):
            if state:
                who = factories.channel_identity(
                    session, house.organization_id, worker_id=worker.id, integration_id=integration_id, state=state
                )
                if consent:
                    factories.consent_event(
                        session, house.organization_id, channel=who.channel, address=who.address, state=consent
                    )
        return worker.id


def test_a_plan_nudges_nobody(house):
    version = house.write()
    with house.database.reading(house.organization_id) as session:
        content_id = session.get(ContentVersion, version).content_id
    plan.preview(house.database, house.organization_id, draft.Order(content_id, [house.segment([])]))
    assert house.nudges == []
