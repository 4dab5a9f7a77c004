"""One row of a workers file, cell by cell: what it says, or what is wrong with it. Pure.

An empty cell says nothing and leaves what is there. Every mistake of a row is named at once, so that
whoever mends the file mends it once. A row's own values may be quoted back; nobody else's ever are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

import phonenumbers

from bot.people import countries
from bot.people.columns import CUSTOM, Columns
from bot.tenancy.time_zones import is_known

LONGEST = 255
LONGEST_CUSTOM = 2_000
LONGEST_TAG = 60
MOST_TAGS = 100

Kind = Literal["number", "flag", "text"]
Columned = dict[str, Any]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")  # come along when a contact is copied
_NORTH_AMERICAN = re.compile(r"\+1[2-9]\d{9}")  # most files hold little else, and parsing is half of a row's time
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})([-_][A-Za-z]{4})?([-_][A-Za-z]{2}|[-_]\d{3})?")
_SLACK = re.compile(r"[UW][A-Z0-9]+")
_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class RowRefused(ValueError):
    """What is wrong with a row; the words are for whoever mends the file."""


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """What one row says. `worker`, `contact` and `employment` hold only the columns that it tells."""

    number: int
    external_id: str
    worker: Columned
    contact: Columned
    employment: Columned
    custom: dict[str, str]
    supervisor: str | None = None
    consent: bool | None = None
    consent_source: str | None = None
    remarks: tuple[str, ...] = ()
    """What is odd about the row and keeps it from nothing."""

    @property
    def phone(self) -> str | None:
        """E.164, where the row tells one."""
        return self.contact.get("primary_phone_number")

    @property
    def slack_user_id(self) -> str | None:
        """Where the row tells one."""
        return self.contact.get("slack_user_id")


def read_row(number: int, cells: Sequence[str], columns: Columns) -> WorkerRow:
    """The row's values, checked and normalised; RowRefused names everything that is wrong with it."""
    told = _told(cells, columns)
    mistakes, read = [], {}
    for name, cell in told.items():
        try:
            read[name] = _custom(cell) if name.startswith(CUSTOM) else _READERS.get(name, _line)(cell, told)
        except RowRefused as refused:
            mistakes.append(f"{name.removeprefix(CUSTOM)} {refused}")
    if "external_id" not in told:
        mistakes.insert(0, "external_id is missing")
    elif read.get("supervisor_external_id") == read.get("external_id"):
        mistakes.append("supervisor_external_id names the worker themselves")
    if mistakes:
        raise RowRefused("; ".join(mistakes))
    return _row(number, read, tuple(_remarks(cells, columns, told)))


def _remarks(cells: Sequence[str], columns: Columns, told: Mapping[str, str]) -> Iterator[str]:
    """A row that ends early may be cut off, or lack a separator; a country that we don't know tells no time zone."""
    named = max((place for place, name in enumerate(columns, 1) if name), default=0)
    if len(cells) < named:
        there = f"{len(cells)} cell{'' if len(cells) == 1 else 's'}"
        yield f"has {there} where the header has {len(columns)}: the others count as empty"
    country = told.get("country")
    if country and countries.code_of(country) is None:
        yield (
            f'country "{country[:40]}" is none that we know, so it tells no time zone: '
            "write its English name or its code, such as Mexico or MX"
        )


def kinds_of(rows: Iterable[WorkerRow]) -> dict[str, Kind]:
    """What each custom column holds: numbers or flags where every cell of it is one, else text.

    Decided for the column and not for the cell: a store called 0117 makes its neighbour 1204 a name, too.
    """
    kinds: dict[str, Kind] = {}
    for row in rows:
        for name, cell in row.custom.items():
            if kinds.get(name) != "text":
                kind = _kind(cell)
                kinds[name] = kind if kinds.get(name, kind) == kind else "text"
    return kinds


def typed(cell: str, kind: Kind) -> str | int | float | bool:
    """A custom cell as its column's kind."""
    if kind == "flag":
        return cell.casefold() == "true"
    if kind == "number":
        return float(cell) if "." in cell else int(cell)
    return cell


def _kind(cell: str) -> Kind:
    if cell.casefold() in {"true", "false"}:
        return "flag"
    return "number" if _NUMBER.fullmatch(cell) else "text"


def _told(cells: Sequence[str], columns: Columns) -> dict[str, str]:
    if any(cells[len(columns) :]):
        raise RowRefused(f"there are {len(cells)} cells where the header has {len(columns)}")
    told = {}
    for position, (name, cell) in enumerate(zip(columns, cells, strict=False), 1):
        if cell and name:
            told[name] = cell
        elif cell and name is not None:
            raise RowRefused(f"there is a value in column {position}, which has no name")
    return told


