"""`python -m tests.faults.launcher PART COMMAND…`: `shiftline COMMAND` as a process of its own, with PART taken out.

This is how a control run loses its protection without the product having a switch for it. "nothing" takes
nothing out. The queues are the site's own, so that no other installation on this broker works on our nudges.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bot import chance, cli
from bot.conversation import receive
from bot.engine import actors
from bot.web import server


def nothing() -> None:
    """The product as it is."""


def inbound_key() -> None:
    """Every delivery of a webhook looks like a new message."""
    once = receive._once

    def always_new(database: Any, hook: Any, inbound: Any, now: Any) -> Any:
        return once(database, hook, replace(inbound, key=f"{inbound.key}:{chance.new_id()}"), now)

    receive._once = always_new


WITHOUT: Mapping[str, Callable[[], None]] = {part.__name__: part for part in (nothing, inbound_key)}


def main(part: str, *command: str) -> None:
    """Take `part` out, then be `shiftline command`."""
    server.die_with_parent()
    prefix = os.environ.get("PROVE_QUEUES", "")
    for name, queue in dict(actors.QUEUES).items():
        actors.QUEUES[name] = f"{prefix}_{queue}"
    WITHOUT[part]()
    sys.argv = ["shiftline", *command]
    cli.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
