"""The organization's own words for our things: who calls workers "associates" reads "associates" everywhere.

`organizations.custom_terminology` is language → term → plural category → word. The console speaks English,
whose categories are "one" and "other".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEFAULTS: Mapping[str, tuple[str, str]] = {
    "worker": ("worker", "workers"),
    "supervisor": ("supervisor", "supervisors"),
    "organization": ("organization", "organizations"),
    "segment": ("segment", "segments"),
    "content": ("content", "contents"),
    "quiz": ("quiz", "quizzes"),
    "reflection": ("reflection", "reflections"),
    "collection": ("collection", "collections"),
    "broadcast": ("broadcast", "broadcasts"),
    "points": ("point", "points"),
    "badge": ("badge", "badges"),
    "streak": ("streak", "streaks"),
}


class Terms:
    """One organization's words, in one language."""

    def __init__(self, own: Mapping[str, Any] | None = None, language: str = "en") -> None:
        said = (own or {}).get(language)
        self._own: Mapping[str, Any] = said if isinstance(said, Mapping) else {}

    def one(self, term: str) -> str:
        """A single one: "worker"."""
        return self._word(term, "one") or DEFAULTS[term][0]

    def many(self, term: str) -> str:
        """Several, or none: "workers"."""
        return self._word(term, "other") or DEFAULTS[term][1]

    def count(self, number: int, term: str) -> str:
        """How many: "1 worker", "1,200 workers"."""
        return f"{number:,} {self.one(term) if number == 1 else self.many(term)}"

    def _word(self, term: str, category: str) -> str | None:
        words = self._own.get(term)
        word = words.get(category) if isinstance(words, Mapping) else None
        return word if isinstance(word, str) and word.strip() else None


def capital(words: str) -> str:
    """With a capital at its beginning, and every other letter as it was."""
    return words[:1].upper() + words[1:]
