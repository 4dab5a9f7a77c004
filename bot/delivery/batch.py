"""What one begin writes: the POSTs to make, their lines in the transcript, later parts and opened questions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import chance
from bot.channels import sms_text
from bot.channels.channel import Channel, Message, Outbound
from bot.content.media import Store
from bot.content.render import Shown
from bot.delivery import outbox
from bot.delivery.compose import Composed, Opening
from bot.prepared import Bulk
from bot.tenancy.settings import OrganizationSettings
from models import Delivery, Prompt, SentMessage

_deliveries, _messages, _prompts = (cast("sa.Table", table.__table__) for table in (Delivery, SentMessage, Prompt))


def _begin(given: Mapping[str, Any]) -> sa.Update:
    values = {"state": "sending", "reason": None, "error_code": None, "rank": 0, "search_count": 0}
    ours = {"parts": given["parts"], "lease": given["lease"], "lease_until": given["until"]}
    return (
        sa.update(_deliveries)
        .where(_deliveries.c.id == given["id"])
        .values(**values, **ours, attempts=_deliveries.c.attempts + 1)
    )


def _ask_anew(insert: Any) -> Any:
    """A question that an earlier attempt had opened: its time begins now."""
    again = ("token", "option_order", "first_label", "labels", "asked_at", "expires_at", "state")
    return insert.on_conflict_do_update(
        index_elements=["delivery_id"],
        set_={name: insert.excluded[name] for name in again},
        where=_prompts.c.answered_at.is_(None),
    )


BEGIN = Bulk(
    {"id": _deliveries.c.id.type, "parts": _deliveries.c.parts.type, "lease": _deliveries.c.lease.type,
     "until": _deliveries.c.lease_until.type},
    _begin,
)  # fmt: skip
TRANSCRIBE = Bulk.insert(
    _messages,
    ("id", "organization_id", "integration_id", "worker_id", "address", "direction", "delivery_id", "attempt", "body",
     "payload", "at"),
)  # fmt: skip
OPEN = Bulk.insert(
    _prompts,
    ("id", "organization_id", "worker_id", "identity_id", "delivery_id", "content_version_id", "source_kind",
     "source_id", "question_id", "position", "token", "option_order", "first_label", "labels", "asked_at", "expires_at",
     "tries", "state"),
    _ask_anew,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sender:
    """The integration that a batch leaves by."""

    organization_id: uuid.UUID
    integration_id: uuid.UUID
    channel: Channel
    settings: OrganizationSettings
    store: Store
    callback_base: str = ""


@dataclass(slots=True)
class Batch:
    """Rows on their way into `sending`."""

    sender: Sender
    now: datetime
    outbound: list[Outbound] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    prompts: list[dict[str, Any]] = field(default_factory=list)
    parts: list[outbox.Entry] = field(default_factory=list)
    begun: list[dict[str, Any]] = field(default_factory=list)
    extra_parts: int = 0

    def add(self, row: Any, composed: Composed, valid_for: int | None) -> None:
        """Note one row's message, the rows of its further parts and the question it opens."""
        first, *rest = composed.messages
        attempt = row.attempts + 1
        parts = 1 if self.sender.channel.abilities.taps else sms_text.measure(first.text).parts
        self.extra_parts += parts - (row.parts or 1)
        self.begun.append({"id": row.id, "parts": parts})
        self.messages.append(self._line(row, first, attempt))
        self.outbound.append(
            Outbound(
                delivery=row.id,
                attempt=attempt,
                address=row.address,
                message=first,
                verb=row.verb,
                target=(row.body or {}).get("target"),
                callback_url=_callback(self.sender, row.id, attempt),
                valid_for=valid_for,
            )
        )
        self.parts += [
            self._part(row, number, message, composed.opening if number == row.part + len(rest) else None)
            for number, message in enumerate(rest, start=row.part + 1)
        ]
        opening = _opening_of(row.asks) if row.body is not None else composed.opening
        if opening and not rest:
            self.prompts.append(prompt_row(row, opening, self.sender.organization_id, self.now))

    def write(self, session: Session, lease: uuid.UUID, until: datetime) -> None:
        """All of it, in bulk; the caller commits."""
        if not self.begun:
            return
        connection = session.connection()
        BEGIN.run(connection, [{**begun, "lease": lease, "until": until} for begun in self.begun])
        TRANSCRIBE.run(connection, self.messages)
        OPEN.run(connection, self.prompts)
        outbox.put(session, self.parts)

    def _line(self, row: Any, message: Message, attempt: int) -> dict[str, Any]:
        return {
            "id": chance.new_id(),
            "organization_id": self.sender.organization_id,
            "integration_id": self.sender.integration_id,
            "worker_id": row.worker_id,
            "address": row.address,
            "direction": "out",
            "delivery_id": row.id,
            "attempt": attempt,
            "body": message.text,
            "payload": outbox.pack(message),
            "at": self.now,
        }

    def _part(self, row: Any, number: int, message: Message, opening: Opening | None) -> outbox.Entry:
        """A later part, due when the one before it is accepted.

        It is more urgent than what hasn't begun: nothing else may come between the parts of one message.
        """
        return outbox.Entry(
            organization_id=self.sender.organization_id,
            source_kind=row.source_kind,
            source_id=row.source_id,
            recipient=row.recipient,
            step=row.step,
            part=number,
            integration_id=self.sender.integration_id,
            channel=row.channel,
            address=row.address,
            worker_id=row.worker_id,
            identity_id=row.identity_id,
            content_version_id=row.content_version_id,
            body=outbox.pack(message),
            asks=_packed_opening(opening, row.asks) if opening else None,
            priority=max(row.priority - 1, outbox.REPLY),
            bypass=row.bypass,
            expires_at=row.expires_at,
            created_at=self.now,
        )


