"""A conversation as it looked: what we said and what they said, on every channel, in the order in which it happened.

One bubble per delivery, whatever the number of attempts; an edit in Slack changes the bubble that it
edited, as it did on the screen. What was meant for somebody and never begun stands there too, with the
reason. Words that nobody may read one by one (private, anonymous, for figures only) are never here: either the
transcript doesn't have them, or they are left out for this reader.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.channels.channel import Message
from bot.content.documents import ReflectionDocument
from bot.content.versions import DOCUMENTS
from bot.delivery import outbox
from bot.engagement.outcome import told
from bot.engagement.waiting import RULES
from models import Broadcast, ChannelIdentity, Delivery, Integration, Prompt, SentMessage

PAGE = 40
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
OPENINGS = ("broadcast", "journey", "reminder")
ARRIVED = {"submitted": "Sent", "sent": "Sent", "delivered": "Delivered", "read": "Read"}
COMMANDS = frozenset({"stopped", "started", "helped"})
"""Outcomes of words that are nobody's answer."""

Who = Literal["us", "them", "nobody"]
Tone = Literal["good", "quiet", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Line:
    """One bubble, or (who "nobody") a note about something that was never said.

    `message` None on something heard means that the words are not for reading. `status` says what became of it.
    """

    at: datetime
    who: Who
    channel: str
    message: Message | None = None
    status: str = ""
    tone: Tone = "quiet"
    attempts: int = 1
    edited: bool = False
    tapped: bool = False
    broadcast: tuple[uuid.UUID, str] | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """A page of a conversation, the oldest first; `earlier` is where the page before it ends, if there is one."""

    lines: Sequence[Line]
    earlier: datetime | None


@dataclass(slots=True)
class _Bubbles:
    """Lines as they are put together, and what later rows need to find in them."""

    lines: list[Line] = field(default_factory=list)
    by_provider_id: dict[str, int] = field(default_factory=dict)
    by_delivery: dict[int, int] = field(default_factory=dict)
    options: dict[str, Mapping[str, str]] = field(default_factory=dict)


def talk(session: Session, worker_id: uuid.UUID, *, administrator: bool = False, until: datetime | None = None) -> Talk:
    """The latest page of somebody's conversation; with `until`, the one that ends there."""
    heard_and_said = _messages(session, worker_id, until)
    never_begun = _never_begun(session, worker_id, until)
    since, earlier = _cut([row.at for row in heard_and_said], [row.created_at for row in never_begun])
    closed = _closed(session, worker_id, administrator=administrator)
    bubbles = _Bubbles()
    for row in sorted((row for row in heard_and_said if row.at >= since), key=lambda row: (row.at, row.id)):
        _add(bubbles, row, closed)
    notes = [_note(row) for row in never_begun if row.created_at >= since]
    return Talk(sorted((*bubbles.lines, *notes), key=lambda line: line.at), earlier)


def _cut(said: Sequence[datetime], skipped: Sequence[datetime]) -> tuple[datetime, datetime | None]:
    """Where the page begins, and where the one before it ends: between two moments, never within one."""
    moments = sorted((*said, *skipped), reverse=True)
    if len(moments) <= PAGE:
        return min(moments, default=BEGINNING), None
    since = moments[PAGE - 1]
    earlier = [at for at in moments if at < since]
    return since, earlier[0] if earlier else None


def _messages(session: Session, worker_id: uuid.UUID, until: datetime | None) -> Sequence[Any]:
    message = SentMessage
    where = [message.worker_id == worker_id, *([message.at <= until] if until else [])]
    return session.execute(
        sa.select(
            message.id, message.at, message.direction, message.body, message.payload, message.outcome, message.attempt,
            message.address, message.integration_id, message.provider_id, message.delivery_id, Integration.channel,
            Delivery.state, Delivery.verb, Delivery.reason, Delivery.flagged, Delivery.attempts,
            Delivery.body.label("packed"), Delivery.provider_id.label("final_id"), Broadcast.id.label("broadcast_id"),
            Broadcast.name,
        )
        .join(Integration, Integration.id == message.integration_id)
        .outerjoin(Delivery, Delivery.id == message.delivery_id)
        .outerjoin(Broadcast, sa.and_(Delivery.source_kind == "broadcast", Broadcast.id == Delivery.source_id))
        .where(*where)
        .order_by(message.at.desc(), message.id.desc())
        .limit(PAGE * 2 + 1)
    ).all()  # fmt: skip


def _never_begun(session: Session, worker_id: uuid.UUID, until: datetime | None) -> Sequence[Any]:
    """What was meant for them and has not been tried: left out, ended, or still waiting."""
    where = [Delivery.created_at <= until] if until else []
    return session.execute(
        sa.select(
            Delivery.created_at, Delivery.state, Delivery.reason, Delivery.channel, Broadcast.id.label("broadcast_id"),
            Broadcast.name,
        )
        .outerjoin(Broadcast, sa.and_(Delivery.source_kind == "broadcast", Broadcast.id == Delivery.source_id))
        .where(
            Delivery.worker_id == worker_id,
            Delivery.source_kind.in_(OPENINGS),
            Delivery.part == 0,
            Delivery.attempts == 0,
            *where,
        )
        .order_by(Delivery.created_at.desc(), Delivery.id.desc())
        .limit(PAGE + 1)
    ).all()  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Window:
    """From when to when, on which address, what they say is nobody's to read."""

    integration_id: uuid.UUID
    address: str
    since: datetime
    until: datetime | None

    def covers(self, row: Any) -> bool:
        """Whether this was said within it."""
        same = (row.integration_id, row.address) == (self.integration_id, self.address)
        return same and self.since <= row.at and (self.until is None or row.at <= self.until)


def _closed(session: Session, worker_id: uuid.UUID, *, administrator: bool) -> list[_Window]:
    """When they answered something whose words this reader may not read.

    A line of the transcript doesn't know which question it answers, so everything that came between the question
    and the end of its answer is left out: too much rather than a word too many.
    """
    rows = session.execute(
        sa.select(
            Prompt.asked_at,
            Prompt.answered_at,
            Prompt.state,
            Prompt.content_version_id,
            ChannelIdentity.integration_id,
            ChannelIdentity.address,
        )
        .join(ChannelIdentity, ChannelIdentity.id == Prompt.identity_id)
        .where(Prompt.worker_id == worker_id)
    ).all()
    documents = DOCUMENTS.load(session, {row.content_version_id for row in rows})
    hidden = {"private", "anonymous", "aggregate"} | (set() if administrator else {"admins"})
    windows = []
    for row in rows:
        document = documents[row.content_version_id]
        if isinstance(document, ReflectionDocument) and document.settings.visibility in hidden:
            joining = timedelta(seconds=document.settings.join_window_seconds)
            until = row.answered_at + joining if row.answered_at else None
            if until or row.state == "open":
                windows.append(_Window(row.integration_id, row.address, row.asked_at, until))
    return windows


def _add(bubbles: _Bubbles, row: Any, closed: Iterable[_Window]) -> None:
    if row.direction == "in":
        bubbles.lines.append(_heard(bubbles, row, closed))
    elif row.verb == "update":
        _edit(bubbles, row)
    else:
        _say(bubbles, row)


def _heard(bubbles: _Bubbles, row: Any, closed: Iterable[_Window]) -> Line:
    token = (row.payload or {}).get("tap")
    words = row.body
    if words is not None and row.outcome not in COMMANDS and any(window.covers(row) for window in closed):
        words = None
    if token and words is not None:
        labels = bubbles.options.get(token, {})
        words = ", ".join(labels.get(value, value) for value in words.split(", "))
    message = None if words is None else Message(words)
    return Line(row.at, "them", row.channel, message, tapped=token is not None)


def _say(bubbles: _Bubbles, row: Any) -> None:
    """A bubble; a further attempt of the same delivery takes the place of the one before it."""
    message = outbox.unpack(row.payload) if row.payload else Message(row.body or "")
    status, tone = _status(row)
    source = (row.broadcast_id, row.name) if row.broadcast_id else None
    line = Line(row.at, "us", row.channel, message, status, tone, row.attempts or 1, broadcast=source)
    before = bubbles.by_delivery.get(row.delivery_id)
    if before is None:
        bubbles.lines.append(line)
        before = len(bubbles.lines) - 1
    else:
        bubbles.lines[before] = line
    bubbles.by_delivery[row.delivery_id] = before
    for provider_id in {row.provider_id, row.final_id} - {None}:
        bubbles.by_provider_id[provider_id] = before
    if message.ask:
        bubbles.options[message.ask.token] = {option.value: option.text for option in message.ask.options}


def _edit(bubbles: _Bubbles, row: Any) -> None:
    """What an edit that got through made of an earlier bubble; one that isn't on this page is left alone."""
    place = bubbles.by_provider_id.get((row.packed or {}).get("target", ""))
    if place is not None and row.payload and row.state in ARRIVED:
        bubbles.lines[place] = replace(bubbles.lines[place], message=outbox.unpack(row.payload), edited=True)


def _note(row: Any) -> Line:
    if row.state in {"queued", "claimed", "sending"}:
        because = RULES.get(row.reason or "", (row.reason or "its turn comes").rstrip("."))
        status, tone = f"Not sent yet: {because}", "quiet"
    else:
        status, tone = f"Not sent: {told(row.reason or row.state)}", "bad"
    source = (row.broadcast_id, row.name) if row.broadcast_id else None
    return Line(row.created_at, "nobody", row.channel or "", None, status, tone, broadcast=source)  # type: ignore[arg-type]


def _status(row: Any) -> tuple[str, Tone]:
    """What became of a delivery that was begun, in words."""
    if row.flagged == "possibly_twice":
        return "Possibly arrived twice", "warn"
    if row.state in ARRIVED:
        return ARRIVED[row.state], "good" if row.state in {"delivered", "read"} else "quiet"
    if row.state == "in_doubt":
        because = f": {told(row.reason)}" if row.reason else ""
        return (f"Possibly lost{because}" if row.flagged else f"Nobody knows yet whether it arrived{because}"), "warn"
    if row.state in {"queued", "claimed", "sending"}:
        return ("On its way" if row.state == "sending" else f"Being tried again: {told(row.reason or 'soon')}"), "quiet"
    return f"Not delivered: {told(row.reason or row.state or 'failed')}", "bad"
