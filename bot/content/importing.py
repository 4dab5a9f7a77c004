"""A file that is imported again is the same content again: a new version where it says something else.

A content is known by the id that its export wrote into the file, else by its kind and title. So a folder of
files may be imported after every change, and only what changed asks for approval again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.content import versions, write
from bot.content.documents import Document
from bot.content.refusal import quoted
from bot.errors import BadInput, Conflict
from models import Content, ContentVersion

Status = Literal["added", "updated", "unchanged"]


class Ambiguous(Conflict):
    """Several contents are called so: the file has to say which one it means."""

    code = "ambiguous_content"


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of a file: the content, its newest version, and whether that is a new one."""

    content: Content
    version: ContentVersion
    status: Status


def bring(
    session: Session,
    organization_id: uuid.UUID,
    content_id: uuid.UUID | None,
    document: Document,
    user_id: uuid.UUID | None = None,
) -> Brought:
    """Store a document, whose media are stored already, as a new content or as the next version of its own.

    An id that isn't this organization's is a file from elsewhere, which kind and title decide about.
    BadInput where the id is another kind of content's, Archived where it was put away, Ambiguous where
    several contents have this kind and title.
    """
    content = _by_id(session, content_id, document) or _by_title(session, document)
    if content is None:
        added = write.add(session, organization_id, document, user_id)
        return Brought(added, write.newest(session, added), "added")
    newest = write.newest(session, content)
    if versions.DOCUMENTS.of(newest.id, newest.version_data) == document:
        return Brought(content, newest, "unchanged")
    return Brought(content, write.save(session, content, document, user_id=user_id, note="Imported"), "updated")


def _by_id(session: Session, content_id: uuid.UUID | None, document: Document) -> Content | None:
    if content_id is None:
        return None
    found = session.scalar(sa.select(Content).where(Content.id == content_id))
    if found is None:
        return None
    if found.kind != document.kind:
        raise BadInput(f"id: names the {found.kind} {quoted(found.title)}, and this file is a {document.kind}")
    if found.archived_at is not None:
        raise versions.Archived(
            f"id: names the {found.kind} {quoted(found.title)}, which is archived: restore it first"
        )
    return found


def _by_title(session: Session, document: Document) -> Content | None:
    same = sa.select(Content).where(
        Content.kind == document.kind, Content.title == document.title, Content.archived_at.is_(None)
    )
    found: Sequence[Content] = session.scalars(same.order_by(Content.id)).all()
    if len(found) > 1:
        ids = " or ".join(str(each.id) for each in found)
        raise Ambiguous(f"{len(found)} contents are the {document.kind} {quoted(document.title)}: write id: {ids}")
    return found[0] if found else None
