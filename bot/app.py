"""The one place where parts are joined: settings in, a service out.

Every process of Shiftline is this service with other parts started: the web, the actors, the clock, or all
of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import dramatiq
from dramatiq import Worker
from flask import Flask

from bot import schema
from bot.channels.registry import CHANNELS
from bot.content.media import Store
from bot.database import Database
from bot.delivery.dispatch import Dispatcher
from bot.delivery.wire import Wire
from bot.engine import broker as brokers
from bot.engine.actors import Actors
from bot.engine.sender import CoalescingSender
from bot.log import Log
from bot.settings import Settings
from bot.tenancy import integrations
from bot.web import build
from scheduler import timetable

log = Log(__name__)

LAST_WORK = 20.0
"""Seconds that a worker's running piece of work may take once it has been asked to end."""


@dataclass(slots=True)
class Service:
    """The joined parts of one process."""

    settings: Settings
    database: Database
    store: Store
    dispatcher: Dispatcher
    broker: dramatiq.Broker
    actors: Actors
    sender: CoalescingSender
    _stops: list[object] = field(default_factory=list)

    def start_actors(self, threads: int = 4) -> None:
        """Let this process work on nudges."""
        worker = Worker(self.broker, worker_threads=threads, worker_timeout=100)
        worker.start()
        self._stops.append(worker)

    def start_clock(self) -> None:
        """Let this process tick."""
        clockwork = timetable.Clockwork(self.database, self.dispatcher)
        self._stops.append(timetable.start(clockwork))

    def away(self) -> str | None:
        """Where RabbitMQ can't be reached, or None. BrokerRefuses where it won't let us in."""
        return self.broker.place if isinstance(self.broker, brokers.Rabbit) and not self.broker.knock() else None

    def consuming(self) -> bool:
        """Whether nudges come in: an actor that is cut off from its broker isn't ready."""
        return not isinstance(self.broker, brokers.Rabbit) or self.broker.consuming.is_set()

    def look_for_broker(self) -> None:
        """Say in the log if RabbitMQ is away or won't have us. The web answers all the same."""
        try:
            self.away()
        except brokers.BrokerRefuses:
            log.failure("broker_refuses")

    def stop(self) -> None:
        """Finish what is running, begin nothing more, then close everything."""
        self.dispatcher.ending.set()
        for part in reversed(self._stops):
            if isinstance(part, Worker):
                part.stop(timeout=int(LAST_WORK * 1000))
            else:
                part.shutdown(wait=True)  # type: ignore[attr-defined]
        self._stops.clear()
        self.sender.close()
        self.broker.close()
        self.dispatcher.wire.close()
        self.database.dispose()


def join(settings: Settings) -> Service:
    """All parts of a service, none of them started."""
    database = Database(settings.database_url)
    store = media_store(settings)
    dispatcher = Dispatcher(database, settings, Wire(), store)
    broker = brokers.make(settings.broker_url)
    actors = Actors(broker, database, dispatcher)
    sender = CoalescingSender(actors.enqueue, broker.rest if isinstance(broker, brokers.Rabbit) else None)
    database.sender = sender
    return Service(settings, database, store, dispatcher, broker, actors, sender)


def check(settings: Settings) -> None:
    """Refuse to work on the wrong database, or with keys that open nothing in it: one sentence each."""
    database = Database(settings.database_url)
    try:
        schema.check(database)
        with database.reading(None) as session:
            integrations.check_keys(session, settings.encryption_keys)
    finally:
        database.dispose()


def create_app(service: Service) -> Flask:
    """The web of a joined service. SchemaMissing or SchemaNewer if the database isn't this version's."""
    schema.check(service.database)
    return build(service.settings, service.database, service.dispatcher, service.store, CHANNELS)


def media_store(settings: Settings) -> Store:
    """Where files lie, by MEDIA_URL."""
    return Store(Path(settings.media_url.removeprefix("file://")), settings.public_url, settings.secret_key)
