"""How a delivery moves on after a failure, whoever tells of it: the POST's own answer, a report, or a search."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.channels.channel import SendFailed
from bot.delivery import pace, parts, retries
from bot.delivery.retries import Step
from bot.log import Log
from bot.people import consent, identities
from bot.tenancy import integrations
from models import Broadcast, ChannelIdentity, Delivery, Integration, SentMessage

log = Log(__name__)

RANKS = {"submitted": 20, "sent": 40, "failed": 50, "delivered": 60, "read": 70}
"""How far a delivery has come; a report never takes it back."""


def locked(ids: Sequence[int]) -> sa.Select[*tuple[Any, ...]]:
    """Deliveries by id, locked, with what a result can change."""
    return (
        sa.select(
            Delivery.id,
            Delivery.organization_id,
            Delivery.source_kind,
            Delivery.source_id,
            Delivery.integration_id,
            Delivery.verb,
            Delivery.state,
            Delivery.rank,
            Delivery.lease,
            Delivery.attempts,
            Delivery.forgiven,
            Delivery.channel,
            Delivery.address,
            Delivery.worker_id,
            Delivery.identity_id,
            Delivery.provider_id,
            Delivery.search_count,
        )
        .where(Delivery.id.in_(ids))
        .order_by(Delivery.id)
        .with_for_update()
    )


def hold_identities(session: Session, ids: Sequence[int]) -> None:
    """Lock whom these deliveries are for. Inbound messages lock the person and then the delivery: so must we."""
    if ids:
        ours = sa.select(Delivery.identity_id).where(Delivery.id.in_(ids))
        query = sa.select(ChannelIdentity.id).where(ChannelIdentity.id.in_(ours)).order_by(ChannelIdentity.id)
        session.execute(query.with_for_update(key_share=True)).all()


def failed(
    session: Session,
    row: Any,
    failure: SendFailed,
    integration_id: uuid.UUID,
    now: datetime,
    *,
    reported: bool = False,
) -> None:
    """Move a delivery on after a failure, and draw the consequences for the address and the sender.

    `reported`: the provider had taken it and says later that it failed. Its rank stays, so that a "sent" which
    was overtaken by the failure doesn't make us forget to try again.
    """
    step = retries.after(failure, row.attempts - row.forgiven, now, reported=reported, repeatable=row.verb == "update")
    session.execute(
        sa.update(Delivery)
        .where(Delivery.id == row.id)
        .values(
            state=step.state,
            rank=RANKS["failed"] if reported else row.rank,
            reason=step.reason[:500],
            error_code=failure.code,
            due_at=step.due_at,
            settle_at=step.settle_at,
            lease=None,
            lease_until=None,
            finished_at=now if step.state == "failed" else None,
        )
    )
    _tell(row, failure, step, integration_id)
    if step.state == "failed":
        parts.drop_later(session, [row.id], now)
    if step.state == "failed" or (step.state == "queued" and not reported):
        # Certainly not sent: until it is, a "2" is no answer to it. What the provider had taken may be there yet.
        parts.withdraw_questions(session, [row.id])
    if step.state == "queued" and reported:
        _reopen(session, row)
    _consequences(session, row, failure, integration_id, now)
    if reported and failure.retry_in and failure.code in retries.WHOLE_SENDER:
        pace.hold(session, integration_id, now + timedelta(seconds=failure.retry_in), failure.reason)


def still_twice() -> sa.ColumnElement[str | None]:
    """What remains of a flag when a message turns out to have arrived: it isn't lost, but it may be there twice."""
    return sa.case((Delivery.flagged == "possibly_twice", Delivery.flagged), else_=sa.null())


def _tell(row: Any, failure: SendFailed, step: Step, integration_id: uuid.UUID) -> None:
    """One line for whoever watches: which delivery, and why; never whose."""
    write = log.info if step.state == "queued" else log.warning
    event = {"queued": "delivery_deferred", "in_doubt": "delivery_in_doubt"}.get(step.state, "delivery_failed")
    write(
        event,
        delivery=row.id,
        attempt=row.attempts,
        integration=str(integration_id),
        kind=failure.kind,
        code=failure.code,
        reason=failure.reason,
    )


def _reopen(session: Session, row: Any) -> None:
    """The carrier gave up what we thought was out: its broadcast has something left to do again."""
    if row.source_kind == "broadcast":
        session.execute(
            sa.update(Broadcast)
            .where(Broadcast.id == row.source_id, Broadcast.state == "finished")
            .values(state="running", finished_at=None)
        )


def heard_of(session: Session, delivery_id: int, provider_id: str) -> bool:
    """Say whether a report has told already what the provider calls this delivery."""
    line = sa.exists().where(SentMessage.delivery_id == delivery_id, SentMessage.provider_id == provider_id)
    return bool(session.scalar(sa.select(line)))


def named_elsewhere(
    session: Session, integration_id: uuid.UUID, named: Mapping[tuple[int, int], str]
) -> set[tuple[int, int]]:
    """Those (delivery, attempt) whose provider's id stands on another line already: an id names one line only."""
    if not named:
        return set()
    query = sa.select(SentMessage.provider_id, SentMessage.delivery_id, SentMessage.attempt).where(
        SentMessage.integration_id == integration_id, SentMessage.provider_id.in_(set(named.values()))
    )
    owners = {row.provider_id: (row.delivery_id, row.attempt) for row in session.execute(query)}
    return {line for line, provider_id in named.items() if owners.get(provider_id, line) != line}


def _consequences(session: Session, row: Any, failure: SendFailed, integration_id: uuid.UUID, now: datetime) -> None:
    match failure.kind:
        case "address_dead" if row.identity_id:
            identities.mark(session, row.identity_id, "dead", failure.reason)
        case "opted_out":
            consent.record(
                session, row.organization_id, row.channel, row.address, "revoked", "provider",
                worker_id=row.worker_id, wording=failure.reason, at=now,
            )  # fmt: skip
        case "misconfigured":
            session.execute(
                sa.update(Integration)
                .where(Integration.id == integration_id, Integration.status.in_(integrations.SENDING))
                .values(status="paused", status_reason=failure.reason)
            )
        case _:
            pass
