"""A rule's values: what was exported from a form, made into what the field holds.

Forms hand over text: "5" for a number, "Stores, DC" for a list, "true" for a yes. It is read by the
field's type here, once, so that neither SQL nor Python ever guesses again. Whatever has no clear
meaning (an empty value, a NaN, the year 20226) is refused: a rule that means nothing would quietly
reach nobody, or everybody.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, TypeGuard, get_args

from bot.audience.fields import Field

Unit = Literal["minutes", "hours", "days", "weeks", "months", "years"]
UNITS: Final[tuple[Unit, ...]] = get_args(Unit)
_DAYS_OF: Final = {"minutes": 1 / 1440, "hours": 1 / 24, "days": 1.0, "weeks": 7.0, "months": 30.5, "years": 366.0}


@dataclass(frozen=True, slots=True)
class Within:
    """A stretch of time before or after now: 30 days."""

    amount: int
    unit: Unit

    @property
    def is_clock_time(self) -> bool:
        """Whether it is counted in hours of the clock instead of days of the calendar."""
        return self.unit in {"minutes", "hours"}


Scalar = str | int | float | bool | date | datetime
Value = Scalar | tuple[Scalar, ...] | Within | None

NO_VALUE: Final = {"null", "notNull"}
PAIR: Final = {"between", "notBetween"}
LIST: Final = {"in", "notIn", "hasAny", "hasAll", "hasNone", "inSegment", "notInSegment"}
WITHIN: Final = {"withinLast", "notWithinLast", "withinNext", "anniversaryWithin"}
ORDER: Final = {"<", ">", "<=", ">=", "between", "notBetween"}

LONGEST_TEXT: Final = 1_000
LONGEST_LIST: Final = 1_000
LONGEST_DAYS: Final = 100
LARGEST: Final = 10**15
FURTHEST_DAYS: Final = 36_600
_YEARS: Final = range(1900, 2200)

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?|[+-]?\.[0-9]+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(_DAY.pattern + r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?")
_COMMA = re.compile(r"(?<!\\),")


class Mistake(ValueError):
    """What is wrong with a value, in words that follow its path; `at` is the place within it, such as "[2]"."""

    def __init__(self, words: str, at: str = "") -> None:
        super().__init__(words)
        self.at = at


def is_decimal(text: str) -> bool:
    """Whether `text` is a plain decimal number, short enough to be the same number in both databases."""
    return len(text) <= 15 and _DECIMAL.fullmatch(text) is not None


def as_id(text: str) -> uuid.UUID | None:
    """The id that `text` is, written with its hyphens; None of anything else."""
    try:
        found = uuid.UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None


def read(field: Field, operator: str, given: Any) -> Value:
    """The value of a rule on `field`; Mistake says what is wrong with it."""
    if operator in NO_VALUE:
        return None  # a form leaves the former operator's value there
    if operator in WITHIN:
        return _within(field, operator, given)
    if operator in LIST:
        return _list(field, given)
    if operator in PAIR:
        return _pair(field, given)
    return _ordered(field, operator, (_scalar(field, given),))[0]


def write(value: Value) -> Any:
    """A value as JSON, such that `read` gives it back."""
    if isinstance(value, tuple):
        return [write(each) for each in value]
    if isinstance(value, Within):
        return {"amount": value.amount, "unit": value.unit}
    return value.isoformat() if isinstance(value, date) else value


def text(given: Any) -> str:
    """Text that both databases can hold, composed (NFC)."""
    if not isinstance(given, str):
        raise Mistake("must be text")
    if not given:
        raise Mistake('is empty; to ask for what is missing use the operator "null"')
    if len(given) > LONGEST_TEXT:
        raise Mistake(f"takes at most {LONGEST_TEXT} characters")
    if "\x00" in given or any("\ud800" <= each <= "\udfff" for each in given):
        raise Mistake("holds a character that can't be stored")
    return unicodedata.normalize("NFC", given)


def _scalar(field: Field, given: Any) -> Scalar:
    if given is None or given == "":
        raise Mistake('needs a value; to ask for what is missing use the operator "null"')
    return _READERS[field.kind](given)


def _item(field: Field, place: int, given: Any) -> Scalar:
    try:
        return _scalar(field, given)
    except Mistake as mistake:
        raise Mistake(str(mistake), f"[{place}]") from None


def _number(given: Any) -> int | float:
    if isinstance(given, str) and _NUMBER.fullmatch(given.strip()) and len(given) <= 40:
        given = float(given) if "." in given else int(given)
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise Mistake("must be a number")
    if not abs(given) <= LARGEST:  # NaN is neither above nor below
        raise Mistake("must be a number of at most 15 digits")
    return int(given) if given == int(given) else given


def _boolean(given: Any) -> bool:
    meant = {"true": True, "false": False}.get(given) if isinstance(given, str) else given
    if not isinstance(meant, bool):
        raise Mistake("must be true or false")
    return meant


def _day(given: Any) -> date:
    if isinstance(given, str) and _DAY.fullmatch(given):
        try:
            found = date.fromisoformat(given)
        except ValueError:
            raise Mistake(f"{given} is not in the calendar") from None
        if found.year in _YEARS:
            return found
    raise Mistake(f"must be a day such as 2026-03-31, from {_YEARS.start} to {_YEARS.stop - 1}")


def _moment(given: Any) -> date | datetime:
    if not (isinstance(given, str) and _MOMENT.fullmatch(given)):
        return _day(given)
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        raise Mistake(f"{given} is not in the calendar") from None
    _day(given[:10])
    return found


def _custom(given: Any) -> Scalar:
    if isinstance(given, bool):
        return given
    return _number(given) if isinstance(given, int | float) else text(given)


def _segment(given: Any) -> str:
    """A segment's name, or its id in the one form in which ids are written."""
    name = text(given)
    found = as_id(name)
    return str(found) if found else name


