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
IDLE = 5.0
"""Seconds without a nudge after which the broker's connection is looked after."""
Nudge = tuple[str, tuple[str | int, ...]]


class CoalescingSender:
    """A `bot.nudge.Sender` in front of something slow."""

    def __init__(
        self, enqueue: Callable[[str, tuple[str | int, ...]], None], rest: Callable[[], None] | None = None
    ) -> None:
        self._enqueue, self._rest = enqueue, rest
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
        failed = False
        while True:
            with self._there:
                self._there.wait_for(lambda: self._waiting or self._closed, IDLE if self._rest else None)
                if self._closed and not self._waiting:
                    return
                nudge = self._waiting.popitem(last=False)[0] if self._waiting else None
            if nudge is None:
                self._look_after()
            else:
                failed = not self._hand_over(nudge, quietly=failed)

    def _hand_over(self, nudge: Nudge, *, quietly: bool) -> bool:
        try:
            self._enqueue(*nudge)
        except Exception:  # noqa: BLE001 - pika raises odd types when its server is gone
            if not quietly:  # of those that are lost in a row the first is told: there may be thousands
                log.failure("nudges_lost", actor=nudge[0])
            return False
        return True

    def _look_after(self) -> None:
        try:
            if self._rest is not None:
                self._rest()
        except Exception:  # noqa: BLE001 - as above; the next nudge makes a new connection
            log.failure("broker_connection_lost")
