"""Who got it, who didn't and why, who answered what and what they scored: read from the facts, per broadcast.

A recipient counts once, in the state of the first part of what they were sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.engagement import waiting
from models import Delivery, QuestionResponse, ReflectionResponse, Worker

REASONS = {
    "opted_out": "has opted out",
    "no_consent": "has not agreed to get texts",
    "no_address": "has no phone or Slack on a channel that carries this",
    "inactive": "is not active",
    "address_dead": "the number or account no longer works",
    "address_blocked": "the number or account is blocked",
    "address_replaced": "has another number now",
    "address_unverified": "has not confirmed their account yet",
    "disconnected": "the connection to the provider is gone",
    "no_common_daytime": "it is never daytime in every zone they may be in",
    "too_late": "the time for it had passed",
    "broadcast_cancelled": "the broadcast was cancelled",
    "sender_removed": "the connection it was to go by was removed",
    "earlier_part_failed": "an earlier part of it failed",
    "not_found_at_provider": "the provider never got it, for the last time",
    "past_due": "its time had passed while the service was down",
    "interrupted": "the connection broke off while it was being sent",
    "failed": "it could not be sent",
    "skipped": "was left out",
    "expired": "the time for it had passed",
    "cancelled": "it was cancelled",
}
"""A stored reason in words; one that isn't here is already in the provider's words."""


CLOSED = frozenset({"private", "aggregate"})
"""Reflections whose words a report shows only where they are asked for: they were promised to fewer eyes."""


def in_words(reason: str) -> str:
    """A stored reason as a person reads it."""
    return REASONS.get(reason, reason)


def broadcast(session: Session, broadcast_id: uuid.UUID, *, private: bool = False) -> dict[str, Any]:
    """The report of one broadcast, in the shape of `shiftline report broadcast --json`.

    Reflections whose words are closed show that there was an answer, and its words only with `private`;
    an anonymous one never has a name.
    """
    deliveries = _deliveries(session, broadcast_id)
    return {
        "recipients": sum(deliveries.values()),
        "deliveries": deliveries,
        "skipped": list(_missed(session, broadcast_id)),
        **waiting.of(session, broadcast_id),
        "responses": [*_answers(session, broadcast_id), *_reflections(session, broadcast_id, private=private)],
    }


def _of(broadcast_id: uuid.UUID) -> sa.ColumnElement[bool]:
    return sa.and_(Delivery.source_kind == "broadcast", Delivery.source_id == broadcast_id, Delivery.part == 0)


def _deliveries(session: Session, broadcast_id: uuid.UUID) -> dict[str, int]:
    rows = session.execute(
        sa.select(Delivery.state, sa.func.count())
        .where(_of(broadcast_id))
        .group_by(Delivery.state)
        .order_by(Delivery.state)
    )
    return {state: count for state, count in rows}  # noqa: C416 - rows are no pairs to mypy


def _missed(session: Session, broadcast_id: uuid.UUID) -> Iterator[dict[str, Any]]:
    """Everybody whom it didn't reach, each with a reason."""
    rows = session.execute(
        sa.select(Worker.external_id, Delivery.state, Delivery.reason, Delivery.flagged)
        .join(Worker, Worker.id == Delivery.worker_id)
        .where(
            _of(broadcast_id),
            sa.or_(Delivery.state.in_(("skipped", "failed", "expired", "cancelled")), Delivery.flagged == "maybe_lost"),
        )
        .order_by(Worker.external_id)
    )
    for row in rows:
        reason = row.reason or row.state
        yield {
            "external_id": row.external_id,
            "state": row.state,
            "reason": reason,
            "words": in_words(reason),
        }


def _answers(session: Session, broadcast_id: uuid.UUID) -> Iterator[dict[str, Any]]:
    response = QuestionResponse
    rows = session.execute(
        sa.select(response, Worker.external_id)
        .join(Worker, Worker.id == response.worker_id)
        .where(response.source_kind == "broadcast", response.source_id == broadcast_id)
        .order_by(response.at, response.id)
    )
    for given, external_id in rows:
        yield {
            "external_id": external_id,
            "channel": given.channel,
            "question": given.question_id,
            "typed": given.typed,
            "understood": given.understood,
            "correct": given.correct,
            "score": given.score,
            "max_score": given.max_score,
            "late": given.late,
            "at": given.at.isoformat(),
        }


def _reflections(session: Session, broadcast_id: uuid.UUID, *, private: bool) -> Iterator[dict[str, Any]]:
    response = ReflectionResponse
    rows = session.execute(
        sa.select(response, Worker.external_id)
        .outerjoin(Worker, Worker.id == response.worker_id)
        .where(response.source_kind == "broadcast", response.source_id == broadcast_id)
        .order_by(response.at, response.id)
    )
    for given, external_id in rows:
        readable = private or given.visibility not in CLOSED
        yield {
            "external_id": external_id,
            "channel": given.channel,
            "question": given.question_id,
            "typed": given.text if readable else None,
            "understood": None,
            "correct": None,
            "score": None,
            "visibility": given.visibility,
            "parts": given.parts,
        }
