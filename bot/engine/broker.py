"""The broker: Dramatiq's in-memory one inside the web's own process, or RabbitMQ for many machines.

A RabbitMQ that is away is waited for, as long as it takes: a machine may come up before it does, and the
database holds everything meanwhile. That it is away is said once, and once that it is back; Dramatiq and its
client would say it in forty lines every three seconds.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import dramatiq
import pika
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import AgeLimit, Middleware, ShutdownNotifications

from bot.errors import Misconfigured
from bot.log import Log

log = Log(__name__)

# Without the timeouts an enqueue to a silent broker blocks for minutes; without the heartbeat a consumer
# would wait as long for a broker whose machine has lost its power.
TIMEOUTS = "socket_timeout=2&stack_timeout=3&blocked_connection_timeout=3&connection_attempts=1&heartbeat=20"
HARMLESS = (
    "Consumer encountered a connection error",  # said here
    "Message %r has exceeded its age limit",  # nudges from a time when nobody worked: the clock nudges anew
    "Message %s was skipped",
)


class BrokerRefuses(Misconfigured):
    """RabbitMQ refuses BROKER_URL: its user, password or virtual host isn't right."""

    code = "broker_refuses"


class Rabbit(RabbitmqBroker):
    """RabbitMQ, and whether it can be reached."""

    def __init__(self, url: str, middleware: list[Middleware]) -> None:
        super().__init__(url=_with_timeouts(url), middleware=middleware)
        self.place = place(url)
        self.consuming = threading.Event()
        self._guard = threading.Lock()
        self._away: float | None = None  # since when
        _hush()

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> dramatiq.Consumer:
        """As Dramatiq's; a consumer thread calls it again every three seconds while it fails."""
        with self._noticed():
            consumer = super().consume(queue_name, prefetch, timeout)
        self.consuming.set()
        return consumer

    def enqueue(self, message: dramatiq.Message[Any], *, delay: int | None = None) -> dramatiq.Message[Any]:
        """As Dramatiq's: may block for seconds and fail."""
        with self._noticed():
            return super().enqueue(message, delay=delay)

    def rest(self) -> None:
        """Answer heartbeats on this thread's connection, if it has one; a closed one is let go."""
        if getattr(self.state, "connection", None) is None:
            return
        try:
            self.connection.process_data_events(time_limit=0)
        except pika.exceptions.AMQPError:
            del self.connection

    def knock(self) -> bool:
        """Whether it answers, asked on a connection of its own. BrokerRefuses where waiting wouldn't help."""
        try:
            with self._noticed():
                pika.BlockingConnection(self.parameters).close()
        except (
            pika.exceptions.ProbableAuthenticationError,
            pika.exceptions.AuthenticationError,
            pika.exceptions.ProbableAccessDeniedError,
        ):
            raise BrokerRefuses from None
        except Exception:  # noqa: BLE001 - pika raises many types
            return False
        return True

    @contextmanager
    def _noticed(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._note(type(error).__name__)
            raise
        self._note(None)

    def _note(self, error: str | None) -> None:
        with self._guard:
            since, now = self._away, time.monotonic()
            if error is not None:
                self._away = since or now
            else:
                self._away = None
        if error is not None and since is None:
            log.warning("broker_away", url=self.place, error=error)
        if error is None and since is not None:
            log.warning("broker_back", url=self.place, seconds=round(now - since))


def make(url: str) -> dramatiq.Broker:
    """A broker for BROKER_URL. No retries by the broker: the clock's sweep finds unfinished work again."""
    middleware: list[Middleware] = [AgeLimit(), ShutdownNotifications()]
    return StubBroker(middleware=middleware) if url.startswith("memory:") else Rabbit(url, middleware)


def place(url: str) -> str:
    """Host and port of BROKER_URL, without the user and the password."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'localhost'}:{parts.port or (5671 if parts.scheme == 'amqps' else 5672)}"


def _with_timeouts(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, TIMEOUTS)))))


def _hush() -> None:
    """Keep quiet what is said here, or means nothing: pika's errors and what is HARMLESS."""
    if logging.getLogger().isEnabledFor(logging.DEBUG):
        return
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_unsaid)


def _unsaid(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(HARMLESS)
