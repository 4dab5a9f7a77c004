"""The demonstration as many processes: what an operator runs on many machines, on one, to be tried out and hurt.

Two `serve`, three `work` and two `clock`, each by the very command that a systemd unit would give, on PostgreSQL and
RabbitMQ. Nothing is started again when it dies: whoever kills one wants to see that the others go on. There is
no proxy in front, so Twilio's webhooks go to the first web and Slack's to the second.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.errors import Unavailable
from bot.settings import Settings
from bot.web import server
from bot.web.server import Place

COMMAND = (sys.executable, "-m", "bot.cli")
PATIENCE = 120.0  # seconds until all of them are ready
ENDING = 50.0  # seconds that they have to finish what they do; longer than each takes for it

Said = Callable[[str], None]


class NotReady(Unavailable):
    """One of the processes did not start."""

    code = "not_ready"


@dataclass(slots=True)
class Part:
    """One process."""

    name: str
    arguments: Sequence[str]
    process: subprocess.Popen[str]
    ready: threading.Event = field(default_factory=threading.Event)


def places(place: Place) -> tuple[Place, Place]:
    """Where the two webs listen: the port that was asked for, and the next one."""
    return Place(place.host, place.port), Place(place.host, place.port + 1)


def environment(settings: Settings) -> dict[str, str]:
    """What every process is given: our own environment, and the simulated providers in place of the real ones."""
    given = {"PUBLIC_URL": settings.public_url, "SHIFTLINE_DATA": str(settings.data), **settings.api_urls}
    files = {f"{name}_FILE" for name in given}
    return {name: value for name, value in os.environ.items() if name not in files} | given


def run(settings: Settings, place: Place, said: Said) -> bool:
    """Start them, say where they are, and wait for Ctrl-C or SIGTERM. False if one had not ended in order.

    `settings` are those that a demonstration was prepared with. `said` gets what they say, behind their name.
    """
    webs = places(place)
    commands = {
        **{f"serve.{number}": _serve(web, settings) for number, web in enumerate(webs, start=1)},
        **{f"work.{number}": ("work",) for number in (1, 2, 3)},
        **{f"clock.{number}": ("clock",) for number in (1, 2)},
    }
    happened: queue.SimpleQueue[Part | None] = queue.SimpleQueue()  # None: somebody wants us to end
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: happened.put(None))
    parts = [_start(name, arguments, environment(settings)) for name, arguments in commands.items()]
    for part in parts:  # only now: a thread that ran already would be forked into the next process
        threading.Thread(target=_listen, args=(part, said, happened), name=part.name, daemon=True).start()
    try:
        if _all_ready(parts, happened):
            sys.stdout.write(f"Shiftline is ready: {' '.join(web.url for web in webs)}\n")
            sys.stdout.flush()
            _watch(parts, said, happened)
    finally:
        well = _end(parts, said)
    return well


def _serve(web: Place, settings: Settings) -> tuple[str, ...]:
    simulator = ("--simulator", settings.simulator_url) if settings.simulator_url else ()
    return ("serve", "--host", web.host, "--port", str(web.port), "--workers", "1", *simulator)


def _start(name: str, arguments: Sequence[str], given: Mapping[str, str]) -> Part:
    """In a group of its own, so that Ctrl-C reaches only us; if we are killed, it ends in order by itself."""
    process = subprocess.Popen(  # noqa: S603 - our own module
        [*COMMAND, *arguments], env=given, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, process_group=0, preexec_fn=server.die_with_parent,  # noqa: PLW1509 - no thread runs yet
    )  # fmt: skip
    return Part(name, arguments, process)


def _listen(part: Part, said: Said, happened: queue.SimpleQueue[Part | None]) -> None:
    """Pass on what it says until it says no more; being ready and ending are told."""
    assert part.process.stdout is not None, "it has a pipe"
    for line in part.process.stdout:
        said(f"{part.name:<7} | {line.rstrip()}")
        if " ready" in line and not part.ready.is_set():
            part.ready.set()
            happened.put(part)
    part.process.wait()
    happened.put(part)


def _all_ready(parts: Sequence[Part], happened: queue.SimpleQueue[Part | None]) -> bool:
    """Wait for everybody; False if we are to end instead. NotReady if one ended, or takes too long."""
    end = time.monotonic() + PATIENCE
    while not all(part.ready.is_set() for part in parts):
        try:
            found = happened.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            late = ", ".join(part.name for part in parts if not part.ready.is_set())
            raise NotReady(f"Not ready within {PATIENCE:.0f} seconds: {late}.") from None
        if found is None:
            return False
        if found.process.poll() is not None:
            raise NotReady(f"{found.name} ended at once; what it said stands above.")
    return True


def _watch(parts: Sequence[Part], said: Said, happened: queue.SimpleQueue[Part | None]) -> None:
    """Until we are to end, or nobody is left."""
    for part in parts:
        said(f"{part.name:<7} | pid {part.process.pid}: shiftline {' '.join(part.arguments)}")
    while any(part.process.poll() is None for part in parts):
        found = happened.get()
        if found is None:
            return
        if (code := found.process.poll()) is not None:
            said(f"{found.name:<7} | ended with {code}; nothing starts it again, the others go on.")


def _end(parts: Sequence[Part], said: Said) -> bool:
    """SIGTERM to everybody that is left, and wait. True if all of those ended with 0 in time."""
    running = [part for part in parts if part.process.poll() is None]
    for part in running:
        part.process.terminate()
    end, well = time.monotonic() + ENDING, True
    for part in running:
        try:
            code = part.process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            part.process.kill()
            code = part.process.wait()
        if code != 0:
            said(f"{part.name:<7} | ended with {code}.")
            well = False
    return well
