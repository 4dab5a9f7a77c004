"""When a person may be written to: quiet hours and caps, as pure arithmetic on moments.

A person's zone may be uncertain: then it has to be day in each zone they might be in.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

HORIZON = timedelta(days=3)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def opens(now: datetime, zones: Sequence[str], start: time, end: time, days: Sequence[str] = "all") -> datetime | None:
    """The first moment from `now` on that lies outside [start, end) in every one of `zones`.

    `start` > `end` means over midnight; `days` are the weekdays ("mon" …) on whose evening or day the quiet
    begins. None if no such moment comes within three days.
    """
    moment = now
    while moment - now < HORIZON:
        closed = [ends for zone in zones if (ends := _closed_until(moment, zone, start, end, days))]
        if not closed:
            return moment
        moment = max(closed)
    return None


def _closed_until(moment: datetime, zone: str, start: time, end: time, days: Sequence[str]) -> datetime | None:
    """The end of the quiet stretch that `moment` is in, or None outside one."""
    local = _local(moment, zone)
    clock = local.time().replace(tzinfo=None)
    overnight = start > end
    inside = (clock >= start or clock < end) if overnight else (start <= clock < end)
    begun = local.date() - timedelta(days=1) if overnight and clock < end else local.date()
    if not inside or (days != "all" and WEEKDAYS[begun.weekday()] not in days):
        return None
    day = local.date() + timedelta(days=1) if overnight and clock >= start else local.date()
    return _next(day, end, zone, moment) or moment + timedelta(minutes=30)


def _next(day: date, clock: time, zone: str, moment: datetime) -> datetime | None:
    """When it is `clock` on `day` in `zone`, after `moment`: where clocks are put back that comes twice."""
    both = (datetime.combine(day, clock.replace(fold=fold), tzinfo=_zone(zone)) for fold in (0, 1))
    return min((at for local in both if (at := local.astimezone(moment.tzinfo)) > moment), default=None)


def closes(now: datetime, zones: Sequence[str], start: time, days: Sequence[str] = "all") -> datetime | None:
    """When quiet next begins in one of `zones`; None if it never does."""
    evenings = ((zone, _local(now, zone).date() + timedelta(days=ahead)) for zone in zones for ahead in range(8))
    kept = ((zone, day) for zone, day in evenings if days == "all" or WEEKDAYS[day.weekday()] in days)
    return min((moment for zone, day in kept if (moment := _next(day, start, zone, now))), default=None)


def _local(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(_zone(zone))


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def below_caps(now: datetime, sent: Sequence[datetime], per_day: int | None, per_week: int | None) -> datetime:
    """When one more opening is within the caps, given when the earlier ones were `sent`; `now` if at once."""
    free = now
    for cap, span in ((per_day, timedelta(days=1)), (per_week, timedelta(days=7))):
        if cap is None:
            continue
        recent = sorted(moment for moment in sent if moment > now - span)
        if len(recent) >= cap:
            free = max(free, recent[len(recent) - cap] + span) if cap else max(free, now + span)
    return free
