"""A content said aloud before anybody hears it: every message in every language, as a channel would carry it.

The words are the renderer's own, so that the price and the limits which a writer sees are those of the
real messages; only what differs per worker is put in at its longest, and files stand under a made-up
address of the usual length.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from mimetypes import guess_type
from typing import Any

from bot.channels.channel import Abilities, Media, Message
from bot.content import render
from bot.content.documents import Document, MediaDocument, QuizDocument, ReflectionDocument, TemplateDocument
from bot.content.longest import longest
from bot.content.media import TOKEN_LENGTH
from bot.content.said import said
from bot.content.words import Part

SOMEWHERE = f"https://shiftline.example.com/media/{'0' * TOKEN_LENGTH}"
"""As long as the links that we send, where the host's name is as long as this one."""

TOKEN = "0" * 16
"""As long as a prompt's own, which stands in the id of each thing to tap."""

_USUAL_TYPES = {"image": "image/jpeg", "video": "video/mp4", "audio": "audio/mpeg", "document": "application/pdf"}

Rehearsed = tuple[str, Message]
"""Path of what is said, and how it goes out."""


def languages(document: Document) -> list[str]:
    """Every language that the document speaks, its own first."""
    found = {document.language: None} | dict.fromkeys(document.translations)
    for _, map_of_languages in maps(document):
        found |= dict.fromkeys(map_of_languages)
    return list(found)


def maps(part: Part, path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """All words of a document that are given per language, with their paths; translations are not among them."""
    for name in type(part).model_fields:
        if name != "translations":
            yield from _maps_within(getattr(part, name), f"{path}.{name}".removeprefix("."), name)


def _maps_within(value: Any, path: str, name: str) -> Iterator[tuple[str, dict[str, str]]]:
    if isinstance(value, Part):
        yield from maps(value, path)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _maps_within(item, f"{path}[{index}]", name)
    elif isinstance(value, dict) and name == "labels":
        for step, label in value.items():
            yield from _maps_within(label, f"{path}.{step}", "label")
    elif isinstance(value, dict):
        yield path, value


def messages(document: Document, language: str, channel: Abilities) -> list[Rehearsed]:
    """What a reader of `language` gets of this document, one after another; nothing where a template is broken."""
    match document:
        case QuizDocument():
            return _questions(document, language, channel)
        case TemplateDocument():
            text = longest(said(document, "template_text", [language]), document.variables)
            return [("template_text", Message(text))] if text else []
        case _:
            path = "prompt_text" if isinstance(document, ReflectionDocument) else document.kind
            return [
                (path, message)
                for message in render.document_messages(
                    document, languages=[language], variables={}, media=stored(document), shown=None, channel=channel
                )
            ]


def _questions(document: QuizDocument, language: str, channel: Abilities) -> list[Rehearsed]:
    """Each question as it comes with labels of its own; the first one brings the title."""
    tongues = [language, document.language]
    return [
        (
            f"questions[{index}]",
            render.question_message(
                question,
                number=index + 1,
                total=len(document.questions),
                languages=tongues,
                shown=render.Shown(TOKEN, render.natural_label(question)),
                channel=channel,
                intro="" if index else said(document, "title", tongues),
            ),
        )
        for index, question in enumerate(document.questions)
    ]


def stored(document: Document) -> Mapping[str, Media]:
    """The file of a media document, as if it were stored already; nothing for the other kinds."""
    if not isinstance(document, MediaDocument):
        return {}
    kind = guess_type(document.file or "")[0] or _USUAL_TYPES[document.kind]
    return {name: Media(SOMEWHERE, kind) for name in (document.media_asset_id, document.file) if name}
