"""Senders stand still between writing down that they send and sending, until others have taken over; then they go on.

A process can be stopped for longer than its lease: a paused machine, a debugger, a host that swaps. What it has
begun is put in doubt, searched for, not found and sent by another process. When it goes on it must not send it too.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from bot.delivery.timing import Timing
from models import Delivery, SentMessage
from tests.faults import truth
from tests.faults.launcher import described
from tests.faults.processes import Process, distributed, running
from tests.faults.site import Site, site, until
from tests.faults.truth import Verdict
from tests.figures import Context, Figure

SHORT = Timing(lease=timedelta(seconds=13), fresh=timedelta(seconds=2), settle=timedelta(seconds=5))
PACE = 15.0
PATIENCE = 120.0  # seconds: the one before may stand still with its sender's row locked, for a lease and a while
TEXT = {"kind": "text", "title": "Spills", "text": "Mop up spills at once, then tell your lead."}


@dataclass(frozen=True)
class Outcome:
    """One run. `begun`: attempts that stood still; `stranded`: those that had not reached the provider by then."""

    verdict: Verdict
    frozen: int
    begun: int
    stranded: int
    held_back: int


def freeze(context: Context) -> Iterator[Figure]:
    """Senders stopped past their lease and continued: nothing goes out twice."""
    count, stops = (160, 3) if context.quick else (1000, 10)
    timing = SHORT if context.quick else Timing()
    run = _run(context, count, stops, timing)
    yield Figure("freeze.lost", len(run.verdict.lost), "people", target="== 0")
    yield Figure("freeze.unflagged", len(run.verdict.unflagged), "people", target="== 0")
    yield Figure("freeze.untrue", len(run.verdict.untrue) + len(run.verdict.unfinished), "people", target="== 0")
    yield Figure("freeze.stops", run.frozen, f"senders stopped for more than {timing.lease.total_seconds():.0f} s")
    yield Figure(
        "freeze.stranded",
        run.stranded,
        f"messages unsent when their sender stopped, of {run.begun} begun",
        target=">= 1",
    )
    yield Figure("freeze.held_back", run.held_back, "attempts not made when it went on")
    control = _run(context, count // 2, stops // 2 + 1, SHORT, without="freshness")
    yield Figure(
        "freeze.control", len(control.verdict.doubled), f"of {count // 2} people, without the check", target=">= 1"
    )
    yield Figure("freeze", len(run.verdict.doubled), f"of {count} people got it twice", target="== 0")


def _run(context: Context, count: int, stops: int, timing: Timing, without: str = "nothing") -> Outcome:
    context.say(f"freeze: {count} people, {stops} stops, {described(without)}")
    with (
        site(count, pace=PACE, timing=timing) as here,
        running(here, *distributed(here, 1), without=without) as processes,
    ):
        sender = next(process for process in processes if process.command == ("work",))
        broadcast_id = here.broadcast(TEXT)
        stopped, begun, stranded = [], set[str](), 0
        for number in range(stops):
            if not _stop(here, sender, broadcast_id, begun, early=number % 2 == 0):
                break
            standing = _standing(here, broadcast_id) - begun
            begun |= standing
            stranded += len(standing - {message.address for message in truth.messages(here)})
            stopped.append(sender)
            sender = Process(here, ("work",), without, len(processes))
            processes.append(sender)
            sender.start()
        context.say(f"freeze: {len(stopped)} stand still with {len(begun)} begun, {stranded} of them unsent")
        here.await_end(broadcast_id, 300)
        context.say("freeze: everything is out; they go on")
        for process in stopped:
            process.thaw()
        with suppress(TimeoutError):  # an attempt may end without a word; the ledger's silence is what counts
            until(lambda: not _unnoted(here), 20, "they have noted what became of it")
        here.await_silence()
        verdict = truth.judge(here.everybody, truth.told(here, broadcast_id), truth.messages(here))
        held_back = here.reading(sa.select(sa.func.count()).where(SentMessage.outcome == "not_tried"))[0][0]
    return Outcome(verdict, len(stopped), len(begun), stranded, held_back)


def _stop(here: Site, sender: Process, broadcast_id: uuid.UUID, begun: set[str], *, early: bool) -> bool:
    """Stop the sender in the middle of a batch. False if none begins any more.

    `early`: as soon as it has written down that it sends, else when the first message has reached a provider.
    """
    end = time.monotonic() + PATIENCE
    while early and not _standing(here, broadcast_id) - begun:
        if time.monotonic() > end:
            return False
    if not early and not here.await_sending(PATIENCE):
        return False
    sender.freeze()
    return True


def _standing(here: Site, broadcast_id: uuid.UUID) -> set[str]:
    """Whose message has been begun and not yet noted: what stands still."""
    query = sa.select(Delivery.address).where(Delivery.source_id == broadcast_id, Delivery.state == "sending")
    return {row.address for row in here.reading(query)}


def _unnoted(here: Site) -> int:
    """Attempts of which nobody has written yet what became of them."""
    query = sa.select(sa.func.count()).where(SentMessage.direction == "out", SentMessage.outcome.is_(None))
    count: int = here.reading(query)[0][0]
    return count
