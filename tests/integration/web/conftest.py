"""The web on a database of either kind, and providers that sign with their own libraries."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
import time_machine
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from slack_sdk.signature import SignatureVerifier
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from bot import clock, settings
from bot.channels.registry import CHANNELS
from bot.content.media import Store
from bot.database import Database
from bot.delivery.dispatch import Dispatcher
from bot.delivery.wire import Wire
from bot.tenancy import integrations
from bot.web import build
from models import Integration, Organization, SentMessage
from tests import factories

PUBLIC = "https://bot.example"
KEY = Fernet.generate_key().decode()
SID, TOKEN, NUMBER = "AC" + "a" * 32, "twilio-token", "+15550001111"
APP_SECRET, OWN_SECRET = "the-apps-own-secret", "a-customers-secret"


@dataclass
class House:
    """The application and what stands behind it."""

    app: Flask
    database: Database
    organization: Organization
    phone: str
    slack_user: str
    ids: Mapping[str, uuid.UUID]

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def twilio(
        self, path: str = "/hooks/twilio/messages", query: str = "", token: str = TOKEN, **form: str
    ) -> TestResponse:
        """Twilio posts a form, signed with its own library over the public address."""
        said = {"AccountSid": SID, "To": NUMBER, "From": self.phone, "Body": "hi", "MessageSid": "SM" + "1" * 32}
        said |= form
        url = PUBLIC + path + (f"?{query}" if query else "")
        signature = RequestValidator(token).compute_signature(url, said)
        return self.post(path, urlencode(said).encode(), query, {"X-Twilio-Signature": signature})

    def slack(
        self, body: bytes, path: str = "/hooks/slack", secret: str = APP_SECRET, age: int = 0, form: bool = False
    ) -> TestResponse:
        """Slack posts `body`, signed with its own library `age` seconds ago."""
        timestamp = str(int(clock.now().timestamp()) - age)
        signature = _signed(secret, timestamp, body)
        kind = "application/x-www-form-urlencoded" if form else "application/json"
        headers = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature, "Content-Type": kind}
        return self.post(path, body, "", headers)

    def event(self, event: Any, path: str = "/hooks/slack", team: str = "T0APP", **more: Any) -> TestResponse:
        """An event of Slack's Events API."""
        options = {name: more.pop(name) for name in ("secret", "age") if name in more}
        said = {"type": "event_callback", "team_id": team, "event_id": "Ev1", "event": event, **more}
        return self.slack(json.dumps(said).encode(), path, **options)

    def dm(self, text: str, **more: Any) -> dict[str, Any]:
        return {"type": "message", "channel_type": "im", "user": self.slack_user, "text": text, "ts": "1.0", **more}

    def tap(self, payload: Any, **options: Any) -> TestResponse:
        """An interaction: a form with JSON in it."""
        return self.slack(urlencode({"payload": json.dumps(payload)}).encode(), form=True, **options)

    def post(self, path: str, body: bytes, query: str = "", headers: Mapping[str, str] | None = None) -> TestResponse:
        given = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return self.client.post(path, data=body, query_string=query, headers=given)

    def heard(self) -> list[str | None]:
        """The transcript's inbound lines, of all organizations."""
        with self.database.reading(None) as session:
            lines = sa.select(SentMessage.body).where(SentMessage.direction == "in").order_by(SentMessage.id)
            return list(session.scalars(lines))

    def status(self, name: str) -> str:
        with self.database.reading(None) as session:
            return session.get_one(Integration, self.ids[name]).status


def _signed(secret: str, timestamp: str, body: bytes) -> str:
    """By Slack's own library, which takes text only; other bytes by the recipe of Slack's documents."""
    try:
        return str(SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body))
    except UnicodeDecodeError:
        base = f"v0:{timestamp}:".encode() + body
        return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def joined(database: Database, folder: Path, **more: str) -> Flask:
    """An application whose provider is the given environment."""
    environment = {
        "SHIFTLINE_DATA": str(folder), "DATABASE_URL": database.url, "ENCRYPTION_KEYS": KEY, "PUBLIC_URL": PUBLIC,
        "SLACK_SIGNING_SECRET": APP_SECRET, **more,
    }  # fmt: skip
    loaded = settings.load(environment)
    store = Store(folder / "media", loaded.public_url, loaded.secret_key)
    app = build(loaded, database, Dispatcher(database, loaded, Wire(), store), store, CHANNELS)
    app.testing = False  # errors become answers, as outside
    return app


@pytest.fixture
def house(database: Database, moment: time_machine.Traveller, tmp_path: Path) -> House:
    """One organization with a Twilio number and the service's own Slack app, and another with an app of its own."""
    with database.service_session() as session:
        ours, theirs = factories.organization(session), factories.organization(session)
        made = {
            "twilio": _connect(session, ours, "twilio", f"{SID}:{NUMBER}", auth_token=TOKEN, account_sid=SID),
            "slack": _connect(session, ours, "slack", "T0APP", team_id="T0APP"),
            "own": _connect(session, theirs, "slack", "T0OWN", team_id="T0OWN", signing_secret=OWN_SECRET),
            "other": _connect(session, theirs, "slack", "T0OTHER", team_id="T0OTHER"),
        }
        ana = factories.worker(session, ours)
        sms = factories.channel_identity(session, ours, integration_id=made["twilio"], worker_id=ana.id)
        slack = factories.channel_identity(session, ours, integration_id=made["slack"], worker_id=ana.id)
        phone, user = sms.address, slack.address
        session.expunge(ours)
    return House(joined(database, tmp_path), database, ours, phone, user, made)


def _connect(session: Any, owner: Organization, kind: str, address: str, **config: str) -> uuid.UUID:
    sealed = integrations.seal([KEY], owner.id, {"bot_token": "xoxb-1", **config} if kind == "slack" else config)
    channel = "sms" if kind == "twilio" else "slack"
    return factories.integration(session, owner, type=kind, channel=channel, address=address, config=sealed).id


__all__ = ["House", "joined"]
