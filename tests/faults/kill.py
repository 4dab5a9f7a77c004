"""Processes are killed while they send, and the providers misbehave: nobody is forgotten, nobody gets it twice.

`serve`, three `work` and `clock` send one message to everybody while one of them after the other gets SIGKILL and
is started again. The providers lose answers, say 5xx before and after they took a message, refuse with 429, and
report everything doubled and out of order. The control run sends first and commits afterwards.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from bot import chance
from bot.delivery.timing import Timing
from models import Delivery
from tests.faults import truth
from tests.faults.launcher import described
from tests.faults.processes import Process, distributed, running, tend
from tests.faults.site import SENDS, Site, site
from tests.faults.truth import Verdict
from tests.figures import Context, Figure

SHORT = Timing(lease=timedelta(seconds=13), fresh=timedelta(seconds=2), settle=timedelta(seconds=5))
TEXT = {"kind": "text", "title": "Spills", "text": "Mop up spills at once, then tell your lead."}
FAULTS = {
    "drop_after_accept": 0.01,
    "error_before": 0.02,
    "error_after": 0.02,
    "rate_limited": 0.02,
    "callbacks": {"double": 1.0, "shuffle": 0.5},
    "latency": 0.4,
}


@dataclass(frozen=True)
class Plan:
    """How much of it: people, kills, seconds between two of them, messages a second and channel, senders."""

    people: int
    kills: int
    every: float
    pace: float
    workers: int
    timing: Timing


@dataclass(frozen=True)
class Outcome:
    """One run. `again`: attempts beyond everybody's first; `faults`: sends that the providers broke."""

    verdict: Verdict
    kills: int
    again: int
    faults: int


FULL = Plan(people=2000, kills=40, every=1.5, pace=15.0, workers=3, timing=Timing())
QUICK = Plan(people=300, kills=10, every=1.0, pace=10.0, workers=3, timing=SHORT)
CONTROL = Plan(people=600, kills=24, every=1.0, pace=10.0, workers=2, timing=SHORT)
QUICK_CONTROL = Plan(people=160, kills=8, every=0.6, pace=10.0, workers=2, timing=SHORT)


def kill(context: Context) -> Iterator[Figure]:
    """Processes killed while they send and providers that misbehave: nothing lost, nothing twice."""
    plan = QUICK if context.quick else FULL
    run = _run(context, plan)
    yield Figure("kill.lost", len(run.verdict.lost), "people", target="== 0")
    yield Figure("kill.unflagged", len(run.verdict.unflagged), "people", target="== 0")
    yield Figure("kill.untrue", len(run.verdict.untrue) + len(run.verdict.unfinished), "people", target="== 0")
    yield Figure("kill.owned_up", len(run.verdict.owned_up), "people whom a human is told of")
    yield Figure("kill.kills", run.kills, "processes killed", target=f">= {plan.kills}")
    yield Figure("kill.again", run.again, "attempts beyond the first")
    yield Figure("kill.faults", run.faults, "sends broken by the provider", target=">= 1")
    against = QUICK_CONTROL if context.quick else CONTROL
    control = _run(context, against, without="begin_first")
    yield Figure(
        "kill.control",
        len(control.verdict.doubled),
        f"of {against.people} people, sent before committed",
        target=">= 1",
    )
    yield Figure("kill", len(run.verdict.doubled), f"of {plan.people} people got it twice", target="== 0")


def _run(context: Context, plan: Plan, without: str = "nothing") -> Outcome:
    context.say(f"kill: {plan.people} people, {plan.kills} kills, {described(without)}")
    with (
        site(plan.people, pace=plan.pace, timing=plan.timing) as here,
        running(here, *distributed(here, plan.workers), without=without) as processes,
    ):
        here.simulator.control.faults(seed=context.seed, twilio=FAULTS, slack=FAULTS)
        broadcast_id = here.broadcast(TEXT)
        kills = _mow(here, broadcast_id, processes, plan)
        context.say(f"kill: {kills} killed and started again; waiting for what is left")
        here.await_end(broadcast_id, 600, lambda: tend(processes))
        here.await_silence()
        verdict = truth.judge(here.everybody, truth.told(here, broadcast_id), truth.messages(here))
        again = here.reading(sa.select(sa.func.sum(Delivery.attempts - 1)).where(Delivery.source_id == broadcast_id))
        faults = sum(bool(row["fault"]) for kind in SENDS for row in here.simulator.control.all_rows(kind))
    return Outcome(verdict, kills, again[0][0], faults)


def _mow(here: Site, broadcast_id: uuid.UUID, processes: Sequence[Process], plan: Plan) -> int:
    """Kill one after the other until enough are dead, or everything is out.

    By turns whoever it is at whatever moment, and a sender just when a message has reached a provider.
    """
    senders = [process for process in processes if process.command == ("work",)]
    for kills in range(plan.kills):
        time.sleep(chance.jitter(plan.every))
        if not here.left(broadcast_id):
            return kills
        if kills % 2 == 0:
            here.await_sending(5)
        chance.shuffled(senders if kills % 2 == 0 else processes)[0].kill()
        tend(processes)
    return plan.kills
