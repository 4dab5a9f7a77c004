"""Every answer is delivered five times, in any order, from eight threads: is it taken exactly once?

People answer the first question of a quiz, half of them wrongly. A wrong answer leaves another try and a right
one brings the next question, so whatever is taken a second time shows: as another try, as an answer to a
question that nobody has read, as points or as a second reply.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot import chance
from models import Delivery, PointsEntry, Prompt, QuestionResponse, SentMessage, Worker, WorkerGamification
from tests.faults import webhooks
from tests.faults.launcher import described
from tests.faults.processes import distributed, running
from tests.faults.site import Site, servers, site, until
from tests.faults.webhooks import Webhook
from tests.figures import Context, Figure

TIMES, THREADS = 5, 8
PATIENCE = 300.0  # seconds, for a machine that has much else to do
WORTH, ANSWERED = 2, 1  # points of a right answer, and of any
QUIZ: dict[str, Any] = {
    "kind": "quiz",
    "title": "Spills",
    "questions": [
        {
            "id": "first", "kind": "single_choice", "prompt": "Spill in aisle 4. First step?", "max_attempts": 3,
            "choices": [{"id": "block", "text": "Block the area"}, {"id": "mop", "text": "Mop it"}],
            "grading": {"correct_answers": ["block"], "point_value": WORTH},
        },
        {
            "id": "second", "kind": "single_choice", "prompt": "Whom do you tell?",
            "choices": [{"id": "lead", "text": "My lead"}, {"id": "nobody", "text": "Nobody"}],
            "grading": {"correct_answers": ["lead"]},
        },
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Taken:
    """What one person's answer has left behind."""

    responses: int = 0
    heard: int = 0
    replies: int = 0
    points: int = 0
    balance: int = 0

    @classmethod
    def once(cls, *, right: bool) -> Taken:
        """What it leaves when it is taken exactly once. A wrong one with tries left is paid by the last of them."""
        paid = ANSWERED + WORTH if right else 0
        return cls(responses=1, heard=1, replies=1, points=paid, balance=paid)


@dataclass(frozen=True)
class Outcome:
    """One run: how many answers were not taken exactly once, and how many deliveries weren't answered 200."""

    wrong: int
    refused: int


def dups(context: Context) -> Iterator[Figure]:
    """Webhooks delivered five times each: every answer recorded, scored and paid once."""
    counts = {"sqlite": 200 if context.quick else 500}
    if servers():
        counts["postgresql"] = 300 if context.quick else 2000
    else:
        context.say("dups: on SQLite only; SHIFTLINE_TEST_DATABASE_URL and SHIFTLINE_TEST_BROKER_URL add PostgreSQL")
    runs = {}
    for kind, count in counts.items():
        runs[kind] = run = _run(context, kind, count)
        yield Figure(f"dups.{kind}", run.wrong, f"of {count} answers not taken once", target="== 0")
        yield Figure(f"dups.{kind}_refused", run.refused, "webhooks not answered 200", target="== 0")
    kind, count = list(counts.items())[-1]
    few = count // 5
    control = _run(context, kind, few, without="inbound_key")
    yield Figure("dups.control", control.wrong, f"of {few} answers, without the key", target=">= 1")
    wrong, everybody = sum(run.wrong for run in runs.values()), sum(counts.values())
    yield Figure("dups", wrong, f"of {everybody} answers not taken once, {TIMES} times each", target="== 0")


def _run(context: Context, kind: str, count: int, without: str = "nothing") -> Outcome:
    context.say(f"dups: {count} answers, {TIMES} times each, {kind}, {described(without)}")
    with site(count, kind=kind) as here:
        commands = [("up", "--port", here.port)] if kind == "sqlite" else distributed(here, 1)
        with running(here, *commands, without=without):
            broadcast_id = here.broadcast(QUIZ)
            until(lambda: _asked(here, broadcast_id, count), PATIENCE, "everybody has the question")
            hooks, right = _answers(here)
            statuses = webhooks.deliver(here.port, chance.shuffled(hooks * TIMES), THREADS)
            until(lambda: not _still_to_say(here), PATIENCE, "every reply is out")
            taken = _taken(here)
    wrong = {
        who: taken.get(who, Taken()) for who, was in right.items() if taken.get(who, Taken()) != Taken.once(right=was)
    }
    for who, what in list(wrong.items())[:3]:
        context.say(f"dups: not once: {who} {what}")
    return Outcome(len(wrong), sum(status != 200 for status in statuses))


def _asked(here: Site, broadcast_id: uuid.UUID, count: int) -> bool:
    """Everybody's question is open and out."""
    out = sa.select(sa.func.count()).where(
        Delivery.source_id == broadcast_id, Delivery.state.in_(("sent", "delivered"))
    )
    opened = sa.select(sa.func.count()).where(Prompt.source_id == broadcast_id)
    return [here.reading(query)[0][0] for query in (out, opened)] == [count, count]


def _answers(here: Site) -> tuple[list[Webhook], dict[str, bool]]:
    """Everybody's webhook, and by external id whether the answer is right."""
    hooks, right = [], {}
    for number, phone in enumerate(here.phones):
        right[f"P-{phone[1:]}"] = number % 2 == 0
        hooks.append(webhooks.text(here.url, phone, "12"[number % 2], number))
    posts = {row["data"]["channel"]: row for row in here.simulator.control.all_rows("slack.chat.postMessage")}
    for number, (user, channel) in enumerate(here.channels.items()):
        right[f"S-{user}"] = number % 2 == 0
        hooks.append(webhooks.tap(user, channel, posts[channel], ("block", "mop")[number % 2], number))
    return hooks, right


def _still_to_say(here: Site) -> int:
    return here.reading(sa.select(sa.func.count()).where(Delivery.state.in_(("queued", "claimed", "sending"))))[0][0]


def _taken(here: Site) -> dict[str, Taken]:
    """What everybody's answer has left behind, by external id."""

    def per_worker(table: Any, amount: Any, *where: Any) -> dict[uuid.UUID, int]:
        query = sa.select(table.worker_id, amount).where(table.worker_id.is_not(None), *where).group_by(table.worker_id)
        return {worker: int(number) for worker, number in here.reading(query)}

    said = (Delivery.source_kind.in_(("reply", "notice")), Delivery.verb == "send", Delivery.part == 0)
    left = {
        "responses": per_worker(QuestionResponse, sa.func.count()),
        "heard": per_worker(SentMessage, sa.func.count(), SentMessage.direction == "in"),
        "replies": per_worker(Delivery, sa.func.count(), *said),
        "points": per_worker(PointsEntry, sa.func.sum(PointsEntry.points)),
        "balance": per_worker(WorkerGamification, sa.func.sum(WorkerGamification.points_balance)),
    }
    return {
        external_id: Taken(**{name: numbers.get(worker, 0) for name, numbers in left.items()})
        for worker, external_id in here.reading(sa.select(Worker.id, Worker.external_id))
    }
