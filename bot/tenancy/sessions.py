"""Sessions of the console: rows of our own, so that signing out, suspending somebody or a lost laptop end them.

The browser has a random token, the database its hash. A session ends by itself a week after it began, and
half a day after its user last asked for a page. What a page asks for on its own (the progress of a broadcast)
doesn't count as somebody being there.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import chance
from models import User, UserSession

LONGEST = timedelta(days=7)
IDLE = timedelta(hours=12)
NOTED = timedelta(minutes=5)
"""How old `seen_at` may be before it is moved: a write for every page would be a write too many."""
TOKEN_BYTES = 32
BROWSER_LENGTH = 200


def start(session: Session, user: User, now: datetime, browser: str = "") -> str:
    """A new session of `user`; the token is given once and kept nowhere. Old rows of the user's go."""
    assert user.organization_id is not None, "somebody of the service has no console"
    token = chance.token(TOKEN_BYTES)
    session.execute(sa.delete(UserSession).where(UserSession.user_id == user.id, UserSession.expires_at <= now))
    session.add(
        UserSession(
            organization_id=user.organization_id,
            user_id=user.id,
            token_hash=hashed(token),
            browser=browser[:BROWSER_LENGTH].replace("\x00", "") or None,
            created_at=now,
            seen_at=now,
            expires_at=now + LONGEST,
        )
    )
    return token


def hashed(token: str) -> str:
    """What is kept of a token. It is random and long, so that a fast hash does."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def holds(now: datetime) -> sa.ColumnElement[bool]:
    """Whether a session still counts at `now`."""
    return sa.and_(UserSession.ended_at.is_(None), UserSession.expires_at > now, UserSession.seen_at > now - IDLE)


def seen(session: Session, session_id: uuid.UUID, now: datetime) -> None:
    """Its user is there. Never backwards, whichever of two requests comes last."""
    mine = (UserSession.id == session_id, UserSession.seen_at < now)
    session.execute(sa.update(UserSession).where(*mine).values(seen_at=now))


def end(session: Session, session_id: uuid.UUID, now: datetime) -> None:
    """Sign out."""
    session.execute(
        sa.update(UserSession).where(UserSession.id == session_id, UserSession.ended_at.is_(None)).values(ended_at=now)
    )


def end_all(session: Session, user_id: uuid.UUID, now: datetime) -> None:
    """Sign a user out everywhere."""
    session.execute(
        sa.update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
        .values(ended_at=now)
    )