_READERS: Final = {
    "text": text,
    "number": _number,
    "boolean": _boolean,
    "date": _day,
    "datetime": _moment,
    "tags": text,
    "custom": _custom,
    "segment": _segment,
}


def _list(field: Field, given: Any) -> tuple[Scalar, ...]:
    items = _items(given, split=field.kind != "segment")
    if not items:
        raise Mistake("needs at least one value")
    longest = LONGEST_DAYS if field.kind in {"date", "datetime"} else LONGEST_LIST
    if len(items) > longest:
        raise Mistake(f"takes at most {longest} values")
    return _distinct(_item(field, place, each) for place, each in enumerate(items))


def _pair(field: Field, given: Any) -> tuple[Scalar, ...]:
    items = _items(given, split=True)
    if len(items) != 2:
        raise Mistake("needs two values, the lowest and the highest")
    low, high = _ordered(field, "between", tuple(_item(field, place, each) for place, each in enumerate(items)))
    if _is_text(low) != _is_text(high):
        raise Mistake("needs two numbers or two texts")
    return (high, low) if _backwards(low, high) else (low, high)  # as react-querybuilder's own SQL export does


def _ordered(field: Field, operator: str, given: tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    """A custom field has no type, and nobody wants "10" below "9": digits are ordered as numbers."""
    if field.kind != "custom" or operator not in ORDER:
        return given
    if any(isinstance(each, bool) for each in given):
        raise Mistake("must be a number or text")
    if all(not _is_text(each) or is_decimal(each) for each in given):
        return tuple(_number(each) for each in given)
    return given


def _within(field: Field, operator: str, given: Any) -> Within:
    if not isinstance(given, dict) or set(given) != {"amount", "unit"}:
        raise Mistake('must be an amount and a unit, such as {"amount": 30, "unit": "days"}')
    unit = next((each for each in UNITS if given["unit"] in (each, each[:-1])), None)
    if unit is None:
        raise Mistake(f"has a unit that is none of {', '.join(UNITS)}")
    amount = _number(given["amount"])
    if not isinstance(amount, int) or amount < 0:
        raise Mistake("needs an amount that is a whole number")
    found = Within(amount, unit)
    if found.is_clock_time and field.kind != "datetime":
        raise Mistake(f"counts in days or longer: {field.path} has no time of day")
    furthest = 366 if operator == "anniversaryWithin" else FURTHEST_DAYS
    if amount * _DAYS_OF[unit] > furthest:
        raise Mistake("is further away than a year" if furthest == 366 else "is further away than a hundred years")
    return found


def _items(given: Any, *, split: bool) -> Sequence[Any]:
    r"""A list as it came, or the parts of a comma list as react-querybuilder reads it (`\,` is a comma)."""
    if isinstance(given, list | tuple):
        return given
    if not isinstance(given, str) or not split:
        return () if given in (None, "") else (given,)
    return [part.strip().replace("\\,", ",") for part in _COMMA.split(given) if part.strip()]


def _distinct(values: Iterable[Scalar]) -> tuple[Scalar, ...]:
    """Each once; 1 and true are equal to Python and different here."""
    return tuple({(isinstance(each, bool), each): each for each in values}.values())


def _is_text(value: Scalar) -> TypeGuard[str]:
    return isinstance(value, str)


def _backwards(low: Any, high: Any) -> bool:
    try:
        return bool(low > high)
    except TypeError:  # a day and a moment, or moments with and without a zone: only the clock's zone could tell
        return False
