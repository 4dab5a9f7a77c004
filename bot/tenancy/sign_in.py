"""Signing in: an e-mail and a password become a session, or a sentence that helps nobody who guesses.

An e-mail may be known in several organizations, each with a password of its own; the password decides which
one is meant. An e-mail that nobody has takes as long as a wrong password. Hashing is slow and takes
64 MB each time, so only a few are done at once in one process.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import BoundedSemaphore

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from bot import clock
from bot.database import Database
from bot.errors import Forbidden, Refused, Unavailable
from bot.tenancy import attempts, audit, sessions
from bot.tenancy.roles import Actor
from bot.tenancy.users import LONGEST_PASSWORD
from models import Organization, User

DEMONSTRATION_PASSWORD = "shiftline-demo"  # noqa: S105 - for everybody to read; it opens nothing but a demonstration
AT_ONCE = BoundedSemaphore(2)
PATIENCE = 5.0  # seconds in which one's turn to be hashed should have come
MOST = 8
"""Organizations in which one e-mail is tried."""

_hasher = PasswordHasher()
_NOBODYS = _hasher.hash("an e-mail that nobody has takes as long as one that somebody has")


class WrongPassword(Refused):
    """This e-mail and this password don't belong together."""

    code = "wrong_password"


class CannotSignIn(Forbidden):
    """This account can't sign in."""

    code = "cannot_sign_in"


class SeveralOrganizations(Refused):
    """This account is known in several organizations: choose one."""

    code = "several_organizations"

    def __init__(self, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.choices = tuple(choices)
        """(slug, name)"""


class Busy(Unavailable):
    """Too many people are signing in at this moment. Please try again."""

    code = "busy"


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody typed, and where from. `organization` is a slug, where they had to choose."""

    email: str
    password: str
    network: str = ""
    browser: str = ""
    organization: str | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    id: uuid.UUID
    organization_id: uuid.UUID
    slug: str
    organization: str
    password: str
    status: str | None


def sign_in(database: Database, asked: Asked, *, published: str | None = None) -> str:
    """The token of a new session.

    `published` is a password that everybody knows and that opens every account: the demonstration's. It is never
    stored, so that a real installation on the same database doesn't know it.
    Refused: WrongPassword, TooManyTries, CannotSignIn, SeveralOrganizations.
    """
    now, email = clock.now(), asked.email.strip().lower()[:254].replace("\x00", "")
    free = attempts.keys(email, asked.network)
    with database.service_session() as session:
        attempts.count(session, free, now)
    with database.reading(None) as session:
        known = _known(session, email)
    meant = _meant(known, asked, published)
    with database.service_session() as session:
        attempts.forgive(session, free)
        user = session.get_one(User, meant.id, with_for_update=True)
        if user.status != "active":
            raise _suspended(user.status)
        if asked.password != published and _hasher.check_needs_rehash(user.password):
            user.password = _hasher.hash(asked.password)
        user.last_login_at = now
        audit.record(session, meant.organization_id, Actor.of(user, None), "user.signed_in", str(user.id))
        return sessions.start(session, user, now, asked.browser)


def sign_out(database: Database, session_id: uuid.UUID, at: datetime) -> None:
    """End one session, for good."""
    with database.service_session() as session:
        sessions.end(session, session_id, at)


def _known(session: Session, email: str) -> list[_Known]:
    rows = session.execute(
        sa.select(User.id, Organization.id, Organization.slug, Organization.name, User.password, User.status)
        .join(Organization, Organization.id == User.organization_id)
        .where(User.email == email)
        .order_by(Organization.name, Organization.id)
        .limit(MOST)
    )
    return [_Known(*row) for row in rows]


def _meant(known: Sequence[_Known], asked: Asked, published: str | None) -> _Known:
    """The one account that the password opens."""
    if asked.organization:
        known = [each for each in known if each.slug == asked.organization]
    opened = [each for each in known if _opens(each.password, asked.password, published)]
    if not known:
        _opens(_NOBODYS, asked.password, None)
    if not opened:
        raise WrongPassword
    active = [each for each in opened if each.status == "active"]
    if not active:
        raise _suspended(opened[0].status)
    if len(active) > 1:
        raise SeveralOrganizations([(each.slug, each.organization) for each in active])
    return active[0]


def _opens(kept: str, typed: str, published: str | None) -> bool:
    if published is not None and typed == published:
        return True
    if not AT_ONCE.acquire(timeout=PATIENCE):
        raise Busy
    try:
        return _hasher.verify(kept, typed[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False
    finally:
        AT_ONCE.release()


def _suspended(status: str | None) -> CannotSignIn:
    if status == "invited":
        return CannotSignIn("This invitation hasn't been accepted yet: follow the link in the e-mail first.")
    return CannotSignIn("This account is suspended. Somebody who manages your organization's users can open it again.")
