"""Segments are added once, previewed before, and say who is in them and why."""

from __future__ import annotations

import uuid
from datetime import datetime

import pytest

from bot import clock, nudge
from bot.audience import picked, rules, segments
from bot.audience.sync import sync
from bot.errors import BadInput, Conflict, NotFound
from tests import factories


def asking(field, operator, value=None):
    return {"combinator": "and", "rules": [{"field": field, "operator": operator, "value": value}]}


STORES = asking("employment.department", "=", "Stores")
EVERYBODY = asking("worker.first_name", "notNull")


@pytest.fixture
def session(database, organization):
    with database.organization_session(organization.id) as session:
        yield session


@pytest.fixture
def stranger(database):
    """The id of a worker of another organization."""
    with database.service_session() as session:
        return factories.worker(session, factories.organization(session)).id


def looked(session, organization, rule, **more):
    zone = segments.zone_of(session, organization.id)
    return segments.preview(session, organization.id, rules.parse(rule), clock.now(), zone, **more)


def test_a_segment_keeps_its_rule_in_one_form(session, organization):
    user = factories.user(session, organization)
    rule = STORES | {"id": "x"}
    saved = segments.add(session, organization.id, " Stores ", rule, description="All of them", user_id=user.id)
    assert segments.find(session, "Stores") is segments.find(session, str(saved.id)) is saved
    assert saved.rule_definition == rules.to_json(rules.parse(STORES))
    assert (saved.description, saved.created_by_id, saved.worker_count) == ("All of them", user.id, 0)


def test_adding_asks_for_a_sync_after_the_commit(database, organization):
    nudges = []
    database.sender = lambda *nudge: nudges.append(nudge)
    with database.organization_session(organization.id) as session:
        saved = segments.add(session, organization.id, "Stores", STORES)
        expected, before = [("sync_segment", str(saved.id))], list(nudges)
    assert (before, nudges) == ([], expected)
    database.sender = nudge.nobody


def test_a_name_is_given_once(session, organization):
    segments.add(session, organization.id, "Stores", STORES)
    other = segments.add(session, organization.id, "DC", None)
    with pytest.raises(Conflict, match='There is a segment "Stores" already'):
        segments.add(session, organization.id, "Stores", None)
    with pytest.raises(Conflict, match='There is a segment "Stores" already'):
        segments.change(session, other, name="Stores", rule_json=None)


@pytest.mark.parametrize("name", ["", "  ", "x" * 121, "a\nb"])
def test_a_name_is_a_line_of_letters(session, organization, name):
    with pytest.raises(BadInput, match="name: needs 1 to 120 letters"):
        segments.add(session, organization.id, name, None)


def test_a_segment_of_another_organization_is_not_there(database, organization):
    with database.service_session() as service:
        other = factories.organization(service)
        segment_id = factories.segment(service, other, name="Theirs").id
    with database.organization_session(organization.id) as session:
        for name in ("Theirs", str(segment_id)):
            with pytest.raises(NotFound, match=f'There is no segment "{name}"'):
                segments.find(session, name)
            with pytest.raises(BadInput, match=rf'rules\[0\].value: there is no segment "{name}"'):
                segments.add(session, organization.id, "Mine", asking("segment", "inSegment", name))
        assert segments.members(session, segment_id) == []


def test_a_rule_names_other_segments_by_id(session, organization):
    night = segments.add(session, organization.id, "Night", STORES)
    saved = segments.add(
        session, organization.id, "Not night", asking("segment", "notInSegment", ["Night", str(night.id)])
    )
    assert saved.rule_definition["rules"][0]["value"] == [str(night.id)]


def test_segments_never_ask_for_each_other_in_a_circle(session, organization):
    first = segments.add(session, organization.id, "First", STORES)
    second = segments.add(session, organization.id, "Second", asking("segment", "inSegment", "First"))
    for name in ("First", "Second"):
        with pytest.raises(BadInput, match="this segment would ask for itself"):
            segments.change(session, first, name="First", rule_json=asking("segment", "notInSegment", name))
    segments.change(session, second, name="2nd", rule_json=EVERYBODY)
    assert segments.change(session, first, name="First", rule_json=asking("segment", "inSegment", "2nd")) is first


