"""What "within the last 30 days" means, as plain stretches of time that both legs compare with.

Days are the organization's: today is today where it lives, and a day of a moment is counted there.
A stretch of N days reaches from today back (or forth) to the day N days away, both included. A calendar
day (`date` fields) is kept as midnight UTC and is the same day everywhere.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.audience.rules import Leaf
from bot.audience.values import Scalar, Within


@dataclass(frozen=True, slots=True)
class Span:
    """The moments from `start` until just before `end`; None is open."""

    start: datetime | None
    end: datetime | None

    def __contains__(self, moment: datetime) -> bool:
        return (self.start is None or self.start <= moment) and (self.end is None or moment < self.end)


def today(now: datetime, zone: ZoneInfo) -> date:
    """The day it is in `zone`."""
    return now.astimezone(zone).date()


def spans(leaf: Leaf, now: datetime, zone: ZoneInfo) -> list[Span]:
    """When the value of a `date` or `datetime` field makes a positive operator true: in any of these."""
    if isinstance(leaf.value, Within):
        return [_window(leaf, leaf.value, now, zone)]
    start_of = _start_of(leaf, zone)
    given = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    points = [_point(each, start_of, zone) for each in given]  # type: ignore[arg-type] # never None here
    first, last = points[0], points[-1]
    ordered = {
        "<": [Span(None, first.start)],
        "<=": [Span(None, first.end)],
        ">": [Span(first.end, None)],
        ">=": [Span(first.start, None)],
        "between": [Span(first.start, last.end)],
        "notBetween": [Span(None, first.start), Span(last.end, None)],
    }
    return ordered.get(leaf.operator, points)


def window(operator: str, within: Within, day: date) -> tuple[date, date]:
    """The first and the last day of a stretch of days that begins or ends with `day`."""
    if operator == "withinLast":
        return _moved(day, within, -1), day
    return day, _moved(day, within, 1)


def anniversaries(within: Within, day: date) -> list[tuple[str, str]]:
    """The stretches of the year ("MM-DD" to "MM-DD", both included) that come round from `day` on.

    Who was born on 29 February has the anniversary on the 28th in other years.
    """
    last = _moved(day, within, 1)
    if (last - day).days >= 365:
        return [("01-01", "12-31")]
    start, end = f"{day:%m-%d}", f"{last:%m-%d}"
    if end == "02-28" and not calendar.isleap(last.year):
        end = "02-29"
    return [(start, end)] if start <= end else [(start, "12-31"), ("01-01", end)]


def midnight(day: date) -> datetime:
    """How a calendar day is kept."""
    return datetime.combine(day, time.min, UTC)


def _start_of(leaf: Leaf, zone: ZoneInfo) -> Callable[[date], datetime]:
    if leaf.field.kind == "date":
        return midnight
    return lambda day: datetime.combine(day, time.min, zone).astimezone(UTC)


def _point(value: Scalar, start_of: Callable[[date], datetime], zone: ZoneInfo) -> Span:
    """A day is the whole day; 09:00 is that whole minute, 09:00:30 that whole second."""
    if isinstance(value, datetime):
        moment = (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
        rest = moment.microsecond, moment.second
        return Span(moment, moment + (_TICK if rest[0] else _SECOND if rest[1] else _MINUTE))
    if not isinstance(value, date):
        raise TypeError(f"no point in time: {value!r}")
    return Span(start_of(value), start_of(value + timedelta(days=1)))


_TICK, _SECOND, _MINUTE = timedelta(microseconds=1), timedelta(seconds=1), timedelta(minutes=1)


def _window(leaf: Leaf, within: Within, now: datetime, zone: ZoneInfo) -> Span:
    if within.is_clock_time:
        length = timedelta(**{within.unit: within.amount})
        return Span(now - length, now + _TICK) if leaf.operator == "withinLast" else Span(now, now + length + _TICK)
    first, last = window(leaf.operator, within, today(now, zone))
    start_of = _start_of(leaf, zone)
    return Span(start_of(first), start_of(last + timedelta(days=1)))


def _moved(day: date, within: Within, sign: int) -> date:
    """The day so far away; a month after 31 January is the last of February."""
    amount = sign * within.amount
    if within.unit in {"days", "weeks"}:
        return day + timedelta(**{within.unit: amount})
    months = day.year * 12 + day.month - 1 + (amount * 12 if within.unit == "years" else amount)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
