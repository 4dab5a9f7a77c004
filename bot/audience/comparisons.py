"""How a known value is compared in SQL: order, parts of text, the return of a day."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bot.audience import days
from bot.audience.dialects import Contains
from bot.audience.rules import Leaf
from bot.audience.values import Within

Condition = sa.ColumnElement[bool]
Known = sa.ColumnElement[Any]

COMPARE: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom and when a rule is asked."""

    organization_id: UUID
    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        """The organization's day."""
        return days.today(self.now, self.zone)


def literal(value: Any) -> sa.ColumnElement[str]:
    """A bound text."""
    return sa.literal(value, sa.Text)


def as_text(value: Any) -> str:
    """A rule's value as the text that it is compared with."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def ordered(leaf: Leaf, known: Known, bound: Callable[[Any], Any] = literal) -> Condition:
    """Equality, order, lists and pairs, with values that `bound` makes comparable with what is `known`."""
    if not isinstance(leaf.value, tuple):
        return cast("Condition", COMPARE[leaf.operator](known, bound(leaf.value)))
    if leaf.operator == "in":
        return known.in_([bound(each) for each in leaf.value])
    low, high = map(bound, leaf.value)
    if leaf.operator == "between":
        return sa.and_(known >= low, known <= high)
    return sa.or_(known < low, known > high)


def anniversary(leaf: Leaf, month_day: Known, scope: Scope) -> Condition:
    """Whether a known "MM-DD" comes round within the rule's time from today."""
    stretches = days.anniversaries(cast("Within", leaf.value), scope.today)
    return sa.or_(*[month_day.between(literal(first), literal(last)) for first, last in stretches])


def part(leaf: Leaf, known: Known) -> Condition:
    """Whether the rule's value is a part of what is `known`, begins it or ends it."""
    return PARTS[leaf.operator](known, as_text(leaf.value))


def _contains(known: Known, wanted: str) -> Condition:
    return Contains(known, literal(wanted))


def _begins(known: Known, wanted: str) -> Condition:
    return sa.func.substr(known, 1, len(wanted), type_=sa.Text) == literal(wanted)


def _ends(known: Known, wanted: str) -> Condition:
    # a start before the text's first letter means the end to SQLite: what comes back is then too short to be equal
    return sa.func.substr(known, sa.func.length(known) - (len(wanted) - 1), type_=sa.Text) == literal(wanted)


PARTS: Final[Mapping[str, Callable[[Known, str], Condition]]] = {
    "contains": _contains,
    "beginsWith": _begins,
    "endsWith": _ends,
}
