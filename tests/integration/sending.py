"""A house that sends: an organization with senders and people, the real dispatch, and a provider that is played.

`Played` stands in place of the wire: the dispatcher's coroutine runs, and what the provider answers is decided
by the test, call by call. Where the POST itself matters, tests take the simulator and the real wire.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet

from bot import chance, clock, settings
from bot.broadcast import draft, launch
from bot.channels.channel import Accepted, Message, Outbound, Receipt, SendFailed
from bot.content.media import Store
from bot.database import Database
from bot.delivery import outbox, receipts, reconcile
from bot.delivery.claim import Claim, claim
from bot.delivery.dispatch import Dispatcher
from bot.tenancy import integrations
from bot.tenancy import settings as tenancy_settings
from models import Broadcast, ChannelIdentity, Delivery, Integration, Organization
from tests import factories

KEY = Fernet.generate_key().decode()
ACCOUNT, OURS = "AC" + "0" * 32, "+15550100001"
CONFIGS = {
    "twilio": {"account_sid": ACCOUNT, "auth_token": "token", "from": OURS},
    "slack": {"team_id": "T0TEAM", "bot_token": "xoxb-token"},
}
OPEN_DOORS: dict[str, Any] = {
    "quiet_hours": None,
    "caps": None,
    "pace": {"sms": {"segments_per_second": 5000, "per_day": None}, "slack": {"per_minute": 10_000}},
}


@dataclass
class Played:
    """The provider: `answers` by address, in order; whoever isn't named is accepted. `found` answers searches."""

    answers: dict[str, list[Accepted | SendFailed | Exception]] = field(default_factory=dict)
    found: dict[int, Accepted | SendFailed | None] = field(default_factory=dict)
    sent: list[Outbound] = field(default_factory=list)
    searched: list[int] = field(default_factory=list)
    since: dict[int, datetime] = field(default_factory=dict)
    before: Callable[[Outbound], None] | None = None  # what happens while the provider has the call

    def run(self, work: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
        return asyncio.run(work(None))

    def close(self) -> None: ...

    async def send(self, _http: Any, _url: str, _config: Any, out: Outbound) -> Accepted:
        self.sent.append(out)
        if self.before:
            self.before(out)
        waiting = self.answers.get(out.address)
        answer = waiting.pop(0) if waiting else Accepted(f"SM{out.delivery:030d}{out.attempt:02d}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def find(self, _http: Any, _url: str, _config: Any, out: Outbound, since: Any, _known: Any) -> Any:
        self.searched.append(out.delivery)
        self.since[out.delivery] = since
        answer = self.found.get(out.delivery)
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class House:
    """An organization in a database, and everything that is needed to send for it."""

    database: Database
    organization_id: uuid.UUID
    folder: Path
    wire: Any = field(default_factory=Played)
    environment: Mapping[str, str] = field(default_factory=dict)
    nudges: list[tuple[str, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        base = {"SHIFTLINE_DATA": str(self.folder), "DATABASE_URL": self.database.url, "ENCRYPTION_KEYS": KEY}
        self.settings = settings.load({**base, **self.environment})
        self.database.sender = lambda actor, *rest: self.nudges.append((actor, *map(str, rest)))
        store = Store(self.folder / "media", self.settings.public_url, self.settings.secret_key)
        self.dispatcher = Dispatcher(self.database, self.settings, self.wire, store)
        self.decide(OPEN_DOORS)

    def session(self) -> Any:
        return self.database.organization_session(self.organization_id)

    def decide(self, delivery: Mapping[str, Any], **rest: Any) -> None:
        """Change the organization's settings."""
        with self.session() as session:
            row = session.get(Organization, self.organization_id)
            row.settings = tenancy_settings.merged(row.settings, {"delivery": dict(delivery), **rest})

    def connect(self, kind: str = "twilio", **config: str) -> uuid.UUID:
        with self.session() as session:
            sealed = integrations.seal([KEY], self.organization_id, CONFIGS[kind] | config)
            return factories.integration(session, self.organization_id, type=kind, config=sealed).id

    def hire(
        self, integration_id: uuid.UUID, count: int = 1, *, consent: str | None = "granted", **columns: Any
    ) -> list[ChannelIdentity]:
        """People with an identity there, and on SMS with their yes."""
        made = []
        with self.session() as session:
            for _ in range(count):
                worker = factories.worker(session, self.organization_id, **columns)
                who = factories.channel_identity(
                    session, self.organization_id, worker_id=worker.id, integration_id=integration_id
                )
                if consent and who.channel == "sms":
                    factories.consent_event(session, self.organization_id, address=who.address, state=consent)
                made.append(who)
        return made

    def write(self, kind: str = "text", **told: Any) -> uuid.UUID:
        """A content's only version."""
        with self.session() as session:
            head = factories.content(session, self.organization_id, kind=kind)
            data = factories.document(session, self.organization_id, kind, **told)
            return factories.content_version(session, self.organization_id, content_id=head.id, version_data=data).id

    def queue(self, who: ChannelIdentity, version_id: uuid.UUID | None = None, **columns: Any) -> int:
        """A row of the outbox for somebody: a text of its own, or a content."""
        told = {"source_id": chance.new_id(), **columns}
        if version_id is None and "body" not in told:
            told["body"] = outbox.pack(Message("Mop up spills at once."))
        with self.session() as session:
            return factories.delivery(
                session, self.organization_id, identity_id=who.id, content_version_id=version_id,
                recipient=outbox.of_worker(who.worker_id), **told,
            ).id  # fmt: skip

    def segment(self, people: Sequence[ChannelIdentity | uuid.UUID]) -> uuid.UUID:
        with self.session() as session:
            made = factories.segment(session, self.organization_id)
            for who in people:
                worker_id = who if isinstance(who, uuid.UUID) else who.worker_id
                factories.segment_membership(session, self.organization_id, segment_id=made.id, worker_id=worker_id)
            return made.id

    def place(self, version_id: uuid.UUID, *segments: uuid.UUID, **order: Any) -> uuid.UUID:
        """Place a broadcast; it isn't launched."""
        with self.session() as session:
            content_id = session.scalar(
                sa.select(factories.m.ContentVersion.content_id).where(factories.m.ContentVersion.id == version_id)
            )
            return draft.place(session, self.organization_id, draft.Order(content_id, segments, **order)).id

    def launch(self, broadcast_id: uuid.UUID) -> None:
        launch.launch(self.database, self.organization_id, broadcast_id)

    def broadcast(self, broadcast_id: uuid.UUID) -> Broadcast:
        with self.database.reading(self.organization_id) as session:
            return session.scalars(sa.select(Broadcast).where(Broadcast.id == broadcast_id)).one()

    def claim(self, integration_id: uuid.UUID, **more: Any) -> Claim:
        with self.session() as session:
            return self.claim_in(session, integration_id, **more)

    def claim_in(self, session: Any, integration_id: uuid.UUID, **more: Any) -> Claim:
        row = session.get(Organization, self.organization_id)
        channel = session.get(Integration, integration_id).channel
        return claim(
            session,
            self.organization_id,
            integration_id,
            channel,
            tenancy_settings.load(row.settings),
            clock.now(),
            **more,
        )

    def send(self, integration_id: uuid.UUID, times: int = 1) -> int:
        return sum(self.dispatcher.dispatch(integration_id) for _ in range(times))

    def send_all(self, integration_id: uuid.UUID) -> None:
        while self.dispatcher.dispatch(integration_id):
            pass

    def report(
        self, delivery_id: int, status: str, *, code: str | None = None, attempt: int | None = 1, **more: Any
    ) -> bool:
        """The provider's callback."""
        failure = more.get("failure")
        provider_id = more.get("provider_id") or f"SM{delivery_id:030d}{attempt or 1:02d}"
        with self.session() as session:
            return receipts.apply(session, Receipt(delivery_id, attempt, provider_id, status, 0, failure), clock.now())

    def expire(self) -> int:
        with self.database.service_session() as session:
            return reconcile.expire_leases(session, clock.now())

    def set(self, delivery_id: int, **values: Any) -> None:
        with self.session() as session:
            session.execute(sa.update(Delivery).where(Delivery.id == delivery_id).values(**values))

    def row(self, delivery_id: int) -> Delivery:
        with self.database.reading(self.organization_id) as session:
            return session.scalars(sa.select(Delivery).where(Delivery.id == delivery_id)).one()

    def all(self, table: Any, **where: Any) -> list[Any]:
        with self.database.reading(self.organization_id) as session:
            return list(session.scalars(sa.select(table).filter_by(**where).order_by(table.id)))

    def states(self, *ids: int) -> list[str]:
        return [self.row(delivery_id).state for delivery_id in ids]

    def past_lease(self, delivery_id: int) -> None:
        """Its lease has run out, by whichever clock."""
        self.set(delivery_id, lease_until=clock.now().replace(year=2020))


def until(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """What the condition says as soon as it is true; a failure when it isn't by then."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {condition}")
        time.sleep(0.01)
    return found
