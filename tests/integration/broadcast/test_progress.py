"""Pause, resume, cancel, retry, and when it is over."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import clock
from bot.broadcast import progress
from bot.channels.channel import SendFailed
from bot.delivery import reconcile, retries, timing
from models import Delivery, SentMessage
from tests import factories


@pytest.fixture
def sms(house):
    return house.connect()


@pytest.fixture
def broadcast(house, sms):
    """Three people, launched, nothing sent."""
    made = house.place(house.write(), house.segment(house.hire(sms, 3)))
    house.launch(made)
    return made


def rows(house, broadcast):
    return house.all(Delivery, source_id=broadcast)


def steer(house, act, broadcast):
    with house.session() as session:
        return act(session, broadcast)


def finish(house):
    with house.database.service_session() as session:
        return list(progress.finish(session, clock.now()))


def test_it_is_finished_when_nothing_is_left_to_do(house, sms, broadcast):
    assert finish(house) == []
    house.send_all(sms)
    assert finish(house) == [broadcast]
    assert house.broadcast(broadcast).state == "finished"
    assert house.broadcast(broadcast).finished_at is not None
    assert finish(house) == []


@pytest.mark.parametrize("state", ["queued", "claimed", "sending"])
def test_one_open_row_keeps_it_running(house, sms, broadcast, state):
    house.send_all(sms)
    house.set(rows(house, broadcast)[0].id, state=state)
    assert finish(house) == []


def test_a_doubt_keeps_it_running_until_it_is_flagged_for_a_human(house, sms, broadcast):
    house.send_all(sms)
    row = rows(house, broadcast)[0].id
    house.set(row, state="in_doubt", settle_at=clock.now(), flagged="possibly_twice")  # flagged by an earlier attempt
    assert finish(house) == []
    house.set(row, settle_at=None, flagged="maybe_lost")
    assert finish(house) == [broadcast]


def test_an_empty_one_is_finished_at_once(house):
    made = house.place(house.write(), house.segment([]))
    house.launch(made)
    assert finish(house) == [made]


def test_somebody_who_stops_between_the_parts_does_not_keep_it_running(house, sms, broadcast):
    first = rows(house, broadcast)[0]
    with house.session() as session:
        for part in (1, 2):
            factories.delivery(
                session, house.organization_id, identity_id=first.identity_id, source_id=broadcast, part=part,
                recipient=first.recipient, due_at=None, content_version_id=None, body={"text": f"Part {part}"},
            )  # fmt: skip
    house.send(sms)
    with house.session() as session:
        factories.consent_event(session, house.organization_id, address=first.address, state="revoked")
    house.send_all(sms)
    assert [(row.state, row.reason) for row in rows(house, broadcast) if row.part > 0] == [
        ("skipped", "opted_out"), ("cancelled", "earlier_part_failed"),
    ]  # fmt: skip
    assert finish(house) == [broadcast]


def test_pause_and_resume(house, sms, broadcast, played):
    steer(house, progress.pause, broadcast)
    assert house.send(sms) == 0
    assert (played.sent, finish(house)) == ([], [])
    house.nudges.clear()
    steer(house, progress.resume, broadcast)
    assert ("dispatch", str(sms)) in house.nudges
    house.send_all(sms)
    assert len(played.sent) == 3


def test_one_that_was_paused_before_it_began_goes_when_it_is_resumed(house, sms, moment):
    made = house.place(house.write(), house.segment(house.hire(sms)), send_at=clock.now() + timedelta(hours=1))
    steer(house, progress.pause, made)
    moment.shift(timedelta(hours=9))
    house.launch(made)
    assert house.broadcast(made).state == "paused"
    steer(house, progress.resume, made)
    house.launch(made)
    assert (house.broadcast(made).state, len(rows(house, made))) == ("running", 1)


def test_cancel_ends_what_has_not_begun(house, sms, broadcast, played):
    done = rows(house, broadcast)[0].id
    house.set(done, state="delivered")
    steer(house, progress.cancel, broadcast)
    assert house.send(sms) == 0
    assert sorted((row.state, row.reason) for row in rows(house, broadcast)) == [
        ("cancelled", "broadcast_cancelled"), ("cancelled", "broadcast_cancelled"), ("delivered", None),
    ]  # fmt: skip
    assert played.sent == []


def test_retry_sends_what_failed_and_never_what_may_have_arrived(house, sms, broadcast, played):
    first, second, third = rows(house, broadcast)
    played.answers[first.address] = [SendFailed("rejected", "No route.")]
    house.send_all(sms)
    house.set(second.id, state="failed", flagged="possibly_twice")
    finish(house)
    assert steer(house, progress.retry, broadcast) == 1
    assert house.broadcast(broadcast).state == "running"
    house.send_all(sms)
    assert house.states(first.id, second.id, third.id) == ["submitted", "failed", "submitted"]
    assert finish(house) == [broadcast]
    assert steer(house, progress.retry, broadcast) == 0
    assert house.broadcast(broadcast).state == "finished"


def test_a_retry_by_hand_has_all_its_attempts_again(moment, house, sms, broadcast, played):
    first = rows(house, broadcast)[0]
    away = SendFailed("retry", "The provider can't be reached; nothing was sent.")
    played.answers[first.address] = [away] * 2 * retries.MOST_ATTEMPTS

    def tried():
        for _ in range(2 * retries.MOST_ATTEMPTS):
            moment.shift(2 * retries.LONGEST_WAIT)
            house.send_all(sms)
        return house.row(first.id).state, house.row(first.id).attempts

    assert tried() == ("failed", retries.MOST_ATTEMPTS)
    assert steer(house, progress.retry, broadcast) == 1
    assert tried() == ("failed", 2 * retries.MOST_ATTEMPTS)
    assert steer(house, progress.retry, broadcast) == 1
    house.send_all(sms)
    assert house.states(first.id) == ["submitted"]
    lines = house.all(SentMessage, delivery_id=first.id)
    assert sorted(line.attempt for line in lines) == list(range(1, 2 * retries.MOST_ATTEMPTS + 2))


def test_a_doubt_after_a_retry_by_hand_is_tried_again_too(moment, house, sms, broadcast, played):
    first = rows(house, broadcast)[0]
    house.send_all(sms)
    house.set(first.id, state="failed")
    with house.session() as session:
        session.execute(
            sa.update(SentMessage).where(SentMessage.delivery_id == first.id).values(attempt=retries.MOST_ATTEMPTS)
        )
    house.set(first.id, attempts=retries.MOST_ATTEMPTS)
    steer(house, progress.retry, broadcast)
    played.answers[first.address] = [SendFailed("doubt", "The provider did not answer in time.")]
    house.send_all(sms)
    moment.shift(timing.used().settle)
    reconcile.settle_doubts(house.dispatcher)  # looked for, and not there
    assert (house.row(first.id).state, house.row(first.id).reason) == ("queued", "not_found_at_provider")


@pytest.mark.parametrize(
    ("state", "act"),
    [
        ("finished", progress.pause),
        ("running", progress.resume),
        ("finished", progress.cancel),
        ("cancelled", progress.retry),
    ],
)
def test_what_makes_no_sense_now_is_refused(house, broadcast, state, act):
    with house.session() as session:
        progress.find(session, broadcast).state = state
    with pytest.raises(progress.WrongMoment):
        steer(house, act, broadcast)
    assert house.broadcast(broadcast).state == state


def test_counts_are_of_people_and_not_of_parts(house, sms, broadcast):
    first = rows(house, broadcast)[0]
    with house.session() as session:
        factories.delivery(
            session, house.organization_id, identity_id=first.identity_id, source_id=broadcast, part=1,
            recipient=first.recipient, due_at=None,
        )  # fmt: skip
        assert progress.counts(session, broadcast) == {"queued": 3}
