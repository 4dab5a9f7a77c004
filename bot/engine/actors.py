"""The actors: each finds its work in the database, does one piece of it and returns.

Any message may be lost or doubled without harm. An actor that fails is not retried by the broker, because
the row that it didn't finish is still there for the sweep.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

import dramatiq
import sqlalchemy as sa

from bot.audience import sync
from bot.broadcast import launch
from bot.database import Database
from bot.delivery.dispatch import Dispatcher
from bot.log import Log
from models import Broadcast, Segment

log = Log(__name__)

QUEUES = {"dispatch": "dispatch", "launch": "launch", "sync_segment": "audience", "sync_segments": "audience"}
MINUTES = 60_000


class Actors:
    """The actors of one process, declared on its broker."""

    def __init__(self, broker: dramatiq.Broker, database: Database, dispatcher: Dispatcher) -> None:
        self.broker = broker
        self.database = database
        self.dispatcher = dispatcher
        for name, function in self._functions().items():
            declare = dramatiq.actor(broker=broker, actor_name=name, queue_name=QUEUES[name], max_age=10 * MINUTES)
            declare(_told(name, function))

    def enqueue(self, actor: str, arguments: tuple[str | int, ...]) -> None:
        """Hand a message to the broker; may block or fail with it."""
        self.broker.enqueue(self.broker.get_actor(actor).message(*arguments))

    def _functions(self) -> dict[str, Callable[[str], None]]:
        return {
            "dispatch": self._dispatch,
            "launch": self._launch,
            "sync_segment": self._sync_segment,
            "sync_segments": self._sync_segments,
        }

    def _dispatch(self, integration_id: str) -> None:
        self.dispatcher.dispatch(uuid.UUID(integration_id))

    def _launch(self, broadcast_id: str) -> None:
        organization_id = self._owner(Broadcast, broadcast_id)
        if organization_id is not None:
            launch.launch(self.database, organization_id, uuid.UUID(broadcast_id))

    def _sync_segment(self, segment_id: str) -> None:
        organization_id = self._owner(Segment, segment_id)
        if organization_id is not None:
            sync.sync(self.database, organization_id, uuid.UUID(segment_id))

    def _sync_segments(self, organization_id: str) -> None:
        sync.sync_all(self.database, uuid.UUID(organization_id))

    def _owner(self, table: type[Broadcast | Segment], row_id: str) -> uuid.UUID | None:
        with self.database.reading(None) as session:
            return session.scalar(sa.select(table.organization_id).where(table.id == uuid.UUID(row_id)))


def _told(name: str, function: Callable[[str], None]) -> Callable[[str], None]:
    """An actor whose failure is one log line."""

    def run(argument: str) -> None:
        try:
            function(argument)
        except Exception:  # noqa: BLE001 - the sweep finds the same work again
            log.failure("actor_failed", actor=name)

    return run
