"""`python -m tests.faults.launcher PART COMMAND…`: `shiftline COMMAND` as a process of its own, with PART taken out.

This is how a control run loses its protection without the product having a switch for it. "nothing" takes
nothing out. The queues are the site's own, so that no other installation on this broker works on our nudges.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot import chance, cli, clock
from bot.channels import http
from bot.conversation import receive
from bot.delivery import begin, dispatch, results, timing
from bot.delivery.timing import Timing
from bot.engine import actors

PR_SET_PDEATHSIG = 1


def nothing() -> None:
    """The product as it is."""


def inbound_key() -> None:
    """Every delivery of a webhook looks like a new message."""
    once = receive._once

    def always_new(database: Any, hook: Any, inbound: Any, now: Any) -> Any:
        return once(database, hook, replace(inbound, key=f"{inbound.key}:{chance.new_id()}"), now)

    receive._once = always_new


def freshness() -> None:
    """A POST may start however long ago it was begun."""
    http.Departure.late = property(lambda _departure: False)


def begin_first() -> None:
    """Send in the middle of a transaction and commit afterwards, as one does who has not thought of it."""

    def batch(self: Any, line: Any, lease: Any, ids: Any) -> bool:
        sender, now = line.sender, clock.now()
        with self.database.organization_session(sender.organization_id) as session:
            outbound = begin.begin(session, sender, lease, ids, now)
            ended = self.wire.run(lambda wire: dispatch._post_all(wire, line, outbound, http.moment()))
            return results.note(session, sender.integration_id, lease, ended, now)

    dispatch.Dispatcher._batch = batch


WITHOUT: Mapping[str, Callable[[], None]] = {
    part.__name__: part for part in (nothing, inbound_key, freshness, begin_first)
}


def described(part: str) -> str:
    """A run without `part`, in words."""
    return "the product as it is" if part == "nothing" else f"control: without {part}"


def packed(spans: Timing) -> str:
    """Spans for a process's environment."""
    return " ".join(str(span.total_seconds()) for span in (spans.lease, spans.fresh, spans.settle))


def unpacked(text: str) -> Timing:
    """Spans as `packed`."""
    return Timing(*(timedelta(seconds=float(span)) for span in text.split()))


def _die_with_parent() -> None:
    """By SIGKILL, for it may be standing still when the harness is interrupted."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main(part: str, *command: str) -> None:
    """Take `part` out, then be `shiftline command`."""
    _die_with_parent()
    prefix = os.environ.get("PROVE_QUEUES", "")
    for name, queue in dict(actors.QUEUES).items():
        actors.QUEUES[name] = f"{prefix}_{queue}"
    if spans := os.environ.get("PROVE_TIMING"):
        timing.use(unpacked(spans))
    WITHOUT[part]()
    sys.argv = ["shiftline", *command]
    cli.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
