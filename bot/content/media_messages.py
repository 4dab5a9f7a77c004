"""Files as messages: what a channel carries goes along, everything else becomes a short line with its link.

An MMS takes pictures of a few megabytes and reaches three countries; a film or a handbook over SMS is
therefore a link, with the words that say what is behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from typing import Final

from bot.channels.channel import Abilities, Media, Message
from bot.content.answers import Say
from bot.content.documents import DocumentDocument, MediaDocument, Question, words
from bot.content.said import block, said, spaced

MMS_BYTES: Final = 5_000_000
"""Twilio's limit for all media of one MMS; Slack's is a thousand times higher."""


def media_message(
    document: MediaDocument, media: Mapping[str, Media], languages: Sequence[str], channel: Abilities, say: Say
) -> Message:
    """A media document on its own. KeyError if `media` lacks its file."""
    title, alt = said(document, "title", languages), said(document, "alt_text", languages)
    caption = said(document, "description" if isinstance(document, DocumentDocument) else "caption", languages)
    # A transcript is a page; over SMS every line of it costs, and the link has the sound.
    transcript = said(document, "transcript", languages) if channel.taps else ""
    spoken = transcript and say("media.transcript", languages, words=transcript)
    stored = media[document.media_asset_id or document.file or ""]
    if not _carries(channel, stored):
        length = _length(getattr(document, "duration", None))
        link = _link(stored, spaced(alt or title, length), languages, say)
        return Message(block(caption, link, spoken))
    named = replace(stored, alt_text=alt or stored.alt_text, name=stored.name or title)
    return Message(block(caption or title, spoken), media=(named,))


def attached(
    question: Question, media: Mapping[str, Media], languages: Sequence[str], channel: Abilities
) -> tuple[tuple[Media, ...], list[str]]:
    """The files beside a prompt: those that travel with the message, and lines with links to the others."""
    carried, linked = [], []
    for attachment in question.media:
        stored = media.get(attachment.media_asset_id or "") or media.get(attachment.file or "")
        if stored is None:
            continue
        alt = words(attachment.alt_text, languages) or stored.alt_text
        if _carries(channel, stored):
            carried.append(replace(stored, alt_text=alt))
        else:
            linked.append(spaced(alt, stored.url))
    return tuple(carried), linked


def _carries(channel: Abilities, stored: Media) -> bool:
    fits = channel.taps or stored.size <= MMS_BYTES
    return fits and any(fnmatch(stored.mime_type, pattern) for pattern in channel.media_types)


def _link(stored: Media, title: str, languages: Sequence[str], say: Say) -> str:
    """A short line that ends in the address: a full stop behind it would become part of it."""
    family = stored.mime_type.partition("/")[0]
    key = f"media.{family}" if family in {"image", "video", "audio"} else "media.document"
    return say(key, languages, title=title, url=stored.url)


def _length(seconds: int | None) -> str:
    return f"({seconds // 60}:{seconds % 60:02})" if seconds else ""