def test_a_preview_counts_who_can_be_reached(stranger, session, organization):
    sms, slack = (
        factories.integration(session, organization),
        factories.integration(session, organization, type="slack"),
    )

    def worker(on, consent=None, state="verified", **columns):
        saved = factories.worker(session, organization, **columns)
        identity = factories.channel_identity(
            session, organization, integration_id=on.id, worker_id=saved.id, state=state
        )
        for said in consent or []:
            factories.consent_event(session, organization, channel=on.channel, address=identity.address, state=said)
        return identity

    worker(sms, ["revoked", "granted"], external_id="b")
    worker(sms, ["granted", "revoked"], external_id="a")
    worker(sms)
    worker(sms, ["granted"], state="blocked")
    worker(sms, ["granted"], is_active=False)
    worker(slack)
    worker(slack, ["granted", "revoked"])
    elsewhere = worker(slack)
    factories.consent_event(session, organization, channel="sms", address=elsewhere.address, state="revoked")

    found = looked(session, organization, EVERYBODY)
    assert (found.count, dict(found.reachable), found.external_ids) == (7, {"sms": 1, "slack": 2}, None)
    found = looked(session, organization, asking("worker.external_id", "in", "a,b"), ids=True)
    assert (found.count, dict(found.reachable), found.external_ids) == (2, {"sms": 1, "slack": 0}, ["a", "b"])
    with pytest.raises(BadInput, match='there is no segment "Nowhere"'):
        looked(session, organization, asking("segment", "notInSegment", "Nowhere"))


def test_ids_are_sorted_by_code_point(session, organization):
    for external_id in ("é", "b", "a", "B", "_"):
        factories.worker(session, organization, external_id=external_id)
    assert looked(session, organization, EVERYBODY, ids=True).external_ids == ["B", "_", "a", "b", "é"]


def test_days_are_those_of_the_organizations_zone(database, moment):
    with database.service_session() as session:
        kiritimati = factories.organization(session, settings={"locale": {"timezone": "Pacific/Kiritimati"}})
        factories.worker(session, kiritimati, employment={"hire_date": moment_of("2026-03-03")})
        rule = asking("employment.hire_date", "withinLast", {"amount": 0, "unit": "days"})
        moment.move_to(moment_of("2026-03-02T09:59"))
        assert looked(session, kiritimati, rule).count == 0
        moment.move_to(moment_of("2026-03-02T10:00"))
        assert looked(session, kiritimati, rule).count == 1


def moment_of(text):
    return datetime.fromisoformat(f"{text}+00:00" if "T" in text else f"{text}T00:00+00:00")


def test_why(database, organization):
    with database.organization_session(organization.id) as session:
        night = segments.add(session, organization.id, "Night", asking("tags", "hasAny", "night"))
        saved = segments.add(session, organization.id, "S", asking("segment", "inSegment", "Night"))
        by_hand = segments.add(session, organization.id, "Hand", None)
        factories.worker(session, organization, external_id="a", tags=["night"])
        out = factories.worker(session, organization, external_id="b")
        picked.pick(session, by_hand, [out.id], clock.now())
        ids = night.id, saved.id
    for each in ids:
        sync(database, organization.id, each)
    with database.reading(organization.id) as session:
        saved, by_hand = segments.find(session, "S"), segments.find(session, "Hand")

        def told(segment, external_id):
            said = segments.why(session, segment, external_id, clock.now())
            return said.member, said.reason, said.would_match_if

        assert told(saved, "a") == (True, 'in the segment "Night"', None)
        assert told(saved, "b") == (False, 'not so: in the segment "Night"', 'in the segment "Night"')
        assert told(by_hand, "b") == (True, "picked by hand", None)
        assert told(by_hand, "a") == (False, "not picked by hand", "somebody picks the worker by hand")
        with pytest.raises(NotFound, match='There is no worker "nobody"'):
            told(saved, "nobody")


def test_picking_by_hand(stranger, session, organization):
    segment = segments.add(session, organization.id, "Hand", None)
    ana, bo = (
        factories.worker(session, organization, external_id=name, first_name=name, last_name="X")
        for name in ("ana", "bo")
    )
    assert picked.pick(session, segment, [ana.id, bo.id, stranger], clock.now()) == 2
    assert picked.pick(session, segment, [ana.id], clock.now()) == 0
    assert segments.members(session, segment.id) == [
        ("ana", "ana X", "picked by hand", False),
        ("bo", "bo X", "picked by hand", False),
    ]
    assert picked.unpick(session, segment, [bo.id, uuid.UUID(int=1)], clock.now()) == 1
    session.refresh(segment)
    assert (segment.worker_count, len(segments.members(session, segment.id))) == (1, 1)
