"""Begin, POST, note: what is written before the provider is called, and what its answer makes of it."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot import clock
from bot.broadcast import launch, progress
from bot.channels.channel import Accepted, Message, SendFailed
from bot.delivery import begin, outbox, parts, reconcile, rendering, results, timing
from bot.delivery.compose import Composed
from bot.delivery.timing import Timing
from models import ChannelIdentity, ConsentEvent, Delivery, Integration, Prompt, SentMessage
from tests import factories
from tests.integration.sending import until

QUIZ = {"questions": [factories.QUESTION]}
RETRY = SendFailed("retry", "The provider can't be reached; nothing was sent.")


def begun(house, integration_id):
    """Claim and begin without a POST: the process dies in between. Returns the lease."""
    claimed = house.claim(integration_id)
    line = house.dispatcher.line(integration_id)
    with house.session() as session:
        begin.begin(session, line.sender, claimed.lease, claimed.ids, clock.now())
    return claimed.lease


def test_an_accepted_message_is_submitted_and_its_words_are_kept(house, played):
    sms = house.connect()
    (who,) = house.hire(sms)
    row = house.queue(who)
    assert house.send(sms) == 1
    found, (line,) = house.row(row), house.all(SentMessage)
    assert (found.state, found.provider_id, found.attempts, found.parts) == ("submitted", played_id(row), 1, 1)
    assert found.lease is None
    assert found.submitted_at is not None
    assert (line.body, line.provider_id, line.outcome) == ("Mop up spills at once.", played_id(row), "accepted")
    assert ("dispatch", str(sms)) in house.nudges


def played_id(row, attempt=1):
    return f"SM{row:030d}{attempt:02d}"


def test_the_row_is_sending_and_the_transcript_written_while_the_provider_has_the_call(house, played):
    sms = house.connect()
    (who,) = house.hire(sms)
    row = house.queue(who, house.write("quiz", **QUIZ))
    seen = []
    played.before = lambda out: seen.append((house.row(row).state, len(house.all(SentMessage)), len(house.all(Prompt))))
    house.send(sms)
    assert seen == [("sending", 1, 1)]  # committed: another connection sees it


@pytest.mark.parametrize(
    ("change", "state", "reason"),
    [("stop", "skipped", "opted_out"), ("pause", "queued", "broadcast_paused"), ("cancel", "cancelled", "broadcast_cancelled"),
     ("expire", "expired", "too_late"), ("leave", "skipped", "inactive")],
)  # fmt: skip
def test_whatever_stops_it_between_claim_and_begin_holds(house, played, change, state, reason):
    sms = house.connect()
    (who,) = house.hire(sms)
    broadcast = house.place(house.write(), house.segment([who]))
    house.launch(broadcast)
    claimed = house.claim(sms)
    with house.session() as session:
        match change:
            case "stop":
                factories.consent_event(session, house.organization_id, address=who.address, state="revoked")
            case "pause":
                progress.pause(session, broadcast)
            case "cancel":
                progress.cancel(session, broadcast)
            case "expire":
                session.execute(sa.update(Delivery).values(expires_at=clock.now()))
            case "leave":
                session.get(factories.m.Worker, who.worker_id).is_active = False
    assert house.dispatcher._batch(house.dispatcher.line(sms), claimed.lease, claimed.ids)
    row = house.row(claimed.ids[0])
    assert (row.state, row.reason, row.attempts, row.lease) == (state, reason, 0, None)
    assert played.sent == []
    assert house.all(SentMessage) == []


def test_a_lost_lease_begins_nothing(house, played):
    sms = house.connect()
    (who,) = house.hire(sms)
    row = house.queue(who)
    claimed = house.claim(sms)
    house.past_lease(row)
    assert house.dispatcher._batch(house.dispatcher.line(sms), claimed.lease, claimed.ids)
    assert (played.sent, house.row(row).state) == ([], "claimed")


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
def test_nothing_begins_after_a_stop_has_committed(house):
    """A STOP on its way holds the person's identity; a begin that came second waits for it and sees it."""
    sms = house.connect()
    (who,) = house.hire(sms)
    row = house.queue(who)
    claimed, line, outbound = house.claim(sms), house.dispatcher.line(sms), []

    def beginning():
        with house.session() as session:
            outbound.extend(begin.begin(session, line.sender, claimed.lease, claimed.ids, clock.now()))

    thread = threading.Thread(target=beginning)
    with house.session() as stopping:
        stopping.scalars(sa.select(ChannelIdentity).where(ChannelIdentity.id == who.id).with_for_update()).one()
        factories.consent_event(stopping, house.organization_id, address=who.address, state="revoked")
        thread.start()
        until(lambda: _scalar(house, WAITING))
    thread.join(10)
    assert (outbound, house.row(row).reason) == ([], "opted_out")