def _row(number: int, read: Mapping[str, Any], remarks: tuple[str, ...]) -> WorkerRow:
    def named(columns: Mapping[str, str]) -> Columned:
        return {ours: read[theirs] for theirs, ours in columns.items() if theirs in read}

    return WorkerRow(
        number,
        read["external_id"],
        named(_WORKER),
        named(_CONTACT),
        named(_EMPLOYMENT),
        {name.removeprefix(CUSTOM): value for name, value in read.items() if name.startswith(CUSTOM)},
        read.get("supervisor_external_id"),
        read.get("consent"),
        read.get("consent_source"),
        remarks,
    )


_WORKER = {name: name for name in ("first_name", "last_name", "date_of_birth", "time_zone", "is_active", "tags")}
_EMPLOYMENT = {name: name for name in ("job_title", "department", "team", "hire_date")}
_CONTACT = {
    "phone": "primary_phone_number", "email": "email_address", "slack_user_id": "slack_user_id",
    "language": "preferred_language", "city": "location_city", "region": "location_state_province",
    "country": "location_country",
}  # fmt: skip

Told = Mapping[str, str]


def _line(cell: str, _: Told) -> str:
    """One line of text. Odd spaces become plain ones: a non-breaking one would double the price of every SMS."""
    if _CONTROL.search(cell):
        raise RowRefused("holds a line break or control character; is a quote left open?")
    if len(cell) > LONGEST:
        raise RowRefused(f"has {len(cell):,} characters; {LONGEST} are the most")
    return " ".join(cell.split())


def _custom(cell: str) -> str:
    if _CONTROL.search(re.sub(r"[\r\n\t]", "", cell)):
        raise RowRefused("holds a control character")
    if len(cell) > LONGEST_CUSTOM:
        raise RowRefused(f"has {len(cell):,} characters; {LONGEST_CUSTOM:,} are the most")
    return cell


def _phone(cell: str, told: Told) -> str:
    plain = _INVISIBLE.sub("", cell)
    text = "+" + plain[2:] if plain.startswith("00") else plain
    if _NORTH_AMERICAN.fullmatch(text):
        return text
    if re.fullmatch(r"\d(\.\d+)?E\+?\d+", cell, re.IGNORECASE):
        raise RowRefused(f'"{cell}" was shortened by the spreadsheet: format the column as text')
    country = countries.code_of(told.get("country"))
    if not text.startswith("+") and country is None:
        raise RowRefused(f'"{cell[:40]}" needs its country code, such as +1 or +44')
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise RowRefused(f'"{cell[:40]}" is no phone number') from None
    # possible, not valid: new ranges are given out faster than a table of them is released
    possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    if number.extension or not possible:
        raise RowRefused(f'"{cell[:40]}" is no phone number that a text could reach')
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _email(cell: str, _: Told) -> str:
    if len(cell) > LONGEST or not _EMAIL.fullmatch(cell):
        raise RowRefused(f'"{cell[:60]}" is no e-mail address')
    return cell


def _slack_user_id(cell: str, _: Told) -> str:
    if len(cell) > LONGEST or not _SLACK.fullmatch(cell):
        raise RowRefused(f'"{cell[:40]}" is no Slack user id such as U012AB3CD')
    return cell


def _language(cell: str, _: Told) -> str:
    found = _LANGUAGE.fullmatch(cell)
    if not found:
        raise RowRefused(f'"{cell[:40]}" is no language code such as en or es-MX')
    language, script, region = (part or "" for part in found.groups())
    return "-".join(filter(None, (language.lower(), script[1:].title(), region[1:].upper())))


def _time_zone(cell: str, _: Told) -> str:
    if not is_known(cell):
        raise RowRefused(f'"{cell[:40]}" is no time zone such as America/Chicago')
    return cell


def _day(cell: str, _: Told) -> datetime:
    """Midnight UTC of that day: a date has no zone, and days are counted in the organization's."""
    try:
        day = date.fromisoformat(cell) if _DATE.fullmatch(cell) else None
    except ValueError:
        day = None
    if day is None or not 1900 <= day.year <= 2200:
        raise RowRefused(f'"{cell[:40]}" is no date such as 2026-01-31')
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _flag(cell: str, _: Told) -> bool:
    if cell.casefold() not in _FLAGS:
        raise RowRefused(f'"{cell[:40]}" is neither yes nor no')
    return _FLAGS[cell.casefold()]


def _tags(cell: str, told: Told) -> list[str]:
    tags = list(dict.fromkeys(_line(tag.strip(), told) for tag in cell.split(";") if tag.strip()))
    if len(tags) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in tags):
        raise RowRefused(f"are up to {MOST_TAGS} of up to {LONGEST_TAG} characters, separated by semicolons")
    return tags


_READERS: Mapping[str, Callable[[str, Told], Any]] = {
    "phone": _phone,
    "email": _email,
    "slack_user_id": _slack_user_id,
    "language": _language,
    "time_zone": _time_zone,
    "hire_date": _day,
    "date_of_birth": _day,
    "consent": _flag,
    "is_active": _flag,
    "tags": _tags,
}
