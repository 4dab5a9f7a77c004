"""An installation to be mistreated: database, queues, people and the world outside, all its own.

It is set up by the doors that a customer uses, in this process; everything that is proved happens in the
product's own processes (`processes`).
"""

from __future__ import annotations

import io
import os
import socket
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pika
import sqlalchemy as sa

from bot import schema, settings
from bot.audience import segments
from bot.audience.sync import sync_all
from bot.broadcast import draft
from bot.channels.registry import by_kind
from bot.content import documents, write
from bot.database import Database
from bot.delivery.timing import Timing
from bot.engine.actors import QUEUES
from bot.people.imports import import_workers
from bot.simulator.process import SimulatorProcess
from bot.tenancy import integrations, organizations
from bot.tenancy.roles import Actor
from models import Broadcast, Delivery
from tests.conftest import postgresql_copy
from tests.factories import AREAS
from tests.faults import launcher
from tests.figures import Missing

ACCOUNT, TOKEN, NUMBER = f"AC{7:032x}", "d" * 32, "+18005550100"
TEAM, BOT_TOKEN, SIGNING_SECRET = "T0PROOF", "xoxb-proof", "e" * 32
SENDS = ("twilio.send", "slack.chat.postMessage")
OURS = ("SHIFTLINE_DATA", "DATABASE_URL", "BROKER_URL", "PUBLIC_URL", "TWILIO_API_URL", "SLACK_API_URL")


@dataclass
class Site:
    """One installation. Half of its people have a phone, the other half Slack."""

    folder: Path
    simulator: SimulatorProcess
    environment: dict[str, str]
    database: Database
    organization_id: uuid.UUID
    segment_id: uuid.UUID
    senders: Mapping[str, uuid.UUID]
    phones: list[str]
    channels: Mapping[str, str]  # a person's Slack id -> their direct channel

    @property
    def url(self) -> str:
        """Where providers find it."""
        return self.environment["PUBLIC_URL"]

    @property
    def port(self) -> str:
        """Where its web has to listen."""
        return self.url.rpartition(":")[2]

    @property
    def everybody(self) -> set[str]:
        """Every address that a message to all has to reach."""
        return {*self.phones, *self.channels}

    def broadcast(self, document: Mapping[str, Any]) -> uuid.UUID:
        """Have this content sent to everybody; the clock will find it."""
        with self.database.organization_session(self.organization_id) as session:
            content = write.add(session, self.organization_id, documents.parse(dict(document)))
            order = draft.Order(content.id, (self.segment_id,))
            return draft.place(session, self.organization_id, order).id

    def reading(self, query: sa.Select[Any]) -> list[Any]:
        """Rows of the organization's."""
        with self.database.reading(self.organization_id) as session:
            return list(session.execute(query).all())

    def _explained(self) -> str:
        """What the database is busy with, for a run that gets nowhere."""
        busy = "SELECT state, wait_event, now() - xact_start, pg_blocking_pids(pid), pid, left(query, 200)"
        there = " FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL"
        with self.database.engine.connect() as connection:
            rows = connection.exec_driver_sql(busy + there).all() if not self.database.on_sqlite else []
        deliveries = self.reading(sa.select(Delivery.state, sa.func.count()).group_by(Delivery.state))
        return "\n".join(map(str, [*deliveries, *rows]))

    def left(self, broadcast_id: uuid.UUID) -> bool:
        """Whether there is still something to do, as the product sees it."""
        query = sa.select(Broadcast.state).where(Broadcast.id == broadcast_id)
        return [row.state for row in self.reading(query)] != ["finished"]

    def await_end(self, broadcast_id: uuid.UUID, seconds: float, meanwhile: Callable[[], object] = bool) -> None:
        """Until nothing is left to do; TimeoutError with what the database is busy with."""
        end = time.monotonic() + seconds
        while self.left(broadcast_id):
            if time.monotonic() > end:
                raise TimeoutError(f"The broadcast has not finished within {seconds:.0f} s:\n{self._explained()}")
            meanwhile()
            time.sleep(0.2)

    def await_sending(self, seconds: float) -> bool:
        """Until the next message reaches a provider; False if none does in time."""
        control = self.simulator.control
        cursor, end = control.health()["cursor"], time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            rows = control.ledger(cursor, wait=left)
            if any(row["kind"] in SENDS for row in rows):
                return True
            cursor = rows[-1]["id"] if rows else cursor
        return False

    def await_silence(self, seconds: float = 3.0) -> None:
        """Until the ledger has had no new line for so long."""
        control = self.simulator.control
        cursor = control.health()["cursor"]
        while rows := control.ledger(cursor, wait=seconds):
            cursor = rows[-1]["id"]


