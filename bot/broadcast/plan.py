"""What a broadcast would do, by the very statement that would do it: counted and rolled back.

A plan that is computed in another way than the launch is sooner or later wrong. This one places the
broadcast, asks for the rows that its launch would write, and leaves nothing behind.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
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
from bot.delivery import introduction
from bot.delivery.compose import Reader, compose, media_of
from bot.tenancy.settings import OrganizationSettings
from models import Broadcast, MediaAsset, Organization, WorkerContact


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
        "parts": _parts(session, broadcast, rows),
    }


@dataclass(frozen=True, slots=True)
class _Words:
    """What a broadcast says, as far as it is the same for everybody."""

    document: Document
    organization: str
    settings: OrganizationSettings
    values: Mapping[str, Any]
    files: Mapping[str, Media]

    def copy(self, channel: str, language: str | None = None, *, introduce: bool = False) -> tuple[Message, ...]:
        """One copy for a reader of `language` (None: the organization's), without a worker's own facts."""
        languages = tuple(filter(None, (language, self.settings.locale.default_language)))
        reader = Reader(languages, {"organization.name": self.organization}, self.settings.wording)
        asked = render.answerable(self.document)
        shown = Shown("", render.natural_label(asked[0])) if asked else None  # as it was written, not shuffled
        able = by_name(channel).abilities
        composed = compose(self.document, reader, able, values=self.values, media=self.files, shown=shown)
        if introduce:
            composed = introduction.introduced(composed, self.organization, reader, self.settings, able)
        return composed.messages


def sample(session: Session, broadcast: Broadcast, channel: str) -> tuple[Message, ...]:
    """One copy as it looks on a channel, in the organization's language and without a worker's own facts."""
    return _words(session, broadcast).copy(channel)


def _words(session: Session, broadcast: Broadcast) -> _Words:
    document = DOCUMENTS.load(session, [broadcast.content_version_id])[broadcast.content_version_id]
    variables = getattr(document, "variables", ())
    example = {variable.name: variable.example or "x" * (variable.max_length or 10) for variable in variables}
    return _Words(
        document,
        session.get_one(Organization, broadcast.organization_id).name,
        launch.settings_of(session, broadcast.organization_id),
        example | (broadcast.variables or {}),
        _files(session, document),
    )


def _parts(session: Session, broadcast: Broadcast, rows: sa.Subquery) -> int:
    """SMS parts of all copies, each in its reader's language."""
    words = _words(session, broadcast)
    readers = session.execute(_readers(rows, introducing=introduction.meant("sms", words.settings)))
    return sum(
        copies * sum(sms_text.measure(message.text).parts for message in words.copy("sms", language, introduce=new))
        for language, new, copies in readers
    )


def _readers(rows: sa.Subquery, *, introducing: bool) -> sa.Select[*tuple[Any, ...]]:
    """How many get a text, by their language and by whether it is the first that we send them."""
    opened = introduction.opened_before(rows.c.organization_id, rows.c.worker_id, rows.c.address)
    introduce = (~opened if introducing else sa.false()).label("introduce")
    return (
        sa.select(WorkerContact.preferred_language, introduce, sa.func.count())
        .select_from(rows)
        .outerjoin(WorkerContact, WorkerContact.worker_id == rows.c.worker_id)
        .where(rows.c.state == "queued", rows.c.channel == "sms")
        .group_by(WorkerContact.preferred_language, "introduce")
    )


def _files(session: Session, document: Document) -> dict[str, Media]:
    """The document's files as they are, under a link as long as theirs will be: none is signed for a plan."""
    assets = session.scalars(sa.select(MediaAsset).where(MediaAsset.id.in_(media_of(document))))
    return {
        str(asset.id): Media(SOMEWHERE, asset.mime_type, asset.file_name, asset.alt_text or "", asset.file_size)
        for asset in assets
    }
