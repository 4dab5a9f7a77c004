"""`shiftline broadcast`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import clock
from bot.audience import segments
from bot.broadcast import draft, launch, moments, plan, progress
from bot.cli import waits
from bot.cli.desk import Desk, command, identifier
from bot.cli.words import counted
from bot.engagement import report, waiting
from bot.errors import BadInput, Forbidden
from models import Broadcast, SegmentMembership

broadcast = click.Group("broadcast", help="Send, watch, pause, cancel.")
COMMANDS = {"broadcast": broadcast}


def _order_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--channel", "channels", multiple=True, help="Only this channel; twice for an order of preference."
        ),
        click.option(
            "--segment",
            "segment_ids",
            multiple=True,
            required=True,
            help="Who, by id or name; more than once for several.",
        ),
        click.option("--content", "content_id", metavar="ID", required=True, help="What, by its id."),
    ):
        function = option(function)
    return function


_values = click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="A template's variable.")


@_order_options
@click.option(
    "--at", "at", metavar="WHEN", help="When, such as 2026-12-01T09:00 (the organization's time) or …T09:00Z."
)
@_values
def send(  # noqa: PLR0917 - click gives its options by name
    desk: Desk,
    content_id: str,
    segment_ids: tuple[str, ...],
    channels: tuple[str, ...],
    at: str | None,
    values: tuple[str, ...],
) -> None:
    """Send a content to a segment, now or at a time."""
    with desk.reading() as session:
        zone = segments.zone_of(session, desk.organization_id)
    moment = None if at is None else moments.read(at, zone, clock.now())
    order = _order(desk, content_id, segment_ids, channels, values, moment.at if moment else None)
    _within_limit(desk, order.segment_ids)
    with desk.writing() as session:
        placed = draft.place(session, desk.organization_id, order, desk.user_id)
        desk.note(session, "broadcast.placed", placed.id)
        broadcast_id = placed.id
    if moment is None:
        launch.launch(desk.database, desk.organization_id, broadcast_id)
    with desk.reading() as session:
        document = _status(session, broadcast_id)
    if moment and moment.note:
        document["note"] = moment.note
    desk.give(
        document,
        f"Broadcast {broadcast_id} goes out {moment or 'now'}.",
        *([moment.note] if moment and moment.note else []),
        *_standing(document),
        f"The running service sends it. Watch it: shiftline broadcast status {broadcast_id} --org {desk.slug}",
    )


def _order(  # noqa: PLR0917 - as click gives them
    desk: Desk,
    content_id: str,
    segment_ids: Sequence[str],
    channels: Sequence[str],
    values: Sequence[str],
    send_at: datetime | None = None,
) -> draft.Order:
    """What was typed as an order; whatever has no form is refused before anything is looked for."""
    typed = dict(_value(value) for value in values)
    wanted = identifier(content_id, "content")
    return draft.Order(wanted, _segments(desk, segment_ids), send_at, channels or None, values=typed or None)


def _segments(desk: Desk, names: Sequence[str]) -> list[uuid.UUID]:
    """Segments by id or name, as every other command takes them."""
    with desk.reading() as session:
        return [segments.find(session, name).id for name in names]


def _within_limit(desk: Desk, segment_ids: Sequence[uuid.UUID]) -> None:
    """Refuse what is larger than the role allows at once."""
    most = desk.scope.max_recipients
    if most is None:
        return
    members = sa.select(sa.func.count(SegmentMembership.worker_id.distinct()))
    with desk.reading() as session:
        count = session.scalar(members.where(SegmentMembership.segment_id.in_(segment_ids))) or 0
    if count > most:
        raise Forbidden(f"Your role sends to {counted(most, 'recipient')} at most, and these are {count:,}.")


@_order_options
@_values
def preview(
    desk: Desk, content_id: str, segment_ids: tuple[str, ...], channels: tuple[str, ...], values: tuple[str, ...]
) -> None:
    """Say who would get it, who would not and why, without sending anything."""
    order = _order(desk, content_id, segment_ids, channels, values)
    document = plan.preview(desk.database, desk.organization_id, order)
    people = counted(document["recipients"], "worker")
    lines = [f"{people} in the segments, {document['reachable']:,} can be reached."]
    lines += [f"  by {channel}: {count:,}" for channel, count in document["channels"].items()]
    lines += [f"  not: {count:,} ({report.in_words(reason)})" for reason, count in document["skipped"].items()]
    if document["channels"].get("sms"):
        each = document["parts"] // document["channels"]["sms"]
        lines.append(f"About {counted(document['parts'], 'SMS part')} in all, {each} for each phone.")
    desk.give(document, *lines)


@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="How many, newest first.")
def listed(desk: Desk, limit: int) -> None:
    """The broadcasts, newest first."""
    with desk.reading() as session:
        zone = segments.zone_of(session, desk.organization_id)
        rows = [_row(found, people, zone) for found, people in progress.newest(session, limit)]
    lines = [
        f"{row['id']}  {row['status']:<9}  {_when(row, zone)}  {row['name']}"
        + (f"  ({counted(row['recipients'], 'recipient')})" if row["recipients"] else "")
        for row in rows
    ]
    nothing = (
        f"No broadcasts yet. Send one: shiftline broadcast send --content ID --segment ID --org {desk.slug}\n"
        f"(their ids: shiftline content list --org {desk.slug}, shiftline segment list --org {desk.slug})"
    )
    desk.give(rows, *(lines or [nothing]))


@click.argument("broadcast_id")
def status(desk: Desk, broadcast_id: str) -> None:
    """How far it has come, and what those wait for who don't have it yet."""
    with desk.reading() as session:
        document = _status(session, identifier(broadcast_id, "broadcast"))
        zone = segments.zone_of(session, desk.organization_id)
    when = f", to go out {_when(document, zone)}" if document["status"] == "scheduled" else ""
    why = f" ({report.in_words(document['reason'])})" if document["reason"] else ""
    lines = [*_standing(document), *waits.lines(document, zone)]
    desk.give(document, f"{document['name']}: {document['status']}{why}{when}.", *lines)


