"""The outbox: whatever is said to a person is a row here first.

A row's key (source, recipient, step, part) makes writing it repeatable: whoever is not sure whether it
wrote a row writes it again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot.channels.channel import Ask, Media, Message, Option
from bot.database import on_sqlite
from bot.nudge import nudge
from bot.prepared import Values, Write, inserting, parameter
from models import Delivery

KEY = ("source_kind", "source_id", "recipient", "step", "part")
REPLY, BULK = 0, 5  # priorities: whoever waits for an answer goes first


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row to write. `body` is a packed message, or None where the content is rendered at begin.

    `asks` names the question to open: {"position", "intro", "origin": [kind, id]}.
    """

    organization_id: uuid.UUID
    source_kind: str
    source_id: uuid.UUID
    recipient: str
    integration_id: uuid.UUID
    channel: str
    address: str
    worker_id: uuid.UUID | None = None
    identity_id: uuid.UUID | None = None
    step: int = 0
    part: int = 0
    content_version_id: uuid.UUID | None = None
    body: dict[str, Any] | None = None
    asks: dict[str, Any] | None = None
    verb: Literal["send", "update"] = "send"
    bypass: bool = False
    priority: int = REPLY
    due_at: datetime | None = None
    expires_at: datetime | None = None
    created_at: datetime


def put(session: Session, entries: Sequence[Entry]) -> None:
    """Write `entries`, leaving alone what is there already, and have their senders looked after."""
    if not entries:
        return
    insert: Any = sqlite.insert if on_sqlite(session) else postgresql.insert
    rows = [{slot: getattr(entry, slot) for slot in Entry.__slots__} for entry in entries]
    session.execute(insert(Delivery.__table__).on_conflict_do_nothing(index_elements=KEY), rows)
    for integration_id in {entry.integration_id for entry in entries}:
        nudge(session, "dispatch", str(integration_id))


def writes(entries: Sequence[Entry]) -> dict[str, Values]:
    """What `put` does with up to `TOGETHER` entries, as writes to be done with others; the nudge is the caller's."""
    return {
        f"say{place}": {column: getattr(entry, column) for column in Entry.__slots__}
        for place, entry in enumerate(entries)
    }


def _write(place: int) -> Write:
    table = cast("sa.Table", Delivery.__table__)
    given = {column: parameter(f"say{place}", table.c[column]) for column in Entry.__slots__}
    defaults = {
        column.name: sa.literal(cast("Any", column.default).arg, column.type)
        for column in table.c
        if column.default is not None and column.name not in given
    }
    insert = inserting(table, {**given, **defaults})
    return Write(lambda dialect: insert(dialect).on_conflict_do_nothing(index_elements=KEY))


TOGETHER = 4
WRITES = {f"say{place}": _write(place) for place in range(TOGETHER)}


def of_worker(worker_id: uuid.UUID) -> str:
    """A worker as a recipient."""
    return f"worker:{worker_id.hex}"


def of_address(address: str) -> str:
    """A bare address as a recipient: somebody whom we don't know."""
    return f"address:{address}"


def recipient_of(worker_id: Any) -> sa.ColumnElement[str]:
    """`of_worker` in SQL, the same on both databases."""
    return sa.literal("worker:").concat(sa.func.replace(sa.cast(worker_id, sa.Text), "-", ""))


def pack(message: Message, target: str | None = None) -> dict[str, Any]:
    """A message as JSON; `target` is what an update changes."""
    packed: dict[str, Any] = {"text": message.text}
    if message.body:
        packed["body"] = message.body
    if message.media:
        packed["media"] = [asdict(media) for media in message.media]
    if message.ask:
        packed["ask"] = asdict(message.ask)
    if message.markup:
        packed["markup"] = True
    if target:
        packed["target"] = target
    return packed


def unpack(packed: dict[str, Any]) -> Message:
    """The message again."""
    ask = packed.get("ask")
    return Message(
        text=packed["text"],
        body=packed.get("body", ""),
        media=tuple(Media(**media) for media in packed.get("media", ())),
        ask=Ask(**{**ask, "options": tuple(Option(**option) for option in ask["options"])}) if ask else None,
        markup=packed.get("markup", False),
    )
