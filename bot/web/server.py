"""Serving with Granian: the parent binds and watches, the worker joins the service and says when it is ready.

Granian would share a port silently with another server, and answer "ready" with the other one's voice: so
the port is tried alone first, and the ready probe compares the id of this start.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.util import Finalize
from typing import Any

from flask import Flask
from granian.constants import Interfaces
from granian.server import Server

from bot.errors import Unavailable
from bot.web.health import new_instance

THREADS = 8
PR_SET_PDEATHSIG = 1


class PortTaken(Unavailable):
    """This port is in use."""

    code = "port_taken"


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen, and how many processes answer there."""

    host: str
    port: int
    workers: int = 1

    @property
    def url(self) -> str:
        """The address to open."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - only compared
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Application:
    """What a worker runs, and what ends it."""

    flask: Flask
    stop: Callable[[], None]


def free(place: Place) -> None:
    """PortTaken, with the way out, if something listens there already."""
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((place.host, place.port))
        except OSError as error:
            raise PortTaken(
                f"Port {place.port} on {place.host} can't be used ({error.strerror}): "
                "stop what listens there or give another with --port."
            ) from None


def serve(place: Place, build: Callable[[], Application]) -> None:
    """Serve until SIGTERM or Ctrl-C. `build` runs in each worker."""
    free(place)
    instance = new_instance()
    loader = _Loader(place, instance, build)
    server = Server(
        "shiftline",
        address=place.host,
        port=place.port,
        interface=Interfaces.WSGI,
        workers=place.workers,
        blocking_threads=THREADS,
        log_enabled=False,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        websockets=False,
    )
    server.serve(target_loader=loader, wrap_loader=False)


class _Loader:
    """Runs in the worker process; a class, so that it can be pickled where processes are spawned."""

    def __init__(self, place: Place, instance: str, build: Callable[[], Application]) -> None:
        self.place, self.instance, self.build = place, instance, build

    def __call__(self) -> Any:
        die_with_parent()
        os.setpgid(0, 0)  # Ctrl-C reaches the parent only, which then ends us in order
        application = self.build()
        Finalize(None, application.stop, exitpriority=10)  # atexit doesn't run in a forked worker
        threading.Thread(target=self._announce, name="ready", daemon=True).start()
        return application.flask

    def _announce(self) -> None:
        """Print the ready line once this very start answers."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.place.url}/livez", timeout=2) as answer:  # noqa: S310 - ours
                    if json.load(answer).get("instance") == self.instance:
                        break
            except (OSError, ValueError):
                pass
            time.sleep(0.05)
        else:
            return
        first = f"{self.instance}:said"
        if os.environ.get(first) is None:
            os.environ[first] = "1"
            sys.stdout.write(f"Shiftline is ready: {self.place.url}\n")
            sys.stdout.flush()


def die_with_parent() -> None:
    """End this process when its parent is killed (Linux): an orphan would go on serving the port."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
