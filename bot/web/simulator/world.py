"""The way to the simulator: its client, how many may hold it at once, and its troubles in our words.

A request of the page occupies a thread of the server while it waits, and the webhook that it causes needs
another one. So those who wait and those who act have a few places each, and some threads always stay free for webhooks.

Its troubles are 4xx: the sentence of a 5xx stays in the log, and here whoever looks at the page is the operator.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from threading import BoundedSemaphore
from typing import Any

from bot.errors import BadInput, NotFound, Refused
from bot.simulator.client import Control, ControlError
from bot.web.parts import parts

WAITING = BoundedSemaphore(2)
ACTING = BoundedSemaphore(3)
PATIENCE = 0.25  # seconds for which a hand waits for its place


class SimulatorAway(Refused):
    """The simulator doesn't answer. End `shiftline demo` with Ctrl-C and start it again."""

    code, status = "simulator_away", 424


class TooMuchAtOnce(Refused):
    """Too many messages are on their way at this moment. Try again in a second."""

    code, status = "too_much_at_once", 429


class HookRefused(Refused):
    """The message reached Shiftline's webhook and was not taken."""

    code, status = "hook_refused", 424


@contextmanager
def control() -> Iterator[Control]:
    """The simulator's client; what goes wrong with it is a sentence."""
    url = parts().settings.simulator_url
    if not url:
        raise SimulatorAway
    try:
        yield Control(url)
    except ControlError as error:
        raise (NotFound if error.status == 404 else BadInput)(str(error)) from None
    except (OSError, HTTPException):
        raise SimulatorAway from None


@contextmanager
def acting() -> Iterator[Control]:
    """`control` for something that makes the simulator post a webhook back to this very server."""
    if not ACTING.acquire(timeout=PATIENCE):
        raise TooMuchAtOnce
    try:
        with control() as simulator:
            yield simulator
    finally:
        ACTING.release()


def taken(answer: dict[str, Any]) -> None:
    """HookRefused unless the service's webhook answered 2xx."""
    status = int(answer.get("status_code") or 0)
    if not 200 <= status < 300:
        problem = answer.get("problem") or f"status {status}"
        raise HookRefused(f"The message reached Shiftline's webhook and was not taken ({problem}). Its log says why.")
