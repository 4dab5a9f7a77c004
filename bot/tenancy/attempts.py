"""Wrong passwords slow down whoever types them, on every machine alike.

The count stands in the database: a counter in each process's memory would multiply the tries by the
number of processes, and forget them at every restart. A try is counted before the password is looked at and
forgiven when it was right, so that a hundred tries at once are a hundred and not one.

Of an e-mail from one network only a few tries are free, so that nobody is locked out by what strangers do
elsewhere; of an e-mail altogether more; of a public network many, because a whole company may sit behind it.
A private one is most likely our own proxy, and stands for everybody.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot.database import on_sqlite
from bot.errors import Refused
from models import SignInAttempt

FREE_TOGETHER, FREE_EMAIL, FREE_NETWORK = 5, 30, 100
"""Tries without a pause: of one e-mail from one network, of one e-mail, from one network."""
FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(minutes=15)
FORGOTTEN = timedelta(hours=1)


class TooManyTries(Refused):
    """Too many wrong passwords. Wait a little, then try again."""

    code, status = "too_many_tries", 429

    def __init__(self, left: timedelta) -> None:
        self.seconds = max(int(left.total_seconds()), 1)
        wait = f"{self.seconds} seconds" if self.seconds < 90 else f"{round(self.seconds / 60)} minutes"
        super().__init__(f"Too many wrong passwords. Wait {wait}, then try again.")


def keys(email: str, network: str) -> dict[str, int]:
    """What a try counts for → how many are free. Nobody reads an e-mail or an address off a key."""
    free = {f"{email} {network}": FREE_TOGETHER, email: FREE_EMAIL}
    if _public(network):
        free[network] = FREE_NETWORK
    return {hashlib.sha256(key.encode("utf-8", "replace")).hexdigest(): count for key, count in free.items()}


def pause(failures: int, free: int) -> timedelta:
    """How long to wait after that many: nothing while they are free, then twice as long with each."""
    beyond = failures - free
    if beyond < 0:
        return timedelta(0)
    return min(FIRST_PAUSE * float(2 ** min(beyond, 10)), LONGEST_PAUSE)


def count(session: Session, free: Mapping[str, int], now: datetime) -> None:
    """Count a try for each of `keys`, or raise TooManyTries where one has to wait; then nothing is counted."""
    blocked = session.scalar(
        sa.select(sa.func.max(SignInAttempt.blocked_until)).where(SignInAttempt.key.in_(free), _blocks(now))
    )
    if blocked is not None:
        raise TooManyTries(blocked - now)
    session.execute(sa.delete(SignInAttempt).where(SignInAttempt.last_at < now - FORGOTTEN))
    for key in sorted(free):  # in one order, or two tries at once would wait for each other
        failures = _counted(session, key, now)
        until = now + pause(failures, free[key])
        session.execute(sa.update(SignInAttempt).where(SignInAttempt.key == key).values(blocked_until=until))


def forgive(session: Session, free: Mapping[str, int]) -> None:
    """The password was right. A network keeps its count: one right guess doesn't excuse the others."""
    forgiven = [key for key, count in free.items() if count != FREE_NETWORK]
    session.execute(sa.delete(SignInAttempt).where(SignInAttempt.key.in_(forgiven)))
    session.execute(
        sa.update(SignInAttempt)
        .where(SignInAttempt.key.in_(free), SignInAttempt.failures > 0)
        .values(failures=SignInAttempt.failures - 1, blocked_until=None)
    )


def _blocks(now: datetime) -> sa.ColumnElement[bool]:
    return SignInAttempt.blocked_until > now


def _counted(session: Session, key: str, now: datetime) -> int:
    insert: Any = sqlite.insert if on_sqlite(session) else postgresql.insert
    statement = insert(SignInAttempt.__table__).values(key=key, failures=1, last_at=now)
    found: int = session.execute(
        statement.on_conflict_do_update(
            index_elements=["key"], set_={"failures": SignInAttempt.failures + 1, "last_at": now}
        ).returning(sa.column("failures"))
    ).scalar_one()
    return found


def _public(network: str) -> bool:
    try:
        return ipaddress.ip_address(network).is_global
    except ValueError:
        return False
