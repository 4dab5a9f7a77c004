"""Senders stand still between writing down that they send and sending, until others have taken over; then they go on.

A process can be stopped for longer than its lease: a paused machine, a debugger, a host that swaps. What it has
begun is put in doubt, searched for, not found and sent by another process. When it goes on it must not send it too.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

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
TEXT = {"kind": "text", "title": "Spills", "text": "Mop up spills at once, then tell your lead."}
SILENCE = 3.0  # seconds without a new line in the ledger after which nobody sends any more


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
    count, stops = (160, 3) if context.quick else (1200, 12)
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
    control = _run(context, count // 2, stops // 2 + 1, timing, without="freshness")
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
        for _ in range(stops):
            if not _in_the_middle(here, sender):
                break
            standing = _standing(here, broadcast_id) - begun
            begun |= standing
            stranded += len(standing - {message.address for message in _messages(here)})
            stopped.append(sender)
            sender = Process(here, ("work",), without, len(processes))
            processes.append(sender)
            sender.start()
        context.say(f"freeze: {len(stopped)} stand still with {len(begun)} begun, {stranded} of them unsent")
        try:
            until(lambda: not _left(here, broadcast_id), 240, "the others have taken over")
        except TimeoutError:
            context.say(here.explained())
            raise
        context.say("freeze: everything is out; they go on")
        for process in stopped:
            process.thaw()
        _silence(here)
        verdict = truth.judge(here.everybody, truth.told(here, broadcast_id), _messages(here))
        held_back = here.reading(sa.select(sa.func.count()).where(SentMessage.outcome == "not_tried"))[0][0]
    return Outcome(verdict, len(stopped), len(begun), stranded, held_back)


def _in_the_middle(here: Site, sender: Process) -> bool:
    """Stop the sender as soon as a new message reaches a provider. False if none does any more."""
    control = here.simulator.control
    cursor = control.health()["cursor"]
    end = time.monotonic() + 20
    while time.monotonic() < end:
        rows = control.ledger(cursor, wait=1)
        if any(row["kind"] in {"twilio.send", "slack.chat.postMessage"} for row in rows):
            sender.freeze()
            return True
        cursor = rows[-1]["id"] if rows else cursor
    return False


def _standing(here: Site, broadcast_id: uuid.UUID) -> set[str]:
    """Whose message has been begun and not yet noted: what stands still."""
    query = sa.select(Delivery.address).where(Delivery.source_id == broadcast_id, Delivery.state == "sending")
    return {row.address for row in here.reading(query)}


def _left(here: Site, broadcast_id: uuid.UUID) -> int:
    """How many are neither out nor given up."""
    done = {*truth.ARRIVED, *truth.GIVEN_UP}
    return sum(count for state, count in here.states(broadcast_id).items() if state not in done)


def _messages(here: Site) -> Sequence[truth.Message]:
    return truth.messages(here.simulator.control, here.channels)


def _silence(here: Site) -> None:
    """Until the ledger has had no new line for a while."""
    control = here.simulator.control
    cursor: Any = control.health()["cursor"]
    while rows := control.ledger(cursor, wait=SILENCE):
        cursor = rows[-1]["id"]
