"""Who of a broadcast still waits, what for and until when: the answer to "why hasn't Ana got it yet?".

A row says why it was put off. One that is due says nothing: it waits for its sender, whose own state (its pace, a
provider that asked for patience, a connection that is paused) is read beside it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import clock
from bot.tenancy import integrations
from bot.tenancy.settings import OrganizationSettings
from bot.tenancy.settings import load as load_settings
from models import Broadcast, Delivery, Integration, Organization, SenderPace, Worker

MOST = 50
"""People who are named; the groups count everybody."""

RULES = {
    "quiet_hours": "it is quiet hours where they are",
    "cap": "they have had as many messages as one person gets in a day or a week",
    "sender_per_day": "the sender's messages of the day are used up",
    "broadcast_paused": "the broadcast is paused",
}
"""Why a row was put off by a rule of the organization's own; any other reason is in a provider's words."""


class Why(NamedTuple):
    """A reason as programs and as people know it.

    It ends at `until`, or with `dated` at the row's own moment; with neither somebody has to act, or it stands in line.
    """

    code: str
    words: str
    until: datetime | None = None
    dated: bool = False

    def next_try(self, moment: datetime) -> str | None:
        """When it is tried again, given the row's own `moment`."""
        ends = moment if self.dated else self.until
        return ends.isoformat() if ends else None


