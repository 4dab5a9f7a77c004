"""In which time zones a worker may be: what quiet hours go by.

Their own setting decides; else where they are (country, region, and a city that is a zone's own
example city); else what their phone number leaves possible; else the organization's zone. Where
several remain, all are given, and a message goes only when it is day in each: unknown means the
strictest, never "send anyway".

Zones whose clocks agree on every day are given once, under one name.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone  # not geocoder: that one costs 120 MB

from bot.people import countries
from bot.people.regions import folded, zones_by_region
from bot.tenancy.time_zones import is_known

Zones = tuple[str, ...]
FIRST_DAY = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAYS = 2 * 365
"""Over which days zones are compared: a fixed stretch, so that the answer doesn't hang on today's date."""


@lru_cache(maxsize=65_536)
def zones_of(  # noqa: PLR0917 - in the order in which they decide
    own: str | None,
    city: str | None,
    region: str | None,
    country: str | None,
    phone: str | None,
    organization_zone: str,
) -> Zones:
    """The IANA names of every zone in which this worker may be; at least one.

    `own` is the worker's setting; places are as people write them; `phone` is E.164. What isn't
    understood is treated as not said.
    """
    if own and is_known(own):
        return (own,)
    by_phone = _zones_of_phone(phone)
    place = _zones_of_place(city, region, _country(country, phone, organization_zone, region or city))
    if place and by_phone:
        # the phone may settle what the place leaves open (country only), but never contradicts it
        return _distinct(_common(place, by_phone) or place)
    return _distinct(place or by_phone or (organization_zone,))


def _country(country: str | None, phone: str | None, organization_zone: str, place: str | None) -> str | None:
    """The country's code; where only a state or city is told, the phone's country, else the organization's."""
    if country or not place:
        return countries.code_of(country)
    number = _parsed(phone)
    by_phone = phonenumbers.region_code_for_number(number) if number else None
    return by_phone or countries.code_of_zone(organization_zone)


def _zones_of_place(city: str | None, region: str | None, country: str | None) -> Zones:
    if country is None:
        return ()
    known = zones_by_region(country).get(folded(region)) if region else None
    zones = known or countries.zones_of(country)
    named = tuple(zone for zone in zones if city and folded(_example_city(zone)) == folded(city))
    return named or zones


def _zones_of_phone(phone: str | None) -> Zones:
    number = _parsed(phone)
    if number is None:
        return ()
    found = timezone.time_zones_for_number(number)
    known = tuple(zone for zone in found if zone != "Etc/Unknown" and is_known(zone))
    return known or tuple(
        zone
        for country in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(number.country_code or 0, ())
        for zone in countries.zones_of(country)
    )


def _parsed(phone: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(phone) if phone else None
    except phonenumbers.NumberParseException:
        return None


def _common(zones: Zones, others: Zones) -> Zones:
    """Those of `zones` whose clock is also one of `others`'."""
    clocks = {_clock(zone) for zone in others}
    return tuple(zone for zone in zones if _clock(zone) in clocks)


def _distinct(zones: Zones) -> Zones:
    """One name per clock, in the order given."""
    return tuple({_clock(zone): zone for zone in reversed(zones)}.values())[::-1] if len(zones) > 1 else zones


@cache
def _clock(zone: str) -> tuple[timedelta | None, ...]:
    """What the zone's clock says on every day: two zones with the same are the same to us."""
    place = ZoneInfo(zone)
    return tuple((FIRST_DAY + timedelta(days=day)).astimezone(place).utcoffset() for day in range(DAYS))


def _example_city(zone: str) -> str:
    return zone.rsplit("/", 1)[-1].replace("_", " ")