WAITING = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype IN ('tuple', 'transactionid')")


@pytest.fixture
def launched(house):
    """A broadcast to one person, claimed: its sender and the claim."""
    sms = house.connect()
    broadcast = house.place(house.write(), house.segment(house.hire(sms)))
    house.launch(broadcast)
    return broadcast, house.dispatcher.line(sms).sender, house.claim(sms)


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
@pytest.mark.parametrize(
    ("steer", "state"), [(progress.pause, "queued"), (progress.cancel, "cancelled")], ids=["pause", "cancel"]
)
def test_nothing_begins_after_a_broadcast_was_steered(house, launched, steer, state):
    """Whoever pauses or cancels holds the broadcast; a begin that came second waits for it and sees it."""
    broadcast, sender, claimed = launched
    outbound = []

    def beginning():
        with house.session() as session:
            outbound.extend(begin.begin(session, sender, claimed.lease, claimed.ids, clock.now()))

    thread = threading.Thread(target=beginning)
    with house.session() as steering:
        steer(steering, broadcast)
        thread.start()
        until(lambda: _scalar(house, WAITING) or not thread.is_alive())
    thread.join(10)
    assert (outbound, house.states(*claimed.ids)) == ([], [state])


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
@pytest.mark.parametrize("steer", [progress.pause, progress.cancel])
def test_steering_returns_when_what_has_begun_says_so(house, launched, steer):
    """A begin that came first is waited for: when cancel returns, whatever still goes out is `sending`."""
    broadcast, sender, claimed = launched
    seen = []

    def steering():
        with house.session() as session:
            steer(session, broadcast)
        seen.append(house.states(*claimed.ids))

    thread = threading.Thread(target=steering)
    with house.session() as session:
        assert begin.begin(session, sender, claimed.lease, claimed.ids, clock.now())
        thread.start()
        until(lambda: _scalar(house, WAITING) or not thread.is_alive())
        assert seen == []
    thread.join(10)
    assert seen == [["sending"]]


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
def test_a_launch_that_writes_rows_does_not_keep_the_others_from_beginning(house, launched):
    broadcast, sender, claimed = launched
    outbound = []

    def beginning():
        with house.session() as session:
            outbound.extend(begin.begin(session, sender, claimed.lease, claimed.ids, clock.now()))

    thread = threading.Thread(target=beginning)
    with house.session() as launching:
        assert launch._locked(launching, broadcast)
        thread.start()
        thread.join(10)
        assert len(outbound) == 1
    thread.join(10)


def _scalar(house, statement):
    with house.database.engine.connect() as connection:
        return connection.scalar(statement)


def test_a_process_that_stood_still_does_not_send(house, played, monkeypatch):
    sms = house.connect()
    (who,) = house.hire(sms)
    row = house.queue(who, house.write("quiz", **QUIZ))
    monkeypatch.setattr(timing, "_used", Timing(fresh=timedelta(seconds=-1)))
    house.send(sms)
    assert (played.sent, house.row(row).state) == ([], "queued")
    assert house.all(SentMessage)[0].outcome == "not_tried"
    assert [prompt.state for prompt in house.all(Prompt)] == ["withdrawn"]


@pytest.mark.parametrize(
    ("failure", "meanwhile"),
    [
        (RETRY, "withdrawn"),
        (SendFailed("misconfigured", "Gone."), "withdrawn"),
        (SendFailed("doubt", "No answer."), "open"),  # it may be in front of them
    ],
)
def test_a_question_that_certainly_was_not_sent_takes_no_answers_until_it_is(house, played, moment, failure, meanwhile):
    """A "2" that is meant for something else would grade it, and prove that it had arrived: it would never be sent."""
    sms = house.connect()
    (who,) = house.hire(sms)
    row = house.queue(who, house.write("quiz", **QUIZ))
    played.answers[who.address] = [failure]
    house.send(sms)
    assert [prompt.state for prompt in house.all(Prompt)] == [meanwhile]
    with house.session() as session:
        session.get(Integration, sms).status = "connected"
    moment.shift(3600)
    reconcile.settle_doubts(house.dispatcher)
    house.send(sms)
    assert house.row(row).state == "submitted"
    assert [prompt.state for prompt in house.all(Prompt)] == ["open"]


