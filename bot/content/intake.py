"""A document's files on their way in: from paths beside the YAML to stored assets."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.content import documents
from bot.content.documents import Document
from bot.content.media import Store
from bot.content.refusal import quoted
from bot.errors import BadInput
from models import MediaAsset


def with_media(  # noqa: PLR0917 - what, whose, from where to where
    session: Session,
    organization_id: uuid.UUID,
    store: Store,
    folder: Path,
    document: Document,
    user_id: uuid.UUID | None = None,
) -> Document:
    """The document with the files that it names, relative to `folder`, stored and named by their ids.

    An id that stands there already must be one of this organization's; else the file beside it counts.
    """
    plain = documents.dump(document)
    for holder, kind in _holders(plain):
        if _is_stored(session, organization_id, holder.get("media_asset_id")):
            continue
        if not holder.get("file"):
            words = f"there is no file {quoted(holder.get('media_asset_id'))} here; name one with file"
            raise BadInput(f"media_asset_id: {words}")
        path = folder / holder["file"]
        try:
            content = path.read_bytes()
        except (OSError, ValueError) as error:
            raise BadInput(f"file: {path} can't be read: {getattr(error, 'strerror', None) or error}.") from None
        asset = store.add(session, organization_id, path.name, content, kind=kind, user_id=user_id)
        holder["media_asset_id"] = str(asset.id)
    return documents.parse(plain)


def _is_stored(session: Session, organization_id: uuid.UUID, asset_id: str | None) -> bool:
    try:
        wanted = uuid.UUID(asset_id or "")
    except ValueError:
        return False
    mine = (MediaAsset.organization_id == organization_id, MediaAsset.id == wanted)
    return bool(session.scalar(sa.select(sa.exists().where(*mine))))


def _holders(plain: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Whatever in a document can name a file, with the kind of file that it takes."""
    if "file" in plain or "media_asset_id" in plain:
        yield plain, plain["kind"]
    for question in plain.get("questions", ()):
        for attachment in question.get("media", ()):
            yield attachment, "image"
