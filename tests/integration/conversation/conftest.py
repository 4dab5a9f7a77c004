"""A floor with people on it: contents go out to them by the real dispatch, only the provider's POST is played."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from cryptography.fernet import Fernet

from bot import chance, clock, settings
from bot.channels.channel import Accepted, Inbound, Outbound, SendFailed, Tap
from bot.channels.registry import by_kind
from bot.content.media import Store
from bot.conversation.receive import Outcome, receive
from bot.conversation.talk import Hook
from bot.database import Database
from bot.delivery.dispatch import Dispatcher
from bot.engagement.rebuild import rebuild
from bot.tenancy import integrations
from models import ConsentEvent, Content, ContentVersion, Delivery, Organization, Prompt, SentMessage
from tests import factories

PACE = {"sms": {"segments_per_second": 9999}, "slack": {"per_minute": 9999}}  # time stands still, so nothing refills
OPEN_DOORS = {"delivery": {"quiet_hours": None, "caps": None, "pace": PACE}}
KEY = Fernet.generate_key().decode()


@dataclass(frozen=True)
class Somebody:
    """A person on one channel."""

    worker_id: uuid.UUID
    identity_id: uuid.UUID
    address: str
    hook: Hook


class Played:
    """In place of the wire: the coroutine runs, but the channel's `send` is ours."""

    def run(self, call: Callable[[Any], Coroutine[Any, Any, Any]]) -> Any:
        return asyncio.run(call(None))


@dataclass
class Floor:
    """An organization in a database, and what left it."""

    database: Database
    organization: Organization
    folder: Path
    sent: list[Outbound] = field(default_factory=list)
    fail: SendFailed | None = None
    hooks: dict[str, Hook] = field(default_factory=dict)

    def __post_init__(self) -> None:
        environment = {"SHIFTLINE_DATA": str(self.folder), "DATABASE_URL": self.database.url, "ENCRYPTION_KEYS": KEY}
        self.settings = settings.load(environment)
        store = Store(self.folder / "media", "", self.settings.secret_key)
        self.dispatcher = Dispatcher(self.database, self.settings, Played(), store)  # type: ignore[arg-type]

    def hook(self, kind: str) -> Hook:
        """The integration of a channel, made when it is first asked for."""
        if kind not in self.hooks:
            config = {"account_sid": f"AC{'0' * 32}", "auth_token": "t", "from": "+15550001111"}
            config = config if kind == "twilio" else {"team_id": "T0TEAM", "bot_token": "xoxb-1"}
            sealed = integrations.seal([KEY], self.organization.id, config)
            with self.database.organization_session(self.organization.id) as session:
                made = factories.integration(session, self.organization, type=kind, config=sealed)
                self.hooks[kind] = Hook(self.organization.id, made.id, by_kind(kind))
        return self.hooks[kind]

    def hire(self, kind: str = "twilio", *, agreed: bool = True, **columns: Any) -> Somebody:
        hook = self.hook(kind)
        with self.database.organization_session(self.organization.id) as session:
            worker = factories.worker(session, self.organization, **columns)
            identity = factories.channel_identity(
                session, self.organization, integration_id=hook.integration_id, worker_id=worker.id
            )
            if agreed and kind == "twilio":
                factories.consent_event(session, self.organization, address=identity.address, worker_id=worker.id)
            return Somebody(worker.id, identity.id, identity.address, hook)

    def write(self, of: uuid.UUID | None = None, **document: Any) -> uuid.UUID:
        """A content's only version, by its document; `of` another version, the next one of the same content."""
        with self.database.organization_session(self.organization.id) as session:
            content_id = session.get_one(ContentVersion, of).content_id if of else None
            content_id = content_id or factories.content(session, self.organization, kind=document["kind"]).id
            data = {"title": "Slips", **document}
            return factories.content_version(session, self.organization, content_id=content_id, version_data=data).id

    def broadcast(self, who: Somebody, version_id: uuid.UUID, source_id: uuid.UUID | None = None) -> uuid.UUID:
        """Send a content to somebody; the broadcast's id."""
        source_id = source_id or chance.new_id()
        with self.database.organization_session(self.organization.id) as session:
            factories.delivery(
                session, self.organization, identity_id=who.identity_id, content_version_id=version_id,
                source_id=source_id, recipient=f"worker:{who.worker_id.hex}",
            )  # fmt: skip
        self.dispatch(who.hook)
        return source_id

    def dispatch(self, hook: Hook) -> None:
        """Send what is due, until nothing is."""
        while self.dispatcher.dispatch(hook.integration_id):
            pass

    def hears(self, who: Somebody, inbound: Inbound) -> Outcome:
        outcome = receive(self.database, who.hook, inbound, clock.now())
        self.dispatch(who.hook)
        return outcome

    def says(self, who: Somebody, text: str, **more: Any) -> Outcome:
        more.setdefault("key", f"SM{factories.number():032x}")
        return self.hears(who, Inbound(address=who.address, text=text, **more))

    def taps(self, who: Somebody, token: str, *values: str, message_id: str | None = None) -> Outcome:
        key = f"{factories.number()}:answer:{token}:{who.address}"
        return self.hears(who, Inbound(key=key, address=who.address, tap=Tap(token, values, message_id)))

    def stranger(self, address: str, kind: str = "twilio") -> Somebody:
        return Somebody(uuid.UUID(int=0), uuid.UUID(int=0), address, self.hook(kind))

    def texts(self, who: Somebody) -> list[str]:
        """What somebody got, in order."""
        return [out.message.text for out in self.sent if out.address == who.address and out.verb == "send"]

    def last(self, who: Somebody) -> str:
        return self.texts(who)[-1]

    def token(self, who: Somebody) -> str:
        """The newest open question's."""
        return self.rows(Prompt, Prompt.identity_id == who.identity_id, Prompt.state == "open")[-1].token

    def rows(self, model: type[Any], *conditions: Any) -> list[Any]:
        with self.database.reading(self.organization.id) as session:
            order = model.asked_at if model is Prompt else sa.inspect(model).primary_key[0]
            return list(session.scalars(sa.select(model).where(*conditions).order_by(order)))

    def heard(self, who: Somebody) -> list[Any]:
        """The transcript's inbound lines."""
        found = self.rows(SentMessage, SentMessage.address == who.address, SentMessage.direction == "in")
        return sorted(found, key=lambda row: row.at)

    def consents(self, who: Somebody) -> list[tuple[str, str]]:
        return [(row.state, row.source) for row in self.rows(ConsentEvent, ConsentEvent.address == who.address)]

    def differences(self) -> dict[str, int]:
        """What rebuilding finds wrong, but for consent: these people's events come from a factory, unprojected."""
        return {name: wrong for name, wrong in rebuild(self.database).items() if wrong and name != "consent"}

    def arrange(self, **settings: Any) -> None:
        """Change the organization's settings."""
        whole = {**self.organization.settings, **settings}
        self.put(Organization, Organization.id == self.organization.id, settings=whole)

    def put(self, model: type[Any], where: Any, **values: Any) -> None:
        with self.database.organization_session(self.organization.id) as session:
            session.execute(sa.update(model).where(where).values(**values))