def test_what_can_not_be_written_ends_alone_and_does_not_come_back_for_ever(house, played, monkeypatch):
    sms = house.connect()
    rows = [house.queue(who) for who in house.hire(sms, 5)]
    bad, real = rows[3], begin.Batch.add

    def add(self, row, *rest):
        if row.id == bad:
            raise ValueError("no database stores this")
        real(self, row, *rest)

    monkeypatch.setattr(begin.Batch, "add", add)
    house.send(sms)
    assert house.states(*rows) == ["submitted", "submitted", "submitted", "failed", "submitted"]
    assert (house.row(bad).reason, house.row(bad).attempts) == ("cannot be sent: ValueError", 0)
    assert {out.delivery for out in played.sent} == set(rows) - {bad}
    assert len(played.sent) == len(house.all(SentMessage)) == 4


def test_a_database_that_is_away_is_nobodys_fault(house, played, monkeypatch):
    sms = house.connect()
    row = house.queue(house.hire(sms)[0])

    def away(*_):
        raise sa.exc.OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(begin, "begin", away)
    with pytest.raises(sa.exc.OperationalError):
        house.send(sms)
    assert house.row(row).state == "claimed"


def test_a_retry_shows_the_same_question_and_its_time_begins_anew(house, played, moment):
    sms = house.connect()
    (who,) = house.hire(sms)
    choices = [{"id": str(n), "text": f"Choice {n}"} for n in range(6)]
    question = {**factories.QUESTION, "choices": choices, "grading": {"correct_answers": ["1"]}, "time_limit": 60}
    version = house.write("quiz", questions=[question])
    row = house.queue(who, version)
    played.answers[who.address] = [SendFailed("doubt", "No answer.")]
    house.send(sms)
    (first,) = house.all(Prompt)
    moment.shift(3600)
    reconcile.settle_doubts(house.dispatcher)
    assert house.row(row).state == "queued"
    house.send(sms)
    (second,) = house.all(Prompt)
    assert house.row(row).state == "submitted"
    assert played.sent[0].message == played.sent[1].message
    assert (second.id, second.token, second.first_label, second.option_order) == (
        first.id, first.token, first.first_label, first.option_order,
    )  # fmt: skip
    assert second.expires_at == clock.now() + timedelta(seconds=60)
    assert [line.attempt for line in house.all(SentMessage)] == [1, 2]


def test_two_questions_of_one_person_never_share_labels(house):
    sms = house.connect()
    (who,) = house.hire(sms)
    version = house.write("quiz", **QUIZ)
    house.queue(who, version)
    house.queue(who, version)
    house.send_all(sms)
    labels = [set(range(p.first_label, p.first_label + p.labels)) for p in house.all(Prompt)]
    assert len(labels) == 2
    assert not labels[0] & labels[1]


def two_parts(house, who, monkeypatch):
    """A quiz that is said in two messages, the question in the second; and a way to look at its rows."""
    real, version = rendering.compose, house.write("quiz", title="In two parts", **QUIZ)

    def compose(document, *given, **named):
        whole = real(document, *given, **named)
        if document.title != "In two parts":
            return whole
        return Composed((Message("A picture."), *whole.messages), whole.opening)

    monkeypatch.setattr(rendering, "compose", compose)
    first = house.queue(who, version)
    return first, lambda: [row for row in house.all(Delivery) if row.source_id == house.row(first).source_id]


def test_parts_go_one_after_the_other_and_nothing_comes_between(house, played, monkeypatch):
    sms = house.connect()
    (who,) = house.hire(sms)
    first, rows = two_parts(house, who, monkeypatch)
    between = house.queue(who)
    house.send(sms)
    assert [(row.part, row.state, row.due_at is None) for row in rows()] == [
        (0, "submitted", False),
        (1, "queued", False),
    ]
    assert house.all(Prompt) == []  # nobody has seen the question
    house.send_all(sms)
    assert [out.delivery for out in played.sent] == [first, rows()[1].id, between]
    (prompt,) = house.all(Prompt)
    assert prompt.delivery_id == rows()[1].id


