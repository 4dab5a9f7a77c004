"""How everything leaves for a provider: one pool of connections, one try, one deadline.

Neither Twilio nor Slack can be told "this is the same message again", so what matters about a call
that went wrong is whether the message may have gone out. That judgement is the same for every
provider and is made here; what a provider's own answers mean stands in the channel's table.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Mapping
from typing import TypeVar

import aiohttp

from bot.channels.channel import SendFailed

T = TypeVar("T")

DEADLINE = 10.0
"""Seconds within which a provider has to answer a call, all of it: the SDKs' own timeouts don't work."""

_CONNECT = 5.0  # seconds for a place in the pool and a connection; nothing was sent when they run out
_WISH = re.compile(r"\d{1,6}(\.\d{1,6})?", re.ASCII)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


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
