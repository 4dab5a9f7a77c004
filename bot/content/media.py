"""Files that contents carry: stored in a folder, handed out by links that expire.

A link is signed and holds no organization's name; whoever has it may fetch the one file until it
expires. Twilio's fetcher and a worker's phone both come without credentials.
"""

from __future__ import annotations

import hashlib
import mimetypes
import uuid
from dataclasses import dataclass
from pathlib import Path

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from sqlalchemy.orm import Session

from bot.channels.channel import Media
from bot.errors import BadInput, NotFound
from models import MediaAsset

MAX_BYTES = 16 * 1024 * 1024
LINK_SECONDS = 14 * 24 * 3600
# First bytes of what is accepted: a name says nothing about a file.
SIGNATURES: tuple[tuple[bytes, int, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"GIF87a", 0, "image/gif"),
    (b"GIF89a", 0, "image/gif"),
    (b"ftyp", 4, "video/mp4"),
    (b"ID3", 0, "audio/mpeg"),
    (b"\xff\xfb", 0, "audio/mpeg"),
    (b"WAVE", 8, "audio/wav"),
    (b"%PDF-", 0, "application/pdf"),
)
FAMILIES = {"image": ("image/",), "video": ("video/",), "audio": ("audio/",), "document": ("application/pdf",)}


class MediaRefused(BadInput):
    """This file can't be used."""

    code = "media_refused"


class LinkExpired(NotFound):
    """This link has expired. Ask for the message again."""

    code, status = "link_expired", 410


@dataclass(frozen=True, slots=True)
class Store:
    """Where files lie, and how links to them are made."""

    folder: Path
    public_url: str
    secret_key: str

    def add(
        self,
        session: Session,
        organization_id: uuid.UUID,
        name: str,
        content: bytes,
        *,
        kind: str | None = None,
        user_id: uuid.UUID | None = None,
    ) -> MediaAsset:
        """Keep a file; its type is what its bytes say. Written before its row, so that no row lacks its file."""
        mime_type = recognise(name, content, kind)
        digest = hashlib.sha256(content).hexdigest()
        place = f"{organization_id.hex}/{digest}{mimetypes.guess_extension(mime_type) or ''}"
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{uuid.UUID(int=int(digest[:32], 16)).hex}.part")
        draft.write_bytes(content)
        draft.replace(path)
        asset = MediaAsset(
            organization_id=organization_id,
            file_name=Path(name).name,
            file_size=len(content),
            mime_type=mime_type,
            url=place,
            media_metadata={"sha256": digest},
            uploaded_by_id=user_id,
        )
        session.add(asset)
        session.flush()
        return asset

    def link(self, asset: MediaAsset) -> str:
        """An address of the file that works for two weeks."""
        return f"{self.public_url}/media/{self._signer().dumps([asset.url, asset.mime_type, asset.file_name])}"

    def resolve(self, token: str) -> tuple[Path, str, str]:
        """Path, type and name of the file behind a link's token."""
        try:
            place, mime_type, name = self._signer().loads(token, max_age=LINK_SECONDS)
        except SignatureExpired:
            raise LinkExpired from None
        except BadSignature:
            raise NotFound("There is no such file.") from None
        path = self.folder / place
        if not path.is_file():
            raise NotFound("There is no such file.")
        return path, mime_type, name

    def media(self, asset: MediaAsset) -> Media:
        """The asset as channels know it."""
        return Media(
            url=self.link(asset),
            mime_type=asset.mime_type,
            name=asset.file_name,
            alt_text=asset.alt_text or "",
            size=asset.file_size,
        )

    def _signer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.secret_key, salt="media")


def recognise(name: str, content: bytes, kind: str | None = None) -> str:
    """The MIME type that the bytes show. MediaRefused says what is wrong and what would do."""
    if not content:
        raise MediaRefused(f"{name} is empty.")
    if len(content) > MAX_BYTES:
        raise MediaRefused(f"{name} has {len(content) / 2**20:.1f} MB; at most {MAX_BYTES // 2**20} MB can be sent.")
    found = next((mime for magic, at, mime in SIGNATURES if content[at : at + len(magic)] == magic), None)
    if found is None:
        raise MediaRefused(f"{name} is no PNG, JPEG, GIF, MP4, MP3, WAV or PDF file.")
    if kind is not None and not found.startswith(FAMILIES[kind]):
        raise MediaRefused(f"{name} is {found}, which is no {kind}.")
    return found