def test_a_question_in_a_later_part_keeps_its_labels(house, played, monkeypatch):
    sms = house.connect()
    (who,) = house.hire(sms)
    __, rows = two_parts(house, who, monkeypatch)
    house.send(sms)
    reply = house.queue(who, house.write("quiz", **QUIZ), source_kind="reply", priority=outbox.REPLY)
    house.send_all(sms)
    prompts = {prompt.delivery_id: prompt for prompt in house.all(Prompt)}
    late, early = prompts[rows()[1].id], prompts[reply]
    assert played.sent[1].delivery == reply
    assert not set(range(late.first_label, late.first_label + 2)) & set(range(early.first_label, early.first_label + 2))


def test_when_a_part_fails_for_good_the_rest_is_dropped_and_comes_back_with_a_retry(house, played, monkeypatch):
    sms = house.connect()
    (who,) = house.hire(sms)
    broadcast = house.place(house.write(), house.segment([]))
    house.launch(broadcast)
    first, rows = two_parts(house, who, monkeypatch)
    house.set(first, source_id=broadcast)
    played.answers[who.address] = [SendFailed("rejected", "No route.")]
    house.send(sms)
    assert [(row.state, row.reason) for row in rows()] == [
        ("failed", "No route."),
        ("cancelled", "earlier_part_failed"),
    ]
    with house.session() as session:
        assert progress.retry(session, broadcast) == 1
    house.send_all(sms)
    assert [row.state for row in rows()] == ["submitted", "submitted"]
    assert len(house.all(Prompt)) == 1


def test_what_cannot_be_rendered_ends_alone(house, played):
    sms = house.connect()
    broken, fine = house.hire(sms, 2)
    row, other = house.queue(broken, body={"nonsense": True}), house.queue(fine)
    house.send(sms)
    assert (house.row(row).state, house.row(row).reason) == ("failed", "cannot be rendered: KeyError")
    assert house.row(other).state == "submitted"


MANY = [{"id": str(n), "text": f"{n} " + "слово " * 12} for n in range(90)]
LONG = {**factories.QUESTION, "id": "q2", "choices": MANY, "grading": {"correct_answers": ["1"]}}


@pytest.mark.parametrize("kind", ["twilio", "slack"])
def test_what_the_provider_would_refuse_ends_with_the_reason_and_is_not_sent(house, played, kind):
    sender = house.connect(kind)
    who, fine = house.hire(sender, 2)
    if kind == "slack":  # more options than its blocks can hold
        row = house.queue(who, house.write("quiz", questions=[{**LONG, "id": "q1"}]))
    else:  # a part of a message, which isn't cut once more
        row = house.queue(who, part=1, body=outbox.pack(Message("x" * 1700)))
    other = house.queue(fine, house.write("quiz", **QUIZ))
    house.send_all(sender)
    found = house.row(row)
    assert (found.state, found.attempts) == ("failed", 0)
    assert "shorten or split it" in found.reason
    assert [out.delivery for out in played.sent] == [other]
    assert [prompt.delivery_id for prompt in house.all(Prompt)] == [other]


def test_a_reply_that_is_too_long_goes_in_pieces(house, played):
    sms = house.connect()
    (who,) = house.hire(sms)
    house.queue(who, source_kind="reply", priority=outbox.REPLY, body=outbox.pack(Message("word " * 500)))
    house.send_all(sms)
    assert ["word" in out.message.text for out in played.sent] == [True, True]
    assert " ".join(out.message.text for out in played.sent) == ("word " * 500).strip()


def test_a_grade_and_a_question_that_are_too_long_together_are_two_messages(house, played):
    sms = house.connect()
    (who,) = house.hire(sms)
    second = {**factories.QUESTION, "id": "q2", "prompt": "x" * 900}
    version = house.write("quiz", questions=[factories.QUESTION, second])
    grade = ("That's right! " * 60).strip()
    house.queue(who, version, source_kind="reply", priority=outbox.REPLY, asks={"position": 1, "intro": grade})
    house.send_all(sms)
    first, asked = (out.message.text for out in played.sent)
    assert first == grade
    assert asked.startswith("(2/2) xxx")
    assert "That's" not in asked
    (prompt,) = house.all(Prompt)
    assert (prompt.delivery_id, prompt.position) == (played.sent[1].delivery, 1)


