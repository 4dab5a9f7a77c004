"""Carries nudges to the broker without ever making the caller wait.

A dead broker would block an enqueue for seconds and a webhook must not feel that: nudges go into a
bounded queue of this process, where equal ones become one, and a daemon thread hands them over. What
doesn't fit or can't be handed over is dropped; the clock's sweep finds the work.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from bot.log import Log

log = Log(__name__)

ROOM = 10_000
Nudge = tuple[str, tuple[str | int, ...]]


class CoalescingSender:
    """A `bot.nudge.Sender` in front of something slow."""

    def __init__(self, enqueue: Callable[[str, tuple[str | int, ...]], None]) -> None:
        self._enqueue = enqueue
        self._waiting: OrderedDict[Nudge, None] = OrderedDict()
        self._there = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def __call__(self, actor: str, *arguments: str | int) -> None:
        """Take a nudge; returns at once."""
        with self._there:
            if self._closed:
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._carry, name="nudges", daemon=True)
                self._thread.start()
            if len(self._waiting) < ROOM:
                self._waiting[actor, arguments] = None
                self._there.notify()

    def close(self) -> None:
        """Hand over what is left, then end."""
        with self._there:
            self._closed = True
            self._there.notify()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _carry(self) -> None:
        while True:
            with self._there:
                self._there.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                (actor, arguments), _ = self._waiting.popitem(last=False)
            try:
                self._enqueue(actor, arguments)
            except Exception:  # noqa: BLE001 - pika raises odd types when its server is gone
                log.failure("nudge_lost", actor=actor)
