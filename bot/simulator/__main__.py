"""`python -m bot.simulator`: the simulator as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from bot.simulator.ledger import LedgerInUse
from bot.simulator.server import PortTaken, Server, build

PR_SET_PDEATHSIG = 1


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM; 0, or 2 after one plain sentence about what was wrong."""
    options = _options(arguments)
    if options.die_with_parent:
        die_with_parent()
    try:
        server = build(options.ledger, lean=options.lean, config=_config(options.config))
        return asyncio.run(_serve(server, options.host, options.port))
    except (PortTaken, LedgerInUse) as problem:
        sys.stderr.write(f"{problem}\n")
    except (OSError, ValueError, TypeError, KeyError) as problem:
        sys.stderr.write(f"The simulator can't start: {problem!r}\n")
    return 2


def die_with_parent() -> None:
    """End when the parent ends, however it ends (Linux only).

    The kernel means the parent *thread*: a simulator that was started from a thread dies with that thread.
    """
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it was gone before the kernel knew of our wish
        sys.exit(0)


async def _serve(server: Server, host: str, port: int) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)  # a world only grows: looking through it again and again finds nothing
    try:
        url = await server.start(host, port)
        sys.stdout.write(f"Simulator is ready: {url}\n")
        sys.stdout.flush()
        await stopping.wait()
    finally:
        await server.stop()
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot.simulator", description="Twilio and Slack on loopback.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9300, help="0 picks a free one")
    parser.add_argument("--ledger", default=":memory:", metavar="FILE", help="SQLite file; default: in memory")
    parser.add_argument("--config", metavar="FILE.json", help="accounts, teams and faults to begin with")
    parser.add_argument("--lean", action="store_true", help="no callbacks, rows committed every 50 ms")
    parser.add_argument("--die-with-parent", action="store_true")
    return parser.parse_args(arguments)


def _config(path: str | None) -> dict[str, Any] | None:
    if path is None:
        return None
    config: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return config


if __name__ == "__main__":
    sys.exit(main())
