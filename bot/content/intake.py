"""A document's files on their way in: from paths beside the YAML to stored assets."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from bot.content import documents
from bot.content.documents import Document
from bot.content.media import Store
from bot.errors import BadInput


def with_media(  # noqa: PLR0917 - what, whose, from where to where
    session: Session,
    organization_id: uuid.UUID,
    store: Store,
    folder: Path,
    document: Document,
    user_id: uuid.UUID | None = None,
) -> Document:
    """The document with the files that it names, relative to `folder`, stored and named by their ids."""
    plain = documents.dump(document)
    for holder, kind in _holders(plain):
        if holder.get("file") and not holder.get("media_asset_id"):
            path = folder / holder["file"]
            try:
                content = path.read_bytes()
            except OSError as error:
                raise BadInput(f"{path} can't be read: {error.strerror}.") from None
            asset = store.add(session, organization_id, path.name, content, kind=kind, user_id=user_id)
            holder["media_asset_id"] = str(asset.id)
    return documents.parse(plain)


def _holders(plain: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Whatever in a document can name a file, with the kind of file that it takes."""
    if "file" in plain:
        yield plain, plain["kind"]
    for question in plain.get("questions", ()):
        for attachment in question.get("media", ()):
            yield attachment, "image"
