"""Which names are time zones.

Asking `ZoneInfo` about any text would open files by that name; the list of the IANA database is
read once instead.
"""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from bot.errors import BadInput


@cache
def _names() -> frozenset[str]:
    # "localtime" and "Factory" name no place: they mean something else on every machine.
    return frozenset(available_timezones() - {"localtime", "Factory", "posixrules"})


def names() -> list[str]:
    """The zones that are places, by name: for people to choose from."""
    return [*sorted(name for name in _names() if "/" in name and not name.startswith("Etc/")), "UTC"]


def is_known(name: str) -> bool:
    """Whether this is a name of the IANA database, such as "America/Chicago"."""
    return name in _names()


def checked(name: str) -> str:
    """`name` without surrounding space; BadInput where it is no time zone."""
    name = name.strip()
    if not is_known(name):
        raise BadInput(f'There is no time zone "{name[:60]}". Give one such as America/Chicago or Europe/Berlin.')
    return name