def test_a_later_question_that_is_too_long_over_sms_goes_in_pieces(house, played):
    """Refused when it is written; but labels grow where others are taken, and then all of it has to arrive."""
    sms = house.connect()
    (who,) = house.hire(sms)
    version = house.write("quiz", questions=[factories.QUESTION, LONG])
    house.queue(who, version, source_kind="reply", priority=outbox.REPLY, asks={"position": 1})
    house.send_all(sms)
    assert len(played.sent) == 5
    assert all(f") {choice['text'].strip()}" in "\n".join(out.message.text for out in played.sent) for choice in MANY)
    (prompt,) = house.all(Prompt)
    assert (prompt.delivery_id, prompt.labels) == (played.sent[-1].delivery, 90)


def test_a_template_without_a_value_is_skipped_with_the_reason(house):
    sms = house.connect()
    (who,) = house.hire(sms, first_name="Ana")
    variables = [{"name": "site", "type": "string", "source": "custom.site", "example": "Pier 4"}]
    row = house.queue(who, house.write("template", template_text="At {{ site }}.", variables=variables))
    house.send(sms)
    assert house.row(row).state == "skipped"
    assert "site" in house.row(row).reason


def test_a_failure_for_good_withdraws_the_question(house, played):
    sms = house.connect()
    (who,) = house.hire(sms)
    house.queue(who, house.write("quiz", **QUIZ))
    played.answers[who.address] = [SendFailed("rejected", "No route.")]
    house.send(sms)
    assert [prompt.state for prompt in house.all(Prompt)] == ["withdrawn"]


def test_the_provider_is_told_when_the_night_begins(house, played, moment):
    house.decide({"quiet_hours": {"start": "20:00", "end": "08:00"}})
    moment.move_to(datetime(2026, 3, 3, 1, 0, tzinfo=UTC))  # seven in the evening in Chicago
    sms = house.connect()
    who, other = house.hire(sms, 2)
    house.queue(who)
    house.queue(other, source_kind="reply", priority=outbox.REPLY)
    house.send(sms)
    assert {out.address: out.valid_for for out in played.sent} == {who.address: 3600, other.address: None}


# failures


def test_a_dead_number_is_remembered(house, played):
    sms = house.connect()
    (who,) = house.hire(sms)
    first = house.queue(who)
    second = house.queue(who)
    played.answers[who.address] = [SendFailed("address_dead", "This is a landline.", code="21635")]
    house.send_all(sms)
    assert [(house.row(row).state, house.row(row).reason) for row in (first, second)] == [
        ("failed", "This is a landline."), ("skipped", "address_dead"),
    ]  # fmt: skip
    assert house.row(first).error_code == "21635"


def test_opted_out_at_the_provider_is_a_no_for_good(house, played):
    sms = house.connect()
    (who,) = house.hire(sms)
    house.queue(who)
    second = house.queue(who)
    played.answers[who.address] = [SendFailed("opted_out", "This number has opted out.", code="21610")]
    house.send_all(sms)
    newest = house.all(ConsentEvent)[-1]
    assert (newest.state, newest.source, newest.address) == ("revoked", "provider", who.address)
    assert house.row(second).reason == "opted_out"


def test_a_wish_to_wait_holds_the_sender_and_gives_the_rest_back(house, played, moment, monkeypatch):
    monkeypatch.setattr(begin, "MOST", 2)
    sms = house.connect()
    people = house.hire(sms, 5)
    ids = [house.queue(who) for who in people]
    played.answers[people[0].address] = [SendFailed("retry", "Too many.", retry_in=30.0, code="20429")]
    house.send(sms)
    assert house.states(*ids) == ["queued", "submitted", "queued", "queued", "queued"]
    assert house.send(sms) == 0
    moment.shift(29)
    assert house.send(sms) == 0
    moment.shift(30)
    house.send_all(sms)
    assert house.states(*ids) == ["submitted"] * 5


def test_a_provider_that_is_away_does_not_use_up_everybodys_attempts(house, played, moment):
    sms = house.connect()
    people = house.hire(sms, 3)
    ids = [house.queue(who) for who in people]
    for who in people:
        played.answers[who.address] = [RETRY] * 3
    house.send(sms)
    (newcomer,) = house.hire(sms)
    ids.append(house.queue(newcomer))
    assert house.send(sms) == 0  # the sender waits, not only these three
    assert [house.row(row).attempts for row in ids] == [1, 1, 1, 0]
    for _ in range(200):
        moment.shift(1)
        house.send(sms)
    assert house.states(*ids) == ["submitted"] * 4


