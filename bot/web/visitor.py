"""Who is looking: the signed-in user of a request, found by the session cookie in one query.

Views ask here for their visitor and get their database sessions here, which see the visitor's organization and
no other.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import Response, g, request
from sqlalchemy.orm import Session

from bot import clock
from bot.errors import Forbidden, ShiftlineError
from bot.tenancy import roles, sessions, time_zones
from bot.tenancy.roles import Actor
from bot.tenancy.rows import Rows
from bot.tenancy.settings import OrganizationSettings
from bot.tenancy.settings import load as load_settings
from bot.web.parts import parts
from models import Organization, Role, User, UserPreference, UserSession

THEMES = ("system", "light", "dark")
DATE_FORMATS = ("iso", "us", "eu")


class NotSignedIn(ShiftlineError):
    """Sign in first."""

    code, status = "not_signed_in", 401


@dataclass(frozen=True, slots=True)
class Preferences:
    """How this user sees things: their own choice, else the organization's."""

    theme: str
    language: str
    zone: ZoneInfo
    date_format: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """A signed-in user in their organization."""

    session_id: uuid.UUID
    user_id: uuid.UUID
    email: str
    name: str
    role: str
    actor: Actor
    organization: str
    settings: OrganizationSettings
    terminology: Mapping[str, Any]
    preferences: Preferences

    @property
    def organization_id(self) -> uuid.UUID:
        """Whose data they see."""
        return self.actor.organization_id

    def may(self, permission: str) -> bool:
        """Whether they may do this at all, for whichever rows."""
        return roles.allows(self.actor.permissions or {}, permission) is not None

    def rows(self, session: Session, permission: str) -> Rows:
        """For which rows they may do it; Forbidden where for none."""
        return Rows(session, self.actor, roles.require(self.actor, permission))


def cookie_name() -> str:
    """With https the browser itself holds that the cookie came from this very host (`__Host-`)."""
    return "__Host-shiftline" if is_secure() else "shiftline"


def is_secure() -> bool:
    """Whether browsers reach us by https."""
    return parts().settings.public_url.startswith("https://")


def give(response: Response, token: str) -> None:
    """Let the browser keep a session's token until the session would end."""
    age = int(sessions.LONGEST.total_seconds())
    response.set_cookie(cookie_name(), token, max_age=age, secure=is_secure(), httponly=True, samesite="Lax")


def take(response: Response) -> None:
    """Make the browser forget it."""
    response.delete_cookie(cookie_name(), secure=is_secure(), httponly=True, samesite="Lax")


def known() -> Visitor | None:
    """The visitor, where this request has already found them: asks nothing of the database."""
    found: Visitor | None = g.get("visitor")
    return found


def find() -> Visitor | None:
    """The visitor, or None where nobody is signed in."""
    if "visitor" not in g:
        token = request.cookies.get(cookie_name())
        g.visitor = _found(token) if token else None
    return known()


def visitor() -> Visitor:
    """The visitor of a view that nobody sees who isn't signed in."""
    found = find()
    if found is None:
        raise NotSignedIn
    return found


@contextmanager
def reading() -> Iterator[Session]:
    """A session that only reads, in the visitor's organization."""
    with parts().database.reading(visitor().organization_id) as session:
        yield session


@contextmanager
def writing() -> Iterator[Session]:
    """A transaction in the visitor's organization."""
    with parts().database.organization_session(visitor().organization_id) as session:
        yield session


def _found(token: str) -> Visitor | None:
    now = clock.now()
    with parts().database.reading(None) as session:
        row = session.execute(
            sa.select(UserSession, User, Role, Organization, UserPreference)
            .join(User, User.id == UserSession.user_id)
            .join(Organization, Organization.id == UserSession.organization_id)
            .outerjoin(Role, Role.id == User.role_id)
            .outerjoin(UserPreference, UserPreference.user_id == User.id)
            .where(UserSession.token_hash == sessions.hashed(token), sessions.holds(now), User.status == "active")
        ).one_or_none()
    if row is None:
        return None
    kept, user, role, organization, preferences = row
    if _there() and kept.seen_at < now - sessions.NOTED:
        with parts().database.service_session() as session:
            sessions.seen(session, kept.id, now)
    try:
        actor = Actor.of(user, role)
    except Forbidden:
        return None
    settings = load_settings(organization.settings)
    return Visitor(
        session_id=kept.id,
        user_id=user.id,
        email=user.email,
        name=user.name or user.email.partition("@")[0],
        role=role.display_name if role else "No role",
        actor=actor,
        organization=organization.name,
        settings=settings,
        terminology=organization.custom_terminology or {},
        preferences=_preferences(preferences, settings),
    )


def _there() -> bool:
    """Whether somebody asked for this, and not a page on its own (a poll)."""
    return "HX-Request" not in request.headers


def _preferences(own: UserPreference | None, settings: OrganizationSettings) -> Preferences:
    locale = settings.locale
    if own is None:
        return Preferences("system", "en", ZoneInfo(locale.timezone), locale.date_format)
    zone = own.timezone if time_zones.is_known(own.timezone) else locale.timezone
    return Preferences(
        theme=own.theme if own.theme in THEMES else "system",
        language=own.language,
        zone=ZoneInfo(zone),
        date_format=own.date_format if own.date_format in DATE_FORMATS else locale.date_format,
    )
