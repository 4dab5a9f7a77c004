"""Moments in the visitor's own zone and way of writing dates. Pure: the zone and the present are given.

The words are for reading; the `<time>` around them holds the exact moment in UTC, for programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""Said here: strftime's would be those of the machine's locale."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """How somebody reads time: their zone, "iso", "us" or "eu", and what is now."""

    zone: ZoneInfo
    date_format: str
    now: datetime

    def moment(self, at: datetime) -> Markup:
        """A moment: "Today, 2:03 PM"."""
        there = at.astimezone(self.zone)
        words = f"{self._near(there.date())}, {self._clock(there)}"
        return self._element(at, words, f"{self._date(there.date())}, {self._clock(there)} ({self.zone.key})")

    def clock(self, at: datetime) -> Markup:
        """The time of day alone, where the day stands above it."""
        there = at.astimezone(self.zone)
        return self._element(at, self._clock(there), f"{self._date(there.date())}, {self._clock(there)}")

    def day_of(self, at: datetime) -> str:
        """The day of a moment: "Today", "Nov 22"."""
        return self._near(at.astimezone(self.zone).date())

    def day(self, at: datetime | date) -> Markup:
        """A calendar day that belongs to no zone (a hire date)."""
        when = at.date() if isinstance(at, datetime) else at
        return Markup('<time datetime="{}">{}</time>').format(when.isoformat(), self._date(when))

    def _element(self, at: datetime, words: str, whole: str) -> Markup:
        exact = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return Markup('<time datetime="{}" title="{}">{}</time>').format(exact, whole, words)

    def _near(self, day: date) -> str:
        today = self.now.astimezone(self.zone).date()
        if day == today:
            return "Today"
        if day == today - timedelta(days=1):
            return "Yesterday"
        if day == today + timedelta(days=1):
            return "Tomorrow"
        return self._date(day, with_year=day.year != today.year)

    def _date(self, day: date, *, with_year: bool = True) -> str:
        if self.date_format == "iso":
            return day.isoformat()
        if self.date_format == "eu":
            return f"{day.day} {MONTHS[day.month - 1]}" + (f" {day.year}" if with_year else "")
        return f"{MONTHS[day.month - 1]} {day.day}" + (f", {day.year}" if with_year else "")

    def _clock(self, there: datetime) -> str:
        if self.date_format != "us":
            return f"{there:%H:%M}"
        return f"{there.hour % 12 or 12}:{there.minute:02} {'AM' if there.hour < 12 else 'PM'}"


def lasted(began: datetime, ended: datetime) -> str:
    """How long something took: "0.4 s", "2 min 5 s"."""
    seconds = max((ended - began).total_seconds(), 0.0)
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
