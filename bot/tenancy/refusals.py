"""What is wrong with a settings document, as `path: plain words`.

Pydantic's own sentences are for programmers and name its types; a manager needs the path and the remedy.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import ValidationError

from bot.errors import BadInput

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

SHOWN = 8

_WORDS = {
    "extra_forbidden": "is not known here",
    "missing": "is missing",
    "string_type": "must be text",
    "string_pattern_mismatch": "is not of the right form",
    "string_too_short": "is empty",
    "string_too_long": "takes at most {max_length} characters",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "tuple_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "too_short": "needs at least {min_length}",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
_OURS = frozenset({"clock_time", "zone", "distinct", "quiet_hours"})
_INNER = re.compile(r"\[|\(|^(tuple|dict|str|int|float|literal|function|constrained|nullable)\b")


class SettingsRefused(BadInput):
    """These settings have a mistake in them."""

    code = "settings_refused"


def sentences_of(error: ValidationError | TypeError) -> str:
    """One line for a person: every mistake with its path, the first `SHOWN` of them."""
    if isinstance(error, TypeError):
        return "The settings must be JSON: objects, lists, text, numbers, true, false and null."
    found = dict.fromkeys(
        f"{path}: {_told(detail)}" if (path := _path(detail)) else _told(detail)
        for detail in error.errors(include_url=False, include_input=False)
    )
    return listed(list(found))


def listed(mistakes: list[str]) -> str:
    """The first `SHOWN` of `mistakes` in one line."""
    more = [f"and {len(mistakes) - SHOWN} more"] if len(mistakes) > SHOWN else []
    return "; ".join(mistakes[:SHOWN] + more)


def _told(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _OURS:
        return detail["msg"]
    if kind == "literal_error":
        return "must be " + str(context["expected"]).replace("'", "")
    if kind in _WORDS:
        return _WORDS[kind].format(**context)
    return "can't be read"


def _path(detail: ErrorDetails) -> str:
    """`delivery.caps.per_day`; the names of union members that pydantic weaves in are left out."""
    path = ""
    for part in detail["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part != "[key]" and not _INNER.search(part):
            path += f".{part}"
    return path.removeprefix(".")
