"""How both providers POST to the product: on loopback only, and never following a redirect.

A public address can be served elsewhere (`PUT /_/routes`): the request is signed for the public
URL and carries its host, as if a reverse proxy stood between. Nothing is ever sent to a host
that is not this machine.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from bot.simulator.state import World

ANSWER_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status 0 where nothing did, and then `problem` says why."""

    status: int
    text: str = ""
    problem: str = ""  # "connection", "timeout", "elsewhere"
    seconds: float = 0.0

    @property
    def fine(self) -> bool:
        """A 2xx."""
        return 200 <= self.status < 300


async def post(world: World, url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> Answer:  # noqa: ASYNC109
    """POST once. Never raises for what the other side does."""
    url = url.partition("#")[0]
    target, sent = served_at(world.routes, url), dict(headers)
    if target != url:
        public = urlsplit(url)
        sent |= {"Host": public.netloc, "X-Forwarded-Proto": public.scheme, "X-Forwarded-Host": public.netloc}
    if not is_loopback(target):
        return Answer(0, problem="elsewhere")
    began = time.monotonic()
    try:
        async with (
            asyncio.timeout(timeout),
            world.http.post(_exactly(target), data=body, headers=sent, allow_redirects=False) as response,
        ):
            text = await response.text(errors="replace")
            return Answer(response.status, text[:ANSWER_KEPT], seconds=time.monotonic() - began)
    except TimeoutError:
        return Answer(0, problem="timeout", seconds=time.monotonic() - began)
    except (aiohttp.ClientError, OSError, ValueError):
        return Answer(0, problem="connection", seconds=time.monotonic() - began)


def served_at(routes: Mapping[str, str], url: str) -> str:
    """Where `url` is really served."""
    for public, served in routes.items():
        if url == public or url.startswith((f"{public}/", f"{public}?")):
            return served + url[len(public) :]
    return url


def is_loopback(url: str) -> bool:
    """Say whether this URL's host is this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _exactly(url: str) -> URL:
    """The URL as it stands: yarl would un-escape %2F and %27, and the signature is over the letters."""
    return URL(url, encoded=True)
