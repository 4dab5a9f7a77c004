"""`shiftline broadcast`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import clock
from bot.broadcast import draft, launch, plan, progress
from bot.cli import waits
from bot.cli.desk import Desk, command, identifier
from bot.engagement import waiting
from bot.errors import BadInput, Forbidden
from bot.tenancy import settings as tenancy_settings
from models import Organization, SegmentMembership

broadcast = click.Group("broadcast", help="Send, watch, pause, cancel.")
COMMANDS = {"broadcast": broadcast}


def _order_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--channel", "channels", multiple=True, help="Only this channel; twice for an order of preference."
        ),
        click.option("--segment", "segment_ids", multiple=True, required=True, help="Who; more than once for several."),
        click.option("--content", "content_id", required=True, help="What."),
    ):
        function = option(function)
    return function


@_order_options
@click.option(
    "--at", "at", metavar="WHEN", help="When, such as 2026-12-01T09:00 (the organization's time) or …T09:00Z."
)
@click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="A template's variable.")
def send(  # noqa: PLR0917 - click gives its options by name
    desk: Desk,
    content_id: str,
    segment_ids: tuple[str, ...],
    channels: tuple[str, ...],
    at: str | None,
    values: tuple[str, ...],
) -> None:
    """Send a content to a segment, now or at a time."""
    _within_limit(desk, segment_ids)
    with desk.writing() as session:
        order = draft.Order(
            content_id=identifier(content_id, "content"),
            segment_ids=[identifier(segment, "segment") for segment in segment_ids],
            send_at=_moment(at, session, desk.organization_id),
            channels=channels or None,
            values=dict(_value(value) for value in values) or None,
        )
        placed = draft.place(session, desk.organization_id, order, desk.user_id)
        desk.note(session, "broadcast.placed", placed.id)
        broadcast_id, send_at = placed.id, placed.send_at
    if at is None:
        launch.launch(desk.database, desk.organization_id, broadcast_id)
    with desk.reading() as session:
        document = _status(session, broadcast_id)
    assert send_at is not None, "placed with a time"
    when = "now" if at is None else send_at.isoformat(timespec="minutes")
    desk.give(
        document,
        f"Broadcast {broadcast_id} goes out {when}.",
        f"Watch it: shiftline broadcast status {broadcast_id} --org {click.get_current_context().params['org']}",
    )


def _within_limit(desk: Desk, segment_ids: Sequence[str]) -> None:
    """Refuse what is larger than the role allows at once."""
    most = desk.scope.max_recipients
    if most is None:
        return
    ids = [identifier(segment, "segment") for segment in segment_ids]
    members = sa.select(sa.func.count(SegmentMembership.worker_id.distinct()))
    with desk.reading() as session:
        count = session.scalar(members.where(SegmentMembership.segment_id.in_(ids))) or 0
    if count > most:
        raise Forbidden(f"Your role sends to {most} recipients at most, and these are {count}.")


@_order_options
def preview(desk: Desk, content_id: str, segment_ids: tuple[str, ...], channels: tuple[str, ...]) -> None:
    """Say who would get it, who would not and why, without sending anything."""
    order = draft.Order(
        content_id=identifier(content_id, "content"),
        segment_ids=[identifier(segment, "segment") for segment in segment_ids],
        channels=channels or None,
    )
    document = plan.preview(desk.database, desk.organization_id, order)
    lines = [f"{document['recipients']} in the segments, {document['reachable']} can be reached."]
    lines += [f"  {channel}: {count}" for channel, count in document["channels"].items()]
    lines += [f"  not: {count} × {reason}" for reason, count in document["skipped"].items()]
    desk.give(document, *lines, f"About {document['parts']} SMS parts in all.")


@click.argument("broadcast_id")
def status(desk: Desk, broadcast_id: str) -> None:
    """How far it has come, and what those wait for who don't have it yet."""
    with desk.reading() as session:
        document = _status(session, identifier(broadcast_id, "broadcast"))
        clock_there = waits.zone(desk, session)
    lines = [f"{state}: {count}" for state, count in document["deliveries"].items()]
    lines += waits.lines(document, clock_there)
    desk.give(document, f"{document['status']}" + (f" ({document['reason']})" if document["reason"] else ""), *lines)


def _steer(name: str, act: Callable[[Session, uuid.UUID], Any], words: str) -> Callable[..., None]:
    @click.argument("broadcast_id")
    def steer(desk: Desk, broadcast_id: str) -> None:
        found = identifier(broadcast_id, "broadcast")
        with desk.writing() as session:
            act(session, found)
            desk.note(session, f"broadcast.{name}", found)
        with desk.reading() as session:
            document = _status(session, found)
        desk.give(document, f"{words} It is {document['status']}.")

    steer.__doc__ = words
    return steer


def _status(session: Session, broadcast_id: uuid.UUID) -> dict[str, Any]:
    found = progress.look(session, broadcast_id)
    return {
        "id": str(found.id),
        "status": found.state,
        "name": found.name,
        "send_at": found.send_at,
        "deliveries": progress.counts(session, broadcast_id),
        "reason": found.reason,
        **waiting.of(session, broadcast_id),
    }


def _moment(text: str | None, session: Session, organization_id: uuid.UUID) -> datetime | None:
    """A moment as typed; without a zone it is the organization's."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f'"{text[:40]}" is no moment: write it like 2026-12-01T09:00.') from None
    if moment.tzinfo is None:
        settings = tenancy_settings.load(session.get_one(Organization, organization_id).settings)
        moment = moment.replace(tzinfo=ZoneInfo(settings.locale.timezone))
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise BadInput(f'"{text[:40]}" is beyond every calendar.') from None
    if moment <= clock.now():
        raise draft.InThePast
    return moment


def _value(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise BadInput(f'"{text[:40]}" sets nothing: write --set name=value.')
    return name.strip(), value


command(broadcast, "send", "broadcast:send")(send)
command(broadcast, "preview", "broadcast:read")(preview)
command(broadcast, "status", "broadcast:read")(status)
for verb, function, sentence in (
    ("pause", progress.pause, "Nothing more begins until it is resumed."),
    ("resume", progress.resume, "It goes on where it stood."),
    ("cancel", progress.cancel, "Nothing more begins, for good."),
    ("retry", progress.retry, "What failed is tried once more."),
):
    command(broadcast, verb, "broadcast:send")(_steer(verb, function, sentence))
