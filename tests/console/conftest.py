"""The console as three people see it: alice (manager), bob (may only look), charlie (another organization).

Most of it is asked through Flask's own client, on a database of either kind; nobody types a password there, but
each has a session as the door would have made it.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bot import clock
from bot.database import Database
from bot.tenancy import organizations, roles, sessions
from bot.tenancy.users import cleaned
from models import Organization, User
from tests import factories
from tests.integration.web.conftest import joined

COOKIE = "__Host-shiftline"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@dataclass
class Visitor:
    """Somebody with a browser."""

    client: FlaskClient
    id: uuid.UUID
    organization_id: uuid.UUID

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.client.get(
            path, headers={**BROWSER, **more.pop("headers", {})}, base_url="https://bot.example", **more
        )

    def text(self, path: str) -> str:
        """What a page says, without its markup."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return words(answer)

    def post(self, path: str, **form: str) -> TestResponse:
        """Post a form as the page would: with its token, from this very site."""
        data = {"csrf_token": self.token(), **form}
        headers = {**BROWSER, "Referer": "https://bot.example/"}
        return self.client.post(path, data=data, headers=headers, base_url="https://bot.example")

    def token(self) -> str:
        page = self.get("/preferences").get_data(as_text=True)
        return unescape(re.search(r'name="csrf_token" (?:type="hidden" )?value="([^"]+)"', page)[1])


@dataclass
class Console:
    """Two organizations and the console in front of them."""

    app: Flask
    database: Database
    ours: Organization
    theirs: Organization

    def session(self) -> Any:
        return self.database.organization_session(self.ours.id)

    def enter(self, role: str, organization: Organization | None = None, **columns: Any) -> Visitor:
        """Let somebody of that role in."""
        owner = organization or self.ours
        with self.database.organization_session(owner.id) as session:
            user = user_of(session, owner, role, **columns)
            token = sessions.start(session, user, clock.now())
            user_id = user.id
        client = self.app.test_client()
        client.set_cookie(COOKIE, token, domain="bot.example", secure=True)
        return Visitor(client, user_id, owner.id)

    def role(self, *grants: Any, name: str = "own") -> str:
        """A role of our own."""
        with self.session() as session:
            permissions = {"grants": list(grants), "deny": []}
            return factories.role(session, self.ours, name=f"{name}-{factories.number()}", permissions=permissions).name

    @cached_property
    def alice(self) -> Visitor:
        return self.enter("manager", name="Alice Amara")

    @cached_property
    def bob(self) -> Visitor:
        return self.enter("analyst", name="Bob Beck")

    @cached_property
    def charlie(self) -> Visitor:
        return self.enter("manager", self.theirs, name="Charlie Cho")


def user_of(session: Any, owner: Organization, role: str, **columns: Any) -> User:
    email = cleaned(columns.pop("email", f"user{factories.number()}@example.org"))
    return factories.user(session, owner, email=email, role_id=roles.find(session, owner, role).id, **columns)


def words(answer: TestResponse) -> str:
    """The text of a page in one line."""
    page = re.sub(r"<(script|style|title)\b.*?</\1>", " ", answer.get_data(as_text=True), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page))).strip()


@pytest.fixture
def console(database: Database, moment: time_machine.Traveller, tmp_path: Path) -> Console:
    """The console at https://bot.example, at a standing moment."""
    with database.service_session() as session:
        ours = organizations.add(session, "Harbor Foods", "harbor", "America/New_York")
        theirs = organizations.add(session, "Somebody Else", "else", "UTC")
        session.expunge_all()
    return Console(joined(database, tmp_path), database, ours, theirs)


__all__ = ["Console", "Visitor", "words"]
