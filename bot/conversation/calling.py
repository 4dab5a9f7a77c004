"""What a question is called when several are open: a reply that doesn't say which one it is about helps nobody.

A quiz by its title, which stood above its first question; a reflection, whose title nobody has seen, and a quiz
that shares its title with another that is open, by how the question begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.content.documents import QuizDocument, words
from bot.content.said import said
from bot.conversation.router import OpenPrompt

_LONGEST: Final = 40
"""Characters: a quarter of a text message at most."""


def called(prompt: OpenPrompt, prompts: Sequence[OpenPrompt], languages: Sequence[str]) -> str:
    """A short name of `prompt` among `prompts`; "" where fewer than two are open and nobody could mistake it."""
    waiting = [one for one in prompts if one.answered_at is None]
    if len(waiting) < 2:
        return ""
    others = [one for one in waiting if one.id != prompt.id]
    title = _title(prompt, languages)
    shared = not title or title in {_title(other, languages) for other in others}
    return _short(_beginning(prompt, languages) if shared else title)


def _title(prompt: OpenPrompt, languages: Sequence[str]) -> str:
    return said(prompt.document, "title", languages) if isinstance(prompt.document, QuizDocument) else ""


def _beginning(prompt: OpenPrompt, languages: Sequence[str]) -> str:
    return words(prompt.question.prompt, (*languages, prompt.document.language))


def _short(name: str) -> str:
    """At most so long, cut between words. Three dots: "…" would turn the whole text into 70-character parts."""
    line = " ".join(name.split())
    if len(line) <= _LONGEST:
        return line
    whole, _, _ = line[: _LONGEST - 2].rpartition(" ")
    return f"{(whole or line[: _LONGEST - 3]).rstrip(' .,;:!?')}..."
