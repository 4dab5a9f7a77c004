"""What an interruption left open is found out, and only a complete search leads to another attempt."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import clock
from bot.channels.channel import Accepted, Message, SendFailed
from bot.delivery import begin, outbox, reconcile, retries, timing
from models import Delivery, Integration, Prompt, SentMessage
from tests import factories

DOUBT = SendFailed("doubt", "The provider did not answer in time.")


@pytest.fixture
def sms(house):
    return house.connect()


@pytest.fixture
def who(house, sms):
    return house.hire(sms)[0]


@pytest.fixture
def doubtful(house, sms, who, played, moment):
    """A delivery in doubt whose settle time has come."""
    row = house.queue(who)
    played.answers[who.address] = [DOUBT]
    house.send(sms)
    assert (house.row(row).state, house.row(row).settle_at) == ("in_doubt", clock.now() + timing.used().settle)
    assert reconcile.settle_doubts(house.dispatcher) == 0  # too early: the provider may still be writing it down
    assert played.searched == []
    moment.shift(timing.used().settle)
    return row


def test_found_is_sent_and_releases_the_next_part(house, sms, who, played, doubtful):
    following = house.queue(who, source_id=house.row(doubtful).source_id, part=1, due_at=None)
    played.found[doubtful] = Accepted("SMfound", "sent")
    assert reconcile.settle_doubts(house.dispatcher) == 1
    row = house.row(doubtful)
    assert (row.state, row.provider_id, row.flagged, row.attempts) == ("sent", "SMfound", None, 1)
    assert house.all(SentMessage)[0].provider_id == "SMfound"
    house.send(sms)
    assert house.row(following).state == "submitted"
    assert len(played.sent) == 2


def test_not_found_is_one_new_attempt(house, sms, played, doubtful):
    assert reconcile.settle_doubts(house.dispatcher) == 1
    assert (house.row(doubtful).state, house.row(doubtful).reason) == ("queued", "not_found_at_provider")
    assert ("dispatch", str(sms)) in house.nudges
    house.send(sms)
    assert (house.row(doubtful).state, house.row(doubtful).attempts) == ("submitted", 2)


def test_a_doubt_of_the_last_attempt_that_is_not_found_is_the_end(house, sms, who, doubtful):
    following = house.queue(who, source_id=house.row(doubtful).source_id, part=1, due_at=None)
    with house.session() as session:
        session.execute(sa.update(SentMessage).values(attempt=retries.MOST_ATTEMPTS))
    house.set(doubtful, attempts=retries.MOST_ATTEMPTS)
    reconcile.settle_doubts(house.dispatcher)
    assert house.states(doubtful, following) == ["failed", "cancelled"]


def test_a_search_that_fails_is_repeated_and_then_flagged(house, sms, who, played, doubtful, moment):
    following = house.queue(who, source_id=house.row(doubtful).source_id, part=1, due_at=None)
    played.found[doubtful] = SendFailed("retry", "away")
    for _ in range(3 * retries.MOST_ATTEMPTS):
        reconcile.settle_doubts(house.dispatcher)
        moment.shift(3600)
    row = house.row(doubtful)
    assert len(played.searched) == reconcile.MOST_SEARCHES
    assert (row.state, row.flagged, row.settle_at) == ("in_doubt", "maybe_lost", None)
    assert house.row(following).due_at is not None  # the rest of the message is in no doubt


@pytest.mark.parametrize(
    ("wish", "state", "flagged"), [("flag", "in_doubt", "maybe_lost"), ("resend", "queued", "possibly_twice")]
)
def test_where_no_search_is_possible_the_organization_decides(house, sms, played, doubtful, wish, state, flagged):
    house.decide({"in_doubt": wish})
    played.found[doubtful] = SendFailed("misconfigured", "no permission to read")
    reconcile.settle_doubts(house.dispatcher)
    assert (house.row(doubtful).state, house.row(doubtful).flagged) == (state, flagged)


def test_an_organization_that_wants_it_sent_again_does_not_want_it_a_dozen_times(
    house, sms, who, played, doubtful, moment
):
    house.decide({"in_doubt": "resend"})
    played.answers[who.address] = [DOUBT] * 20
    played.found[doubtful] = SendFailed("misconfigured", "no permission to read")
    for _ in range(20):
        reconcile.settle_doubts(house.dispatcher)
        house.send(sms)
        moment.shift(timing.used().settle)
    row = house.row(doubtful)
    assert (len(played.sent), row.state, row.flagged) == (reconcile.MOST_RESENT, "in_doubt", "maybe_lost")


def test_attempts_that_were_refused_are_no_copies(house, sms, who, played, moment):
    house.decide({"in_doubt": "resend"})
    refused = SendFailed("retry", "The provider can't be reached; nothing was sent.")
    played.answers[who.address] = [*[refused] * 5, DOUBT]
    row = house.queue(who)
    played.found[row] = SendFailed("misconfigured", "no permission to read")
    for _ in range(8):
        house.send(sms)
        reconcile.settle_doubts(house.dispatcher)
        moment.shift(3600)
    assert (house.row(row).state, house.row(row).flagged) == ("submitted", "possibly_twice")


def test_what_has_no_words_left_to_be_recognised_by_is_flagged_and_keeps_nobody_waiting(house, sms, played, doubtful):
    with house.session() as session:
        session.execute(sa.update(SentMessage).values(payload=None))
    assert reconcile.settle_doubts(house.dispatcher) == 1
    row = house.row(doubtful)
    assert (row.state, row.flagged, row.settle_at) == ("in_doubt", "maybe_lost", None)
    assert played.searched == []


def test_an_odd_answer_to_a_search_does_not_keep_the_others_from_theirs(house, sms, played, moment):
    people = house.hire(sms, 2)
    rows = [house.queue(who) for who in people]
    for who in people:
        played.answers[who.address] = [DOUBT]
    house.send_all(sms)
    moment.shift(timing.used().settle)
    played.found = {rows[0]: TypeError("a date that is none"), rows[1]: Accepted("SMfound", "sent")}
    assert reconcile.settle_doubts(house.dispatcher) == 2
    odd = house.row(rows[0])
    assert (odd.state, odd.search_count, house.row(rows[1]).state) == ("in_doubt", 1, "sent")


def test_a_search_goes_back_far_enough_for_a_provider_whose_clock_is_behind(house, played, doubtful):
    (attempt,) = house.all(SentMessage)
    reconcile.settle_doubts(house.dispatcher)
    assert attempt.at - played.since[doubtful] >= timedelta(minutes=1)


def test_what_is_found_may_be_what_is_just_on_its_way(house, sms, who, played, doubtful):
    """The same words to the same person, under an id that isn't written down yet: it settles no doubt."""
    other = house.queue(who)
    house.set(other, state="sending", lease_until=clock.now() + timedelta(minutes=1))
    played.found[doubtful] = Accepted("SMother", "sent")
    assert reconcile.settle_doubts(house.dispatcher) == 0
    assert house.row(doubtful).state == "in_doubt"
    house.set(other, state="submitted")
    assert reconcile.settle_doubts(house.dispatcher) == 1
    assert house.row(doubtful).state == "sent"


