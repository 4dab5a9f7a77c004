"""What goes wrong with a delivery is one line of the log: which one and why, never whose."""

from __future__ import annotations

import json
import logging

import pytest

from bot.channels.channel import SendFailed
from bot.channels.sms_failures import by_code
from bot.delivery import begin, reconcile, retries, timing
from bot.log import Lines
from models import SentMessage


@pytest.fixture
def lines(caplog):
    """The log's lines about deliveries, as an operator reads them."""
    caplog.set_level(logging.INFO, logger="bot.delivery")

    def read():
        written = [json.loads(Lines().format(record)) for record in caplog.records]
        return [line for line in written if line["event"].startswith("delivery_")]

    return read


@pytest.fixture
def sms(house):
    return house.connect()


@pytest.mark.parametrize(
    ("failure", "event", "level"),
    [
        (SendFailed("rejected", "No route.", code="21612"), "delivery_failed", "warning"),
        (SendFailed("retry", "Not now.", code="20429"), "delivery_deferred", "info"),
        (SendFailed("doubt", "No answer.", code="503"), "delivery_in_doubt", "warning"),
    ],
)
def test_an_attempt_that_did_not_succeed(house, sms, played, lines, failure, event, level):
    (who,) = house.hire(sms)
    row = house.queue(who)
    played.answers[who.address] = [failure]
    house.send(sms)
    (line,) = lines()
    line.pop("at")
    assert line == {
        "level": level, "room": "bot.delivery.outcomes", "event": event, "delivery": row, "attempt": 1,
        "integration": str(sms), "kind": failure.kind, "code": failure.code, "reason": failure.reason,
    }  # fmt: skip
    assert who.address.removeprefix("+") not in json.dumps(line)


def test_a_report_of_failure(house, sms, lines):
    row = house.queue(house.hire(sms)[0])
    house.send(sms)
    house.report(row, "undelivered", failure=by_code(30003))
    assert [(line["event"], line["delivery"], line["code"]) for line in lines()] == [
        ("delivery_deferred", row, "30003")
    ]


def test_an_interrupted_attempt_and_one_that_can_not_be_found(house, sms, moment, lines):
    row = house.queue(house.hire(sms)[0])
    claimed = house.claim(sms)
    with house.session() as session:
        begin.begin(session, house.dispatcher.line(sms).sender, claimed.lease, claimed.ids, house.row(row).due_at)
    house.past_lease(row)
    house.expire()
    (line,) = lines()
    assert (line["event"], line["delivery"], line["attempt"], line["reason"]) == (
        "delivery_in_doubt", row, 1, "interrupted",
    )  # fmt: skip
    with house.session() as session:
        session.execute(SentMessage.__table__.update().values(attempt=retries.MOST_ATTEMPTS))
    house.set(row, attempts=retries.MOST_ATTEMPTS)
    moment.shift(timing.used().settle)
    reconcile.settle_doubts(house.dispatcher)
    assert [(line["event"], line["reason"]) for line in lines()[1:]] == [("delivery_failed", "not_found_at_provider")]


def test_words_that_can_not_be_made(house, sms, lines):
    row = house.queue(house.hire(sms)[0], body={"nonsense": True})
    house.send(sms)
    assert [(line["event"], line["delivery"], line["reason"]) for line in lines()] == [
        ("delivery_failed", row, "cannot be rendered: KeyError")
    ]