def prompt_row(row: Any, opening: Opening, organization_id: uuid.UUID, now: datetime) -> dict[str, Any]:
    """The open question as a row. Its origin is the broadcast, also for later questions of the same quiz."""
    kind, source = (row.asks or {}).get("origin") or (row.source_kind, str(row.source_id))
    return {
        "id": chance.new_id(),
        "organization_id": organization_id,
        "worker_id": row.worker_id,
        "identity_id": row.identity_id,
        "delivery_id": row.id,
        "content_version_id": row.content_version_id,
        "source_kind": kind,
        "source_id": uuid.UUID(source),
        "question_id": opening.question_id,
        "position": opening.position,
        "token": opening.shown.token,
        "option_order": list(opening.shown.order),
        "first_label": opening.shown.first_label,
        "labels": opening.labels,
        "asked_at": now,
        "expires_at": _expiry(opening.seconds, (row.asks or {}).get("deadline"), now),
        "tries": 0,
        "state": "open",
    }


def _callback(sender: Sender, delivery_id: int, attempt: int) -> str | None:
    """Where the provider reports to. The fragment asks Twilio to repeat on any failure, up to five times."""
    hook = sender.channel.receipts_hook
    if hook is None or not sender.callback_base:
        return None
    path = hook.split("<", 1)[0]
    return f"{sender.callback_base}{path}{delivery_id}?attempt={attempt}#rc=5&rp=all"


def _packed_opening(opening: Opening, asks: dict[str, Any] | None) -> dict[str, Any]:
    shown = opening.shown
    return {
        **(asks or {}),
        "shown": [shown.token, shown.first_label, list(shown.order)],
        "position": opening.position,
        "question_id": opening.question_id,
        "labels": opening.labels,
        "seconds": opening.seconds,
    }


def _opening_of(asks: dict[str, Any] | None) -> Opening | None:
    if not asks or "shown" not in asks:
        return None
    token, first_label, order = asks["shown"]
    shown = Shown(token, first_label, tuple(order))
    return Opening(asks["position"], asks["question_id"], shown, asks["labels"], asks["seconds"])


def _expiry(seconds: int | None, deadline: str | None, now: datetime) -> datetime | None:
    """When the question's own time or the quiz's runs out, whichever is first."""
    ends = [now + timedelta(seconds=seconds)] if seconds else []
    ends += [datetime.fromisoformat(deadline)] if deadline else []
    return min(ends, default=None)
