"""A rule in plain words: why somebody is in a segment, as it stands on every membership.

Written for the manager who reads the list, so labels instead of paths; a long list is cut, because the
sentence is stored once per member.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from bot.audience.rules import Leaf, Node
from bot.audience.values import Scalar, Within

LONGEST: Final = 500
_SHOWN: Final = 5

_IS: Final[Mapping[str, str]] = {
    "contains": "contains",
    "beginsWith": "begins with",
    "endsWith": "ends with",
    "doesNotContain": "doesn't contain",
    "doesNotBeginWith": "doesn't begin with",
    "doesNotEndWith": "doesn't end with",
    "=": "is",
    "!=": "is not",
    "<": "is below",
    ">": "is above",
    "<=": "is at most",
    ">=": "is at least",
}
_OF_DAYS: Final[Mapping[str, str]] = {
    "<": "is before",
    ">": "is after",
    "<=": "is on or before",
    ">=": "is on or after",
}
_LISTS: Final[Mapping[str, tuple[str, str]]] = {
    "in": ("is", "is one of"),
    "notIn": ("is not", "is none of"),
    "hasAny": ("include", "include any of"),
    "hasAll": ("include", "include all of"),
    "hasNone": ("don't include", "include none of"),
    "inSegment": ("in the segment", "in one of the segments"),
    "notInSegment": ("not in the segment", "in none of the segments"),
}
_WITHIN: Final[Mapping[str, str]] = {
    "withinLast": "is within the last",
    "notWithinLast": "is not within the last",
    "withinNext": "is within the next",
    "anniversaryWithin": "has its anniversary within the next",
}


def sentence(rule: Node, names: Mapping[str, str] | None = None, *, longest: int = LONGEST) -> str:
    """The rule in words, at most `longest` characters; `names` are those of segments, by their ids."""
    words = _words(rule, names or {})
    return words if len(words) <= longest else f"{words[: longest - 1]}…"


def shown(value: Any) -> str:
    """A value as it stands in a sentence."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes")
    if isinstance(value, list | tuple):
        return ", ".join([shown(each) for each in value[:_SHOWN]] + _more(value))
    if isinstance(value, str):
        return f'"{value}"' if len(value) <= 60 else f'"{value[:59]}…"'
    return value.isoformat() if isinstance(value, date) else str(value)


def _words(node: Node, names: Mapping[str, str]) -> str:
    if isinstance(node, Leaf):
        return _question(node, names)
    parts = [_words(each, names) for each in node.rules]
    inner = [isinstance(each, Leaf) or each.negated or len(each.rules) == 1 for each in node.rules]
    said = f" {node.combinator} ".join(
        part if plain or len(parts) == 1 else f"({part})" for part, plain in zip(parts, inner, strict=True)
    )
    return f"not ({said})" if node.negated else said


def _question(leaf: Leaf, names: Mapping[str, str]) -> str:
    if leaf.field.kind == "segment":
        return _list(leaf.operator, tuple(names.get(str(each), each) for each in _values(leaf)))
    if leaf.field.kind == "boolean":
        return f"{leaf.field.label}: {_yes_or_no(leaf)}"
    return f"{leaf.field.label} {_predicate(leaf)}"


def _yes_or_no(leaf: Leaf) -> str:
    if leaf.operator in {"null", "notNull"}:
        return "missing" if leaf.operator == "null" else "known"
    return f"not {shown(leaf.value)}" if leaf.operator == "!=" else shown(leaf.value)


def _predicate(leaf: Leaf) -> str:
    if leaf.operator in {"null", "notNull"}:
        return ("are " if leaf.field.kind == "tags" else "is ") + ("missing" if leaf.operator == "null" else "known")
    if isinstance(leaf.value, Within):
        unit = leaf.value.unit if leaf.value.amount != 1 else leaf.value.unit[:-1]
        return f"{_WITHIN[leaf.operator]} {leaf.value.amount} {unit}"
    if leaf.operator in _LISTS:
        return _list(leaf.operator, _values(leaf))
    if isinstance(leaf.value, tuple):
        low, high = map(shown, leaf.value)
        return f"is {'not ' if leaf.operator == 'notBetween' else ''}between {low} and {high}"
    words = _OF_DAYS.get(leaf.operator) if leaf.field.kind in {"date", "datetime"} else None
    return f"{words or _IS[leaf.operator]} {shown(leaf.value)}"


def _values(leaf: Leaf) -> tuple[Scalar, ...]:
    return leaf.value if isinstance(leaf.value, tuple) else ()


def _list(operator: str, values: tuple[Scalar, ...]) -> str:
    one, many = _LISTS[operator]
    return f"{one if len(values) == 1 else many} {shown(values)}"


def _more(values: Any) -> list[str]:
    return [f"{len(values) - _SHOWN} more"] if len(values) > _SHOWN else []