def test_a_misconfigured_sender_pauses_and_resumes_with_everything(house, played):
    sms = house.connect()
    people = house.hire(sms, 2)
    ids = [house.queue(who) for who in people]
    for who in people:
        played.answers[who.address] = [SendFailed("misconfigured", "Twilio does not accept the token.", code="20003")]
    house.send_all(sms)
    (integration,) = house.all(Integration)
    assert (integration.status, integration.status_reason) == ("paused", "Twilio does not accept the token.")
    assert house.states(*ids) == ["queued", "queued"]
    assert house.send(sms) == 0
    with house.session() as session:  # what `integration test` does
        session.get(Integration, sms).status = "connected"
    house.send_all(sms)
    assert house.states(*ids) == ["submitted", "submitted"]


def test_a_late_misconfiguration_does_not_bring_a_revoked_sender_back(house, played):
    sms = house.connect()
    (who,) = house.hire(sms)
    house.queue(who)

    def revoked(_out):
        with house.session() as session:
            session.get(Integration, sms).status = "revoked"

    played.before = revoked
    played.answers[who.address] = [SendFailed("misconfigured", "Gone.")]
    house.send(sms)
    assert house.all(Integration)[0].status == "revoked"


def test_an_unforeseen_error_is_a_doubt_and_never_a_loss(house, played):
    sms = house.connect()
    (who,) = house.hire(sms)
    row = house.queue(who)
    played.answers[who.address] = [RuntimeError("what?")]
    house.send(sms)
    assert (house.row(row).state, house.row(row).reason) == ("in_doubt", "unforeseen: RuntimeError")
    assert house.row(row).settle_at is not None


# results of lost leases


def note(house, sms, lease, row, outcome, attempt=1):
    with house.session() as session:
        results.note(session, sms, lease, [results.Result(row, attempt, outcome)], clock.now())


@pytest.mark.parametrize("meanwhile", ["in_doubt", "queued", "claimed", "failed"])
def test_a_result_that_comes_late_settles_the_doubt(house, meanwhile):
    sms = house.connect()
    (who,) = house.hire(sms)
    row = house.queue(who)
    lease = begun(house, sms)
    house.set(row, state=meanwhile, lease=None)
    note(house, sms, lease, row, Accepted("SMlate"))
    found = house.row(row)
    assert (found.state, found.provider_id, found.flagged, found.settle_at) == ("submitted", "SMlate", None, None)


def test_a_late_result_of_what_was_given_up_brings_its_question_and_its_rest_back(house, played, monkeypatch):
    sms = house.connect()
    (who,) = house.hire(sms)
    first, rows = two_parts(house, who, monkeypatch)
    lease = begun(house, sms)
    with house.session() as session:  # searched at its last attempt, and not found
        session.execute(sa.update(Delivery).where(Delivery.id == first).values(state="failed", lease=None))
        parts.drop_later(session, [first], clock.now())
    note(house, sms, lease, first, Accepted("SMlate"))
    house.send_all(sms)
    assert [row.state for row in rows()] == ["submitted", "submitted"]


def test_a_late_result_of_what_ended_otherwise_opens_the_question_it_asks(house):
    sms = house.connect()
    (who,) = house.hire(sms)
    row = house.queue(who, house.write("quiz", **QUIZ))
    lease = begun(house, sms)
    with house.session() as session:  # in doubt, not found, queued again, and then too late
        session.execute(sa.update(Delivery).where(Delivery.id == row).values(state="expired", lease=None))
        parts.withdraw_questions(session, [row])
    note(house, sms, lease, row, Accepted("SMlate"))
    assert house.row(row).state == "submitted"
    assert [prompt.state for prompt in house.all(Prompt)] == ["open"]


@pytest.mark.parametrize(("flagged", "left"), [("maybe_lost", None), ("possibly_twice", "possibly_twice")])
def test_a_result_takes_back_that_it_may_be_lost_and_not_that_it_may_be_there_twice(house, flagged, left):
    sms = house.connect()
    (who,) = house.hire(sms)
    row = house.queue(who)
    lease = begun(house, sms)
    house.set(row, flagged=flagged)
    note(house, sms, lease, row, Accepted("SMtold"))
    assert (house.row(row).state, house.row(row).flagged) == ("submitted", left)


