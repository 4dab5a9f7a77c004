"""A provider of one answer, for looking at a single call and at every way in which it can go wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web

from bot.channels import http

OVER = web.AppKey("over", asyncio.Event)
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Call:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, list[str]]:
        """The body as a form."""
        return parse_qs(self.body.decode(), keep_blank_values=True)

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(slots=True)
class Provider:
    """What came, and where to."""

    url: str
    http: aiohttp.ClientSession
    calls: list[Call] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def posts(self) -> int:
        """How often it was POSTed to: the one number that counts."""
        return len([call for call in self.calls if call.method == "POST"])


@asynccontextmanager
async def provider(answer: Answer) -> AsyncIterator[Provider]:
    """A server on loopback that gives this answer to everything, and a session to call it with."""
    app, over = web.Application(), asyncio.Event()

    async def handle(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        here.calls.append(Call(request.method, request.path, dict(request.query), dict(request.headers), body))
        here.came.set()
        return await answer(request)

    app[OVER] = over
    app.router.add_route("*", "/{rest:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    async with http.session() as session:
        here = Provider(f"http://127.0.0.1:{port}", session)
        yield here
        over.set()
    await runner.cleanup()


def says(status: int, said: Any, headers: dict[str, str] | None = None) -> Answer:
    """JSON."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response(said, status=status, headers=headers)

    return answer


def shows(status: int, text: str, content_type: str = "text/html") -> Answer:
    """What something on the way says."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text, content_type=content_type)

    return answer


async def resets(request: web.Request) -> web.StreamResponse:
    """The connection breaks off."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def hangs(request: web.Request) -> web.StreamResponse:
    """Nothing comes back."""
    await request.app[OVER].wait()
    return web.Response()


async def trickles(request: web.Request) -> web.StreamResponse:
    """Headers and a beginning, and then nothing: no read timeout of a single read would end this."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"sid": "')
    await request.app[OVER].wait()
    return response


async def breaks_off(request: web.Request) -> web.StreamResponse:
    """Half of an answer, and the end of the connection."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "100"})
    await response.prepare(request)
    await response.write(b'{"sid": "')
    assert request.transport is not None
    request.transport.abort()
    return response


async def redirects(request: web.Request) -> web.StreamResponse:
    """307: "POST it over there"."""
    return web.Response(status=307, headers={"Location": "/elsewhere"})
