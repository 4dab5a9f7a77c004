"""Custom fields in SQL: what an organization's own JSON says, which has no type until a rule asks.

A rule's number is compared with numbers, and with texts that are plain decimals, because a CSV import
knows nothing but text. A rule's text is compared with text. What begins with a day (2026-03-31) is a
day. Lists and objects are known, and equal to nothing.
"""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa

from bot.audience import days
from bot.audience.comparisons import PARTS, Condition, Scope, anniversary, as_text, literal, ordered, part
from bot.audience.dialects import CustomKnown, CustomNumber, CustomText, IsoDay, Number
from bot.audience.rules import Leaf
from bot.audience.values import Scalar, Within, is_decimal


def says(leaf: Leaf, custom_fields: sa.ColumnElement[Any], scope: Scope) -> Condition:
    """A positive question about one key of `custom_fields`."""
    at = (custom_fields, literal(leaf.field.key))
    if leaf.operator == "notNull":
        return CustomKnown(*at)
    known, number = CustomText(*at), CustomNumber(*at)
    if isinstance(leaf.value, Within):
        return _day(leaf, IsoDay(known), leaf.value, scope)
    if leaf.operator in PARTS:
        return part(leaf, known)
    wanted = cast("tuple[Scalar, ...]", leaf.value if isinstance(leaf.value, tuple) else (leaf.value,))
    if leaf.operator in {"=", "in"}:
        return _one_of(known, number, wanted)
    return ordered(leaf, known) if isinstance(wanted[0], str) else ordered(leaf, number, _digits)


def _one_of(known: CustomText, number: CustomNumber, wanted: tuple[Scalar, ...]) -> Condition:
    """Any of the values; digits as text also equal a number that has no text of its own (2.5)."""
    texts = [as_text(each) for each in wanted if isinstance(each, str | bool)]
    numbers = [each for each in wanted if not isinstance(each, str | bool)]
    digits = [each for each in texts if is_decimal(each)]
    said: list[Condition] = []
    if texts:
        said.append(known.in_([literal(each) for each in texts]))
    if numbers:
        said.append(number.in_([_digits(each) for each in numbers]))
    if digits:
        said.append(sa.and_(known.is_(None), number.in_([_digits(each) for each in digits])))
    return sa.or_(*said)


def _digits(value: Any) -> Number:
    return Number(literal(str(value)))


def _day(leaf: Leaf, day: IsoDay, within: Within, scope: Scope) -> Condition:
    if leaf.operator == "anniversaryWithin":
        month_day = sa.func.substr(day, 6, 5, type_=sa.Text)
        return sa.and_(day < literal(scope.today.isoformat()), anniversary(leaf, month_day, scope))
    first, last = days.window(leaf.operator, within, scope.today)
    return day.between(literal(first.isoformat()), literal(last.isoformat()))
