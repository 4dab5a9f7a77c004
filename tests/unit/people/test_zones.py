"""Where it may be day for a worker: certain where they said so, all possibilities where nobody knows."""

from __future__ import annotations

import pytest

from bot.people import countries
from bot.people.regions import _TABLES, folded, zones_by_region
from bot.people.zones import _clock, zones_of
from bot.tenancy.time_zones import is_known

HOME = "America/Denver"
EVERY_US = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix",
    "America/Los_Angeles", "America/Anchorage", "America/Adak", "Pacific/Honolulu",
)  # fmt: skip


@pytest.mark.parametrize(
    ("own", "city", "region", "country", "phone", "zones"),
    [
        # one's own setting decides, if it is one
        ("Europe/Berlin", "Chicago", "IL", "US", "+13125550101", ("Europe/Berlin",)),
        ("Mars/Olympus", None, None, None, None, (HOME,)),
        # a country with one clock, however many names it has
        (None, None, None, "DE", None, ("Europe/Berlin",)),
        (None, "Bengaluru", None, "India", None, ("Asia/Kolkata",)),
        (None, None, None, "kenya", None, ("Africa/Nairobi",)),
        # a state, by code or name
        (None, None, "CA", "US", None, ("America/Los_Angeles",)),
        (None, None, "california", "usa", None, ("America/Los_Angeles",)),
        (None, None, "São Paulo", "Brasil", None, ("America/Sao_Paulo",)),
        (None, None, "Québec", "CA", None, ("America/Toronto", "America/Halifax", "America/Puerto_Rico")),
        (None, None, "Queensland", "Australia", None, ("Australia/Brisbane",)),
        (None, None, "Quintana Roo", "México", None, ("America/Cancun",)),
        # a state that is split: both
        (None, None, "TX", "US", None, ("America/Chicago", "America/Denver")),
        (None, None, "AZ", "US", None, ("America/Phoenix", "America/Denver")),
        # a city counts where it is a zone's own example
        (None, "Chicago", None, "US", None, ("America/Chicago",)),
        (None, "Springfield", None, "US", None, EVERY_US),
        (None, "Phoenix", "AZ", "US", None, ("America/Phoenix",)),
        # the country alone: all of it, unless the phone settles it
        (None, None, None, "US", None, EVERY_US),
        (None, None, None, "US", "+12125550101", ("America/New_York",)),
        (None, None, None, "US", "+447911123456", EVERY_US),
        (None, None, "TX", "US", "+19155550101", ("America/Denver",)),
        (None, None, "CA", "US", "+12125550101", ("America/Los_Angeles",)),
        # a state without a country: the phone's country, else the organization's
        (None, None, "Ontario", None, "+14165550101", ("America/Toronto",)),
        (None, None, "WA", None, None, ("America/Los_Angeles",)),
        # a phone alone
        (None, None, None, None, "+12125550101", ("America/New_York",)),
        (None, None, None, None, "+447700900123", ("Europe/London",)),
        (None, None, None, None, "+525512345678", ("America/Mexico_City",)),
        # nothing, or nothing that we understand
        (None, None, None, None, None, (HOME,)),
        ("", "", "", "", "", (HOME,)),
        (None, None, None, "Atlantis", None, (HOME,)),
        (None, None, None, None, "not a phone", (HOME,)),
    ],
)  # fmt: skip
def test_zones(own, city, region, country, phone, zones):
    assert zones_of(own, city, region, country, phone, HOME) == zones


def test_a_number_of_no_place_may_be_anywhere_in_its_countries():
    zones = zones_of(None, None, None, None, "+18005550101", HOME)
    clocks = {_clock(zone) for zone in zones}
    assert len(clocks) == len(zones)
    assert {_clock(zone) for zone in ("America/New_York", "Pacific/Honolulu", "America/St_Johns")} <= clocks


@pytest.mark.parametrize("country", _TABLES)
def test_a_table_names_known_zones_and_covers_every_clock_of_its_country(country):
    zones = {zone for region in zones_by_region(country).values() for zone in region}
    assert all(map(is_known, zones))
    assert {_clock(zone) for zone in countries.zones_of(country)} <= {_clock(zone) for zone in zones}


def test_every_american_state_is_there():
    codes = (
        "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR"
        " PA RI SC SD TN TX UT VT VA WA WV WI WY DC"
    )
    assert [code for code in codes.split() if code.casefold() not in zones_by_region("US")] == []


def test_no_region_is_listed_twice():
    for country, table in _TABLES.items():
        names = [
            folded(name)
            for line in table.replace("\n  ", " ").strip().splitlines()
            for region in line.split(":", 1)[1].split(",")
            for name in (region.strip().split(" ", 1)[0],)
        ]
        assert len(names) == len(set(names)), country


@pytest.mark.parametrize(
    ("written", "code"),
    [("US", "US"), ("us", "US"), ("U.S.A.", "US"), ("Türkiye", "TR"), ("Côte d'Ivoire", "CI"), ("UK", "GB"), ("", None), (None, None), ("XX", None)],
)  # fmt: skip
def test_countries_as_people_write_them(written, code):
    assert countries.code_of(written) == code
