"""The clock: every job finds its work in the database, and one that fails holds no other up."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from bot import clock
from bot.engine.sender import CoalescingSender
from models import Delivery
from scheduler import timetable
from scheduler.timetable import Clockwork
from tests.integration.sending import until


@pytest.fixture
def clockwork(house) -> Clockwork:
    return Clockwork(house.database, house.dispatcher)


def test_every_job_runs_on_an_empty_database(clockwork, house):
    for _, job in timetable.jobs(clockwork):
        job()
    assert house.nudges == []


def test_what_is_due_is_nudged(clockwork, house):
    sms = house.connect()
    house.queue(house.hire(sms)[0])
    broadcast = house.place(house.write(), house.segment([]))
    house.nudges.clear()
    clockwork.send_due()
    clockwork.launch_due()
    assert house.nudges == [("dispatch", str(sms)), ("launch", str(broadcast))]


def test_leases_doubts_and_ends_are_found(clockwork, house, played, moment):
    sms = house.connect()
    broadcast = house.place(house.write(), house.segment(house.hire(sms, 2)))
    house.launch(broadcast)
    first, second = (row.id for row in house.all(Delivery))
    house.claim(sms)
    house.past_lease(first)
    house.set(second, state="submitted")
    clockwork.expire_leases()
    assert house.row(first).state == "queued"
    clockwork.finish_broadcasts()
    assert house.broadcast(broadcast).state == "running"
    house.send_all(sms)
    house.set(second, state="in_doubt", settle_at=clock.now() - timedelta(seconds=1))
    clockwork.settle_doubts()
    assert house.row(second).state == "in_doubt"  # no attempt is on record, so there is nothing to search for
    house.set(second, state="delivered")
    clockwork.finish_broadcasts()
    assert house.broadcast(broadcast).state == "finished"


def test_a_job_that_fails_does_not_stop_the_clock(clockwork, monkeypatch):
    ticks = {"failing": 0, "fine": 0}
    both = threading.Event()

    def failing() -> None:
        ticks["failing"] += 1
        raise RuntimeError("the database is away")

    def fine() -> None:
        ticks["fine"] += 1
        if ticks["fine"] > 2 and ticks["failing"] > 2:
            both.set()

    monkeypatch.setattr(timetable, "jobs", lambda _: [(0.02, failing), (0.02, fine)])
    scheduler = timetable.start(clockwork)
    try:
        assert both.wait(10)
    finally:
        scheduler.shutdown(wait=True)


def test_two_clocks_find_the_same_work_and_do_no_harm(clockwork, house, played):
    sms = house.connect()
    rows = [house.queue(who) for who in house.hire(sms, 4)]
    sender = CoalescingSender(lambda actor, _: house.dispatcher.dispatch(sms) if actor == "dispatch" else None)
    house.database.sender = sender
    clocks = [timetable.start(clockwork) for _ in range(2)]
    try:
        until(lambda: house.states(*rows) == ["submitted"] * 4, 20)
    finally:
        [scheduler.shutdown(wait=True) for scheduler in clocks]
        sender.close()
    assert len(played.sent) == 4
