"""The one event loop on which everything leaves: a daemon thread with one pooled HTTP session.

Both official async clients share its connections. Code that runs in ordinary threads hands a coroutine in
and waits for it; nothing else of Shiftline is asynchronous.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TypeVar

import aiohttp

from bot.channels import http

T = TypeVar("T")


class Wire:
    """Starts its thread when first used, so that a process that never sends never pays for it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: aiohttp.ClientSession | None = None

    def run(self, work: Callable[[aiohttp.ClientSession], Awaitable[T]]) -> T:
        """Run `work(session)` on the loop and wait for its result."""

        async def running() -> T:
            if self._session is None:
                self._session = http.session()
            return await work(self._session)

        future: Future[T] = asyncio.run_coroutine_threadsafe(running(), self._started())
        return future.result()

    def close(self) -> None:
        """Close the connections and end the thread."""
        with self._guard:
            loop, self._loop = self._loop, None
        if loop is None:
            return

        async def closing() -> None:
            if self._session is not None:
                await self._session.close()
                self._session = None

        asyncio.run_coroutine_threadsafe(closing(), loop).result(timeout=5)
        loop.call_soon_threadsafe(loop.stop)

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._guard:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_turn, args=(self._loop,), name="wire", daemon=True).start()
            return self._loop


def _turn(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()