@pytest.fixture
def floor(database: Database, moment: time_machine.Traveller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Floor:
    """An organization without quiet hours and caps; what it sends is accepted unless `floor.fail` says otherwise."""
    with database.service_session() as session:
        organization = factories.organization(session, name="Harbor", settings=OPEN_DOORS)
        session.expunge(organization)
    floor = Floor(database, organization, tmp_path)

    async def send(_self: Any, _http: Any, _url: str, _config: Any, out: Outbound) -> Accepted:
        floor.sent.append(out)
        if floor.fail is not None:
            raise floor.fail
        return Accepted(f"D0:{len(floor.sent)}")

    for kind in ("twilio", "slack"):
        monkeypatch.setattr(type(by_kind(kind)), "send", send)
    return floor


def choice(
    id: str = "q1", right: str = "b", texts: Sequence[str] = ("Mop it", "Block it"), **more: Any
) -> dict[str, Any]:
    """A single_choice question."""
    choices = [{"id": "abcdef"[place], "text": text} for place, text in enumerate(texts)]
    grading = {"correct_answers": [right], **more.pop("grading", {})}
    return {"id": id, "kind": "single_choice", "prompt": "First step?", "choices": choices, "grading": grading, **more}


def quiz(*questions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "quiz", "questions": list(questions or (choice(),)), **more}


def reflection(**settings: Any) -> dict[str, Any]:
    return {"kind": "reflection", "prompt_text": "What would make your shift safer?", "settings": settings}


def later(moment: time_machine.Traveller, **delta: float) -> datetime:
    moment.shift(timedelta(**delta))
    return clock.now()


__all__ = ["Content", "Delivery", "Floor", "Somebody", "choice", "later", "quiz", "reflection"]
