"""The broker: Dramatiq's in-memory one inside the web's own process, or RabbitMQ for many machines."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import AgeLimit, Middleware, ShutdownNotifications

# Without these an enqueue to a silent broker blocks for minutes.
TIMEOUTS = "socket_timeout=2&stack_timeout=3&blocked_connection_timeout=3&connection_attempts=1"


def make(url: str) -> dramatiq.Broker:
    """A broker for BROKER_URL. No retries by the broker: the clock's sweep finds unfinished work again."""
    middleware: list[Middleware] = [AgeLimit(), ShutdownNotifications()]
    if url.startswith("memory:"):
        return StubBroker(middleware=middleware)
    return RabbitmqBroker(url=_with_timeouts(url), middleware=middleware)


def _with_timeouts(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, TIMEOUTS)))))
