"""Countries as people write them, and the time zones of each, from the tables that come with tzdata."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files

from bot.people.regions import folded

_ALSO = {
    "US": "usa, u.s.a., u.s., united states of america, estados unidos, ee uu, america",
    "GB": "uk, u.k., united kingdom, great britain, england, scotland, wales, northern ireland, gbr",
    "CA": "can", "MX": "mex", "BR": "brasil, bra", "ES": "espana, esp", "DE": "deutschland, deu, ger",
    "FR": "fra", "IT": "italia, ita", "AU": "aus", "IN": "ind, bharat", "ID": "idn", "RU": "russian federation, rus",
    "KR": "south korea, republic of korea", "KP": "north korea", "CI": "ivory coast, cote d ivoire",
    "CZ": "czechia, czech republic", "NL": "holland, the netherlands",
    "CD": "dr congo, democratic republic of the congo",
    "CG": "republic of the congo", "TR": "turkiye, turkey", "VN": "viet nam", "PH": "the philippines", "ZA": "rsa",
    "CV": "cabo verde", "SZ": "swaziland", "MK": "macedonia", "TZ": "united republic of tanzania",
    "CH": "schweiz, suisse",
    "AT": "osterreich", "AE": "uae", "MM": "burma", "BO": "bolivia", "NZ": "aotearoa", "CN": "prc",
}  # fmt: skip


@lru_cache(maxsize=4_096)
def code_of(text: str | None) -> str | None:
    """The ISO code ("US") of a country given by its code or name; None where we don't know it."""
    return _codes().get(folded(text))


def zones_of(code: str) -> tuple[str, ...]:
    """All time zones of a country, the most populous first as a rule; empty for an unknown code."""
    return _zones().get(code, ())


def code_of_zone(zone: str) -> str | None:
    """The country in which a time zone lies; None for UTC and the like."""
    return next((code for code, zones in _zones().items() if zone in zones), None)


@cache
def _codes() -> dict[str, str]:
    named = {folded(name): code for code, name in _lines("iso3166.tab")}
    also = {folded(name): code for code, names in _ALSO.items() for name in names.split(",")}
    return named | also | {code.casefold(): code for code, _ in _lines("iso3166.tab")}


@cache
def _zones() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for code, _coordinates, zone, *_comment in _lines("zone.tab"):
        found[code] = (*found.get(code, ()), zone)
    return found


def _lines(name: str) -> Iterator[tuple[str, ...]]:
    """The columns of one of tzdata's tables, without comments."""
    for line in files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield tuple(line.split("\t"))
