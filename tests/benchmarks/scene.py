"""A company of made-up people on SMS or Slack, and a quiz that has really gone out to them.

Everything is the product's own: the launch, the dispatch, the provider's stand-in at the other end. Only the people
are written in bulk, because nobody measures how they came here.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import sqlalchemy as sa
from cryptography.fernet import Fernet

import models as m
from bot import chance, clock, schema, settings
from bot.broadcast import draft, launch
from bot.content.media import Store
from bot.database import Database
from bot.delivery.dispatch import Dispatcher
from bot.delivery.wire import Wire
from bot.simulator.process import SimulatorProcess
from bot.tenancy import integrations
from tests import factories
from tests.conftest import postgresql_copy
from tests.figures import Missing

Kind = Literal["twilio", "slack"]
ACCOUNT, TOKEN, SENDER = f"AC{'0' * 32}", "token-of-the-benchmark", "+15550100001"
TEAM, SECRET = "T0BENCH", "signing-secret-of-the-benchmark"
CONFIGS: dict[Kind, dict[str, str]] = {
    "twilio": {"account_sid": ACCOUNT, "auth_token": TOKEN, "from": SENDER},
    "slack": {"team_id": TEAM, "bot_token": "xoxb-bench", "signing_secret": SECRET},
}
OPEN_DOORS: dict[str, Any] = {
    "quiet_hours": None, "caps": None,
    "pace": {"sms": {"segments_per_second": 10_000, "per_day": None}, "slack": {"per_minute": 600_000}},
}  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Somebody who can be reached."""

    worker_id: uuid.UUID
    identity_id: uuid.UUID
    address: str


class Company:
    """An organization on a PostgreSQL database of its own, sending to a lean simulator."""

    def __init__(self, url: str, folder: Path, simulator: SimulatorProcess) -> None:
        self.url, self.simulator = url, simulator
        self.environment = {
            "DATABASE_URL": url,
            "SHIFTLINE_DATA": str(folder / "data"),
            "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "SECRET_KEY": "a-secret-of-the-benchmark-0123456789",
            "TWILIO_API_URL": simulator.twilio_url,
            "SLACK_API_URL": simulator.slack_url,
            "LOG_LEVEL": "WARNING",
        }
        self.settings = settings.load(self.environment)
        self.database = Database(url)
        self.wire = Wire()
        self.dispatcher = Dispatcher(self.database, self.settings, self.wire, Store(folder / "media", "", "secret"))
        with self.database.service_session() as session:
            self.id = factories.organization(session, settings={"delivery": OPEN_DOORS}).id
        simulator.control.add_account(ACCOUNT, TOKEN, [SENDER], callback_delay=0)
        self.senders: dict[Kind, uuid.UUID] = {kind: self._connect(kind) for kind in CONFIGS}

    def hire(self, kind: Kind, count: int) -> list[Person]:
        """That many people on one channel, with everything that a worker has."""
        people, now = [], clock.now()
        rows: dict[type[m.Base], list[dict[str, Any]]] = {}
        for _ in range(count):
            number = factories.number()
            worker_id, identity_id = chance.new_id(), chance.new_id()
            address = f"+1212{5_000_000 + number:07d}" if kind == "twilio" else f"U{number:010d}"
            people.append(Person(worker_id, identity_id, address))
            own = {"organization_id": self.id, "worker_id": worker_id}
            rows.setdefault(m.Worker, []).append(
                {"id": worker_id, "organization_id": self.id, "external_id": f"B{number}", "first_name": "Ana",
                 "last_name": f"Ortiz {number}", "tags": ["night"]}
            )  # fmt: skip
            contact = {"primary_phone_number": address} if kind == "twilio" else {"slack_user_id": address}
            rows.setdefault(m.WorkerContact, []).append({"id": chance.new_id(), **own, **contact})
            for satellite in (m.WorkerEngagement, m.WorkerGamification):
                rows.setdefault(satellite, []).append({"id": chance.new_id(), **own})
            channel = "sms" if kind == "twilio" else "slack"
            rows.setdefault(m.ChannelIdentity, []).append(
                {"id": identity_id, **own, "integration_id": self.senders[kind], "channel": channel, "address": address}
            )
            rows.setdefault(m.ConsentEvent, []).append(
                {**own, "channel": channel, "address": address, "state": "granted", "source": "import", "at": now}
            )
        with self.database.organization_session(self.id) as session:
            for table, values in rows.items():
                session.execute(sa.insert(cast("sa.Table", table.__table__)), values)
        if kind == "slack":
            users = [{"id": person.address, "name": person.address.lower()} for person in people]
            self.simulator.control.add_team(TEAM, "xoxb-bench", users, signing_secret=SECRET, per_channel=0)
        return people

    def content(self, document: dict[str, Any]) -> uuid.UUID:
        """A content's id."""
        with self.database.organization_session(self.id) as session:
            head = factories.content(session, self.id, kind=document["kind"])
            data = {"title": "Spills", **document}
            return factories.content_version(session, self.id, content_id=head.id, version_data=data).content_id

    def broadcast(self, people: Sequence[Person], document: dict[str, Any]) -> uuid.UUID:
        """Queue a content for these people, by the launch that everybody uses; the broadcast's id."""
        content_id, now = self.content(document), clock.now()
        with self.database.organization_session(self.id) as session:
            segment = factories.segment(session, self.id)
            memberships = [
                {"organization_id": self.id, "segment_id": segment.id, "worker_id": person.worker_id,
                 "rule_match": True, "added_at": now}
                for person in people
            ]  # fmt: skip
            session.execute(sa.insert(cast("sa.Table", m.SegmentMembership.__table__)), memberships)
            placed = draft.place(session, self.id, draft.Order(content_id, [segment.id])).id
        launch.launch(self.database, self.id, placed)
        with self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
        return placed

    def dispatch(self, kind: Kind) -> int:
        """Send all that is due; how many were claimed."""
        total = 0
        while claimed := self.dispatcher.dispatch(self.senders[kind]):
            total += claimed
        return total

    def close(self) -> None:
        """Close what is open."""
        self.wire.close()
        self.database.dispose()

    def _connect(self, kind: Kind) -> uuid.UUID:
        with self.database.organization_session(self.id) as session:
            sealed = integrations.seal(self.settings.encryption_keys, self.id, CONFIGS[kind])
            address = f"{ACCOUNT}:{SENDER}" if kind == "twilio" else TEAM
            channel = "sms" if kind == "twilio" else "slack"
            return factories.integration(
                session, self.id, type=kind, channel=channel, config=sealed, address=address
            ).id


QUIZ: dict[str, Any] = {"kind": "quiz", "questions": [factories.QUESTION]}


@contextlib.contextmanager
def company(folder: Path) -> Iterator[Company]:
    """A company on an empty database that goes away afterwards. Missing without PostgreSQL."""
    if not os.environ.get("SHIFTLINE_TEST_DATABASE_URL"):
        raise Missing("set SHIFTLINE_TEST_DATABASE_URL to a PostgreSQL server")
    with postgresql_copy("_bench") as url, SimulatorProcess(ledger=folder / "ledger", lean=True) as simulator:
        schema.upgrade(url)
        with Database(url).engine.begin() as connection:
            connection.exec_driver_sql(f"ALTER DATABASE {sa.make_url(url).database} SET synchronous_commit = on")
        made = Company(url, folder, simulator)
        try:
            yield made
        finally:
            made.close()
