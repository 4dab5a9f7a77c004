"""Claiming: what may go is taken once, what may not is moved out of the way with its reason."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from bot import clock
from bot.broadcast import progress
from bot.channels.channel import Message
from bot.delivery import outbox, pace
from models import Delivery, SenderPace
from tests import factories


def test_the_most_urgent_goes_first_then_the_earliest(house):
    sms = house.connect()
    people = house.hire(sms, 3)
    now = clock.now()
    late = house.queue(people[0], due_at=now - timedelta(minutes=1))
    early = house.queue(people[1], due_at=now - timedelta(hours=1))
    reply = house.queue(people[2], source_kind="reply", priority=outbox.REPLY)
    assert house.claim(sms).ids == (reply, early, late)


def test_what_is_not_due_or_waits_for_another_part_stays(house):
    sms = house.connect()
    who, other = house.hire(sms, 2)
    house.queue(who, due_at=clock.now() + timedelta(minutes=1))
    house.queue(other, due_at=None, part=1)
    claimed = house.claim(sms)
    assert (claimed.ids, claimed.more) == ((), False)


def test_one_person_has_one_message_in_flight(house):
    sms = house.connect()
    (who,) = house.hire(sms)
    first, second = house.queue(who), house.queue(who)
    claimed = house.claim(sms)
    assert claimed.ids == (first,)
    assert claimed.more
    assert house.claim(sms).ids == ()
    house.set(first, state="sending")
    assert house.claim(sms).ids == ()
    house.set(first, state="submitted")
    assert house.claim(sms).ids == (second,)


@pytest.mark.parametrize(
    ("columns", "state", "reason"),
    [
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, "expired", "too_late"),
        ({"channel": "sms", "address": "+12025550177"}, "skipped", "no_consent"),
    ],
)
def test_what_may_never_go_ends_with_its_reason(house, columns, state, reason):
    sms = house.connect()
    (who,) = house.hire(sms)
    row = house.queue(who, **columns)
    later = house.queue(who, part=1, due_at=None, source_id=house.row(row).source_id)
    assert house.claim(sms).ids == ()
    assert (house.row(row).state, house.row(row).reason) == (state, reason)
    assert (house.row(later).state, house.row(later).reason) == ("cancelled", "earlier_part_failed")


def test_a_stop_holds_for_everyone_not_yet_claimed(house):
    sms = house.connect()
    who, other = house.hire(sms, 2)
    row, fine = house.queue(who), house.queue(other)
    with house.session() as session:
        factories.consent_event(session, house.organization_id, address=who.address, state="revoked")
    assert house.claim(sms).ids == (fine,)
    assert house.row(row).reason == "opted_out"


def test_refused_rows_do_not_hold_up_others_and_ask_for_another_look(house):
    sms = house.connect()
    stopped = house.hire(sms, 3, consent="revoked")
    (fine,) = house.hire(sms)
    for who in stopped:
        house.queue(who)
    row = house.queue(fine)
    first = house.claim(sms, limit=3)
    assert (first.ids, first.more) == ((), True)
    assert house.claim(sms, limit=3).ids == (row,)


def test_quiet_hours_put_off_until_morning_but_not_a_reply(house, moment):
    house.decide({"quiet_hours": {"start": "20:00", "end": "08:00"}})
    moment.move_to(datetime(2026, 3, 3, 4, 0, tzinfo=UTC))  # ten in the evening in Chicago
    sms = house.connect()
    who, other = house.hire(sms, 2)
    row = house.queue(who)
    reply = house.queue(other, source_kind="reply", priority=outbox.REPLY)
    assert house.claim(sms).ids == (reply,)
    assert house.row(row).due_at == datetime(2026, 3, 3, 14, 0, tzinfo=UTC)
    assert house.row(row).reason == "quiet_hours"


def test_caps_count_openings_that_went_out_and_nothing_else(house, moment):
    house.decide({"caps": {"per_day": 1}})
    sms = house.connect()
    (who,) = house.hire(sms)
    hour_ago = clock.now() - timedelta(hours=1)
    house.queue(who, source_kind="reply", state="delivered", submitted_at=hour_ago)
    house.queue(who, state="failed", submitted_at=hour_ago)
    own = house.queue(who, submitted_at=hour_ago)  # reported failed once, tried again: not its own hindrance
    assert house.claim(sms).ids == (own,)
    house.set(own, state="delivered")
    again = house.queue(who)
    assert house.claim(sms).ids == ()
    assert (house.row(again).reason, house.row(again).due_at) == ("cap", hour_ago + timedelta(days=1))


def test_an_opening_in_doubt_counts_for_the_cap(house):
    house.decide({"caps": {"per_day": 1}})
    sms = house.connect()
    (who,) = house.hire(sms)
    house.queue(who, state="in_doubt", settle_at=clock.now())
    house.queue(who)
    assert house.claim(sms).ids == ()


def test_pace_goes_into_debt_once_and_is_paid_before_more_goes(house, moment):
    house.decide({"pace": {"sms": {"segments_per_second": 1}}})
    sms = house.connect()
    ids = [house.queue(who, parts=3) for who in house.hire(sms, 3)]
    assert house.claim(sms).ids == (ids[0],)
    assert house.claim(sms).ids == ()
    moment.shift(2)
    assert house.claim(sms).ids == ()  # still in debt: 1 - 3 + 2 = 0
    moment.shift(1)
    assert house.claim(sms).ids == (ids[1],)


def test_a_burst_is_no_more_than_two_seconds_worth(house, moment):
    house.decide({"pace": {"sms": {"segments_per_second": 2}}})
    sms = house.connect()
    for who in house.hire(sms, 9):
        house.queue(who)
    house.claim(sms)
    moment.shift(3600)
    assert len(house.claim(sms).ids) == 4


def test_a_clock_that_runs_behind_pays_nothing_out_twice(house, moment):
    house.decide({"pace": {"sms": {"segments_per_second": 2}}})
    sms = house.connect()
    for who in house.hire(sms, 4):
        house.queue(who, due_at=clock.now() - timedelta(days=1))
    assert len(house.claim(sms, limit=1).ids) == 1
    moment.shift(-60)  # another machine
    assert len(house.claim(sms, limit=1).ids) == 1
    moment.shift(60)
    assert house.claim(sms).ids == ()


def test_the_days_parts_hold_back_bulk_until_tomorrow_and_never_a_reply(house, moment):
    house.decide({"pace": {"sms": {"segments_per_second": 100, "per_day": 3}}}, locale={"timezone": "America/Chicago"})
    sms = house.connect()
    bulk = [house.queue(who, parts=2) for who in house.hire(sms, 3)]
    assert house.claim(sms).ids == tuple(bulk[:2])  # the second one begins below the limit
    (asking,) = house.hire(sms)
    reply = house.queue(asking, source_kind="reply", priority=outbox.REPLY)
    moment.shift(60)
    assert house.claim(sms).ids == (reply,)
    assert house.row(bulk[2]).state == "queued"
    with house.session() as session:
        kept = session.get(SenderPace, sms)
        assert (kept.day.isoformat(), kept.day_parts) == ("2026-03-02", 5)
    moment.move_to(datetime(2026, 3, 3, 5, 59, tzinfo=UTC))  # a minute before midnight in Chicago
    assert house.claim(sms).ids == ()
    moment.shift(60)
    assert house.claim(sms).ids == (bulk[2],)


def test_what_rendering_adds_is_counted_for_the_day(house):
    house.decide({"pace": {"sms": {"segments_per_second": 100, "per_day": 100}}})
    sms = house.connect()
    (who,) = house.hire(sms)
    house.queue(who, body=outbox.pack(Message("x" * 400)))
    house.send(sms)
    with house.session() as session:
        assert session.get(SenderPace, sms).day_parts == 3


def test_a_sender_on_hold_claims_nothing_and_the_later_word_counts(house, moment):
    sms = house.connect()
    (who,) = house.hire(sms)
    house.claim(sms)
    with house.session() as session:
        pace.hold(session, sms, clock.now() + timedelta(seconds=60))
        pace.hold(session, sms, clock.now() + timedelta(seconds=5))
    row = house.queue(who)
    moment.shift(59)
    assert house.claim(sms).ids == ()
    moment.shift(2)
    assert house.claim(sms).ids == (row,)


def test_paused_broadcasts_are_put_away_and_come_back(house, moment):
    sms = house.connect()
    people = house.hire(sms, 3)
    paused = house.place(house.write(), house.segment(people[:2]))
    house.launch(paused)
    with house.session() as session:
        progress.pause(session, paused)
    other = house.queue(people[2], due_at=clock.now())
    assert house.claim(sms).ids == (other,)
    rows = house.all(Delivery, source_id=paused)
    assert {(row.state, row.reason) for row in rows} == {("queued", "broadcast_paused")}
    assert all(row.due_at >= clock.now() + timedelta(hours=12) for row in rows)  # no spinning
    assert not house.claim(sms).more
    with house.session() as session:
        progress.resume(session, paused)
    assert set(house.claim(sms).ids) == {row.id for row in rows}


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
def test_a_row_is_not_put_off_behind_the_back_of_a_resume(house):
    sms = house.connect()
    paused = house.place(house.write(), house.segment(house.hire(sms, 1)))
    house.launch(paused)
    with house.session() as session:
        progress.pause(session, paused)
    with house.session() as resuming:
        progress.resume(resuming, paused)
        assert house.claim(sms).ids == ()  # it still sees "paused", and must not act on it
    assert len(house.claim(sms).ids) == 1


def test_claimers_at_once_make_one_bucket_and_take_each_row_once(house, moment):
    house.decide({"pace": {"sms": {"segments_per_second": 10}}})
    sms = house.connect()
    for who in house.hire(sms, 40):
        house.queue(who)
    start, taken, errors = threading.Barrier(4), [], []

    def claiming():
        try:
            start.wait()
            taken.extend(house.claim(sms).ids)
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=claiming) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert errors == []
    assert len(taken) == len(set(taken))
    assert len(taken) == 10


def test_a_lease_that_ran_out_goes_back_to_the_queue(house):
    sms = house.connect()
    (who,) = house.hire(sms)
    row = house.queue(who)
    house.claim(sms)
    assert house.expire() == 0
    house.past_lease(row)
    assert house.expire() == 1
    assert (house.row(row).state, house.row(row).lease) == ("queued", None)
    assert house.claim(sms).ids == (row,)
