"""People: looking for one, and everything about them on a page: facts, consent, activity, points, conversation."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from flask import Flask, Response, request
from sqlalchemy.orm import Session

from bot.audience import roster
from bot.conversation import transcript
from bot.conversation.transcript import Talk
from bot.engagement import ledger
from bot.people import profile, roll, zones
from bot.people.profile import Profile
from bot.web.console import paging
from bot.web.console.page import is_piece, show
from bot.web.security import permission
from bot.web.visitor import reading, visitor


def install(app: Flask) -> None:
    """The addresses under /people."""
    app.add_url_rule("/people", "people", listed)
    app.add_url_rule("/people/<uuid:worker_id>", "person", person)
    app.add_url_rule("/people/<uuid:worker_id>/conversation", "person_conversation", conversation)


@permission("worker:read")
def listed() -> Response:
    """?q= and ?page=; typing asks for the list alone."""
    asked, wanted = paging.asked(50), paging.searched()
    with reading() as session:
        rows = visitor().rows(session, "worker:read")
        page = asked.of(roll.listed(session, rows, wanted, offset=asked.offset, limit=asked.size))
    return show("people/found.html" if is_piece() else "people/list.html", page=page, wanted=wanted)


@permission("worker:read")
def person(worker_id: uuid.UUID) -> Response:
    """Everything about one person that the visitor may know."""
    who = visitor()
    with reading() as session:
        known = profile.profile(session, worker_id, who.rows(session, "worker:read"))
        reaches = profile.reaches(session, known)
        return show(
            "people/person.html",
            person=known,
            reaches=reaches,
            agreements=profile.agreements(session, reaches, who.organization_id),
            identities=profile.IDENTITIES,
            zones=_zones(known),
            earned=ledger.latest(session, worker_id),
            segments=_segments(session, worker_id),
            talk=_talk(session, worker_id),
        )


@permission("conversation:read")
def conversation(worker_id: uuid.UUID) -> Response:
    """An earlier page of the conversation: ?until=, a moment in ISO 8601."""
    with reading() as session:
        known = profile.profile(session, worker_id, visitor().rows(session, "conversation:read"))
        talk = _talk(session, worker_id, _moment(request.args.get("until", "")))
        return show("people/talk.html" if is_piece() else "people/conversation.html", person=known, talk=talk)


def _talk(session: Session, worker_id: uuid.UUID, until: datetime | None = None) -> Talk | None:
    """The conversation, for whoever may read this person's."""
    who = visitor()
    if not who.may("conversation:read"):
        return None
    rows = who.rows(session, "conversation:read")
    if not rows.whole and not roll.among(session, worker_id, rows):
        return None
    return transcript.talk(session, worker_id, administrator=who.may("organization:change"), until=until)


def _segments(session: Session, worker_id: uuid.UUID) -> list[tuple[object, object]]:
    who = visitor()
    if not who.may("segment:read"):
        return []
    return list(roster.of_worker(session, worker_id, who.rows(session, "segment:read")))


def _zones(known: Profile) -> tuple[str, ...]:
    """Where it may be what time for them: what quiet hours go by."""
    contact = known.contact
    place = (
        (contact.location_city, contact.location_state_province, contact.location_country) if contact else (None,) * 3
    )
    phone = contact.primary_phone_number if contact else None
    return zones.zones_of(known.worker.time_zone, *place, phone, visitor().settings.locale.timezone)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text[:40])
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
