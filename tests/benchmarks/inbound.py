"""An answer from the socket to the commit: ours beside the least that it could cost.

Both are served by two processes on the same PostgreSQL server, and take turns. Each answer is of somebody else and
answers a question that was really asked; dispatch is off, so that what is said back stays queued.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

import sqlalchemy as sa
from twilio.request_validator import RequestValidator

import models as m
from tests.benchmarks import floor_web, processes, scene
from tests.benchmarks.load import Load, pour, request
from tests.benchmarks.scene import ACCOUNT, QUIZ, SECRET, SENDER, TEAM, TOKEN, Company, Kind, Person
from tests.figures import Context, Figure, Missing

ROUNDS, ANSWERS, FEWER = 7, 1500, 400
WARM_UP = 200
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Served:
    """A web under load, and the process tree whose CPU counts."""

    port: int
    pid: int

    def take(self, requests: Sequence[bytes]) -> tuple[Load, float]:
        """All of `requests`, and the CPU milliseconds that each cost."""
        before = processes.cpu_seconds(self.pid)
        load = pour(HOST, self.port, requests)
        if load.refused:
            raise RuntimeError(f"{load.refused} of {len(requests)} answers were not taken.")
        return load, (processes.cpu_seconds(self.pid) - before) * 1000 / len(requests)


def measure(context: Context) -> Iterable[Figure]:
    """A signed SMS answer: verified, deduped, routed, graded, recorded, paid, reply queued, committed."""
    return _measured(context, "inbound", "twilio")


def measure_slack(context: Context) -> Iterable[Figure]:
    """A signed tap on a button in Slack, through Bolt, to the same records."""
    return _measured(context, "slack", "slack")


def _measured(context: Context, name: str, kind: Kind) -> Iterator[Figure]:
    count = FEWER if context.quick else ANSWERS
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder = Path(scratch)
        company = stack.enter_context(scene.company(folder))
        people = company.hire(kind, WARM_UP + ROUNDS * count)
        company.broadcast(people, QUIZ)
        company.dispatch(kind)
        context.say(f"{name}: {len(people):,} people have the question")
        ours = stack.enter_context(_ours(company, folder))
        floor = stack.enter_context(_floor(company, kind, people, folder))
        write = {"twilio": _texts, "slack": _taps}[kind]
        turns: list[tuple[tuple[Load, float], tuple[Load, float]]] = []
        for place, some in enumerate(_rounds(people, count)):
            turn = (ours.take(write(company, some, ours.port)), floor.take(write(company, some, floor.port)))
            if place:
                turns.append(turn)
                context.say(f"{name}: {turn[0][0].per_second:,.0f}/s, floor {turn[1][0].per_second:,.0f}/s")
        _as_promised(company, len(people))
    yield from _figures(name, turns, cpu=2.5 if kind == "twilio" else None)


def _figures(
    name: str, turns: Sequence[tuple[tuple[Load, float], tuple[Load, float]]], cpu: float | None
) -> Iterator[Figure]:
    def of(side: int, what: Callable[[Load], float]) -> float:
        return median(what(turn[side][0]) for turn in turns)

    ours, floor = of(0, lambda load: load.per_second), of(1, lambda load: load.per_second)
    ratio = median(turn[0][0].per_second / turn[1][0].per_second for turn in turns)
    yield Figure(name, ours, "answers/s", floor=floor, ratio=ratio, target=">= 0.4")
    milliseconds = [median(turn[side][1] for turn in turns) for side in (0, 1)]
    held = None if cpu is None else milliseconds[0] <= cpu
    yield Figure(
        f"{name}.cpu", milliseconds[0], "ms of CPU per answer", floor=milliseconds[1],
        target=None if cpu is None else f"<= {cpu}", holds=held,
    )  # fmt: skip
    yield Figure(f"{name}.p50", of(0, lambda load: load.p50), "ms", floor=of(1, lambda load: load.p50))
    p99 = of(0, lambda load: load.p99)
    target = "<= 80" if cpu is not None else None
    yield Figure(
        f"{name}.p99", p99, "ms", floor=of(1, lambda load: load.p99), target=target,
        holds=None if target is None else p99 <= 80,
    )  # fmt: skip


def _rounds(people: Sequence[Person], count: int) -> Iterator[Sequence[Person]]:
    yield people[:WARM_UP]
    for start in range(WARM_UP, len(people), count):
        yield people[start : start + count]


@contextmanager
def _ours(company: Company, folder: Path) -> Iterator[Served]:
    broker = os.environ.get("SHIFTLINE_TEST_BROKER_URL")
    if not broker:
        raise Missing("set SHIFTLINE_TEST_BROKER_URL to a RabbitMQ server")
    port = processes.free_port()
    url = f"http://{HOST}:{port}"
    environment = company.environment | {"BROKER_URL": broker, "PUBLIC_URL": url}
    arguments = [*processes.SHIFTLINE, "serve", "--port", str(port), "--workers", "2"]
    with processes.running(arguments, environment, "Shiftline is ready", folder) as pid:
        yield Served(port, pid)


@contextmanager
def _floor(company: Company, kind: Kind, people: Sequence[Person], folder: Path) -> Iterator[Served]:
    floor_web.prepare(company.url, [person.address for person in people])
    port = processes.free_port()
    arguments = ["-m", "tests.benchmarks.floor_web", kind, str(port)]
    with processes.running(arguments, {"DATABASE_URL": company.url}, floor_web.READY, folder) as pid:
        _answers(port)
        yield Served(port, pid)


def _answers(port: int, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"http://{HOST}:{port}/nothing", timeout=1).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            continue
    raise RuntimeError("The floor does not answer.")


def _texts(_: Company, people: Sequence[Person], port: int) -> list[bytes]:
    path, validator = "/hooks/twilio/messages", RequestValidator(TOKEN)
    made = []
    for place, person in enumerate(people):
        form = {
            "MessageSid": f"SM{person.identity_id.hex}", "AccountSid": ACCOUNT, "From": person.address, "To": SENDER,
            "Body": "2" if place % 4 else "1", "NumMedia": "0", "NumSegments": "1", "SmsStatus": "received",
            "FromCountry": "US", "FromState": "NY", "FromCity": "NEW YORK", "ApiVersion": "2010-04-01",
        }  # fmt: skip
        signature = validator.compute_signature(f"http://{HOST}:{port}{path}", form)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
        made.append(request(path, f"{HOST}:{port}", headers, urlencode(form).encode()))
    return made


def _taps(company: Company, people: Sequence[Person], port: int) -> list[bytes]:
    with company.database.reading(company.id) as session:
        ids = [person.identity_id for person in people]
        rows = session.execute(
            sa.select(m.Prompt.identity_id, m.Prompt.token, m.Delivery.provider_id)
            .join(m.Delivery, m.Delivery.id == m.Prompt.delivery_id)
            .where(m.Prompt.identity_id.in_(ids))
        )
        asked = {row.identity_id: row for row in rows}
    made, stamp = [], str(int(time.time()))
    for place, person in enumerate(people):
        row = asked[person.identity_id]
        channel, _, ts = row.provider_id.partition(":")
        payload = {
            "type": "block_actions", "team": {"id": TEAM, "domain": "bench"},
            "user": {"id": person.address, "team_id": TEAM}, "api_app_id": "A0BENCH", "trigger_id": "1.2.3",
            "container": {"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": False},
            "channel": {"id": channel, "name": "directmessage"}, "state": {"values": {}},
            "actions": [{
                "type": "button", "block_id": f"ask:{row.token}", "action_ts": f"{stamp}.{place:06d}",
                "action_id": f"answer:{row.token}:{'b' if place % 4 else 'a'}",
                "text": {"type": "plain_text", "text": "Block the area"},
            }],
        }  # fmt: skip
        body = urlencode({"payload": json.dumps(payload)}).encode()
        signature = hmac.digest(SECRET.encode(), b"v0:%b:%b" % (stamp.encode(), body), hashlib.sha256).hex()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded", "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={signature}",
        }  # fmt: skip
        made.append(request("/hooks/slack", f"{HOST}:{port}", headers, body))
    return made


def _as_promised(company: Company, expected: int) -> None:
    """Speed at the price of a record is none: everybody's answer is there, scored, paid and replied to."""
    with company.database.reading(company.id) as session:
        for table, condition in (
            (m.QuestionResponse, sa.true()),
            (m.QuizAttempt, m.QuizAttempt.finished_at.is_not(None)),
            (m.WorkerGamification, m.WorkerGamification.points_balance > 0),
            (m.WorkerEngagement, m.WorkerEngagement.last_interaction_date.is_not(None)),
            (m.Delivery, sa.and_(m.Delivery.source_kind == "reply", m.Delivery.verb == "send")),
        ):
            found = session.scalar(sa.select(sa.func.count()).select_from(table).where(condition))
            if found != expected:
                raise RuntimeError(f"{found} rows of {table.__tablename__}, not {expected}.")
