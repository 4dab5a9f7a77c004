"""The first text that opens a conversation says whose it is and how to stop it; nothing else does."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.broadcast import draft, plan
from bot.channels.channel import Message, SendFailed
from bot.delivery import outbox
from models import ContentVersion, Delivery, Organization, WorkerContact
from tests import factories

OPEN = {"consent": {"introduce_first_sms": True}}
SAID = "Mop up spills at once."
WHOLE = f"Harbor: {SAID}\nReply STOP to end."


@pytest.fixture
def introducing(house):
    """An organization called Harbor that introduces itself, as a new one does."""
    with house.session() as session:
        session.get(Organization, house.organization_id).name = "Harbor"
    house.decide({}, **OPEN)
    return house


@pytest.fixture
def sms(introducing):
    return introducing.connect()


def texts(played):
    return [out.message.text for out in played.sent]


def test_the_first_opening_is_introduced_and_no_other(introducing, sms, played):
    (who,) = introducing.hire(sms)
    for _ in range(2):
        introducing.queue(who)
    introducing.send_all(sms)
    assert texts(played) == [WHOLE, SAID]
    assert introducing.all(Delivery)[0].parts == 1


@pytest.mark.parametrize("columns", [{"source_kind": "reply"}, {"source_kind": "notice"}, {"part": 1}])
def test_what_opens_no_conversation_is_not_and_counts_for_none(introducing, sms, played, columns):
    (who,) = introducing.hire(sms)
    introducing.queue(who, **columns)
    introducing.send_all(sms)
    introducing.queue(who)
    introducing.send_all(sms)
    assert texts(played) == [SAID, WHOLE]


def test_slack_says_itself_who_speaks(introducing, played):
    slack = introducing.connect("slack")
    introducing.queue(introducing.hire(slack)[0])
    introducing.send_all(slack)
    assert texts(played) == [SAID]


def test_an_organization_may_do_without(introducing, sms, played):
    introducing.decide({}, consent={"introduce_first_sms": False})
    introducing.queue(introducing.hire(sms)[0])
    introducing.send_all(sms)
    assert texts(played) == [SAID]


def test_it_is_in_their_language_and_under_the_legal_name(introducing, sms, played):
    introducing.decide({}, consent={"introduce_first_sms": True, "legal_name": "Harbor Foods, Inc."})
    (who,) = introducing.hire(sms)
    with introducing.session() as session:
        session.execute(sa.delete(WorkerContact).where(WorkerContact.worker_id == who.worker_id))
        factories.worker_contact(session, introducing.organization_id, worker_id=who.worker_id, preferred_language="es")
    introducing.queue(who)
    introducing.send_all(sms)
    assert texts(played) == [f"Harbor Foods, Inc.: {SAID}\nResponde STOP para terminar."]


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("HARBOR: come in. Text STOP to opt out.", "HARBOR: come in. Text STOP to opt out."),
        ("Harbor: come in.", "Harbor: come in.\nReply STOP to end."),
        ("Come in, non-stop.", "Harbor: Come in, non-stop.\nReply STOP to end."),
        ("Come in. STOP ends it.", "Harbor: Come in. STOP ends it."),
    ],
)
def test_what_a_text_says_itself_is_not_said_twice(introducing, sms, played, own, said):
    introducing.queue(introducing.hire(sms)[0], body=outbox.pack(Message(own)))
    introducing.send_all(sms)
    assert texts(played) == [said]


def test_an_attempt_that_did_not_get_there_has_introduced_nobody(introducing, sms, played, moment):
    (who,) = introducing.hire(sms)
    played.answers[who.address] = [SendFailed("retry", "Not now."), SendFailed("rejected", "No route.")]
    introducing.queue(who)
    introducing.send_all(sms)
    moment.shift(3600)
    introducing.send_all(sms)
    introducing.queue(who)
    introducing.send_all(sms)
    assert texts(played) == [WHOLE, WHOLE, WHOLE]


def test_whoever_gets_the_number_is_told_anew(introducing, sms, played):
    (who,) = introducing.hire(sms)
    introducing.queue(who)
    introducing.send_all(sms)
    with introducing.session() as session:
        other = factories.worker(session, introducing.organization_id).id
    introducing.queue(who, worker_id=other)
    introducing.send_all(sms)
    assert texts(played) == [WHOLE, WHOLE]


def test_what_would_be_too_long_with_it_comes_after_it(introducing, sms, played):
    (who,) = introducing.hire(sms)
    long = "x" * 1590
    introducing.queue(who, body=outbox.pack(Message(long)))
    introducing.send_all(sms)
    assert texts(played) == ["Harbor: Reply STOP to end.", long]


def test_a_question_is_introduced_and_answered_as_usual(introducing, sms, played):
    (who,) = introducing.hire(sms)
    introducing.queue(who, introducing.write("quiz", questions=[factories.QUESTION], title="Slips"))
    introducing.send_all(sms)
    (said,) = texts(played)
    assert said.startswith("Harbor: Slips\n")
    assert said.endswith("\nReply STOP to end.")


def test_the_plan_counts_what_then_goes_out(introducing, sms):
    """Each in their language, and the introduction of those who get it."""
    people = introducing.hire(sms, 4)
    introducing.queue(people[0])
    introducing.send_all(sms)  # one of them knows us
    with introducing.session() as session:
        for who in people[1:3]:
            session.execute(sa.delete(WorkerContact).where(WorkerContact.worker_id == who.worker_id))
            factories.worker_contact(
                session, introducing.organization_id, worker_id=who.worker_id, preferred_language="es"
            )
    # one part in English, two with the introduction; two parts in Spanish, three with it
    version = introducing.write("text", text={"en": "x" * 150, "es": "ñ" * 300})
    segment = introducing.segment(people)
    with introducing.database.reading(introducing.organization_id) as session:
        content_id = session.get(ContentVersion, version).content_id
    order = draft.Order(content_id, [segment])
    said = plan.preview(introducing.database, introducing.organization_id, order)
    broadcast = introducing.place(version, segment)
    introducing.launch(broadcast)
    introducing.send_all(sms)
    sent = [row.parts for row in introducing.all(Delivery, source_id=broadcast)]
    assert sorted(sent) == [1, 2, 3, 3]
    assert said["parts"] == sum(sent)
