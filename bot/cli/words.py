"""Figures as a person reads them: "1 worker", "1,204 workers", and never "1 workers"."""

from __future__ import annotations


def counted(count: int, one: str, many: str | None = None) -> str:
    """`count` with its noun; `many` where an s doesn't make the plural."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
