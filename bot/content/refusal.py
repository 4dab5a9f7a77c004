"""How a document says what is wrong with it: the path, then a plain sentence.

Pydantic finds the mistakes, but its words are for programmers and carry web addresses. Here its
errors become `questions[2].choices: needs at least 2`, which a manager can act on. Rules that look
at several fields at once report through `refuse`, so that one reading names every mistake.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic_core import PydanticCustomError

from bot.errors import BadInput

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

SHOWN = 10
"""How many mistakes one refusal names; a file that is wrong everywhere needs no longer list."""

Mistake = tuple[str, str]
"""(path, words); the path is "" for the whole document."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, or unwise, at `path` of a document. An error keeps the version from being sent."""

    path: str
    words: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.path}: {self.words}" if self.path else self.words


_PLAIN_KEY = re.compile(r"[A-Za-z_][\w-]{0,59}\Z", re.ASCII)

_SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "invalid_key": "is not known here",
    "string_type": "must be text; put quotes around it",
    "string_pattern_mismatch": "is not of the right form",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "tuple_type": "must be a list",
    "dict_type": "must be a map of keys",
    "model_type": "must be a map of keys",
    "model_attributes_type": "must be a map of keys",
    "too_short": "needs at least {min_length}",
    "too_long": "takes at most {max_length}",
    "string_too_short": "needs at least {min_length} characters",
    "string_too_long": "takes at most {max_length} characters",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be above {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be below {lt}",
    "literal_error": "must be one of {choices}",
    "union_tag_invalid": "must be one of {choices}",
    "union_tag_not_found": "is missing",
}


class DocumentRefused(BadInput):
    """The content has a mistake in it."""

    code = "document_refused"

    def __init__(self, mistakes: Iterable[Mistake], file: str = "") -> None:
        self.mistakes: tuple[Mistake, ...] = tuple(mistakes)
        sentences = [f"{path}: {words}" if path else words for path, words in self.mistakes[:SHOWN]]
        if len(self.mistakes) > SHOWN:
            sentences.append(f"and {len(self.mistakes) - SHOWN} more")
        super().__init__((f"{file}: " if file else "") + "; ".join(sentences))


def refuse(mistakes: Iterable[Mistake]) -> None:
    """Raise, inside a pydantic validator, if there are any `mistakes`; paths are relative to its place."""
    found = tuple(mistakes)
    if found:
        raise PydanticCustomError("mistakes", "mistakes", {"mistakes": found})


def mistakes_of(error: ValidationError) -> list[Mistake]:
    """What pydantic found in a document, each thing once, in the order of the document."""
    found: dict[Mistake, None] = {}
    details = error.errors(include_url=False, include_input=False)
    for detail in details:
        if detail["type"] == "too_short" and any(_is_inside(other, detail) for other in details):
            continue  # pydantic counts only the items that it could read
        place = _place(detail)
        for within, words in _told(detail):
            found[(path_of(place) + within).removeprefix("."), words] = None
    return list(found)


def quoted(value: object) -> str:
    """`value` in double quotes, cut to what a sentence can hold."""
    text = str(value)
    return json.dumps(text if len(text) <= 40 else text[:39] + "…", ensure_ascii=False)


def _is_inside(detail: ErrorDetails, outer: ErrorDetails) -> bool:
    depth = len(outer["loc"])
    return len(detail["loc"]) > depth and detail["loc"][:depth] == outer["loc"]


def _told(detail: ErrorDetails) -> Iterable[Mistake]:
    context: Mapping[str, Any] = detail.get("ctx", {})
    if detail["type"] == "mistakes":
        return list(context["mistakes"])
    expected = str(context.get("expected") or context.get("expected_tags") or "")
    choices = ", ".join(re.findall(r"'([^']*)'", expected))
    sentence = _SENTENCES.get(detail["type"], "can't be read")
    numbers = {name: f"{bound:g}" if isinstance(bound, float) else bound for name, bound in context.items()}
    return [("", sentence.format(choices=choices, **numbers))]


def _place(detail: ErrorDetails) -> tuple[int | str, ...]:
    """Where the mistake is, without the names of union members that pydantic weaves in.

    The first is the document's kind; a question's kind follows its number; our own are in <>.
    """
    place = list(detail["loc"])[1:]
    if place[:1] == ["questions"] and len(place) > 2:
        del place[2]
    if detail["type"].startswith("union_tag"):
        place.append("kind")
    return tuple(part for part in place if not (isinstance(part, str) and part.startswith("<")))


def path_of(parts: Iterable[int | str]) -> str:
    """Steps into a document as `.questions[2].choices`; a key that is no plain word stands in quotes."""
    return "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" if _PLAIN_KEY.match(part) else f"[{quoted(part)}]"
        for part in parts
    )