def test_a_result_that_comes_after_another_attempt_is_flagged(house):
    sms = house.connect()
    (who,) = house.hire(sms)
    row = house.queue(who)
    lease = begun(house, sms)
    house.set(row, state="queued", lease=None)
    house.send(sms)
    note(house, sms, lease, row, Accepted("SMfirst"))
    found = house.row(row)
    assert (found.state, found.provider_id, found.flagged) == ("submitted", played_id(row, 2), "possibly_twice")
    assert [line.provider_id for line in house.all(SentMessage)] == ["SMfirst", played_id(row, 2)]


def test_a_doubt_that_comes_late_is_searched_for_once_more(house):
    sms = house.connect()
    (who,) = house.hire(sms)
    row = house.queue(who)
    lease = begun(house, sms)
    house.set(row, state="queued", lease=None, reason="not_found_at_provider")
    note(house, sms, lease, row, SendFailed("doubt", "no answer"))
    found = house.row(row)
    assert (found.state, found.flagged) == ("in_doubt", None)
    assert found.settle_at is not None


def test_a_doubt_that_comes_after_another_attempt_is_flagged(house):
    sms = house.connect()
    (who,) = house.hire(sms)
    row = house.queue(who)
    lease = begun(house, sms)
    house.set(row, state="queued", lease=None)
    house.send(sms)
    note(house, sms, lease, row, SendFailed("doubt", "no answer"))
    found = house.row(row)
    assert (found.state, found.provider_id, found.flagged) == ("submitted", played_id(row, 2), "possibly_twice")


def test_noting_twice_changes_nothing(house):
    sms = house.connect()
    (who,) = house.hire(sms)
    row = house.queue(who)
    lease = begun(house, sms)
    for _ in range(2):
        note(house, sms, lease, row, Accepted("SMonce"))
    assert (house.row(row).state, house.row(row).flagged) == ("submitted", None)


def test_a_deadlock_while_noting_is_tried_again(house, played, monkeypatch):
    sms = house.connect()
    (who,) = house.hire(sms)
    row = house.queue(who)
    real, calls = results.note, []

    def flaky(*given):
        calls.append(1)
        if len(calls) == 1:
            raise sa.exc.OperationalError("UPDATE", {}, Exception("deadlock detected"))
        return real(*given)

    monkeypatch.setattr(results, "note", flaky)
    house.send(sms)
    assert (len(calls), house.row(row).state) == (2, "submitted")


def test_an_edit_does_not_take_the_message_id_of_what_it_edits(house, played):
    slack = house.connect("slack")
    (who,) = house.hire(slack)
    sent = house.queue(who)
    played.answers[who.address] = [Accepted("D1:1.2", "sent"), Accepted("D1:1.2", "sent")]
    house.send(slack)
    edit = house.queue(who, verb="update", source_kind="reply", body=outbox.pack(Message("Done."), "D1:1.2"))
    house.send(slack)
    assert house.states(sent, edit) == ["sent", "sent"]
    assert [line.provider_id for line in house.all(SentMessage)] == ["D1:1.2", None]
    assert played.sent[-1].target == "D1:1.2"


def test_a_batch_is_at_most_64_and_everything_leaves(house, played, monkeypatch):
    sms = house.connect()
    for who in house.hire(sms, 70):
        house.queue(who)
    real, batches = begin.begin, []
    monkeypatch.setattr(begin, "begin", lambda *given: batches.append(real(*given)) or batches[-1])
    assert house.send(sms) == 70
    assert len({out.delivery for out in played.sent}) == 70
    assert max(len(batch) for batch in batches) == begin.MOST


def test_a_process_that_is_to_end_finishes_what_it_began_and_gives_the_rest_back(house, played):
    sms = house.connect()
    people = house.hire(sms, begin.MOST + 6)
    rows = [house.queue(who) for who in people]
    played.before = lambda _out: house.dispatcher.ending.set()
    house.nudges.clear()
    house.send(sms)
    assert Counter(house.states(*rows)) == {"submitted": begin.MOST, "queued": 6}
    assert ("dispatch", str(sms)) in house.nudges, "another process takes them up at once"
    assert {row.lease for row in house.all(Delivery, state="queued")} == {None}
