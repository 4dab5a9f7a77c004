"""How somebody waits for something to happen: by being woken, not by looking again and again.

Pages and tests long-poll the control API. Whatever changes a conversation rings its key.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sized
from typing import TypeVar

LONGEST_WAIT = 25.0

Seen = TypeVar("Seen", bound=Sized)


class Bell:
    """Waiters by key. Belongs to one event loop."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._stopped = False

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    def ring(self, key: str) -> None:
        """Wake everybody who waits for `key`."""
        for waiter in self._waiting.pop(key, ()):
            if not waiter.done():
                waiter.set_result(None)

    def ring_all(self) -> None:
        """Wake everybody: all of it may have changed."""
        for key in list(self._waiting):
            self.ring(key)

    def stop(self) -> None:
        """Keep nobody waiting any more, now or later: the server ends."""
        self._stopped = True
        self.ring_all()

    async def wait(self, key: str, seconds: float) -> None:
        """Return when `key` rings or after `seconds`."""
        waiter = asyncio.get_running_loop().create_future()
        waiters = self._waiting.setdefault(key, set())
        waiters.add(waiter)
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except TimeoutError:
            pass
        finally:
            waiters.discard(waiter)
            if not waiters and self._waiting.get(key) is waiters:
                del self._waiting[key]

    async def until(self, key: str, seconds: float, look: Callable[[], Seen]) -> Seen:
        """What `look` finds, as soon as it finds something, or what it finds after `seconds` (at most 25)."""
        end = time.monotonic() + min(seconds, LONGEST_WAIT)
        while True:
            seen = look()
            left = end - time.monotonic()
            if len(seen) or left <= 0 or self._stopped:
                return seen
            await self.wait(key, left)
