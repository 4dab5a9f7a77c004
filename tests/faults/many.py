"""Everything is killed at once in the middle of a broadcast, and RabbitMQ goes away: nobody is forgotten, nobody gets it twice.

Two `serve`, three `work` and two `clock` send one message to everybody. Again and again all seven are stopped at the very
moment at which a message has reached a provider, killed with SIGKILL and started anew. Then RabbitMQ is away for a
while (the road to it is closed: others use it too), and strangers text meanwhile. The control run sends first and commits
afterwards.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from bot import chance
from bot.delivery.timing import Timing
from tests.faults import truth
from tests.faults.launcher import described
from tests.faults.processes import ROOT, Process, distributed, tend
from tests.faults.site import NUMBER, Site, site, until
from tests.faults.truth import Verdict
from tests.figures import Context, Figure
from tests.road import Road
from tests.warm import Warm

SHORT = Timing(lease=timedelta(seconds=13), fresh=timedelta(seconds=2), settle=timedelta(seconds=5))
TEXT = {"kind": "text", "title": "Spills", "text": "Mop up spills at once, then tell your lead."}
LATENCY = {"latency": 0.3}
STRANGERS = [f"+1415555{number:04d}" for number in range(100, 120)]


ASKED = ("twilio.list", "slack.conversations.history")


class Quick(Process):
    """One that starts in a moment: seven are started again and again."""

    def __init__(self, site: Site, command: Sequence[str], without: str, number: int, warm: Warm) -> None:
        super().__init__(site, command, without, number)
        self._warm, self._without = warm, without

    def start(self) -> None:
        """As the other's, but forked."""
        self.starts += 1
        with self.said.open("wb") as out, self.complained.open("ab") as err:
            self._process = self._warm.start(  # type: ignore[assignment]
                self.command, self._environment, ROOT, out.fileno(), err.fileno(), without=self._without
            )


@dataclass(frozen=True)
class Plan:
    """How much of it: people, how often all die, messages a second and channel, seconds without RabbitMQ."""

    people: int
    deaths: int
    pace: float
    away: float
    timing: Timing


@dataclass(frozen=True)
class Outcome:
    """One run. `killed`: processes; `asked`: searches at the providers; `hooks`: (status, seconds) without RabbitMQ."""

    verdict: Verdict
    killed: int
    asked: int
    hooks: Sequence[tuple[int, float]]


FULL = Plan(people=500, deaths=4, pace=5.0, away=10.0, timing=Timing())
QUICK = Plan(people=160, deaths=2, pace=4.0, away=5.0, timing=SHORT)
CONTROL = Plan(people=240, deaths=4, pace=5.0, away=0.0, timing=SHORT)
QUICK_CONTROL = Plan(people=120, deaths=3, pace=4.0, away=0.0, timing=SHORT)


def many(context: Context) -> Iterator[Figure]:
    """All processes killed at once while they send, then RabbitMQ away: nothing lost, nothing twice."""
    plan = QUICK if context.quick else FULL
    run = _run(context, plan)
    yield Figure("many.lost", len(run.verdict.lost), "people", target="== 0")
    yield Figure("many.unflagged", len(run.verdict.unflagged), "people", target="== 0")
    yield Figure("many.untrue", len(run.verdict.untrue) + len(run.verdict.unfinished), "people", target="== 0")
    yield Figure("many.owned_up", len(run.verdict.owned_up), "people whom a human is told of")
    yield Figure("many.killed", run.killed, "processes killed, seven at a time", target=f">= {7 * plan.deaths}")
    yield Figure("many.asked", run.asked, "times a provider was asked about a doubt", target=">= 1")
    refused = [status for status, _ in run.hooks if status != 200]
    yield Figure("many.refused", len(refused), f"of {len(run.hooks)} webhooks without RabbitMQ", target="== 0")
    yield Figure("many.slowest", max(seconds for _, seconds in run.hooks), "s for one of them", target="<= 3")
    against = QUICK_CONTROL if context.quick else CONTROL
    control = _run(context, against, without="begin_first")
    people = f"of {against.people} people, sent before committed"
    yield Figure("many.control", len(control.verdict.doubled), people, target=">= 1")
    yield Figure("many", len(run.verdict.doubled), f"of {plan.people} people got it twice", target="== 0")


def _run(context: Context, plan: Plan, without: str = "nothing") -> Outcome:
    context.say(f"many: {plan.people} people, all processes die {plan.deaths} times, {described(without)}")
    with (
        site(plan.people, pace=plan.pace, timing=plan.timing) as here,
        _road(here) as road,
        _running(here, without) as processes,
    ):
        here.simulator.control.faults(seed=context.seed, twilio=LATENCY, slack=LATENCY)
        broadcast_id = here.broadcast(TEXT)
        killed = sum(_all_die(here, broadcast_id, processes) for _ in range(plan.deaths))
        context.say(f"many: {killed} processes killed and started again")
        hooks = _without_rabbitmq(here, road, plan.away) if plan.away else []
        context.say("many: waiting for what is left")
        here.await_end(broadcast_id, 600, lambda: tend(processes))
        here.await_silence()
        theirs = [message for message in truth.messages(here) if message.address in here.everybody]
        verdict = truth.judge(here.everybody, truth.told(here, broadcast_id), theirs)
        asked = sum(len(here.simulator.control.all_rows(kind)) for kind in ASKED)
    return Outcome(verdict, killed, asked, hooks)


@contextmanager
def _running(here: Site, without: str) -> Iterator[list[Quick]]:
    """All seven, ready; whatever is left of them at the end is killed."""
    second = ("serve", "--port", str(int(here.port) + 1), "--workers", "1")
    commands = [*distributed(here, 3), second, ("clock",)]
    warm = Warm()
    processes = [Quick(here, command, without, number, warm) for number, command in enumerate(commands)]
    try:
        tend(processes)
        _await_ready(processes)
        yield processes
    finally:
        for process in processes:
            process.kill()
        warm.close()


def _await_ready(processes: Sequence[Process]) -> None:
    until(lambda: all(process.ready and process.alive for process in processes), 120, "the processes are ready")


def _road(here: Site) -> Road:
    """The site's way to RabbitMQ from now on."""
    there = urlsplit(here.environment["BROKER_URL"])
    road = Road(there.hostname or "localhost", there.port or 5672)
    user, _, _ = there.netloc.rpartition("@")
    here.environment["BROKER_URL"] = there._replace(netloc=f"{user}@127.0.0.1:{road.port}").geturl()
    return road


def _all_die(here: Site, broadcast_id: uuid.UUID, processes: Sequence[Process]) -> int:
    """Stop all of them just when a message has reached a provider, kill them, start them again. How many."""
    if not here.left(broadcast_id) or not here.await_sending(30):
        return 0
    for process in processes:
        process.freeze()
    for process in processes:
        process.kill()
    tend(processes)
    _await_ready(processes)
    time.sleep(chance.jitter(0.5))
    return len(processes)


def _without_rabbitmq(here: Site, road: Road, seconds: float) -> list[tuple[int, float]]:
    """Nobody reaches it for so long; what webhooks of strangers were answered, and how soon."""
    road.close()
    begun, hooks = time.monotonic(), []
    for stranger in STRANGERS:
        asked = time.monotonic()
        status = here.simulator.control.text(stranger, NUMBER, "Is this the pizza place?")["status_code"]
        hooks.append((status, time.monotonic() - asked))
    time.sleep(max(0.0, seconds - (time.monotonic() - begun)))
    road.open()
    return hooks
