"""The timetable: one job per line, each a call that claims what is due in the database.

Any number of clocks may run: every job takes its work under locks or by idempotent writes. A tick that is
missed is made up by the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from bot import clock
from bot.audience import sync
from bot.broadcast import progress
from bot.conversation import idle
from bot.database import Database
from bot.delivery import reconcile, timing
from bot.delivery.dispatch import Dispatcher
from bot.log import Log

log = Log(__name__)

FRESH = timedelta(minutes=15)
"""How old a segment's membership may grow by time alone; imports and changed rules are brought in line at once."""


@dataclass(frozen=True, slots=True)
class Clockwork:
    """What the jobs work on."""

    database: Database
    dispatcher: Dispatcher

    def send_due(self) -> None:
        """Nudge the senders for which something is due."""
        with self.database.reading(None) as session:
            due = reconcile.due_integrations(session, clock.now())
        self._nudge("dispatch", due)

    def launch_due(self) -> None:
        """Nudge broadcasts whose time has come or whose launch was interrupted."""
        with self.database.reading(None) as session:
            due = [row.id for row in progress.due(session, clock.now())]
        self._nudge("launch", due)

    def finish_broadcasts(self) -> None:
        """Close broadcasts for which nothing is left to do."""
        with self.database.reading(None) as session:
            if not progress.any_running(session):
                return
        with self.database.service_session() as session:
            progress.finish(session, clock.now())

    def expire_leases(self) -> None:
        """Take back what an interrupted process held."""
        with self.database.reading(None) as session:
            if not reconcile.any_leased(session):
                return
        with self.database.service_session() as session:
            reconcile.expire_leases(session, clock.now())

    def end_frozen(self) -> None:
        """Let go of what a process that stands still has locked: its leases have run out by then."""
        ended = self.database.end_frozen(timing.used().lease)
        if ended:
            log.warning("frozen_transactions_ended", count=ended)

    def settle_doubts(self) -> None:
        """Ask the providers about attempts in doubt."""
        reconcile.settle_doubts(self.dispatcher)

    def close_join_windows(self) -> None:
        """Cut the link between people and what they may still have added to."""
        with self.database.reading(None) as session:
            if not idle.any_joining(session, clock.now()):
                return
        with self.database.service_session() as session:
            idle.close_join_windows(session, clock.now())

    def close_timed_out(self) -> None:
        """End attempts and close questions whose time is over."""
        with self.database.reading(None) as session:
            if not idle.any_timed_out(session, clock.now()):
                return
        with self.database.service_session() as session:
            idle.close_timed_out(session, clock.now())

    def sync_segments(self) -> None:
        """Bring segments in line whose last sync is old: time alone moves members."""
        with self.database.reading(None) as session:
            due = [segment_id for _, segment_id in sync.stale(session, clock.now() - FRESH)]
        self._nudge("sync_segment", due)

    def _nudge(self, actor: str, ids: Any) -> None:
        for found in ids:
            self.database.sender(actor, str(found))


def jobs(clockwork: Clockwork) -> list[tuple[float, Callable[[], None]]]:
    """(seconds between ticks, job)."""
    return [
        (1, clockwork.send_due),
        (1, clockwork.launch_due),
        (2, clockwork.finish_broadcasts),
        (5, clockwork.expire_leases),
        (5, clockwork.end_frozen),
        (5, clockwork.settle_doubts),
        (10, clockwork.close_join_windows),
        (20, clockwork.close_timed_out),
        (60, clockwork.sync_segments),
    ]


def start(clockwork: Clockwork) -> BackgroundScheduler:
    """A running scheduler. Ticks that were missed become one; none is skipped for being late."""
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(4)},
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        timezone="UTC",
    )
    for seconds, job in jobs(clockwork):
        scheduler.add_job(_told(job), "interval", seconds=seconds, id=job.__name__)
    scheduler.start()
    return scheduler


def _told(job: Callable[[], None]) -> Callable[[], None]:
    """A job whose failure is one log line: the next tick tries again."""

    def run() -> None:
        try:
            job()
        except Exception:  # noqa: BLE001 - a clock must outlive what it calls
            log.failure("job_failed", job=job.__name__)

    return run
