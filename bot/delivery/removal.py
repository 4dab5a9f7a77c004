"""Taking a connection away: never while something of it is on its way, and never without a word about what waits.

What has been said by it stays said: a connection with a transcript is kept as a name, without credentials and
without its address, so that the same number may be connected anew.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import clock
from bot.delivery import parts
from bot.errors import Refused
from bot.people import identities
from bot.tenancy import integrations
from models import Delivery, SenderPace, SentMessage

REASON = "sender_removed"
PAGE = 5_000
"""Deliveries that are named in one statement; SQLite binds 32,766 values."""


class StillNeeded(Refused):
    """Messages wait for this connection: cancel them first, or let them go out."""

    code = "still_needed"


@dataclass(frozen=True, slots=True)
class Removed:
    """`cancelled` messages won't go out; `kept` says that the transcript holds on to the connection's name."""

    cancelled: int
    kept: bool


def remove(session: Session, integration_id: uuid.UUID, *, cancel_queued: bool = False) -> Removed:
    """Remove a connection; what waits for it is cancelled only where that was asked for.

    StillNeeded while messages wait (without `cancel_queued`), are on their way, or the provider is still
    being asked about them; NotFound where there is none.
    """
    integration = integrations.get(session, integration_id)
    # The sender's bucket is what every claim takes first: nothing is claimed until this commits.
    session.scalar(sa.select(SenderPace.integration_id).where(_of(SenderPace, integration_id)).with_for_update())
    waiting = _refuse_needed(session, integration_id, cancel_queued=cancel_queued)
    for start in range(0, len(waiting), PAGE):
        _cancel(session, waiting[start : start + PAGE])
    kept = _has_history(session, integration_id)
    if kept:
        identities.give_up(session, integration_id)
        integrations.retire(session, integration)
    else:
        session.delete(integration)
        session.flush()
    return Removed(len(waiting), kept)


def _refuse_needed(session: Session, integration_id: uuid.UUID, *, cancel_queued: bool) -> list[int]:
    """The ids of what waits, if it may be cancelled."""
    mine = _of(Delivery, integration_id)
    moving = _count(session, mine, Delivery.state.in_(("claimed", "sending")))
    asked = _count(session, mine, Delivery.state == "in_doubt", Delivery.settle_at.is_not(None))
    if moving + asked:
        raise StillNeeded(
            f"{_messages(moving + asked)} of this connection {'is' if moving + asked == 1 else 'are'} on the way or in "
            "doubt: try again in some minutes, while the service runs."
        )
    waiting = list(session.scalars(sa.select(Delivery.id).where(mine, Delivery.state == "queued")))
    if waiting and not cancel_queued:
        one = len(waiting) == 1
        raise StillNeeded(
            f"{_messages(len(waiting))} {'waits' if one else 'wait'} to go out by this connection: let "
            f"{'it' if one else 'them'} go, or cancel {'it' if one else 'them'} with --cancel-queued."
        )
    return waiting


def _cancel(session: Session, ids: list[int]) -> None:
    session.execute(
        sa.update(Delivery)
        .where(Delivery.id.in_(ids))
        .values(state="cancelled", reason=REASON, finished_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    parts.withdraw_questions(session, ids)


def _has_history(session: Session, integration_id: uuid.UUID) -> bool:
    tables: Iterable[type[Delivery | SentMessage]] = (Delivery, SentMessage)
    return any(session.scalar(sa.select(sa.exists().where(_of(table, integration_id)))) for table in tables)


def _of(table: type[Delivery | SentMessage | SenderPace], integration_id: uuid.UUID) -> sa.ColumnElement[bool]:
    return table.integration_id == integration_id


def _count(session: Session, *conditions: sa.ColumnElement[bool]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Delivery).where(*conditions)) or 0


def _messages(count: int) -> str:
    return f"{count:,} message{'' if count == 1 else 's'}"