@contextmanager
def site(count: int, *, kind: str = "postgresql", pace: float = 5000.0, timing: Timing | None = None) -> Iterator[Site]:
    """A site with `count` people, whose channels each send `pace` messages a second. Missing without PostgreSQL."""
    with ExitStack() as stack:
        shared = stack.enter_context(_servers()) if kind == "postgresql" else {}
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="prove-")))
        simulator = stack.enter_context(SimulatorProcess(ledger=folder / "ledger.sqlite3"))
        environment = {
            "SHIFTLINE_DATA": str(folder / "data"),
            "PUBLIC_URL": f"http://127.0.0.1:{_free_port()}",
            "TWILIO_API_URL": simulator.twilio_url,
            "SLACK_API_URL": simulator.slack_url,
            "DATABASE_URL": f"sqlite:///{folder / 'shiftline.db'}",
            "LOG_LEVEL": "WARNING",
        }
        if timing is not None:
            environment["PROVE_TIMING"] = launcher.packed(timing)
        environment |= shared
        schema.upgrade(environment["DATABASE_URL"])
        database = Database(environment["DATABASE_URL"], pool=4)
        stack.callback(database.dispose)
        yield _settle(folder, simulator, environment, database, count, pace)


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """What the condition says as soon as it is true; TimeoutError when it isn't by then."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.1)
    return found


def servers() -> str:
    """Which PostgreSQL and RabbitMQ it is measured on; empty where there are none."""
    if _missing():
        return ""
    engine = sa.create_engine(os.environ["SHIFTLINE_TEST_DATABASE_URL"])
    with engine.connect() as connection:
        version = connection.exec_driver_sql("SHOW server_version").scalar_one().split()[0]
    engine.dispose()
    with pika.BlockingConnection(pika.URLParameters(os.environ["SHIFTLINE_TEST_BROKER_URL"])) as broker:
        rabbit = broker._impl.server_properties.get("version", "")
    return f"PostgreSQL {version}, RabbitMQ {rabbit}"


def _missing() -> list[str]:
    names = ("SHIFTLINE_TEST_DATABASE_URL", "SHIFTLINE_TEST_BROKER_URL")
    return [name for name in names if not os.environ.get(name)]


@contextmanager
def _servers() -> Iterator[dict[str, str]]:
    """A PostgreSQL database and RabbitMQ queues of this site's own, gone afterwards."""
    if missing := _missing():
        raise Missing(f"it needs PostgreSQL and RabbitMQ: set {' and '.join(missing)}.")
    name = f"prove_{os.getpid()}_{uuid.uuid4().hex[:6]}"  # noqa: TID251 - a name, not a fact of the product's
    broker = os.environ["SHIFTLINE_TEST_BROKER_URL"]
    with postgresql_copy(suffix=f"_{name}") as url:
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:  # as a customer's: the tests' own databases don't wait for the disk
            connection.exec_driver_sql(f"ALTER DATABASE {engine.url.database} RESET synchronous_commit")
        engine.dispose()
        try:
            yield {"DATABASE_URL": url, "BROKER_URL": broker, "PROVE_QUEUES": name}
        finally:
            _drop_queues(broker, name)


def _drop_queues(broker: str, prefix: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(broker))
    channel = connection.channel()
    for queue in {f"{prefix}_{each}" for each in QUEUES.values()}:
        for name in (queue, f"{queue}.DQ", f"{queue}.XQ"):
            channel.queue_delete(name)
    connection.close()


def _settle(
    folder: Path, simulator: SimulatorProcess, environment: dict[str, str], database: Database, count: int, pace: float
) -> Site:
    """An organization without quiet hours and caps, its two senders, and its people on both sides."""
    keys = settings.load(environment).encryption_keys
    public = environment["PUBLIC_URL"]
    phones = [_phone(number) for number in range(count // 2)]
    users = [f"U{number:07d}" for number in range(count - len(phones))]
    simulator.control.add_account(
        ACCOUNT, TOKEN, [NUMBER], messages_url=f"{public}/hooks/twilio/messages", callback_delay=0.05, retry_delay=0.5
    )
    channels = simulator.control.add_team(
        TEAM, BOT_TOKEN, [{"id": user} for user in users], signing_secret=SIGNING_SECRET,
        hook_url=f"{public}/hooks/slack", per_channel=0,
    )  # fmt: skip
    with database.service_session() as session:
        organization = organizations.add(session, "Proof", "proof", "America/New_York")
        organizations.set_settings(session, organization, _open_doors(pace))
        sms = {"account_sid": ACCOUNT, "auth_token": TOKEN, "from": NUMBER}
        slack = {"team_id": TEAM, "bot_token": BOT_TOKEN, "signing_secret": SIGNING_SECRET}
        senders = {
            kind: integrations.add(session, keys, organization, by_kind(kind), config).id
            for kind, config in (("twilio", sms), ("slack", slack))
        }
        organization_id = organization.id
    actor = Actor.operator(organization_id)
    done = import_workers(database, organization_id, _people(phones, users), file_name="people.csv", actor=actor)
    if done.created != count:
        raise RuntimeError(f"Of {count} people {done.created} were imported: {done.rejected[:3]}")
    with database.organization_session(organization_id) as session:
        rule = {
            "combinator": "and",
            "rules": [{"field": "employment.department", "operator": "in", "value": ["Proof"]}],
        }
        segment_id = segments.add(session, organization_id, "Everybody", rule).id
    sync_all(database, organization_id)
    return Site(
        folder, simulator, environment, database, organization_id, segment_id, senders, phones, channels
    )  # fmt: skip


def _open_doors(pace: float) -> dict[str, Any]:
    fast = {"sms": {"segments_per_second": pace, "per_day": None}, "slack": {"per_minute": min(int(pace * 60), 10_000)}}
    return {"delivery": {"quiet_hours": None, "holidays": None, "caps": None, "pace": fast}}


def _people(phones: list[str], users: list[str]) -> io.BytesIO:
    lines = ["external_id,first_name,last_name,phone,slack_user_id,department,consent,consent_source"]
    lines += [f"P-{phone[1:]},Ana,Ruiz,{phone},,Proof,yes,paper form" for phone in phones]
    lines += [f"S-{user},Ben,Cole,,{user},Proof,," for user in users]
    return io.BytesIO("\n".join(lines).encode())


def _phone(number: int) -> str:
    """Valid, and it rings nowhere."""
    area, line = divmod(number, 100)
    return f"+1{AREAS[area]}55501{line:02d}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
