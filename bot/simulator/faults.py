"""What goes wrong on purpose, and when.

A schedule gives each fault a probability. Which fault hits the nth request depends on nothing
but the seed and n, so a run that found a bug can be run again; `script` names the first ones
outright. Every fault says by its name whether the message was accepted before things broke:
that is the one thing which a client cannot know, and the ledger can.
"""

from __future__ import annotations

import asyncio
import random  # noqa: TID251 - another world has its own dice
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

Provider = Literal["twilio", "slack"]
PROVIDERS: tuple[Provider, ...] = ("twilio", "slack")

# Name -> was the message accepted?
ACCEPTS: Mapping[str, bool] = {
    "rate_limited": False,  # 429 with Retry-After
    "error_before": False,  # 503
    "html_502": False,  # what a gateway says: not JSON
    "reset": False,  # the connection is reset
    "hang": False,  # no answer for `hang_seconds`
    "error_after": True,
    "html_502_after": True,
    "drop_after_accept": True,
    "hang_after": True,
}
_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"
_CALLBACKS = ("double", "shuffle", "lose")


class ScheduleWrong(ValueError):
    """A schedule of faults that can't be followed."""


@dataclass(slots=True)
class Schedule:
    """One provider's faults. `on` is "sends" (messages only) or "all" (every API request)."""

    seed: int = 0
    rates: dict[str, float] = field(default_factory=dict)
    callbacks: dict[str, float] = field(default_factory=dict)
    script: list[str | None] = field(default_factory=list)
    on: str = "sends"
    hang_seconds: float = 60.0
    retry_after: int = 1
    latency: float = 0.0
    count: int = 0  # requests drawn for so far

    @classmethod
    def read(cls, given: Mapping[str, Any], seed: int) -> Schedule:
        """A schedule from its JSON; anything that is not understood is refused, or a test would prove nothing."""
        schedule = cls(seed=int(given.get("seed", seed)))
        for name, value in given.items():
            if name in ACCEPTS:
                schedule.rates[name] = _share(name, value)
            elif name == "callbacks":
                schedule.callbacks = {key: _share(key, share) for key, share in value.items()}
            elif name in {"on", "hang_seconds", "retry_after", "latency", "script"}:
                setattr(schedule, name, value)
            elif name != "seed":
                raise ScheduleWrong(f"There is no fault called {name!r}; there are {', '.join(ACCEPTS)}.")
        unknown = [name for name in schedule.script if name is not None and name not in ACCEPTS]
        unknown += [name for name in schedule.callbacks if name not in _CALLBACKS]
        if unknown or schedule.on not in {"sends", "all"}:
            raise ScheduleWrong(f"This schedule has mistakes in it: {', '.join(unknown) or schedule.on}.")
        if sum(schedule.rates.values()) > 1:
            raise ScheduleWrong("The faults' probabilities add up to more than 1.")
        return schedule

    def draw(self, *, send: bool) -> str | None:
        """The fault that hits this request, if any. Counts it."""
        if not send and self.on == "sends":
            return None
        number = self.count
        self.count += 1
        if number < len(self.script):
            return self.script[number]
        if not self.rates:
            return None
        rolled = self._dice("request", number).random()
        for name, share in self.rates.items():
            rolled -= share
            if rolled < 0:
                return name
        return None

    def distort(self, number: int, statuses: list[str]) -> list[tuple[str, bool]]:
        """The callbacks of the `number`th message as they will be sent: (status, lost?), doubled and out of order."""
        if not self.callbacks:
            return [(status, False) for status in statuses]
        dice = self._dice("callback", number)
        sent = [(status, dice.random() < self.callbacks.get("lose", 0)) for status in statuses]
        sent += [one for one in sent if dice.random() < self.callbacks.get("double", 0)]
        if dice.random() < self.callbacks.get("shuffle", 0):
            sent.reverse()
        return sent

    def _dice(self, what: str, number: int) -> random.Random:
        return random.Random(f"{self.seed}:{what}:{number}")


class Faults:
    """The schedules of both providers."""

    def __init__(self) -> None:
        self.schedules: dict[Provider, Schedule] = {provider: Schedule() for provider in PROVIDERS}

    def set(self, given: Mapping[str, Any]) -> None:
        """Take {"seed": n, "twilio": {…}, "slack": {…}}; a provider that is not named has no faults any more."""
        unknown = set(given) - {"seed", *PROVIDERS}
        if unknown:
            raise ScheduleWrong(f"Faults are given per provider: twilio and slack, not {', '.join(sorted(unknown))}.")
        seed = int(given.get("seed", 0))
        self.schedules = {provider: Schedule.read(given.get(provider) or {}, seed) for provider in PROVIDERS}


def _share(name: str, value: object) -> float:
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ScheduleWrong(f"{name} is a probability between 0 and 1, not {value!r}.")
    return float(value)


def accepts(fault: str | None) -> bool:
    """Say whether a request that meets this fault takes effect."""
    return fault is None or ACCEPTS[fault]


async def play(
    request: web.Request,
    schedule: Schedule,
    fault: str | None,
    answer: web.Response,
    unavailable: Callable[[], web.Response],
) -> web.StreamResponse:
    """Send `answer`, or break as `fault` says. `unavailable` makes the provider's own 503."""
    if schedule.latency:
        await asyncio.sleep(schedule.latency)
    if fault is None or fault == "rate_limited":
        return answer
    if fault in {"error_before", "error_after"}:
        return unavailable()
    if fault in {"html_502", "html_502_after"}:
        return web.Response(status=502, text=_GATEWAY, content_type="text/html")
    if fault in {"hang", "hang_after"}:
        await asyncio.sleep(schedule.hang_seconds)
    _reset(request)
    return answer


def _reset(request: web.Request) -> None:
    """Close the connection with RST: a plain close would look like an orderly, empty answer to some clients."""
    if request.transport is None:
        return
    ours = request.transport.get_extra_info("socket")
    if ours is not None:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
