"""Which version goes out, and what stands in it.

A version never changes, so its parsed document is kept: parsing a quiz costs more than sending it.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.content import documents
from bot.content.documents import Document
from bot.errors import NotFound, Refused
from models import Content, ContentVersion


class NotApproved(Refused):
    """This template has no approved version: have it approved first."""

    code = "not_approved"


class Archived(Refused):
    """This content is archived: restore it before sending it."""

    code = "archived"


def to_send(session: Session, content: Content) -> ContentVersion:
    """The version that a launch takes: the newest one; of a template, the newest approved one."""
    if content.archived_at is not None:
        raise Archived
    query = (
        sa.select(ContentVersion)
        .where(ContentVersion.content_id == content.id)
        .order_by(ContentVersion.version_number.desc())
        .limit(1)
    )
    if content.kind == "template":
        query = query.where(ContentVersion.approval_status == "approved")
    version = session.scalar(query)
    if version is None:
        if content.kind == "template":
            raise NotApproved(
                f'The template "{content.title}" has no approved version: submit it and have it approved first.'
            )
        raise NotFound("This content has no version.")
    return version


class Documents:
    """Parsed versions by id, the most recently used of them kept."""

    def __init__(self, keep: int = 512) -> None:
        self._keep = keep
        self._parsed: OrderedDict[uuid.UUID, Document] = OrderedDict()
        self._guard = Lock()

    def of(self, version_id: uuid.UUID, data: Mapping[str, Any]) -> Document:
        """The document of a version whose data is at hand."""
        with self._guard:
            found = self._parsed.get(version_id)
            if found is not None:
                self._parsed.move_to_end(version_id)
                return found
        parsed = documents.parse(dict(data))
        with self._guard:
            self._parsed[version_id] = parsed
            while len(self._parsed) > self._keep:
                self._parsed.popitem(last=False)
        return parsed

    def load(self, session: Session, version_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Document]:
        """The documents of some versions, asking the database only for those not yet parsed."""
        wanted = set(version_ids)
        with self._guard:
            known = {key: self._parsed[key] for key in wanted if key in self._parsed}
        missing = wanted - known.keys()
        if missing:
            rows = session.execute(
                sa.select(ContentVersion.id, ContentVersion.version_data).where(ContentVersion.id.in_(missing))
            )
            known.update({row.id: self.of(row.id, row.version_data) for row in rows})
        return known


DOCUMENTS = Documents()
