"""Why somebody doesn't have it yet: in groups, by name, with when it goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot import clock
from bot.broadcast import progress
from bot.channels.channel import SendFailed
from bot.channels.sms_failures import by_code
from bot.delivery import claim, gate, timing
from bot.engagement import report, waiting
from models import Delivery, Integration, Worker
from tests import factories

NIGHT = datetime(2026, 3, 3, 4, 0, tzinfo=UTC)  # ten in the evening in Chicago
MORNING = datetime(2026, 3, 3, 14, 0, tzinfo=UTC)


@pytest.fixture
def sms(moment, house):
    return house.connect()


@pytest.fixture
def people(house, sms):
    return house.hire(sms, 3)


@pytest.fixture
def broadcast(house, people):
    made = house.place(house.write(), house.segment(people))
    house.launch(made)
    return made


def told(house, broadcast, **more):
    with house.database.reading(house.organization_id) as session:
        found = waiting.of(session, broadcast, **more)
        assert report.broadcast(session, broadcast)["waiting"] == found["waiting"]
    return found["waiting"], found["waiting_people"]


def group(reason, count, words, **more):
    common = {"error_code": None, "attempts": 0, "next_try": None, "last_try": None}
    return {"reason": reason, "count": count, "words": words, **common, **more}


def test_every_rule_of_ours_has_words():
    assert set(waiting.RULES) == set(gate.OURS)


def test_their_turn_has_not_come(house, broadcast, people):
    groups, named = told(house, broadcast)
    assert groups == [group("pace", 3, "their turn comes: this sender sends 5000 SMS parts a second")]
    assert {person["reason"] for person in named} == {"pace"}
    house.send_all(house.all(Integration)[0].id)
    assert told(house, broadcast) == ([], [])


def test_quiet_hours_end_at_each_persons_own_morning(house, sms, broadcast, people, moment):
    house.decide({"quiet_hours": {"start": "20:00", "end": "08:00"}})
    with house.session() as session:
        session.get(Worker, people[0].worker_id).time_zone = "America/New_York"
    moment.move_to(NIGHT)
    house.send_all(sms)
    groups, named = told(house, broadcast)
    ends = {"next_try": (MORNING - timedelta(hours=1)).isoformat(), "last_try": MORNING.isoformat()}
    assert groups == [group("quiet_hours", 3, "it is quiet hours where they are", **ends)]
    assert [person["next_try"] for person in named] == [ends["next_try"], ends["last_try"], ends["last_try"]]
    with house.session() as session:
        first = session.get(Worker, people[0].worker_id).external_id
    assert named[0] == {
        "external_id": first, "channel": "sms", "state": "queued", "reason": "quiet_hours", "error_code": None,
        "words": "it is quiet hours where they are", "attempts": 0, "next_try": ends["next_try"],
    }  # fmt: skip


def test_the_days_cap_of_a_person(house, sms, broadcast, people):
    house.decide({"caps": {"per_day": 1}})
    hour_ago = clock.now() - timedelta(hours=1)
    house.queue(people[0], state="delivered", submitted_at=hour_ago)
    house.send_all(sms)
    (only,), _ = told(house, broadcast)
    assert (only["reason"], only["count"]) == ("cap", 1)
    assert only["next_try"] == (hour_ago + timedelta(days=1)).isoformat()


def test_the_days_parts_of_a_sender_and_a_limit_that_is_raised(house, sms, broadcast, people, moment):
    house.decide({"pace": {"sms": {"segments_per_second": 100, "per_day": 1}}}, locale={"timezone": "America/Chicago"})
    house.send_all(sms)
    midnight = datetime(2026, 3, 3, 6, 0, tzinfo=UTC)
    (only,), _ = told(house, broadcast)
    ends = {"next_try": midnight.isoformat(), "last_try": midnight.isoformat()}
    assert only == group("sender_per_day", 2, "the sender's messages of the day are used up", **ends)
    held = [row for row in house.all(Delivery) if row.state == "queued"]
    assert {(row.reason, row.due_at) for row in held} == {("sender_per_day", midnight)}
    house.decide({"pace": {"sms": {"segments_per_second": 100, "per_day": 100}}})
    with house.session() as session:
        progress.pause(session, broadcast)
        progress.resume(session, broadcast)
    house.send_all(sms)
    assert told(house, broadcast) == ([], [])


def test_what_waits_for_tomorrow_is_put_off_a_page_at_a_time_and_replies_are_not(house, sms, broadcast, monkeypatch):
    monkeypatch.setattr(claim, "PAGE", 2)
    house.decide({"pace": {"sms": {"segments_per_second": 100, "per_day": 1}}})
    for who in house.hire(sms, 3):
        house.queue(who)
    (asking,) = house.hire(sms)
    assert len(house.claim(sms, limit=1).ids) == 1
    reply = house.queue(asking, source_kind="reply", priority=0)
    first = house.claim(sms)
    assert (first.ids, first.more) == ((reply,), True)
    assert (house.claim(sms).more, house.claim(sms).more) == (True, False)
    states = [(row.state, row.reason) for row in house.all(Delivery)]
    assert states.count(("queued", "sender_per_day")) == 5
    assert states.count(("claimed", None)) == 2


def test_a_paused_broadcast_waits_for_nothing_else(house, sms, broadcast):
    with house.session() as session:
        progress.pause(session, broadcast)
    before = told(house, broadcast)
    assert before[0] == [group("broadcast_paused", 3, "the broadcast is paused")]
    house.send_all(sms)  # put off, and now its row says so too
    assert told(house, broadcast)[0] == before[0]


def test_what_the_carrier_said_of_one_of_them(house, sms, broadcast):
    house.send_all(sms)
    row = house.all(Delivery)[0]
    house.report(row.id, "undelivered", failure=by_code(30003))
    again = (clock.now() + timedelta(hours=4)).isoformat()
    (only,), (person,) = told(house, broadcast)
    words = "The phone is switched off or out of reach."
    assert only == group("provider", 1, words, error_code="30003", attempts=1, next_try=again, last_try=again)
    assert (person["words"], person["error_code"], person["attempts"], person["next_try"]) == (words, "30003", 1, again)


def test_a_provider_that_asks_for_patience_holds_everybody(house, sms, broadcast, people, played):
    for who in people:
        played.answers[who.address] = [SendFailed("retry", "Too many.", retry_in=600.0, code="20429")]
    house.send(sms)
    (newcomer,) = house.hire(sms)
    with house.session() as session:
        factories.delivery(
            session, house.organization_id, identity_id=newcomer.id, source_id=broadcast, recipient="worker:new",
            content_version_id=None, body={"text": "x"},
        )  # fmt: skip
    until = (clock.now() + timedelta(seconds=600)).isoformat()
    tried, new = told(house, broadcast)[0]
    assert (tried["reason"], tried["count"], tried["attempts"], tried["error_code"]) == ("provider", 3, 1, "20429")
    words = "the provider takes nothing from us: Too many."
    assert new == group("provider_asks_to_wait", 1, words, next_try=until, last_try=until)


def test_a_connection_that_is_paused_says_why(house, sms, broadcast, people, played):
    played.answers[people[0].address] = [SendFailed("misconfigured", "Twilio does not accept the token.")]
    house.decide({"pace": {"sms": {"segments_per_second": 1}}})
    house.send(sms)
    groups, _ = told(house, broadcast)
    words = "the sms connection is paused: Twilio does not accept the token."
    assert [(each["reason"], each["words"], each["next_try"]) for each in groups] == [("sender_paused", words, None)]


def test_a_doubt_waits_for_the_search_and_not_once_it_is_flagged(house, sms, broadcast, people, played):
    played.answers[people[0].address] = [SendFailed("doubt", "No answer in time.", code="503")]
    house.send_all(sms)
    settles = (clock.now() + timing.used().settle).isoformat()
    (only,), (person,) = told(house, broadcast)
    words = "it may have arrived, and the provider is asked (No answer in time.)"
    assert only == group("in_doubt", 1, words, error_code="503", attempts=1, next_try=settles, last_try=settles)
    assert person["state"] == "in_doubt"
    house.set(house.all(Delivery, state="in_doubt")[0].id, settle_at=None, flagged="maybe_lost")
    assert told(house, broadcast) == ([], [])


def test_a_later_part_waits_for_the_one_before_it_and_is_nobody_else(house, broadcast):
    first = house.all(Delivery)[0]
    with house.session() as session:
        factories.delivery(
            session, house.organization_id, identity_id=first.identity_id, source_id=broadcast, part=1,
            recipient=first.recipient, due_at=None,
        )  # fmt: skip
    assert told(house, broadcast)[0][0]["count"] == 3


def test_the_groups_count_everybody_and_only_some_are_named(house, broadcast):
    groups, named = told(house, broadcast, most=2)
    assert (groups[0]["count"], len(named)) == (3, 2)
