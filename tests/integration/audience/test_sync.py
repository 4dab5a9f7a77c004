"""A sync makes the members equal to the rule, tells who joined and left, and when it fails it has done nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import clock
from bot.audience import picked, segments
from bot.audience.sync import REFUSED, SUPERSEDED, stale, sync, sync_all
from bot.errors import NotFound
from models import MembershipEvent, Segment, SegmentMembership, SegmentSyncJob, Worker
from tests import factories


def tagged(*tags, operator="hasAny"):
    return {"combinator": "and", "rules": [{"field": "tags", "operator": operator, "value": list(tags)}]}


def asks_segment(name, operator="inSegment"):
    return {"combinator": "and", "rules": [{"field": "segment", "operator": operator, "value": name}]}


@pytest.fixture
def segment_id(database, organization):
    """A segment of the night shift, with ana and bo in that shift and cy not; another organization has one too."""
    with database.service_session() as session:
        factories.worker(session, factories.organization(session), tags=["night"])
    with database.organization_session(organization.id) as session:
        for name, tags in (("ana", ["night"]), ("bo", ["night"]), ("cy", [])):
            factories.worker(session, organization, external_id=name, first_name=name, last_name="X", tags=tags)
        return segments.add(session, organization.id, "Night", tagged("night")).id


def set_worker(database, organization, external_id, **columns):
    with database.organization_session(organization.id) as session:
        session.execute(sa.update(Worker).where(Worker.external_id == external_id).values(**columns))


def set_rule(database, organization, segment_id, document):
    with database.organization_session(organization.id) as session:
        session.execute(sa.update(Segment).where(Segment.id == segment_id).values(rule_definition=document))


def listed(database, organization, segment_id):
    with database.reading(organization.id) as session:
        return [tuple(each) for each in segments.members(session, segment_id)]


def names(database, organization, segment_id):
    return [each[0] for each in listed(database, organization, segment_id)]


def events(database, organization):
    with database.reading(organization.id) as session:
        asked = sa.select(Worker.external_id, MembershipEvent.change, MembershipEvent.reason).join(
            Worker, Worker.id == MembershipEvent.worker_id
        )
        return [tuple(row) for row in session.execute(asked.order_by(MembershipEvent.id.desc(), Worker.external_id))]


def segment_row(database, organization, segment_id):
    with database.reading(organization.id) as session:
        return session.execute(
            sa.select(Segment.worker_count, Segment.last_sync_at, Segment.updated_at).where(Segment.id == segment_id)
        ).one()


def test_members_follow_the_rule(database, organization, segment_id, moment):
    changed_at = segment_row(database, organization, segment_id).updated_at
    moment.shift(timedelta(minutes=1))
    job = sync(database, organization.id, segment_id)
    assert (job.processed_count, job.match_count, job.error_message, job.started_at, job.completed_at) == (
        3,
        2,
        None,
        clock.now(),
        clock.now(),
    )
    assert listed(database, organization, segment_id) == [
        ("ana", "ana X", 'tags include "night"', True),
        ("bo", "bo X", 'tags include "night"', True),
    ]
    assert segment_row(database, organization, segment_id) == (2, clock.now(), changed_at)

    set_worker(database, organization, "ana", tags=["day"])
    set_worker(database, organization, "bo", is_active=False)
    set_worker(database, organization, "cy", tags=["day", "night"])
    job = sync(database, organization.id, segment_id)
    assert (job.processed_count, job.match_count) == (3, 1)
    assert names(database, organization, segment_id) == ["cy"]
    assert sorted(events(database, organization)) == [
        ("ana", "joined", 'tags include "night"'), ("ana", "left", 'no longer: tags include "night"'),
        ("bo", "joined", 'tags include "night"'), ("bo", "left", 'no longer: tags include "night"'),
        ("cy", "joined", 'tags include "night"'),
    ]  # fmt: skip


def test_an_unchanged_segment_stays_as_it_is(database, organization, segment_id):
    sync(database, organization.id, segment_id)
    before = listed(database, organization, segment_id), events(database, organization)
    sync(database, organization.id, segment_id)
    assert (listed(database, organization, segment_id), events(database, organization)) == before


def test_who_comes_back_joins_again(database, organization, segment_id, moment):
    for tags in (["night"], [], ["night"]):
        set_worker(database, organization, "ana", tags=tags)
        sync(database, organization.id, segment_id)
    assert [change for name, change, _ in events(database, organization) if name == "ana"] == [
        "joined",
        "left",
        "joined",
    ]


def test_a_changed_rule_changes_members_and_their_reason(database, organization, segment_id):
    sync(database, organization.id, segment_id)
    set_worker(database, organization, "bo", tags=["night", "lead"])
    set_rule(database, organization, segment_id, tagged("lead", "night", operator="hasAll"))
    sync(database, organization.id, segment_id)
    assert listed(database, organization, segment_id) == [("bo", "bo X", 'tags include all of "lead", "night"', True)]


def test_who_is_picked_by_hand_stays(database, organization, segment_id):
    with database.organization_session(organization.id) as session:
        segment = segments.find(session, "Night")
        workers = session.scalars(sa.select(Worker.id).where(Worker.external_id.in_(["ana", "cy"]))).all()
        picked.pick(session, segment, workers, clock.now())
    job = sync(database, organization.id, segment_id)
    assert (job.match_count, names(database, organization, segment_id)) == (1, ["ana", "bo", "cy"])
    set_rule(database, organization, segment_id, None)
    job = sync(database, organization.id, segment_id)
    assert (job.match_count, names(database, organization, segment_id)) == (0, ["ana", "cy"])
    assert segment_row(database, organization, segment_id).worker_count == 2


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (tagged("night", operator="has"), 'rules[0].operator: "has" is not an operator; did you mean "hasAny"?'),
        (asks_segment("Gone", "notInSegment"), 'rules[0].value: there is no segment "Gone"'),
        ("nonsense", "rule: must be a group, an object with a combinator and a list of rules"),
    ],
)
def test_a_run_that_fails_changes_nothing(database, organization, segment_id, document, words):
    sync(database, organization.id, segment_id)
    before = (
        listed(database, organization, segment_id),
        events(database, organization),
        segment_row(database, organization, segment_id),
    )
    set_rule(database, organization, segment_id, document)
    set_worker(database, organization, "ana", tags=[])
    job = sync(database, organization.id, segment_id)
    assert (job.error_message, job.processed_count, job.match_count) == (words, 0, 0)
    assert job.completed_at is not None
    after = (
        listed(database, organization, segment_id),
        events(database, organization),
        segment_row(database, organization, segment_id),
    )
    assert after[:2] == before[:2]
    assert after[2][:2] == before[2][:2]


def test_a_run_that_breaks_in_the_middle_changes_nothing(database, organization, segment_id, monkeypatch):
    sync(database, organization.id, segment_id)
    before = listed(database, organization, segment_id), events(database, organization)
    set_worker(database, organization, "ana", tags=[])
    set_worker(database, organization, "cy", tags=["night"])

    def broken(*_):
        raise sa.exc.OperationalError("UPDATE segments", {}, Exception("disk full"))

    monkeypatch.setattr("bot.audience.sync.count_members", broken)  # everything before it has been executed by then
    job = sync(database, organization.id, segment_id)
    assert job.error_message == REFUSED
    assert (listed(database, organization, segment_id), events(database, organization)) == before


def test_a_job_of_a_killed_process_is_closed_by_the_next_run(database, organization, segment_id):
    with database.organization_session(organization.id) as session:
        killed = factories.segment_sync_job(session, organization, segment_id=segment_id, started_at=clock.now()).id
        elsewhere = factories.segment_sync_job(session, organization, started_at=clock.now()).id
    sync(database, organization.id, segment_id)
    with database.reading(organization.id) as session:
        assert session.get_one(SegmentSyncJob, killed).error_message == SUPERSEDED
        assert session.get_one(SegmentSyncJob, killed).completed_at is not None
        assert session.get_one(SegmentSyncJob, elsewhere).completed_at is None


def test_there_is_no_sync_across_organizations(database, organization, segment_id):
    with database.service_session() as session:
        other = factories.organization(session).id
    with pytest.raises(NotFound):
        sync(database, other, segment_id)


def test_segments_that_others_ask_for_come_first(database, organization, segment_id):
    with database.organization_session(organization.id) as session:
        last = factories.segment(session, organization, name="Last")
        middle = segments.add(session, organization.id, "Middle", asks_segment("Night", "notInSegment"))
        segments.change(session, last, name="Last", rule_json=asks_segment("Middle"))
        factories.segment(session, organization, name="By hand")
        order = [segment_id, middle.id, last.id]
    assert [each.segment_id for each in sync_all(database, organization.id)] == order
    assert names(database, organization, order[2]) == ["cy"]


def test_a_run_leaves_other_segments_alone(database, organization, segment_id):
    with database.organization_session(organization.id) as session:
        other = segments.add(session, organization.id, "Other", tagged("night")).id
    sync(database, organization.id, other)
    set_rule(database, organization, segment_id, tagged("nobody"))
    sync(database, organization.id, segment_id)
    assert (names(database, organization, segment_id), names(database, organization, other)) == ([], ["ana", "bo"])


def test_stale_segments_are_those_not_tried_lately(database, organization, segment_id, moment):
    with database.organization_session(organization.id) as session:
        broken = factories.segment(session, organization, rule_definition=tagged("x", operator="has")).id
        factories.segment(session, organization)

    def found(before):
        with database.service_session() as session:
            return {each for _, each in stale(session, before)}

    assert found(clock.now()) == {segment_id, broken}
    sync(database, organization.id, segment_id)
    assert sync(database, organization.id, broken).error_message
    assert found(clock.now()) == set()
    moment.shift(timedelta(minutes=5))
    assert found(clock.now()) == {segment_id, broken}


def test_memberships_belong_to_the_organization(database, organization, segment_id):
    sync(database, organization.id, segment_id)
    with database.service_session() as session:
        for table in (SegmentMembership, MembershipEvent):
            assert set(session.scalars(sa.select(table.organization_id))) == {organization.id}
