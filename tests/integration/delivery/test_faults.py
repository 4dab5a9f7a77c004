"""Sixty messages through the real clients while the provider breaks: nobody gets none, nobody gets two."""

from __future__ import annotations

from collections import Counter

import pytest
import sqlalchemy as sa

from bot import chance, clock
from bot.channels import registry
from bot.channels.channel import Message
from bot.channels.sms import Sms
from bot.delivery import outbox, reconcile
from models import Delivery, SenderPace, SentMessage
from tests.integration.sending import House

FAULTS = {
    "rate_limited": 0.06, "error_before": 0.08, "html_502": 0.06, "reset": 0.08,
    "error_after": 0.08, "html_502_after": 0.06, "drop_after_accept": 0.1, "hang_after": 0.04,
}  # fmt: skip


def received(simulator, people):
    return Counter(
        {
            who.address: sum(text["direction"] == "out" for text in simulator.control.phone(who.address))
            for who in people
        }
    )


def time_passes(house: House) -> None:
    """Whatever waits is due: without sleeping, and without moving the clock away from the simulator's."""
    now = clock.now()
    with house.session() as session:
        session.execute(sa.update(Delivery).where(Delivery.state == "in_doubt").values(settle_at=now))
        session.execute(sa.update(Delivery).where(Delivery.state == "queued").values(due_at=now))
        session.execute(sa.update(SenderPace).values(resume_at=None))


@pytest.mark.parametrize("seed", [7])
def test_nothing_is_lost_and_nothing_doubled_under_faults(connected, simulator, monkeypatch, seed):
    house = connected
    patient = [Sms(deadline=1.0) if channel.kind == "twilio" else channel for channel in registry.CHANNELS]
    monkeypatch.setattr("bot.delivery.dispatch.by_kind", lambda kind: next(c for c in patient if c.kind == kind))
    chance.seed(seed)
    sms = house.connect()
    people = house.hire(sms, 60)
    ids = [house.queue(who, body=outbox.pack(Message(f"Mop up spills, number {n}."))) for n, who in enumerate(people)]
    simulator.control.faults(seed=seed, twilio={**FAULTS, "hang_seconds": 3, "retry_after": 1})
    kinds = set()
    for _ in range(30):
        house.send_all(sms)
        kinds |= {row.state for row in house.all(Delivery)}
        if set(house.states(*ids)) <= {"submitted", "sent", "delivered"}:
            break
        time_passes(house)
        reconcile.settle_doubts(house.dispatcher)
        time_passes(house)
    simulator.control.faults()
    assert set(house.states(*ids)) <= {"submitted", "sent", "delivered"}
    assert "in_doubt" in kinds  # else nothing has been tested
    assert received(simulator, people) == Counter({who.address: 1 for who in people})
    assert not [row for row in house.all(Delivery) if row.flagged]
    accepted = [line for line in house.all(SentMessage) if line.provider_id]
    assert len({line.provider_id for line in accepted}) == 60
    assert max(row.attempts for row in house.all(Delivery)) > 1


def test_a_provider_that_refuses_says_why(connected, simulator):
    house = connected
    sms = house.connect(auth_token="another")
    (who,) = house.hire(sms)
    row = house.queue(who)
    house.send(sms)
    assert house.row(row).state == "queued"
    assert house.send(sms) == 0
    assert received(simulator, [who]) == Counter({who.address: 0})
