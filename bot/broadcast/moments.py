"""When something is to go out, as a person types it: the organization's clock, or a moment with its own offset.

Twice a year a clock on the wall lies. A time that it skips doesn't exist and is refused with its two
neighbours; of one that it shows twice the first is meant, and it is said how to write the second. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.errors import BadInput, Refused

FORM = "2026-12-01T09:00"
_MINUTE = timedelta(minutes=1)


class InThePast(Refused):
    """This moment has passed: choose a later one, or send now."""

    code = "in_the_past"


class Skipped(BadInput):
    """This time doesn't exist: clocks are put forward over it."""

    code = "time_skipped"


@dataclass(frozen=True, slots=True)
class Moment:
    """`at` is UTC. `note` says what was decided where the typed words left it open."""

    at: datetime
    zone: ZoneInfo
    note: str | None = None

    @property
    def local(self) -> datetime:
        """The same moment on the organization's clock."""
        return self.at.astimezone(self.zone)

    def __str__(self) -> str:
        return shown(self.at, self.zone)


def read(typed: str, zone: ZoneInfo, now: datetime) -> Moment:
    """The moment that was typed: ISO 8601, in `zone` unless it names its own offset.

    BadInput where it is none, Skipped where clocks jump over it, InThePast where it isn't after `now`.
    """
    found = _parsed(typed)
    try:
        moment = Moment(found.astimezone(UTC), zone) if found.tzinfo else _on_the_wall(found, zone)
        words = str(moment)
    except OverflowError:
        raise BadInput(f'"{typed[:40]}" is beyond every calendar.') from None
    if moment.at <= now:
        raise InThePast(f"{words} has passed: choose a later moment, or leave it out to send now.")
    return moment


def shown(at: datetime, zone: ZoneInfo) -> str:
    """A moment in words: the zone's clock with its name and offset, and what that is in UTC."""
    local = at.astimezone(zone)
    if zone.key == "UTC":
        return f"{local:%Y-%m-%d %H:%M} UTC"
    there, utc = f"{local:%Y-%m-%d %H:%M} {zone.key}", at.astimezone(UTC)
    day = "" if utc.date() == local.date() else f"{utc:%Y-%m-%d} "
    return f"{there} ({_clock(local)}; {day}{utc:%H:%M} UTC)"


def _parsed(typed: str) -> datetime:
    text = typed.strip()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f'"{text[:40]}" is no moment: write it like {FORM}.') from None
    if len(text) <= len("2026-12-01"):  # read as midnight, when nobody means to wake people
        raise BadInput(f'"{text[:40]}" names no hour: write it like {FORM}.')
    return found


def _on_the_wall(wall: datetime, zone: ZoneInfo) -> Moment:
    first, second = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    before, after = first.utcoffset(), second.utcoffset()
    if before == after or before is None or after is None:
        return Moment(first.astimezone(UTC), zone)
    if before < after:
        raise _skipped(wall, first, zone)
    note = (
        f"{wall:%H:%M} comes twice that day; the first one is meant ({_clock(first)}). "
        f"For the second ({_clock(second)}) write {wall:%Y-%m-%dT%H:%M}{_offset(second)}."
    )
    return Moment(first.astimezone(UTC), zone, note)


def _skipped(wall: datetime, first: datetime, zone: ZoneInfo) -> Skipped:
    """The gap's two edges: the last minute before the jump and the first after it."""
    high = first.astimezone(UTC).replace(second=0, microsecond=0)
    low = high - timedelta(days=2)  # Samoa once left out a whole day
    offset = low.astimezone(zone).utcoffset()
    while high - low > _MINUTE:
        middle = low + (high - low) // _MINUTE // 2 * _MINUTE
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == offset else (low, middle)
    last, then = low.astimezone(zone), high.astimezone(zone)
    return Skipped(
        f"{wall:%Y-%m-%d %H:%M} doesn't exist in {zone.key}: clocks are put forward over it. "
        f"Choose {last:%Y-%m-%dT%H:%M} before or {then:%Y-%m-%dT%H:%M} after."
    )


def _clock(local: datetime) -> str:
    name = local.tzname() or ""
    return f"UTC{_offset(local)}" if name[:1] in {"+", "-", ""} else f"{name}, UTC{_offset(local)}"


def _offset(local: datetime) -> str:
    return f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:5]
