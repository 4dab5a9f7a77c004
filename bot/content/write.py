"""Writing contents down: every save is a version, and the kind's own table shows the newest one."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import clock
from bot.content import documents
from bot.content.documents import Document
from bot.errors import NotFound, Refused
from models import (
    AudioContent,
    Base,
    Content,
    ContentTag,
    ContentVersion,
    DocumentContent,
    ImageContent,
    QuizContent,
    ReflectionContent,
    Tag,
    TemplateContent,
    TextContent,
    VideoContent,
)

TABLES: dict[str, type[Base]] = {
    "text": TextContent,
    "image": ImageContent,
    "video": VideoContent,
    "audio": AudioContent,
    "document": DocumentContent,
    "quiz": QuizContent,
    "reflection": ReflectionContent,
    "template": TemplateContent,
}


class NeedsMedia(Refused):
    """The file of this content has not been stored yet."""

    code = "needs_media"


def add(session: Session, organization_id: uuid.UUID, document: Document, user_id: uuid.UUID | None = None) -> Content:
    """A new content with its first version. The document's media must be stored already."""
    content = Content(
        organization_id=organization_id,
        kind=document.kind,
        title=document.title,
        description=_one(document.description, document.language),
        language=document.language,
        created_by_id=user_id,
        updated_by_id=user_id,
    )
    session.add(content)
    session.flush()
    save(session, content, document, user_id=user_id, note="Created")
    return content


def save(
    session: Session, content: Content, document: Document, *, user_id: uuid.UUID | None, note: str | None = None
) -> ContentVersion:
    """The next version of `content`; a template has to be approved again."""
    newest = session.scalar(
        sa.select(sa.func.max(ContentVersion.version_number)).where(ContentVersion.content_id == content.id)
    )
    version = ContentVersion(
        organization_id=content.organization_id,
        content_id=content.id,
        version_number=(newest or 0) + 1,
        version_data=documents.dump(document),
        change_note=note,
        created_at=clock.now(),
        created_by_id=user_id,
        approval_status="draft" if document.kind == "template" else None,
    )
    session.add(version)
    content.title, content.language = document.title, document.language
    content.description = _one(document.description, document.language)
    content.updated_by_id, content.updated_at = user_id, clock.now()
    _project(session, content, document)
    _tag(session, content, document.tags)
    session.flush()
    return version


def find(session: Session, content_id: uuid.UUID) -> Content:
    """The content, or NotFound."""
    content = session.scalar(sa.select(Content).where(Content.id == content_id))
    if content is None:
        raise NotFound(f"There is no content {content_id} in this organization.")
    return content


def every(session: Session) -> list[Content]:
    """The contents that aren't archived, newest first."""
    return list(session.scalars(sa.select(Content).where(Content.archived_at.is_(None)).order_by(Content.id.desc())))


def newest_of_all(session: Session) -> list[tuple[Content, ContentVersion]]:
    """The contents that aren't archived, newest first, each with the version that was saved last."""
    last = (
        sa.select(ContentVersion.content_id, sa.func.max(ContentVersion.version_number).label("number"))
        .group_by(ContentVersion.content_id)
        .subquery()
    )
    rows = session.execute(
        sa.select(Content, ContentVersion)
        .join(ContentVersion, ContentVersion.content_id == Content.id)
        .join(last, sa.and_(last.c.content_id == Content.id, last.c.number == ContentVersion.version_number))
        .where(Content.archived_at.is_(None))
        .order_by(Content.id.desc())
    )
    return [(content, version) for content, version in rows]


def newest(session: Session, content: Content) -> ContentVersion:
    """The version that was saved last."""
    return session.scalars(
        sa.select(ContentVersion)
        .where(ContentVersion.content_id == content.id)
        .order_by(ContentVersion.version_number.desc())
        .limit(1)
    ).one()


def _project(session: Session, content: Content, document: Document) -> None:
    """Bring the kind's own table in line with the newest version."""
    table = TABLES[content.kind]
    row: Any = session.scalar(sa.select(table).where(sa.column("content_id") == content.id))
    if row is None:
        row = table(organization_id=content.organization_id, content_id=content.id)
        session.add(row)
    for column, value in _columns(document).items():
        setattr(row, column, value)


def _columns(document: Document) -> dict[str, Any]:
    plain = documents.dump(document)
    language = document.language
    match document.kind:
        case "text":
            return {"text": _one(document.text, language), "formatting": plain.get("formatting")}
        case "quiz":
            return {
                name: plain.get(name)
                for name in ("questions", "scoring_type", "time_limit", "passing_score", "grade_method")
            }
        case "reflection":
            return {
                "prompt_text": _one(document.prompt_text, language),
                "guidance_text": _one(document.guidance_text, language),
                "settings": plain.get("settings"),
            }
        case "template":
            return {
                "template_text": document.template_text,
                "variables": plain.get("variables", []),
                "channel": document.channel,
                "approval_status": "draft",
            }
        case _:
            return _media_columns(document, language)


def _media_columns(document: Any, language: str) -> dict[str, Any]:
    if document.media_asset_id is None:
        raise NeedsMedia
    columns: dict[str, Any] = {"media_asset_id": uuid.UUID(document.media_asset_id)}
    for name in ("alt_text", "caption", "transcript", "description"):
        if name in type(document).model_fields and hasattr(TABLES[document.kind], name):
            columns[name] = _one(getattr(document, name), language)
    if hasattr(TABLES[document.kind], "duration"):
        columns["duration"] = document.duration
    return columns


def _one(words: Any, language: str) -> str | None:
    return documents.words(words, (language,)) if words else None


def _tag(session: Session, content: Content, names: tuple[str, ...]) -> None:
    """Give the content these tags and no others."""
    carried = sa.select(Tag.name, ContentTag.id).join(ContentTag, ContentTag.tag_id == Tag.id)
    has = {row.name: row.id for row in session.execute(carried.where(ContentTag.content_id == content.id))}
    gone = [row for name, row in has.items() if name not in names]
    if gone:
        session.execute(sa.delete(ContentTag).where(ContentTag.id.in_(gone)))
    for name in names:
        if name in has:
            continue
        tag = session.scalar(sa.select(Tag).where(Tag.name == name, Tag.organization_id == content.organization_id))
        if tag is None:
            tag = Tag(organization_id=content.organization_id, name=name)
            session.add(tag)
            session.flush()
        session.add(ContentTag(organization_id=content.organization_id, content_id=content.id, tag_id=tag.id))


def archive(session: Session, content: Content, at: datetime) -> None:
    """Take the content out of lists; what is running keeps its version."""
    content.archived_at = at
    session.flush()
