"""Nudges reach actors, over memory and over RabbitMQ; a broker that is away holds nobody up."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

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
from tests.road import Road

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


def test_of_nudges_that_are_lost_in_a_row_the_first_is_told(caplog):
    slow = Slow(fails=True)
    slow.go.set()
    sender = CoalescingSender(slow)
    for number in range(3):
        sender("dispatch", number)
    until(lambda: len(slow.seen) == 3)
    slow.fails = False
    sender("dispatch", 4)
    until(lambda: len(slow.seen) == 4)
    slow.fails = True
    sender("dispatch", 5)
    sender.close()
    assert [record.message for record in caplog.records] == ["nudges_lost"] * 2


def test_an_idle_senders_connection_is_looked_after(monkeypatch):
    monkeypatch.setattr("bot.engine.sender.IDLE", 0.01)
    looked = threading.Semaphore(0)

    def rest() -> None:
        looked.release()
        raise ConnectionError("gone")

    slow = Slow()
    slow.go.set()
    sender = CoalescingSender(slow, rest)
    sender("dispatch")
    assert looked.acquire(timeout=10)
    assert looked.acquire(timeout=10), "it outlives what it looked after"
    sender.close()
    assert slow.seen == [("dispatch", ())]


@pytest.fixture
def road() -> Iterator[Road]:
    """The way to RabbitMQ."""
    parts = urlsplit(os.environ["SHIFTLINE_TEST_BROKER_URL"])
    with Road(parts.hostname, parts.port or 5672) as made:
        yield made


def by_road(road: Road, **parts: str) -> str:
    """BROKER_URL of the same RabbitMQ by this road."""
    there = urlsplit(os.environ["SHIFTLINE_TEST_BROKER_URL"])
    user = parts.get("user", f"{there.username}:{there.password}")
    return there._replace(netloc=f"{user}@127.0.0.1:{road.port}", path=parts.get("path", there.path)).geturl()


@pytest.mark.rabbitmq
def test_rabbitmq_goes_and_comes_back_and_each_is_said_once(house, played, road, monkeypatch, caplog):
    monkeypatch.setattr("dramatiq.worker.CONSUMER_RESTART_DELAY_SECS", 0.1)
    for name, queue in dict(QUEUES).items():
        monkeypatch.setitem(QUEUES, name, f"test_{os.getpid()}_{queue}")
    broker = brokers.make(by_road(road))
    actors = Actors(broker, house.database, house.dispatcher)
    sender = CoalescingSender(actors.enqueue, broker.rest)
    worker = Worker(broker, worker_threads=2, worker_timeout=50)
    worker.start()
    sms = house.connect()
    first, second = (house.queue(who) for who in house.hire(sms, 2))
    assert broker.consuming.wait(10)
    sender("sync_segments", str(sms))  # so that the sender has a connection which can be lost
    until(lambda: broker.get_queue_message_counts(QUEUES["sync_segments"])[0] == 0)
    road.close()
    until(lambda: "broker_away" in caplog.messages)
    sender("dispatch", str(sms))
    until(lambda: "nudges_lost" in caplog.messages, 30)
    assert house.states(first, second) == ["queued"] * 2
    road.open()
    until(lambda: "broker_back" in caplog.messages)
    sender("dispatch", str(sms))
    until(lambda: house.states(first, second) == ["submitted"] * 2, 20)
    worker.stop(timeout=5000)
    sender.close()
    told = [name for name in caplog.messages if name.startswith("broker_")]
    assert told == ["broker_away", "broker_back"]
    broker.rest()  # lets go of this thread's connection, which was lost
    for queue in set(QUEUES.values()):
        for name in (queue, f"{queue}.DQ", f"{queue}.XQ"):
            broker.channel.queue_delete(name)
    broker.close()


@pytest.mark.rabbitmq
@pytest.mark.parametrize("wrong", [{"user": "guest:wrong"}, {"path": "/nowhere"}])
def test_a_broker_that_refuses_us_is_not_waited_for(road, wrong):
    broker = brokers.make(by_road(road, **wrong))
    with pytest.raises(brokers.BrokerRefuses):
        broker.knock()


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
