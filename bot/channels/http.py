"""How everything leaves for a provider: one pool of connections, one try, one deadline.

Neither Twilio nor Slack can be told "this is the same message again", so what matters about a call
that went wrong is whether the message may have gone out. That judgement is the same for every
provider and is made here; what a provider's own answers mean stands in the channel's table.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp

from bot.channels.channel import SendFailed

T = TypeVar("T")

DEADLINE = 10.0
"""Seconds within which a provider has to answer a call, all of it: the SDKs' own timeouts don't work."""

_CONNECT = 5.0  # seconds for a place in the pool and a connection; nothing was sent when they run out
_WISH = re.compile(r"\d{1,6}(\.\d{1,6})?", re.ASCII)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Missed(aiohttp.ClientError):
    """It was too late for this call to leave; nothing was sent."""


@dataclass(slots=True)
class Departure:
    """Until when (`moment`) a call may leave, and whether it has."""

    until: float
    left: bool = False

    @property
    def late(self) -> bool:
        """Its time is over."""
        return moment() > self.until

    @property
    def missed(self) -> bool:
        """It has not left and will not: certainly nothing was sent."""
        return self.late and not self.left


_departure: ContextVar[Departure | None] = ContextVar("departure", default=None)


def depart(until: float) -> Departure:
    """Let the calls of this task leave until then and not after."""
    departure = Departure(until)
    _departure.set(departure)
    return departure


def moment() -> float:
    """Seconds on a clock that goes on while a process stands still and, on Linux, while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class _Punctual(aiohttp.ClientRequest):
    """Looks at the clock where the bytes are handed over, with the connection made and nothing in between.

    Any earlier is too early: of sixty calls that wait for their connections a process that stands still and goes
    on would send every one, for hours. What is left is the one message that is being written at that very moment.
    """

    async def write_bytes(self, writer: Any, conn: Any, content_length: int | None = None) -> None:
        """Write the request, or nothing of it: its head is still in the writer."""
        departure = _departure.get()
        if departure is not None:
            if departure.late:
                conn.protocol.set_exception(Missed())
                conn.close()
                return
            departure.left = True
        await super().write_bytes(writer, conn, content_length)


class Redirected(aiohttp.ClientError):
    """The provider's address sent us elsewhere; a message and its token don't follow."""


async def _stay(request: aiohttp.ClientRequest, go: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Refuse redirects for everybody: slack_sdk follows them, and a 307 would be a second POST."""
    response = await go(request)
    if response.status in _REDIRECTS:
        response.close()
        raise Redirected
    return response


def session() -> aiohttp.ClientSession:
    """The pool that all sends of an event loop share; create it inside the loop and close it at the end."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=128, limit_per_host=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, connect=_CONNECT),
        trust_env=False,
        middlewares=(_stay,),
        request_class=_Punctual,
    )


async def once(call: Awaitable[T], deadline: float = DEADLINE) -> T:
    """Await a call that must not be made twice; SendFailed for whatever kept its answer from coming.

    A cancelled call is a doubt like a timeout: the caller learns that the message may be out.
    """
    try:
        async with asyncio.timeout(deadline):
            return await call
    except asyncio.CancelledError:
        raise SendFailed("doubt", "The call was interrupted before its answer came.") from None
    except Exception as error:  # noqa: BLE001 - also an answer that the SDK stumbles over: the POST is out
        raise lost(error) from None


async def asking(call: Awaitable[T], deadline: float = DEADLINE) -> T:
    """Await calls that change nothing or may be repeated: without an answer it is "retry", never a doubt."""
    try:
        async with asyncio.timeout(deadline):
            return await call
    except Exception as error:  # noqa: BLE001 - as in `once`
        failure = lost(error)
        if failure.kind != "doubt":
            raise failure from None
        raise SendFailed("retry", failure.reason, retry_in=failure.retry_in, code=failure.code) from None


def lost(error: Exception) -> SendFailed:
    """What an exception of a call means. Only what happened before the request left is certainly not sent."""
    match error:
        case SendFailed():
            return error
        case aiohttp.InvalidURL():
            return SendFailed("misconfigured", "The provider's address is not a URL.")
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return SendFailed("retry", "The provider can't be reached; nothing was sent.")
        case TimeoutError():
            return SendFailed("doubt", "The provider did not answer in time.")
        case _:  # the type only: the message may hold a phone number
            return SendFailed("doubt", f"The provider gave no answer that can be understood ({type(error).__name__}).")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The provider's own wish in seconds; None where it gave none, or a date."""
    wish = headers.get("Retry-After", "").strip()
    return float(wish) if _WISH.fullmatch(wish) else None
