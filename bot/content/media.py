"""Files that contents carry: stored in a folder, handed out by links that expire.

A link is signed and holds no organization's name; whoever has it may fetch the one file until it
expires. Twilio's fetcher and a worker's phone both come without credentials. It is as short as it can
be, because over SMS each of its letters is paid for: the file's id, the hour of its end, and as much of
a signature as nobody can guess over a network.
"""

from __future__ import annotations

import hashlib
import hmac
import mimetypes
import re
import struct
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import clock
from bot.channels.channel import Media
from bot.errors import BadInput, NotFound
from models import MediaAsset

MAX_BYTES = 16 * 1024 * 1024
LINK_SECONDS = 14 * 24 * 3600
TOKEN_LENGTH: Final = 40
"""Letters of a link's token: the base64 of 16 bytes of id, 4 of expiry and 10 of signature, without padding."""
_HOUR = 3600  # links of one hour are the same, so that whoever fetches for many fetches once
_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{TOKEN_LENGTH}}}", re.ASCII)
_TERM = struct.Struct(">16sI")
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
        """Keep a file; its type is what its bytes say. Written before its row, so that no row lacks its file.

        The same bytes under the same name are the same file, however often they are given.
        """
        mime_type = recognise(name, content, kind)
        digest = hashlib.sha256(content).hexdigest()
        place = f"{organization_id.hex}/{digest}{mimetypes.guess_extension(mime_type) or ''}"
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{uuid.UUID(int=int(digest[:32], 16)).hex}.part")
        draft.write_bytes(content)
        draft.replace(path)
        mine = (MediaAsset.organization_id == organization_id, MediaAsset.url == place)
        same = select(MediaAsset).where(*mine, MediaAsset.file_name == Path(name).name).limit(1)
        if (known := session.scalar(same)) is not None:
            return known
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
        ends = int(clock.now().timestamp()) + LINK_SECONDS
        term = _TERM.pack(asset.id.bytes, ends - ends % -_HOUR)
        return f"{self.public_url}/media/{urlsafe_b64encode(term + self._signature(term)).decode()}"

    def resolve(self, session: Session, token: str) -> tuple[Path, str, str]:
        """Path, type and name of the file behind a link's token; `session` sees every organization."""
        asset = session.scalar(select(MediaAsset).where(MediaAsset.id == self._asset_id(token)))
        if asset is None or not (path := self.folder / asset.url).is_file():
            raise _nothing()
        return path, asset.mime_type, asset.file_name

    def _asset_id(self, token: str) -> uuid.UUID:
        """What a genuine token is for; nothing is looked up for any other."""
        if not _TOKEN.fullmatch(token):
            raise _nothing()
        said = urlsafe_b64decode(token)
        term = said[: _TERM.size]
        if not hmac.compare_digest(said[_TERM.size :], self._signature(term)):
            raise _nothing()
        asset_id, ends = _TERM.unpack(term)
        if clock.now().timestamp() >= ends:
            raise LinkExpired
        return uuid.UUID(bytes=asset_id)

    def _signature(self, term: bytes) -> bytes:
        """80 bits: whoever tries a thousand links a second needs more years than the sun has."""
        key = hashlib.sha256(b"media link" + self.secret_key.encode()).digest()
        return hmac.digest(key, term, "sha256")[:10]

    def media(self, asset: MediaAsset) -> Media:
        """The asset as channels know it."""
        return Media(
            url=self.link(asset),
            mime_type=asset.mime_type,
            name=asset.file_name,
            alt_text=asset.alt_text or "",
            size=asset.file_size,
        )


def _nothing() -> NotFound:
    return NotFound("There is no such file.")


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
