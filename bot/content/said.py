"""A document's own texts in a person's language, and how texts are put together."""

from __future__ import annotations

from collections.abc import Sequence

from bot.content.documents import Document, MediaDocument, words


def said(document: Document | MediaDocument, key: str, languages: Sequence[str]) -> str:
    """One text of the document in the first of `languages` that it or a translation has."""
    own = getattr(document, key, None)
    spoken = {document.language: own} if isinstance(own, str) else dict(own or {})
    for language, translation in document.translations.items():
        if isinstance(translation, dict) and isinstance(translation.get(key), str):
            spoken.setdefault(language, translation[key])
    return words(spoken, (*languages, document.language))


def block(*lines: str) -> str:
    """Lines of a message, without the empty ones."""
    return "\n".join(line for line in lines if line)


def spaced(*phrases: str) -> str:
    """Phrases of a line, without the empty ones."""
    return " ".join(phrase for phrase in phrases if phrase)
