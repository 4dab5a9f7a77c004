"""Callbacks come doubled, late, shuffled and before the POST's own answer: the state only moves forward."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from bot import clock
from bot.broadcast import progress
from bot.channels.channel import SendFailed
from bot.channels.sms_failures import by_code
from bot.delivery import receipts
from bot.prepared import Together
from models import ChannelIdentity, Delivery, DeliveryEvent, Prompt, SenderPace, SentMessage
from tests import factories

UNKNOWN = by_code(30008)
OFF = by_code(30003)


@pytest.fixture
def sms(house):
    return house.connect()


@pytest.fixture
def who(house, sms):
    return house.hire(sms)[0]


@pytest.fixture
def sent(house, sms, who):
    """A delivery that was accepted."""
    row = house.queue(who)
    house.send(sms)
    return row


@pytest.mark.parametrize("order", list(itertools.permutations(["queued", "sent", "delivered"])))
def test_any_order_ends_in_delivered(house, sent, order):
    for status in order:
        house.report(sent, status)
        house.report(sent, status)
    assert house.row(sent).state == "delivered"
    assert house.row(sent).finished_at is not None
    assert [event.status for event in house.all(DeliveryEvent)] == [s for status in order for s in (status, status)]


def test_a_failure_that_overtook_sent_is_not_forgotten(house, sent):
    house.report(sent, "failed", failure=by_code(30007))
    house.report(sent, "sent")
    assert (house.row(sent).state, house.row(sent).error_code) == ("failed", "30007")


def test_a_retry_is_not_forgotten_for_a_late_sent(house, sms, sent, moment):
    house.report(sent, "undelivered", failure=OFF)
    house.report(sent, "sent")
    row = house.row(sent)
    assert (row.state, row.due_at) == ("queued", clock.now() + timedelta(hours=4))
    moment.shift(4 * 3600)
    house.send(sms)
    assert (house.row(sent).state, house.row(sent).attempts) == ("submitted", 2)


def test_delivered_after_undelivered_is_right(house, sms, sent, moment):
    house.report(sent, "undelivered", failure=OFF)
    house.report(sent, "delivered")
    moment.shift(5 * 3600)
    assert house.send(sms) == 0
    assert house.row(sent).state == "delivered"


def test_a_phone_that_is_off_does_not_hold_the_whole_sender(house, sms, sent):
    house.report(sent, "undelivered", failure=OFF)
    other = house.queue(house.hire(sms)[0])
    house.send(sms)
    assert house.row(other).state == "submitted"


def test_a_daily_cap_of_the_carrier_does(house, sms, sent):
    house.report(sent, "undelivered", failure=by_code(30023))
    other = house.queue(house.hire(sms)[0])
    assert house.send(sms) == 0
    assert house.row(other).state == "queued"
    with house.session() as session:
        assert session.get(SenderPace, sms).resume_at > clock.now() + timedelta(hours=20)


def test_reported_failures_are_tried_again_a_few_times_only(house, sms, sent, moment):
    for attempt in range(1, 9):
        house.report(sent, "failed", failure=UNKNOWN, attempt=attempt)
        moment.shift(7200)
        house.send(sms)
    assert (house.row(sent).state, house.row(sent).attempts) == ("failed", 4)


def test_a_report_before_the_posts_own_answer(house, sms, who, played):
    row = house.queue(who)
    played.before = lambda out: house.report(out.delivery, "delivered")
    house.send(sms)
    assert (house.row(row).state, house.row(row).flagged) == ("delivered", None)
    assert house.all(SentMessage)[0].provider_id == house.row(row).provider_id


def test_a_report_of_failure_before_the_posts_own_answer(house, sms, who, played):
    row = house.queue(who)
    played.before = lambda out: house.report(out.delivery, "failed", failure=by_code(30007))
    house.send(sms)
    assert (house.row(row).state, house.row(row).flagged) == ("failed", None)


def test_a_new_attempt_begins_at_the_bottom(house, sms, sent, played, moment):
    house.report(sent, "undelivered", failure=OFF)
    moment.shift(4 * 3600)
    played.before = lambda out: house.report(out.delivery, "failed", failure=by_code(30007), attempt=out.attempt)
    house.send(sms)  # its failure is reported before the POST has its answer
    assert (house.row(sent).state, house.row(sent).error_code) == ("failed", "30007")


def test_a_report_settles_a_doubt_and_releases_the_next_part(house, sms, who, played):
    row = house.queue(who)
    following = house.queue(who, source_id=house.row(row).source_id, part=1, due_at=None)
    played.answers[who.address] = [SendFailed("doubt", "no answer in time")]
    house.send(sms)
    assert house.row(row).state == "in_doubt"
    house.report(row, "sent")
    assert (house.row(row).state, house.row(row).settle_at) == ("sent", None)
    house.send(sms)
    assert house.row(following).state == "submitted"


def test_an_arrival_after_a_failure_brings_the_question_back(house, sms, who):
    row = house.queue(who, house.write("quiz", questions=[factories.QUESTION]))
    house.send(sms)
    house.report(row, "failed", failure=by_code(30004))
    assert [prompt.state for prompt in house.all(Prompt)] == ["withdrawn"]
    house.report(row, "delivered")
    assert [prompt.state for prompt in house.all(Prompt)] == ["open"]


# earlier attempts


@pytest.fixture
def tried_again(house, sms, who, played):
    """Attempt 1 was believed lost, attempt 2 is out."""
    row = house.queue(who)
    played.answers[who.address] = [SendFailed("doubt", "no answer in time")]
    house.send(sms)
    house.set(row, state="queued", settle_at=None, due_at=clock.now())
    house.send(sms)
    assert house.row(row).attempts == 2
    return row


def test_a_report_of_an_earlier_attempt_flags_a_double(house, tried_again):
    house.report(tried_again, "delivered", attempt=1)
    row = house.row(tried_again)
    assert (row.state, row.flagged) == ("submitted", "possibly_twice")
    assert sorted(line.provider_id for line in house.all(SentMessage)) == [
        f"SM{tried_again:030d}01", f"SM{tried_again:030d}02",
    ]  # fmt: skip


def test_an_earlier_attempt_that_failed_is_no_double(house, sms, sent, moment):
    house.report(sent, "undelivered", failure=UNKNOWN)
    moment.shift(3600)
    house.send(sms)
    house.report(sent, "sent", attempt=1)  # late
    assert (house.row(sent).state, house.row(sent).flagged) == ("submitted", None)


@pytest.mark.parametrize(("state", "flagged"), [("queued", None), ("in_doubt", "possibly_twice")])
def test_an_earlier_attempt_that_arrived_spares_a_third(house, sms, tried_again, state, flagged):
    house.set(tried_again, state=state, provider_id=None, rank=0)
    house.report(tried_again, "delivered", attempt=1)
    assert (house.row(tried_again).state, house.row(tried_again).flagged) == ("delivered", flagged)


# numbers that nobody knows


def test_30005_twice_is_a_dead_number(house, sms, who, moment):
    lost = by_code(30005)
    first = house.queue(who)
    house.send(sms)
    for _ in range(2):  # doubled: still once
        house.report(first, "undelivered", failure=lost)
    assert house.row(first).state == "queued"
    assert house.all(ChannelIdentity)[0].state == "verified"
    moment.shift(4 * 3600)
    house.send(sms)
    house.report(first, "undelivered", failure=lost, attempt=2)
    assert (house.row(first).state, house.all(ChannelIdentity)[0].state) == ("failed", "dead")


def test_30005_before_something_was_delivered_does_not_count(house, sms, who):
    lost = by_code(30005)
    rows = [house.queue(who), house.queue(who), house.queue(who)]
    house.send_all(sms)
    house.report(rows[0], "undelivered", failure=lost)
    house.report(rows[1], "delivered")
    house.report(rows[2], "undelivered", failure=lost)
    assert house.all(ChannelIdentity)[0].state == "verified"


# what else comes


def test_one_provider_id_names_one_line(house, sms, sent):
    other = house.queue(house.hire(sms)[0])
    house.send(sms)
    house.set(other, state="sending")
    assert house.report(other, "sent", provider_id=house.row(sent).provider_id)
    assert sorted(line.provider_id for line in house.all(SentMessage)) == sorted(
        [f"SM{sent:030d}01", f"SM{other:030d}01"]
    )


def test_another_organizations_delivery_is_not_moved(house, sms, sent, database):
    with database.service_session() as session:
        stranger = factories.delivery(session, factories.organization(session), state="submitted").id
    assert not house.report(stranger, "delivered")
    with database.service_session() as session:
        assert session.get(Delivery, stranger).state == "submitted"
    assert house.all(DeliveryEvent) == []


def _answered(session, delivery_id):
    """The person answers it, and that is written with all that follows from it."""
    writes = Together(receipts.WRITES)
    writes.run(session.connection(), {"now": clock.now()}, receipts.arrival(delivery_id))


@pytest.mark.parametrize("state", ["sending", "in_doubt", "queued", "claimed", "failed"])
def test_an_answer_proves_arrival(house, sms, sent, state):
    house.set(sent, state=state)
    with house.session() as session:
        _answered(session, sent)
    assert (house.row(sent).state, house.row(sent).reason) == ("sent", "proved_by_answer")


@pytest.mark.parametrize(("flagged", "left"), [("maybe_lost", None), ("possibly_twice", "possibly_twice")])
@pytest.mark.parametrize("told", ["report", "answer"])
def test_an_arrival_takes_back_that_it_may_be_lost_and_not_that_it_may_be_there_twice(house, sent, flagged, left, told):
    """Sent again without a search, and this one arrived: whether the first one did too, nobody knows."""
    house.set(sent, state="in_doubt", flagged=flagged)
    if told == "report":
        house.report(sent, "delivered")
    else:
        with house.session() as session:
            _answered(session, sent)
    assert (house.row(sent).state, house.row(sent).flagged) == ({"report": "delivered", "answer": "sent"}[told], left)


def test_a_report_of_failure_opens_a_finished_broadcast_again(house, sms, who, moment):
    """Finished means that nothing is left to do; and what is left can be paused and cancelled."""
    broadcast = house.place(house.write(), house.segment([who]))
    house.launch(broadcast)
    house.send_all(sms)

    def finish():
        with house.database.service_session() as session:
            progress.finish(session, clock.now())
        return house.broadcast(broadcast).state

    assert finish() == "finished"
    (row,) = house.all(Delivery)
    house.report(row.id, "undelivered", failure=OFF)
    assert (house.broadcast(broadcast).state, house.broadcast(broadcast).finished_at) == ("running", None)
    assert finish() == "running"
    moment.shift(4 * 3600)
    house.send_all(sms)
    assert finish() == "finished"


def test_a_report_of_failure_does_not_wake_a_cancelled_broadcast(house, sms, who):
    broadcast = house.place(house.write(), house.segment([who]))
    house.launch(broadcast)
    house.send_all(sms)
    with house.session() as session:
        progress.cancel(session, broadcast)
    house.report(house.all(Delivery)[0].id, "undelivered", failure=OFF)
    assert house.broadcast(broadcast).state == "cancelled"


def test_an_answer_proves_nothing_of_what_was_never_sent(house, sms, who):
    row = house.queue(who)
    with house.session() as session:
        _answered(session, row)
    assert house.row(row).state == "queued"