@dataclass(frozen=True, slots=True)
class Sender:
    """What keeps everything that a connection would send."""

    channel: str
    status: str
    status_reason: str | None
    resume_at: datetime | None
    resume_reason: str | None
    pace: str

    def why(self, now: datetime) -> Why:
        """What a row waits for that is due."""
        if self.status not in integrations.SENDING:
            because = f": {self.status_reason}" if self.status_reason else ""
            return Why(f"sender_{self.status}", f"the {self.channel} connection is {self.status}{because}")
        if self.resume_at is not None and self.resume_at > now:
            because = f": {self.resume_reason}" if self.resume_reason else ""
            return Why("provider_asks_to_wait", f"the provider takes nothing from us{because}", self.resume_at)
        return Why("pace", f"their turn comes: this sender sends {self.pace}")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rows of a broadcast are read by."""

    broadcast: Broadcast
    senders: Mapping[uuid.UUID, Sender]
    now: datetime
    among: sa.ColumnElement[bool]

    def why(self, row: Any) -> Why:
        """What this row, or this group of equal ones, waits for."""
        if row.state == "in_doubt":
            return Why("in_doubt", f"it may have arrived, and the provider is asked ({row.reason})", dated=True)
        if self.broadcast.state == "paused":
            return Why("broadcast_paused", RULES["broadcast_paused"])
        sender = self.senders.get(row.integration_id)
        if sender is not None and sender.status not in integrations.SENDING:
            return sender.why(self.now)
        if row.later:
            known = RULES.get(row.reason or "")
            code, words = (row.reason, known) if known else ("provider", row.reason or "not due yet")
            return Why(code, words, dated=True)
        return sender.why(self.now) if sender else Why("pace", "their turn comes")


def of(session: Session, broadcast_id: uuid.UUID, most: int = MOST) -> dict[str, Any]:
    """`waiting`: reason, words, how many, next try; `waiting_people`: the first `most` of them by name.

    A moment is ISO 8601, or None where somebody has to act first.
    """
    facts = _facts(session, broadcast_id, sa.true())
    return {
        "waiting": _grouped(session, facts),
        "waiting_people": list(_people(session, facts, most)),
    }


def groups(session: Session, broadcast_id: uuid.UUID, among: sa.ColumnElement[bool]) -> list[dict[str, Any]]:
    """`waiting` alone, of the rows of the outbox for which `among` holds."""
    return _grouped(session, _facts(session, broadcast_id, among))


def _facts(session: Session, broadcast_id: uuid.UUID, among: sa.ColumnElement[bool]) -> Facts:
    broadcast = session.scalars(sa.select(Broadcast).where(Broadcast.id == broadcast_id)).one()
    return Facts(broadcast, _senders(session, broadcast.organization_id), clock.now(), among)


def _senders(session: Session, organization_id: uuid.UUID) -> dict[uuid.UUID, Sender]:
    stored = session.scalar(sa.select(Organization.settings).where(Organization.id == organization_id))
    settings = load_settings(stored)
    rows = session.execute(
        sa.select(
            Integration.id, Integration.channel, Integration.status, Integration.status_reason,
            SenderPace.resume_at, SenderPace.resume_reason,
        )
        .outerjoin(SenderPace, SenderPace.integration_id == Integration.id)
        .where(Integration.organization_id == organization_id)
    )  # fmt: skip
    return {
        row.id: Sender(
            row.channel, row.status, row.status_reason, row.resume_at, row.resume_reason, _pace(row.channel, settings)
        )
        for row in rows
    }


def _pace(channel: str, settings: OrganizationSettings) -> str:
    pace = settings.delivery.pace
    if channel == "slack":
        return f"{pace.slack.per_minute} messages a minute"
    rate = pace.sms.segments_per_second
    return f"{rate:g} SMS part{'' if rate == 1 else 's'} a second"


NEXT = sa.case((Delivery.state == "in_doubt", Delivery.settle_at), else_=Delivery.due_at)


def _waiting(facts: Facts) -> list[sa.ColumnElement[bool]]:
    """Rows that wait themselves: a later part waits for the one before it, and a flagged doubt for a human."""
    return [
        Delivery.source_kind == "broadcast",
        Delivery.source_id == facts.broadcast.id,
        facts.among,
        sa.or_(
            sa.and_(Delivery.state == "queued", Delivery.due_at.is_not(None)),
            sa.and_(Delivery.state == "in_doubt", Delivery.settle_at.is_not(None)),
        ),
    ]


def _columns(facts: Facts) -> tuple[Any, ...]:
    later = (Delivery.due_at > facts.now).label("later")
    return Delivery.integration_id, Delivery.state, Delivery.reason, Delivery.error_code, later


def _grouped(session: Session, facts: Facts) -> list[dict[str, Any]]:
    """Everybody who waits, by what they wait for, the most first."""
    columns = _columns(facts)
    rows = session.execute(
        sa.select(
            *columns,
            sa.func.count().label("people"),
            sa.func.min(NEXT).label("first"),
            sa.func.max(NEXT).label("last"),
            sa.func.max(Delivery.attempts).label("attempts"),
        )
        .where(*_waiting(facts))
        .group_by(*columns[:-1], "later")
    )
    groups: dict[tuple[str, str, str | None], dict[str, Any]] = {}
    for row in rows:
        why, code = facts.why(row), _error_code(row)
        told = {
            "reason": why.code,
            "words": why.words,
            "error_code": code,
            "count": row.people,
            "attempts": row.attempts,
            "next_try": why.next_try(row.first),
            "last_try": why.next_try(row.last),
        }
        found = groups.setdefault((why.code, why.words, code), told)
        if found is not told:
            _add(found, told)
    return sorted(groups.values(), key=lambda group: (-group["count"], group["reason"]))


def _add(found: dict[str, Any], more: Mapping[str, Any]) -> None:
    found["count"] += more["count"]
    found["attempts"] = max(found["attempts"], more["attempts"])
    found["next_try"] = min(filter(None, (found["next_try"], more["next_try"])), default=None)
    found["last_try"] = max(filter(None, (found["last_try"], more["last_try"])), default=None)


def _error_code(row: Any) -> str | None:
    """The provider's code, where it is what the row waits for, and not left from an attempt before that."""
    return row.error_code if row.state == "in_doubt" or (row.later and row.reason not in RULES) else None


def _people(session: Session, facts: Facts, most: int) -> Iterator[dict[str, Any]]:
    """The first of them by when they are next tried."""
    rows = session.execute(
        sa.select(*_columns(facts), Delivery.channel, Delivery.attempts, NEXT.label("next"), Worker.external_id)
        .join(Worker, Worker.id == Delivery.worker_id)
        .where(*_waiting(facts))
        .order_by(NEXT, Delivery.id)
        .limit(most)
    )
    for row in rows:
        why = facts.why(row)
        yield {
            "external_id": row.external_id,
            "channel": row.channel,
            "state": row.state,
            "reason": why.code,
            "words": why.words,
            "error_code": _error_code(row),
            "attempts": row.attempts,
            "next_try": why.next_try(row.next),
        }
