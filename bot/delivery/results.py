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
from bot.prepared import Bulk
from models import Delivery, SentMessage

__all__ = ["RANKS", "Result", "failed", "locked", "note"]

log = Log(__name__)

_deliveries, _messages = (cast("sa.Table", table.__table__) for table in (Delivery, SentMessage))
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
    ACCEPT.run(session.connection(), accepted)
    _transcribe(session, integration_id, results, rows)
    parts.release_next(session, [row["id"] for row in accepted], now)
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
    waits = [(failure.retry_in, failure.reason) for failure in temporary if failure.retry_in]
    if not waits and temporary and len(temporary) == len(results):
        waits = [(retries.FIRST_WAIT, temporary[0].reason)]
    if waits:
        seconds, reason = max(waits)
        until = now + timedelta(seconds=min(seconds, retries.LONGEST_ASKED))
        pace.hold(session, integration_id, until, reason)
    return not waits


def _accepted(outcome: Accepted, row: Any, now: datetime) -> dict[str, Any]:
    return {
        "id": row.id,
        "state": outcome.status,
        "rank": RANKS[outcome.status],
        "provider_id": outcome.provider_id,
        "submitted_at": now,
    }


def _accept(given: Mapping[str, Any]) -> sa.Update:
    nothing = dict.fromkeys(("reason", "error_code", "settle_at", "finished_at", "lease", "lease_until"))
    known = {name: given[name] for name in ("state", "rank", "provider_id")}
    submitted = sa.func.coalesce(_deliveries.c.submitted_at, given["submitted_at"])
    update = sa.update(_deliveries).where(_deliveries.c.id == given["id"])
    return update.values(**known, **nothing, submitted_at=submitted, flagged=outcomes.still_twice())


def _tell(given: Mapping[str, Any]) -> sa.Update:
    attempt = (_messages.c.delivery_id == given["delivery_id"], _messages.c.attempt == given["attempt"])
    provider_id = sa.func.coalesce(_messages.c.provider_id, given["provider_id"])
    return sa.update(_messages).where(*attempt).values(provider_id=provider_id, outcome=given["outcome"])


def _columns(table: sa.Table, *names: str) -> dict[str, Any]:
    return {name: table.c[name].type for name in names}


ACCEPT = Bulk(_columns(_deliveries, "id", "state", "rank", "provider_id", "submitted_at"), _accept)
TELL = Bulk(_columns(_messages, "delivery_id", "attempt", "provider_id", "outcome"), _tell)


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
            "delivery_id": result.delivery,
            "attempt": result.attempt,
            "provider_id": None if key in elsewhere else named.get(key),
            "outcome": _outcome(result.outcome),
        }
        for result in results
        if (key := (result.delivery, result.attempt))
    ]
    TELL.run(session.connection(), lines)


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
        ACCEPT.run(session.connection(), [_accepted(outcome, row, now)])
        parts.arrived_after_all(session, row.id, row.state)
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
    parts.withdraw_questions(session, [row.id])