def test_a_report_during_the_search_is_not_overruled(house, sms, played, doubtful, monkeypatch):
    real = reconcile._search_all

    async def slow(*given):
        outcome = await real(*given)
        house.report(doubtful, "delivered")
        return outcome

    monkeypatch.setattr(reconcile, "_search_all", slow)
    assert reconcile.settle_doubts(house.dispatcher) == 0
    assert house.row(doubtful).state == "delivered"


def test_a_search_concludes_nothing_about_a_newer_attempt(house, sms, played, doubtful, monkeypatch):
    real = reconcile._search_all

    async def slow(*given):
        outcome = await real(*given)
        house.set(doubtful, attempts=2)  # another clock was quicker, and its new attempt is in doubt too
        return outcome

    monkeypatch.setattr(reconcile, "_search_all", slow)
    assert reconcile.settle_doubts(house.dispatcher) == 0
    assert house.row(doubtful).state == "in_doubt"


def test_two_doubts_are_not_settled_by_one_message(house, sms, who, played, moment):
    rows = []
    for _ in range(2):
        rows.append(house.queue(who))
        played.answers[who.address] = [DOUBT]
        house.send(sms)
    moment.shift(timing.used().settle)
    for row in rows:
        played.found[row] = Accepted("SMone", "sent")
    reconcile.settle_doubts(house.dispatcher)
    assert sorted(house.states(*rows)) == ["in_doubt", "sent"]
    played.found.clear()
    reconcile.settle_doubts(house.dispatcher)
    assert sorted(house.states(*rows)) == ["queued", "sent"]


def test_a_sender_that_cannot_be_opened_does_not_keep_others_from_it(house, sms, played, doubtful, moment):
    broken = house.connect(**{"from": "+15550100002"})
    (other,) = house.hire(broken)
    row = house.queue(other, state="in_doubt", settle_at=clock.now() - timedelta(hours=1))
    with house.session() as session:
        session.execute(sa.update(Integration).where(Integration.id == broken).values(config={"sealed": "nonsense"}))
    played.found[doubtful] = Accepted("SMfound", "sent")
    assert reconcile.settle_doubts(house.dispatcher) == 1
    assert house.row(doubtful).state == "sent"
    assert house.row(row).settle_at == clock.now() + reconcile.POSTPONED


def begun(house, integration_id):
    claimed = house.claim(integration_id)
    with house.session() as session:
        begin.begin(session, house.dispatcher.line(integration_id).sender, claimed.lease, claimed.ids, clock.now())


def test_a_process_that_died_in_the_post_leaves_a_doubt(house, sms, who, played):
    row = house.queue(who, house.write("quiz", questions=[factories.QUESTION]))
    begun(house, sms)
    assert house.expire() == 0
    house.past_lease(row)
    assert house.expire() == 1
    found = house.row(row)
    assert (found.state, found.reason, found.lease) == ("in_doubt", "interrupted", None)
    assert found.settle_at is not None
    assert house.all(Prompt)[0].state == "open"  # it may be in front of somebody


def test_an_interrupted_edit_is_made_again_and_never_in_doubt(house, played):
    slack = house.connect("slack")
    (who,) = house.hire(slack)
    row = house.queue(who, verb="update", source_kind="reply", body=outbox.pack(Message("Done."), "D1:1.2"))
    begun(house, slack)
    house.past_lease(row)
    house.expire()
    assert house.row(row).state == "queued"
    played.answers[who.address] = [DOUBT]
    house.send(slack)
    assert house.row(row).state == "queued"


def test_the_sweep_finds_what_a_lost_nudge_left_and_only_that(house, sms, who):
    def due():
        with house.database.reading(None) as session:
            return list(reconcile.due_integrations(session, clock.now()))

    assert due() == []
    row = house.queue(who, due_at=clock.now() + timedelta(hours=1))
    assert due() == []
    house.set(row, due_at=clock.now())
    assert due() == [sms]
    with house.session() as session:
        session.get(Integration, sms).status = "paused"
    assert due() == []
    with house.session() as session:  # `integration test` says that it is well again: no nudge, yet it is found
        session.get(Integration, sms).status = "connected"
    assert due() == [sms]
    assert house.all(Delivery)[0].state == "queued"
