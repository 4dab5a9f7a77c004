"""The gaps of a template: what each is called, where its value comes from and how long it can get.

The declared maximum is what lets us promise a price: the longest text that a template can become is
reckoned from it before anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal, Self, get_args

from pydantic import BeforeValidator, Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from bot.content.refusal import Mistake, refuse
from bot.content.words import Flag, Line, Part, Whole, plain

VariableType = Literal["string", "integer", "number", "boolean", "date", "datetime", "url", "currency"]
TYPES: tuple[VariableType, ...] = get_args(VariableType)

SOURCES = (
    "worker.first_name", "worker.last_name", "worker.external_id", "contact.city", "contact.email",
    "employment.job_title", "employment.department", "employment.team", "organization.name",
)  # fmt: skip
"""Where a value may come from; `custom.<name>` is a worker's custom field."""

LONGEST_NUMBER = 30
"""Digits before or after the point."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}\Z", re.ASCII)
_URL = re.compile(r"https?://[^\s\x00-\x1f]+\Z", re.IGNORECASE)
_TAKEN = frozenset(
    "self super caller loop varargs kwargs true false none True False None not and or in is if elif else endif".split()  # noqa: SIM905
)

Scalar = str | int | float | bool
"""What a variable's value may be in a file."""


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.match(value):
        refuse([("", "must be up to 40 letters, digits and _, a letter first")])
    if value in _TAKEN:
        refuse([("", "is a word of the template language itself")])
    return str(value)


def _scalar(value: object) -> object:
    if value is not None and not isinstance(value, Scalar):
        refuse([("", "must be text, a number, true or false")])
    return plain(value)


# Strict, because "0" is text and not a number, let alone false.
OptionalScalar = Annotated[StrictBool | StrictInt | StrictFloat | StrictStr | None, BeforeValidator(_scalar)]


class Variable(Part):
    """A name that a template may use. `source` says where its value comes from ("worker.first_name").

    A missing value is its `default`; without one it is refused if `required`, else nothing at all.
    `max_length` is in characters; `pii` keeps the value out of logs and previews.
    """

    name: Annotated[str, BeforeValidator(_name)]
    type: VariableType = "string"
    source: Annotated[Line, Field(max_length=100)] | None = None
    required: Flag = True
    default: OptionalScalar = None
    max_length: Annotated[Whole, Field(ge=1, le=1600)] | None = None
    example: OptionalScalar = None
    pii: Flag = False

    @model_validator(mode="after")
    def _suits_itself(self) -> Self:
        refuse([*self._misfit(".default", self.default), *self._misfit(".example", self.example)])
        return self

    def _misfit(self, path: str, value: Scalar | None) -> Iterator[Mistake]:
        if value is None:
            return
        if not suits(self.type, value):
            yield path, f"is no {self.type}"
        elif self.max_length is not None and len(str(value)) > self.max_length:
            yield path, f"is longer than max_length {self.max_length}"


def suits(kind: VariableType, value: Scalar) -> bool:
    """Can this value, or this text, stand for a variable of type `kind`? Dates are ISO, a URL is http(s)."""
    text = str(value)
    match kind:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool) or text.lower() in {"true", "false"}
        case "integer" | "number":
            return not isinstance(value, bool) and _is_number(text, whole=kind == "integer")
        case "currency":
            return not isinstance(value, bool) and any(character.isdigit() for character in text)
        case "date" | "datetime":
            return _is_date(text, date if kind == "date" else datetime)
        case "url":
            return bool(_URL.match(text))


def _is_number(text: str, *, whole: bool) -> bool:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    # 1e999999 is eight characters here and a million once somebody writes it out.
    if not number.is_finite() or abs(number.adjusted()) > LONGEST_NUMBER:
        return False
    return not whole or number == number.to_integral_value()


def _is_date(text: str, kind: type[date]) -> bool:
    try:
        kind.fromisoformat(text)
    except ValueError:
        return False
    return True
