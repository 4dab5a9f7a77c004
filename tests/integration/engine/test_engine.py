"""Nudges reach actors, over memory and over RabbitMQ; a broker that is away holds nobody up."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import dramatiq
import pytest
from dramatiq import Worker

from bot.channels.channel import Message
from bot.delivery import outbox
from bot.engine import broker as brokers
from bot.engine.actors import QUEUES, Actors
from bot.engine.sender import ROOM, CoalescingSender
from models import Delivery
from tests.integration.sending import until

ONLY_RABBIT = pytest.param("rabbitmq", marks=pytest.mark.rabbitmq)


@pytest.fixture(params=["memory", ONLY_RABBIT])
def broker(request, monkeypatch) -> Iterator[dramatiq.Broker]:
    """Each kind of broker, with queues of this process alone."""
    if request.param == "memory":
        made = brokers.make("memory://")
    else:
        for name, queue in dict(QUEUES).items():
            monkeypatch.setitem(QUEUES, name, f"test_{os.getpid()}_{queue}")
        made = brokers.make(os.environ["SHIFTLINE_TEST_BROKER_URL"])
    yield made
    if request.param == "rabbitmq":
        for queue in set(QUEUES.values()):
            for name in (queue, f"{queue}.DQ", f"{queue}.XQ"):
                made.channel.queue_delete(name)
    made.close()


@pytest.fixture
def engine(house, broker) -> Iterator[CoalescingSender]:
    """Actors at work on the broker, and the sender in front of it."""
    actors = Actors(broker, house.database, house.dispatcher)
    sender = CoalescingSender(actors.enqueue)
    house.database.sender = sender
    worker = Worker(broker, worker_threads=2, worker_timeout=50)
    worker.start()
    yield sender
    worker.stop(timeout=5000)
    sender.close()


def test_a_nudge_carries_a_broadcast_from_launch_to_the_provider(house, engine, played):
    sms = house.connect()
    broadcast = house.place(house.write(), house.segment(house.hire(sms, 5)))  # its commit nudges "launch"
    until(lambda: [row.state for row in house.all(Delivery, source_id=broadcast)] == ["submitted"] * 5, 20)
    assert len(played.sent) == 5


def test_nudges_may_be_doubled(house, engine, played):
    sms = house.connect()
    row = house.queue(house.hire(sms)[0])
    for _ in range(20):
        engine("dispatch", str(sms))
    until(lambda: house.row(row).state == "submitted", 20)
    assert len(played.sent) == 1


def test_what_is_nudged_and_is_not_there_harms_nobody(house, engine, played, caplog):
    missing = "00000000-0000-0000-0000-000000000000"
    for actor in ("dispatch", "launch", "sync_segment", "sync_segments"):
        engine(actor, missing)
        engine(actor, "nonsense")
    sms = house.connect()
    row = house.queue(house.hire(sms)[0], body=outbox.pack(Message("Still here.")))
    engine("dispatch", str(sms))
    until(lambda: house.row(row).state == "submitted", 20)


class Slow:
    """A broker that doesn't answer until it is let go."""

    def __init__(self, *, fails: bool = False) -> None:
        self.go, self.seen, self.fails = threading.Event(), [], fails

    def __call__(self, actor, arguments) -> None:
        assert self.go.wait(10)
        self.seen.append((actor, arguments))
        if self.fails:
            raise ConnectionError("gone")


def test_a_dead_broker_never_makes_the_caller_wait():
    slow = Slow()
    sender = CoalescingSender(slow)
    begun = time.perf_counter()
    for number in range(2 * ROOM):
        sender("dispatch", number)
    assert time.perf_counter() - begun < 5  # 20,000 calls; one hand-over alone would take ten
    assert len(sender._waiting) <= ROOM  # bounded: what doesn't fit is dropped, and the clock finds it
    slow.go.set()
    sender.close()


def test_equal_nudges_become_one():
    slow = Slow()
    sender = CoalescingSender(slow)
    sender("first")
    until(lambda: not sender._waiting)
    for _ in range(100):
        sender("dispatch", "a")
        sender("dispatch", "b")
    slow.go.set()
    sender.close()
    assert slow.seen == [("first", ()), ("dispatch", ("a",)), ("dispatch", ("b",))]


def test_a_broker_that_fails_loses_the_nudge_and_not_the_thread():
    slow = Slow(fails=True)
    slow.go.set()
    sender = CoalescingSender(slow)
    for number in range(3):
        sender("dispatch", number)
    sender.close()
    assert [arguments for _, arguments in slow.seen] == [(0,), (1,), (2,)]
    sender("dispatch", 4)  # after the end: dropped
    assert not sender._waiting


def test_an_unreachable_rabbitmq_is_noticed_quickly_and_only_by_the_sender(house):
    broker = brokers.make("amqp://guest:guest@127.0.0.1:1/")
    actors = Actors(broker, house.database, house.dispatcher)
    failed = threading.Event()

    def enqueue(actor, arguments):
        try:
            actors.enqueue(actor, arguments)
        except Exception:
            failed.set()
            raise

    sender = CoalescingSender(enqueue)
    house.database.sender = sender
    house.connect()
    row = house.queue(house.hire(house.connect(**{"from": "+15550100003"}))[0])
    with house.session() as session:
        outbox.put(session, [entry_like(house.row(row))])  # a commit with a nudge
    assert failed.wait(20)
    sender.close()
    broker.close()


def entry_like(row):
    kept = (
        "organization_id",
        "source_kind",
        "source_id",
        "recipient",
        "integration_id",
        "channel",
        "address",
        "created_at",
    )
    return outbox.Entry(**{name: getattr(row, name) for name in kept}, step=1)
