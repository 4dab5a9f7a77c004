"""Content of the eight kinds, its versions, media, tags and collections.

A version's `version_data` is the whole document (formats.md) and is what goes out; the tables per
kind project the newest version, so that it can be searched and listed.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from models.base import Base, Identified, Owned, Stamped, owned_key

KINDS = ("text", "image", "video", "audio", "document", "quiz", "reflection", "template")


class Content(Base, Identified, Owned, Stamped):
    """Something that can be sent."""

    __tablename__ = "contents"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        owned_key("created_by_id", "users"),
        owned_key("updated_by_id", "users"),
        CheckConstraint(f"kind IN {KINDS!r}", name="kind"),
        Index(None, "organization_id", "kind"),
    )

    kind: Mapped[str]
    title: Mapped[str]
    description: Mapped[str | None]
    language: Mapped[str] = mapped_column(default="en")
    archived_at: Mapped[datetime | None]
    created_by_id: Mapped[uuid.UUID | None]
    updated_by_id: Mapped[uuid.UUID | None]


class OfContent(Identified, Owned):
    """The one row of a content in its kind's table."""

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        """One per content, of the same organization."""
        return (
            UniqueConstraint("content_id"),
            owned_key("content_id", "contents", ondelete="CASCADE"),
            Index(None, "organization_id"),
        )

    content_id: Mapped[uuid.UUID]


class OfMedia(OfContent):
    """A content that carries one file."""

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        """The file belongs to the same organization."""
        return (
            UniqueConstraint("content_id"),
            owned_key("content_id", "contents", ondelete="CASCADE"),
            owned_key("media_asset_id", "media_assets"),
            Index(None, "organization_id"),
        )

    media_asset_id: Mapped[uuid.UUID]


class TextContent(Base, OfContent):
    """Words."""

    __tablename__ = "text_contents"

    text: Mapped[str]
    formatting: Mapped[dict[str, Any] | None]


class ImageContent(Base, OfMedia):
    """A picture; `alt_text` is required before it can be sent."""

    __tablename__ = "image_contents"

    alt_text: Mapped[str | None]
    caption: Mapped[str | None]


class VideoContent(Base, OfMedia):
    """A film; `duration` in whole seconds."""

    __tablename__ = "video_contents"

    caption: Mapped[str | None]
    transcript: Mapped[str | None]
    duration: Mapped[int | None]


class AudioContent(Base, OfMedia):
    """A recording; `duration` in whole seconds."""

    __tablename__ = "audio_contents"

    caption: Mapped[str | None]
    transcript: Mapped[str | None]
    duration: Mapped[int | None]


class DocumentContent(Base, OfMedia):
    """A file to read."""

    __tablename__ = "document_contents"

    description: Mapped[str | None]


class QuizContent(Base, OfContent):
    """Questions; `time_limit` in seconds."""

    __tablename__ = "quiz_contents"

    questions: Mapped[list[Any]]
    scoring_type: Mapped[str | None]
    time_limit: Mapped[int | None]
    passing_score: Mapped[float | None]
    grade_method: Mapped[str | None]


class ReflectionContent(Base, OfContent):
    """A question without a right answer."""

    __tablename__ = "reflection_contents"

    prompt_text: Mapped[str]
    guidance_text: Mapped[str | None]
    settings: Mapped[dict[str, Any] | None]


class TemplateContent(Base, OfContent):
    """A text with variables that somebody else has to approve; the status is the newest version's."""

    __tablename__ = "template_contents"

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Any, ...]:
        """The states of an approval."""
        return (
            UniqueConstraint("content_id"),
            owned_key("content_id", "contents", ondelete="CASCADE"),
            CheckConstraint(
                "approval_status IN ('draft', 'pending', 'approved', 'rejected', 'archived')", name="approval_status"
            ),
            Index(None, "organization_id"),
        )

    template_text: Mapped[str]
    variables: Mapped[list[Any]]
    channel: Mapped[str] = mapped_column(default="any")
    approval_status: Mapped[str | None] = mapped_column(default="draft")


class MediaAsset(Base, Identified, Owned, Stamped):
    """A stored file. `url` is where the store keeps it, never what a phone is given."""

    __tablename__ = "media_assets"
    __table_args__ = (UniqueConstraint("organization_id", "id"), owned_key("uploaded_by_id", "users"))

    file_name: Mapped[str]
    file_size: Mapped[int]
    mime_type: Mapped[str]
    url: Mapped[str]
    thumbnail_url: Mapped[str | None]
    alt_text: Mapped[str | None]
    media_metadata: Mapped[dict[str, Any] | None] = mapped_column("metadata")
    uploaded_by_id: Mapped[uuid.UUID | None]


class ContentVersion(Base, Identified, Owned):
    """A content as it was saved once. `approval_status` is a template's, for this very version."""

    __tablename__ = "content_versions"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("content_id", "version_number"),
        owned_key("content_id", "contents", ondelete="CASCADE"),
        owned_key("created_by_id", "users"),
        owned_key("decided_by_id", "users"),
    )

    content_id: Mapped[uuid.UUID]
    version_number: Mapped[int]
    version_data: Mapped[dict[str, Any]]
    change_note: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by_id: Mapped[uuid.UUID | None]
    approval_status: Mapped[str | None]
    approval_reason: Mapped[str | None]
    decided_by_id: Mapped[uuid.UUID | None]
    decided_at: Mapped[datetime | None]


class Tag(Base, Identified, Owned):
    """A label on contents."""

    __tablename__ = "tags"
    __table_args__ = (UniqueConstraint("organization_id", "name"), UniqueConstraint("organization_id", "id"))

    name: Mapped[str]
    color: Mapped[str | None]


class ContentTag(Base, Identified, Owned):
    """A content carries a tag."""

    __tablename__ = "content_tags"
    __table_args__ = (
        UniqueConstraint("content_id", "tag_id"),
        owned_key("content_id", "contents", ondelete="CASCADE"),
        owned_key("tag_id", "tags", ondelete="CASCADE"),
        Index(None, "organization_id", "tag_id"),
    )

    content_id: Mapped[uuid.UUID]
    tag_id: Mapped[uuid.UUID]


class Collection(Base, Identified, Owned, Stamped):
    """An ordered set of contents: a course."""

    __tablename__ = "collections"
    __table_args__ = (UniqueConstraint("organization_id", "id"), owned_key("created_by_id", "users"))

    name: Mapped[str]
    description: Mapped[str | None]
    created_by_id: Mapped[uuid.UUID | None]


class CollectionItem(Base, Identified, Owned):
    """One step of a collection."""

    __tablename__ = "collection_items"
    __table_args__ = (
        UniqueConstraint("collection_id", "order"),
        owned_key("collection_id", "collections", ondelete="CASCADE"),
        owned_key("content_id", "contents"),
        Index(None, "organization_id", "content_id"),
    )

    collection_id: Mapped[uuid.UUID]
    content_id: Mapped[uuid.UUID]
    order: Mapped[int]
    added_at: Mapped[datetime]
