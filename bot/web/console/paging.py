"""Long lists in pages that have an address of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request

LAST = 100_000
"""Nobody turns that many pages; a larger number is no number for a database."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page is asked for, from 1."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """How many rows come before it."""
        return (self.number - 1) * self.size

    def of(self, found: tuple[Sequence[Any], int]) -> Page:
        """The page of what a query found: its rows and how many there are in all."""
        rows, total = found
        return Page(self, rows, total, request.path, request.args.to_dict())


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    asked: Asked
    rows: Sequence[Any]
    total: int
    path: str
    query: dict[str, str]

    @property
    def first(self) -> int:
        """The number of its first row."""
        return self.asked.offset + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """The number of its last row."""
        return self.asked.offset + len(self.rows)

    @property
    def previous(self) -> str | None:
        """The address of the page before it."""
        return self._address(self.asked.number - 1) if self.asked.number > 1 else None

    @property
    def next(self) -> str | None:
        """The address of the page after it."""
        return self._address(self.asked.number + 1) if self.last < self.total and self.rows else None

    def _address(self, number: int) -> str:
        query = {name: value for name, value in self.query.items() if name != "page"}
        if number > 1:
            query["page"] = str(number)
        return f"{self.path}?{urlencode(query)}" if query else self.path


def asked(size: int) -> Asked:
    """The page that the request names; the first where it names none that could be."""
    number = request.args.get("page", "")
    if not (number.isascii() and number.isdecimal() and len(number) <= 6):
        return Asked(1, size)
    return Asked(min(max(int(number), 1), LAST), size)


def searched(name: str = "q", longest: int = 100) -> str:
    """The words that are looked for, without what no text of ours holds."""
    return request.args.get(name, "")[:longest].replace("\x00", "").strip()
