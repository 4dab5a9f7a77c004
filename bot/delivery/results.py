"""What became of each POST, written down in bulk.

A result belongs to the lease under which it was begun. If that lease was lost meanwhile (this process stood
still too long), the row may have been taken up by another: the result is written down all the same and
the row is flagged, because the person may have got the message twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.channels.channel import Accepted, SendFailed
from bot.delivery import outcomes, pace, parts, retries, timing
from bot.delivery.outcomes import RANKS, failed, hold_identities, locked
from bot.log import Log
from bot.nudge import nudge
from models import Delivery, SentMessage

__all__ = ["RANKS", "Result", "failed", "locked", "note"]

log = Log(__name__)

ARRIVED = frozenset({"submitted", "sent", "delivered", "read"})


@dataclass(frozen=True, slots=True)
class Result:
    """One attempt's end. `outcome` None: it was not even tried, because its lease had grown old."""

    delivery: int
    attempt: int
    outcome: Accepted | SendFailed | None


def note(
    session: Session, integration_id: uuid.UUID, lease: uuid.UUID, results: Sequence[Result], now: datetime
) -> bool:
    """Write down what became of the attempts begun under `lease`. False if this sender has to stop for now."""
    hold_identities(session, [result.delivery for result in results if isinstance(result.outcome, SendFailed)])
    rows = {row.id: row for row in session.execute(locked([result.delivery for result in results]))}
    accepted: list[dict[str, Any]] = []
    for result in results:
        row = rows.get(result.delivery)
        if row is None:
            continue
        ours = row.state == "sending" and row.lease == lease
        match result.outcome:
            case Accepted() if ours:
                accepted.append(_accepted(result.outcome, row, now))
            case Accepted():
                _late(session, row, result.outcome, result.attempt, now)
            case SendFailed() if ours:
                failed(session, row, result.outcome, integration_id, now)
            case None if ours:
                _not_tried(session, row, now)
            case SendFailed(kind="doubt") if row.verb == "send":
                _late_doubt(session, row, result.attempt, now)
            case _:
                log.warning("result_of_lost_lease", delivery=result.delivery)
    _write_accepted(session, accepted)
    _transcribe(session, integration_id, results, rows)
    parts.release_next(session, [row["b_id"] for row in accepted], now)
    nudge(session, "dispatch", str(integration_id))
    return _heed(session, integration_id, results, now)


def _heed(session: Session, integration_id: uuid.UUID, results: Sequence[Result], now: datetime) -> bool:
    """Wait where the provider asks for it, or where nothing at all gets through; False if so.

    Without it a provider that is away for minutes would use up everybody's attempts.
    """
    failures = [result.outcome for result in results if isinstance(result.outcome, SendFailed)]
    if any(failure.kind == "misconfigured" for failure in failures):
        return False  # `failed` has paused it
    temporary = [failure for failure in failures if failure.kind == "retry"]
    waits = [failure.retry_in for failure in temporary if failure.retry_in]
    if not waits and temporary and len(temporary) == len(results):
        waits = [retries.FIRST_WAIT]
    if waits:
        pace.hold(session, integration_id, now + timedelta(seconds=max(waits)))
    return not waits


def _accepted(outcome: Accepted, row: Any, now: datetime) -> dict[str, Any]:
    return {
        "b_id": row.id,
        "b_state": outcome.status,
        "b_rank": RANKS[outcome.status],
        "b_provider_id": outcome.provider_id,
        "b_at": now,
    }


def _write_accepted(session: Session, accepted: list[dict[str, Any]]) -> None:
    if not accepted:
        return
    delivery = cast("sa.Table", Delivery.__table__)
    session.connection().execute(
        sa.update(delivery)
        .where(delivery.c.id == sa.bindparam("b_id"))
        .values(
            state=sa.bindparam("b_state"),
            rank=sa.bindparam("b_rank"),
            provider_id=sa.bindparam("b_provider_id"),
            submitted_at=sa.func.coalesce(delivery.c.submitted_at, sa.bindparam("b_at")),
            reason=None,
            error_code=None,
            settle_at=None,
            finished_at=None,
            lease=None,
            lease_until=None,
        ),
        accepted,
    )


def _transcribe(
    session: Session, integration_id: uuid.UUID, results: Sequence[Result], rows: Mapping[int, Any]
) -> None:
    """Each attempt's line of the transcript gets its provider's id and its outcome.

    An edit has the id of the message that it changed: that one belongs to the other line.
    """
    named = {
        (result.delivery, result.attempt): result.outcome.provider_id
        for result in results
        if isinstance(result.outcome, Accepted) and result.delivery in rows and rows[result.delivery].verb == "send"
    }
    elsewhere = outcomes.named_elsewhere(session, integration_id, named)
    lines = [
        {
            "b_delivery": result.delivery,
            "b_attempt": result.attempt,
            "b_provider_id": None if key in elsewhere else named.get(key),
            "b_outcome": _outcome(result.outcome),
        }
        for result in results
        if (key := (result.delivery, result.attempt))
    ]
    message = cast("sa.Table", SentMessage.__table__)
    if lines:
        session.connection().execute(
            sa.update(message)
            .where(message.c.delivery_id == sa.bindparam("b_delivery"), message.c.attempt == sa.bindparam("b_attempt"))
            .values(
                provider_id=sa.func.coalesce(message.c.provider_id, sa.bindparam("b_provider_id")),
                outcome=sa.bindparam("b_outcome"),
            ),
            lines,
        )


def _outcome(outcome: Accepted | SendFailed | None) -> str:
    if isinstance(outcome, Accepted):
        return "accepted"
    return "not_tried" if outcome is None else outcome.kind


def _late(session: Session, row: Any, outcome: Accepted, attempt: int, now: datetime) -> None:
    """Accepted, but the lease is gone. If nobody has tried again it simply arrived; else it may be there twice."""
    if outcomes.heard_of(session, row.id, outcome.provider_id):
        return  # the provider's report was quicker than its answer, and knows more
    log.warning("accepted_after_lost_lease", delivery=row.id, attempt=attempt)
    if row.attempts == attempt and row.state not in ARRIVED:
        _write_accepted(session, [_accepted(outcome, row, now)])
        parts.release_next(session, [row.id], now)
    elif row.provider_id != outcome.provider_id:
        session.execute(sa.update(Delivery).where(Delivery.id == row.id).values(flagged="possibly_twice"))


def _late_doubt(session: Session, row: Any, attempt: int, now: datetime) -> None:
    """An attempt that somebody else has settled meanwhile, and of which even we can't say that it didn't go out.

    Before the next attempt it is searched for once more; after it, a human is told.
    """
    log.warning("doubt_after_lost_lease", delivery=row.id, attempt=attempt)
    if row.attempts == attempt and row.state == "queued":
        doubt = {"state": "in_doubt", "reason": "interrupted", "settle_at": now + timing.used().settle}
        session.execute(sa.update(Delivery).where(Delivery.id == row.id).values(**doubt))
    elif row.attempts > attempt:
        session.execute(sa.update(Delivery).where(Delivery.id == row.id).values(flagged="possibly_twice"))


def _not_tried(session: Session, row: Any, now: datetime) -> None:
    """Certainly not sent: it goes back at once, and the attempt's line in the transcript says so."""
    session.execute(
        sa.update(Delivery)
        .where(Delivery.id == row.id)
        .values(state="queued", due_at=now, lease=None, lease_until=None)
    )
