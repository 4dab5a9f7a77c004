"""From a due row to a noted result: claim, begin, render, send, note, by the actors of one process.

Beside it stand the floor, the same official clients on the same pooled connections posting the same bodies without a
database, and what a Python developer would write instead: a Dramatiq task per message that loads by ORM, renders,
sends with the provider's plain client and commits. The simulator runs lean; what it can take at most is printed too,
because it shares the machine.
"""

from __future__ import annotations

import asyncio
import base64
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode, urlsplit

import dramatiq
import sqlalchemy as sa
from dramatiq.brokers.stub import StubBroker
from slack_sdk import WebClient
from sqlalchemy.orm import Session
from twilio.rest import Client

import models as m
from bot import app
from bot.channels.channel import Message, Outbound
from bot.channels.registry import by_kind
from bot.content.documents import parse
from bot.content.render import document_messages
from bot.delivery import outbox
from tests.benchmarks import scene
from tests.benchmarks.load import pour, request
from tests.benchmarks.scene import ACCOUNT, CONFIGS, QUIZ, SENDER, TOKEN, Company, Kind, Person
from tests.figures import Context, Figure

ROUNDS, MESSAGES, FEWER, BY_TASK = 5, 2000, 600, 300
IN_FLIGHT = 64
TASK_THREADS = 8
UNDER_WAY = ("queued", "claimed", "sending")
PATIENCE = 120


def measure(context: Context) -> Iterable[Figure]:
    """Messages a second of one process with its pace off, on SMS and in Slack."""
    kinds: tuple[Kind, Kind] = ("twilio", "slack")
    for kind in kinds:
        yield from _measured(context, kind)


def _measured(context: Context, kind: Kind) -> Iterator[Figure]:
    count = FEWER if context.quick else MESSAGES
    name = "dispatch.sms" if kind == "twilio" else "dispatch.slack"
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        company = stack.enter_context(scene.company(Path(scratch)))
        people = company.hire(kind, count)
        some = people[:BY_TASK]
        ours, floors, peers = [], [], []
        _ours(company, kind, people)  # warm
        bodies = _said(company, kind, count)
        for _ in range(ROUNDS):
            ours.append(_ours(company, kind, people))
            floors.append(_floor(company, kind, bodies))
            peers.append(_by_task(company, kind, some))
            context.say(f"{name}: {ours[-1]:,.0f}/s, floor {floors[-1]:,.0f}/s, a task each {peers[-1]:,.0f}/s")
        ceiling = _ceiling(company, bodies) if kind == "twilio" else None
    ratio = median(mine / floor for mine, floor in zip(ours, floors, strict=True))
    yield Figure(name, median(ours), "messages/s", median(floors), median(peers), ratio, ">= 0.6")
    by_task = median(mine / peer for mine, peer in zip(ours, peers, strict=True))
    yield Figure(f"{name}.by_task", by_task, "times a task per message", target=">= 6")
    if ceiling is not None:
        yield Figure("dispatch.ceiling", ceiling, "posts/s that the simulator takes")


def _ours(company: Company, kind: Kind, people: Sequence[Person]) -> float:
    """Messages a second by the product's own actors, embedded as in `shiftline up`."""
    company.broadcast(people, QUIZ)
    service = app.join(company.settings)
    service.start_actors()
    try:
        began = time.perf_counter()
        service.sender("dispatch", str(company.senders[kind]))
        _all_gone(company)
        return len(people) / (time.perf_counter() - began)
    finally:
        service.stop()


def _all_gone(company: Company) -> None:
    """Wait until every row has a result. The look costs 1 ms, so that it is not taken often."""
    waiting = sa.select(sa.func.count()).where(m.Delivery.state.in_(UNDER_WAY))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with company.database.reading(company.id) as session:
            if not session.scalar(waiting):
                failed = session.scalar(
                    sa.select(sa.func.count()).where(m.Delivery.state.not_in(("submitted", "sent")))
                )
                if failed:
                    raise RuntimeError(f"{failed} messages did not go out.")
                return
        time.sleep(0.02)
    raise RuntimeError(f"Not all messages went out within {PATIENCE} s.")


