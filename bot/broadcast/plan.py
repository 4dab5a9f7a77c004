"""What a broadcast would do, by the very statement that would do it: counted and rolled back.

A plan that is computed in another way than the launch is sooner or later wrong. This one places the
broadcast, asks for the rows that its launch would write, and leaves nothing behind.
"""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import clock
from bot.broadcast import draft, launch
from bot.channels import sms_text
from bot.channels.channel import Media, Message
from bot.channels.registry import by_name
from bot.content import render
from bot.content.documents import Document
from bot.content.rehearsal import SOMEWHERE
from bot.content.render import Shown
from bot.content.versions import DOCUMENTS
from bot.database import Database
from bot.delivery.compose import Reader, compose, media_of
from models import Broadcast, MediaAsset, Organization


def preview(database: Database, organization_id: uuid.UUID, order: draft.Order) -> dict[str, Any]:
    """Counts of who would get it by channel, who would not by reason, and about how many SMS parts it takes."""
    with database.organization_session(organization_id) as session:
        found = _counted(session, draft.place(session, organization_id, order))
        session.rollback()
    return found


def _counted(session: Session, broadcast: Broadcast) -> dict[str, Any]:
    rows = launch.everybody(session, broadcast, clock.now()).subquery()
    counts = session.execute(
        sa.select(rows.c.state, rows.c.channel, rows.c.reason, sa.func.count()).group_by(
            rows.c.state, rows.c.channel, rows.c.reason
        )
    ).all()
    channels: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for state, channel, reason, count in counts:
        if state == "queued":
            channels[channel] += count
        else:
            skipped[reason] += count
    return {
        "recipients": sum(channels.values()) + sum(skipped.values()),
        "reachable": sum(channels.values()),
        "channels": dict(channels),
        "skipped": dict(skipped),
        "parts": channels.get("sms", 0) * _parts_each(session, broadcast),
    }


def _parts_each(session: Session, broadcast: Broadcast) -> int:
    """SMS parts of one copy."""
    return sum(sms_text.measure(message.text).parts for message in sample(session, broadcast, "sms"))


def sample(session: Session, broadcast: Broadcast, channel: str) -> tuple[Message, ...]:
    """One copy as it looks on a channel, in the organization's language and without a worker's own facts."""
    document = DOCUMENTS.load(session, [broadcast.content_version_id])[broadcast.content_version_id]
    settings = launch.settings_of(session, broadcast.organization_id)
    name = session.get_one(Organization, broadcast.organization_id).name
    reader = Reader((settings.locale.default_language,), {"organization.name": name}, settings.wording)
    variables = getattr(document, "variables", ())
    example = {variable.name: variable.example or "x" * (variable.max_length or 10) for variable in variables}
    example |= broadcast.variables or {}
    asked = render.answerable(document)
    shown = Shown("", render.natural_label(asked[0])) if asked else None  # as it was written, not shuffled
    media = _files(session, document)
    return compose(document, reader, by_name(channel).abilities, values=example, media=media, shown=shown).messages


def _files(session: Session, document: Document) -> dict[str, Media]:
    """The document's files as they are, under a link as long as theirs will be: none is signed for a plan."""
    assets = session.scalars(sa.select(MediaAsset).where(MediaAsset.id.in_(media_of(document))))
    return {
        str(asset.id): Media(SOMEWHERE, asset.mime_type, asset.file_name, asset.alt_text or "", asset.file_size)
        for asset in assets
    }
