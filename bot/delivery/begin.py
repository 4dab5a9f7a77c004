"""Begin: just before the POST, write down what is about to be said.

After this commit the message may be out in the world, whatever happens to this process: the row says
`sending`, the transcript holds the exact words, and the question takes answers. So consent, pause and
cancel are asked a last time here, and nothing but the POST may follow.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import clock
from bot.channels.channel import Outbound
from bot.delivery import gate, introduction, pace, parts, rendering, timing
from bot.delivery.batch import Batch, Sender, prompt_row
from bot.delivery.facts import candidate_of, database_now, facts
from bot.delivery.rendering import Unsayable
from bot.log import Log
from models import Broadcast, ChannelIdentity, Delivery, Organization, Worker, WorkerContact, WorkerEmployment

__all__ = ["MOST", "Sender", "begin", "prompt_row"]

log = Log(__name__)

MOST = 64


def begin(session: Session, sender: Sender, lease: uuid.UUID, ids: Sequence[int], now: datetime) -> list[Outbound]:
    """Mark up to 64 claimed rows `sending` and return what to POST, once the caller has committed."""
    judged = database_now(session, now)
    _hold_identities(session, ids)
    _hold_broadcasts(session, ids)
    rows = session.execute(_held(lease, ids, judged, introduction.meant(sender.channel.name, sender.settings))).all()
    going = _still_going(session, rows, sender, now)
    material = rendering.gather(session, going, sender.settings, sender.channel.abilities, sender.store)
    batch = Batch(sender, now)
    for row in going:
        words = material.words(row)
        if isinstance(words, Unsayable):
            _stop(session, sender, row, words.state, words.reason, now)
        else:
            batch.add(row, words, _valid_for(row, sender, now))
    batch.write(session, lease, judged + timing.used().lease)
    pace.settle(session, sender.integration_id, batch.extra_parts)
    return batch.outbound


def give_up(session: Session, sender: Sender, lease: uuid.UUID, delivery_id: int, reason: str) -> None:
    """This row can't even be begun: it ends with the reason, if it is still ours."""
    held = session.execute(_held(lease, [delivery_id], database_now(session, clock.now()))).first()
    if held is not None:
        _stop(session, sender, held, "failed", reason, clock.now())


def _hold_identities(session: Session, ids: Sequence[int]) -> None:
    """Let nobody of these people say STOP between our look at their consent and our commit.

    Whoever speaks holds their identity's row until their words are dealt with: so either we see the STOP, or it
    waits for us and is the later one. Identities are always locked before deliveries.
    """
    ours = sa.select(Delivery.identity_id).where(Delivery.id.in_(ids))
    query = sa.select(ChannelIdentity.id).where(ChannelIdentity.id.in_(ours)).order_by(ChannelIdentity.id)
    session.execute(query.with_for_update(read=True)).all()


def _hold_broadcasts(session: Session, ids: Sequence[int]) -> None:
    """Let nobody pause or cancel these broadcasts between our look at them and our commit.

    Steering locks the broadcast for itself alone: so either we see that it was steered, or it waits for us, and
    what it finds when it returns is `sending`. Launching takes a weaker lock, which doesn't keep us waiting.
    """
    ours = sa.select(Delivery.source_id).where(Delivery.id.in_(ids), Delivery.source_kind == "broadcast")
    query = sa.select(Broadcast.id).where(Broadcast.id.in_(ours)).order_by(Broadcast.id)
    session.execute(query.with_for_update(read=True, key_share=True)).all()


def _held(lease: uuid.UUID, ids: Sequence[int], judged: datetime, introducing: bool = False) -> sa.Select[Any]:
    """The claimed rows that are still ours, locked, with what the words depend on."""
    opened = introduction.opened_before(Delivery.organization_id, Delivery.worker_id, Delivery.address, Delivery.id)
    return (
        facts()
        .add_columns(
            Delivery.attempts,
            Delivery.recipient,
            Delivery.step,
            Delivery.identity_id,
            Delivery.content_version_id,
            Delivery.body,
            Delivery.asks,
            WorkerContact.preferred_language,
            WorkerContact.email_address,
            Worker.first_name,
            Worker.last_name,
            Worker.external_id,
            Worker.custom_fields,
            WorkerEmployment.job_title,
            WorkerEmployment.department,
            WorkerEmployment.team,
            Organization.name.label("organization_name"),
            Broadcast.variables,
            (opened if introducing else sa.true()).label("opened_before"),
        )
        .outerjoin(WorkerEmployment, WorkerEmployment.worker_id == Delivery.worker_id)
        .join(Organization, Organization.id == Delivery.organization_id)
        .where(
            Delivery.id.in_(ids), Delivery.state == "claimed", Delivery.lease == lease, Delivery.lease_until > judged
        )
        .order_by(Delivery.priority, Delivery.due_at, Delivery.id)
        .with_for_update(of=Delivery)
    )


def _still_going(session: Session, rows: Sequence[Any], sender: Sender, now: datetime) -> list[Any]:
    """The rows that nothing has stopped since they were claimed."""
    going = []
    for row in rows:
        candidate = candidate_of(row, sender.settings, now)
        end = gate.unreachable(candidate) or gate.stopped(candidate, now)
        if end:
            _stop(session, sender, row, end.state, end.reason, now)
        elif row.broadcast_state == "paused":
            _release(session, row.id)
        else:
            going.append(row)
    return going


def _valid_for(row: Any, sender: Sender, now: datetime) -> int | None:
    return gate.valid_for(candidate_of(row, sender.settings, now), sender.settings.delivery, now)


def _stop(session: Session, sender: Sender, row: Any, state: str, reason: str, now: datetime) -> None:  # noqa: PLR0917
    session.execute(
        sa.update(Delivery)
        .where(Delivery.id == row.id)
        .values(state=state, reason=reason[:500], lease=None, lease_until=None, finished_at=now)
    )
    if state == "failed":
        told = {"attempt": row.attempts, "integration": str(sender.integration_id)}
        log.warning("delivery_failed", delivery=row.id, reason=reason, **told)
    parts.drop_later(session, [row.id], now)
    parts.withdraw_questions(session, [row.id])


def _release(session: Session, delivery_id: int) -> None:
    session.execute(
        sa.update(Delivery)
        .where(Delivery.id == delivery_id)
        .values(state="queued", lease=None, lease_until=None, reason=gate.PAUSED)
    )