def _said(company: Company, kind: Kind, count: int) -> list[Outbound]:
    """What has just been said, to be said again without a database."""
    with company.database.reading(company.id) as session:
        rows = session.execute(
            sa.select(m.SentMessage.delivery_id, m.SentMessage.address, m.SentMessage.payload)
            .where(m.SentMessage.integration_id == company.senders[kind])
            .limit(count)
        ).all()
    callback = "http://127.0.0.1:9/hooks/twilio/status/1?attempt=1#rc=5&rp=all" if kind == "twilio" else None
    return [
        Outbound(row.delivery_id, 1, row.address, outbox.unpack(row.payload), callback_url=callback) for row in rows
    ]


def _floor(company: Company, kind: Kind, bodies: Sequence[Outbound]) -> float:
    channel, config = by_kind(kind), CONFIGS[kind]
    url = company.simulator.twilio_url if kind == "twilio" else company.simulator.slack_url

    async def post_all(http: Any) -> None:
        waiting = iter(bodies)

        async def post() -> None:
            for out in waiting:
                await channel.send(http, url, config, out)

        await asyncio.gather(*(post() for _ in range(IN_FLIGHT)))

    began = time.perf_counter()
    company.wire.run(post_all)
    return len(bodies) / (time.perf_counter() - began)


def _by_task(company: Company, kind: Kind, people: Sequence[Person]) -> float:
    """A task for each message, on Dramatiq's in-memory broker as ours."""
    company.broadcast(people, QUIZ)
    with _tasks(company, kind) as (task, broker):
        with company.database.reading(company.id) as session:
            ids = session.scalars(sa.select(m.Delivery.id).where(m.Delivery.state == "queued")).all()
        began = time.perf_counter()
        for delivery_id in ids:
            task.send(delivery_id)
        broker.join(task.queue_name)
        seconds = time.perf_counter() - began
    _all_gone(company)
    return len(ids) / seconds


@contextmanager
def _tasks(company: Company, kind: Kind) -> Iterator[tuple[Any, StubBroker]]:
    broker = StubBroker()
    post = _plain_client(company, kind)
    abilities = by_kind(kind).abilities
    engine = company.database.engine

    def send(delivery_id: int) -> None:
        with Session(engine) as session, session.begin():
            delivery = session.get_one(m.Delivery, delivery_id)
            version = session.get_one(m.ContentVersion, delivery.content_version_id)
            worker = session.get_one(m.Worker, delivery.worker_id)
            contact = session.scalars(sa.select(m.WorkerContact).filter_by(worker_id=worker.id)).one()
            document = parse(version.version_data)
            languages = (contact.preferred_language,)
            said = document_messages(
                document, languages=languages, variables={}, media={}, shown=None, channel=abilities
            )
            delivery.provider_id = post(str(delivery.address), said[0])
            delivery.state = "submitted"
            session.add(
                m.SentMessage(
                    organization_id=company.id, integration_id=delivery.integration_id, worker_id=worker.id,
                    address=delivery.address, direction="out", delivery_id=delivery.id, attempt=1,
                    body=said[0].text, provider_id=delivery.provider_id, at=delivery.created_at,
                )
            )  # fmt: skip

    task = dramatiq.actor(send, broker=broker)
    worker = dramatiq.Worker(broker, worker_threads=TASK_THREADS)
    worker.start()
    try:
        yield task, broker
    finally:
        worker.stop()
        broker.close()


def _plain_client(company: Company, kind: Kind) -> Callable[[str, Message], str]:
    """How the providers' quick starts do it."""
    if kind == "slack":
        slack = WebClient("xoxb-bench", base_url=company.simulator.slack_url)

        def post(address: str, message: Message) -> str:
            answer = slack.chat_postMessage(channel=address, text=message.text)
            return f"{answer['channel']}:{answer['ts']}"

        return post
    twilio = Client(ACCOUNT, TOKEN)
    plain = twilio.http_client.request

    def redirected(method: str, uri: str, *rest: Any, **more: Any) -> Any:
        return plain(method, uri.replace("https://api.twilio.com", company.simulator.twilio_url), *rest, **more)

    twilio.http_client.request = redirected
    return lambda address, message: str(twilio.messages.create(to=address, from_=SENDER, body=message.text).sid)


def _ceiling(company: Company, bodies: Sequence[Outbound]) -> float:
    """What the lean simulator takes when nobody has to think about what to send."""
    place = urlsplit(company.simulator.url)
    secret = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {secret}"}
    path, host = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", f"{place.hostname}:{place.port}"
    requests = [
        request(path, host, headers, urlencode({"To": out.address, "From": SENDER, "Body": out.message.text}).encode())
        for out in bodies
    ]
    return pour(str(place.hostname), int(place.port or 80), requests, IN_FLIGHT).per_second
