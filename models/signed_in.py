"""Who is signed in at the console, and who has just tried to.

Of a session only the hash of its token is kept: whoever reads this table can sign in as nobody. A session
that has ended keeps its row until it would have expired, so that it can be seen where somebody was.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Owned, owned_key


class UserSession(Base, Identified, Owned):
    """A user's browser from sign-in on. `token_hash` is SHA-256 in hexadecimal, `browser` what it calls itself."""

    __tablename__ = "sessions"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        owned_key("user_id", "users", ondelete="CASCADE"),
        Index(None, "organization_id"),
        Index(None, "user_id"),
    )

    user_id: Mapped[uuid.UUID]
    token_hash: Mapped[str]
    browser: Mapped[str | None]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class SignInAttempt(Base, Owned):
    """How often a password was wrong lately, for one `key` (the hash of an e-mail, a network, or both).

    It is counted before anybody knows whose account is meant, so there is no organization; an e-mail that
    nobody has is counted too, or one could tell by the waiting which ones exist.
    """

    __tablename__ = "sign_in_attempts"
    __table_args__ = (Index(None, "last_at"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None]
    organization_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organizations.id"))  # type: ignore[assignment]
