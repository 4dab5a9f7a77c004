"""Providers' reports on deliveries: an append-only log, and a state that only moves forward.

Reports come doubled, late and in any order. The log keeps each as it came; the delivery's rank decides
whether one still tells anything new.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.channels.channel import Accepted, Receipt, SendFailed
from bot.delivery import outcomes, parts, retries
from bot.delivery.outcomes import RANKS
from bot.prepared import Values, Write, parameter
from bot.prepared import now as shared_moment
from models import Delivery, DeliveryEvent, SentMessage

_deliveries = cast("sa.Table", Delivery.__table__)
FINAL = frozenset({"delivered", "read"})
UNDER_WAY = frozenset({"sending", "in_doubt", "submitted", "sent"})
"""States in which a report of failure is news."""
STILL_TO_SEND = frozenset({"queued", "claimed", "failed"})
"""States in which another attempt may be made, or was given up."""


def apply(session: Session, receipt: Receipt, now: datetime) -> bool:
    """Write a report down and move its delivery forward. False if the delivery isn't this organization's."""
    if receipt.failure is not None:
        outcomes.hold_identities(session, [receipt.delivery])
    row = session.execute(outcomes.locked([receipt.delivery])).first()
    if row is None:
        return False
    session.execute(
        sa.insert(DeliveryEvent).values(
            organization_id=row.organization_id,
            delivery_id=row.id,
            attempt=receipt.attempt,
            provider_id=receipt.provider_id,
            status=receipt.status,
            error_code=(receipt.failure.code or receipt.failure.kind) if receipt.failure else None,
            at=now,
        )
    )
    attempt = receipt.attempt or row.attempts
    if attempt < row.attempts:
        _of_earlier_attempt(session, row, receipt, attempt, now)
    elif receipt.failure is not None:
        _failed(session, row, receipt, receipt.failure, now)
    else:
        _moved(session, row, receipt, now)
    return True


def arrival(delivery_id: int) -> dict[str, Values]:
    """The write for a delivery that was answered: it arrived, whatever we thought of it, and is not sent again."""
    return {"arrived": {"id": delivery_id}}


def _arrived(_: str) -> sa.Update:
    still_to_send = sa.or_(*(_deliveries.c.state == state for state in sorted(STILL_TO_SEND)))
    unsure = sa.or_(
        _deliveries.c.state == "sending",
        _deliveries.c.state == "in_doubt",
        sa.and_(still_to_send, _deliveries.c.attempts > 0),
    )
    (moment,) = shared_moment(_deliveries, "submitted_at").values()
    return (
        sa.update(_deliveries)
        .where(_deliveries.c.id == parameter("arrived", _deliveries.c.id), unsure)
        .values(
            state="sent",
            rank=RANKS["sent"],
            submitted_at=sa.func.coalesce(_deliveries.c.submitted_at, moment),
            finished_at=None,
            settle_at=None,
            lease=None,
            lease_until=None,
            flagged=outcomes.still_twice(),
            reason="proved_by_answer",
        )
    )


WRITES = {"arrived": Write(_arrived)}


def found(session: Session, row: Any, accepted: Accepted, now: datetime) -> None:
    """A search at the provider found the doubtful attempt."""
    _moved(session, row, Receipt(row.id, row.attempts, accepted.provider_id, accepted.status, 0), now)


def _moved(session: Session, row: Any, receipt: Receipt, now: datetime, flagged: str | None = None) -> None:
    """A step forward. An attempt in doubt is settled by it: the provider knows the message."""
    state = receipt.status if receipt.status in RANKS else "submitted"
    rank = RANKS[state]
    if row.state not in {"sending", "in_doubt"} and rank <= row.rank:
        return
    session.execute(
        sa.update(Delivery)
        .where(Delivery.id == row.id)
        .values(
            state=state,
            rank=max(rank, row.rank),
            provider_id=receipt.provider_id,
            submitted_at=sa.func.coalesce(Delivery.submitted_at, now),
            finished_at=now if state in FINAL else None,
            reason=None,
            error_code=None,
            flagged=flagged or outcomes.still_twice(),
            settle_at=None,
            lease=None,
            lease_until=None,
        )
    )
    _name(session, row, receipt)
    parts.arrived_after_all(session, row.id, row.state)
    parts.release_next(session, [row.id], now)


def _failed(session: Session, row: Any, receipt: Receipt, failure: SendFailed, now: datetime) -> None:
    """The provider gave up on it. A delivered message stays delivered; one that we try again anyway is tried."""
    _name(session, row, receipt)
    if row.state not in UNDER_WAY or row.rank >= RANKS["failed"]:
        return
    if failure.code in retries.DEAD_WHEN_REPEATED and _met_before(session, row, failure.code):
        failure = SendFailed("address_dead", failure.reason, code=failure.code)
    outcomes.failed(session, row, failure, row.integration_id, now, reported=True)


def _met_before(session: Session, row: Any, code: str | None) -> bool:
    """Say whether an earlier message met this code at the same address, and none has been delivered there since."""
    here = [
        Delivery.organization_id == row.organization_id,
        Delivery.integration_id == row.integration_id,
        Delivery.address == row.address,
    ]
    if row.worker_id is not None:
        here.append(Delivery.worker_id == row.worker_id)  # what the index of deliveries goes by
    events = sa.select(DeliveryEvent).join(Delivery, Delivery.id == DeliveryEvent.delivery_id).where(*here)
    last = sa.select(sa.func.max(DeliveryEvent.id)).join(Delivery, Delivery.id == DeliveryEvent.delivery_id)
    delivered = session.scalar(last.where(*here, DeliveryEvent.status.in_(FINAL))) or 0
    refused = events.with_only_columns(DeliveryEvent.delivery_id, DeliveryEvent.attempt)
    since = refused.where(DeliveryEvent.error_code == code, DeliveryEvent.id > delivered).distinct()
    return len(session.execute(since.limit(2)).all()) > 1  # this one is among them


def _of_earlier_attempt(session: Session, row: Any, receipt: Receipt, attempt: int, now: datetime) -> None:
    """An attempt that we had given up turns out to have gone out, after another was made or is being made."""
    told = replace(receipt, attempt=attempt)
    _name(session, row, told)
    if receipt.failure is not None or row.provider_id == receipt.provider_id:
        return
    if receipt.status not in FINAL and _given_up(session, row, attempt):
        return  # its failure has overtaken it
    if row.state in STILL_TO_SEND:
        _moved(session, row, told, now)
    elif row.state == "in_doubt":
        _moved(session, row, told, now, flagged="possibly_twice")
    else:
        session.execute(sa.update(Delivery).where(Delivery.id == row.id).values(flagged="possibly_twice"))


def _given_up(session: Session, row: Any, attempt: int) -> bool:
    """Say whether the provider has told of this attempt that it failed."""
    event = sa.exists().where(
        DeliveryEvent.delivery_id == row.id, DeliveryEvent.attempt == attempt, DeliveryEvent.error_code.is_not(None)
    )
    return bool(session.scalar(sa.select(event)))


def _name(session: Session, row: Any, receipt: Receipt) -> None:
    """The provider's id on the transcript's line, where the POST's own answer was lost."""
    line = (row.id, receipt.attempt or row.attempts)
    if row.verb != "send" or outcomes.named_elsewhere(session, row.integration_id, {line: receipt.provider_id}):
        return
    session.execute(
        sa.update(SentMessage)
        .where(
            SentMessage.delivery_id == row.id,
            SentMessage.attempt == line[1],
            SentMessage.provider_id.is_(None),
            SentMessage.direction == "out",
        )
        .values(provider_id=receipt.provider_id, outcome="accepted")
    )