def _when(row: dict[str, Any], zone: ZoneInfo) -> str:
    return moments.shown(row["send_at"], zone) if row["send_at"] else "at no time yet"


def _standing(document: dict[str, Any]) -> list[str]:
    return [f"  {state}: {count:,}" for state, count in document["deliveries"].items()]


def _steer(name: str, act: Callable[[Session, uuid.UUID], Any], words: str) -> Callable[..., None]:
    @click.argument("broadcast_id")
    def steer(desk: Desk, broadcast_id: str) -> None:
        found = identifier(broadcast_id, "broadcast")
        with desk.writing() as session:
            done = act(session, found)
            desk.note(session, f"broadcast.{name}", found)
        with desk.reading() as session:
            document = _status(session, found)
        nothing = name == "retry" and not done  # the one that counts what it did
        desk.give(document, f"{'Nothing had failed.' if nothing else words} It is {document['status']}.")

    steer.__doc__ = words
    return steer


def _status(session: Session, broadcast_id: uuid.UUID) -> dict[str, Any]:
    found = progress.look(session, broadcast_id)
    zone = segments.zone_of(session, found.organization_id)
    return _row(found, None, zone) | {
        "deliveries": progress.counts(session, broadcast_id),
        "reason": found.reason,
        **waiting.of(session, broadcast_id),
    }


def _row(found: Broadcast, people: int | None, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "id": str(found.id),
        "status": found.state,
        "name": found.name,
        "send_at": found.send_at,
        "send_at_local": found.send_at.astimezone(zone) if found.send_at else None,
        "time_zone": zone.key,
    } | ({} if people is None else {"recipients": people})


def _value(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise BadInput(f'"{text[:40]}" sets nothing: write --set name=value.')
    return name.strip(), value


command(broadcast, "send", "broadcast:send")(send)
command(broadcast, "preview", "broadcast:read")(preview)
command(broadcast, "list", "broadcast:read")(listed)
command(broadcast, "status", "broadcast:read")(status)
for verb, function, sentence in (
    ("pause", progress.pause, "Nothing more begins until it is resumed."),
    ("resume", progress.resume, "It goes on where it stood."),
    ("cancel", progress.cancel, "Nothing more begins, for good."),
    ("retry", progress.retry, "What failed is tried once more."),
):
    command(broadcast, verb, "broadcast:send")(_steer(verb, function, sentence))
