"""Cells of a workers file, by the table: what they mean and what is said about those that mean nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.people.columns import KNOWN
from bot.people.rows import RowRefused, kinds_of, read_row, typed

DAY = datetime(2024, 1, 31, tzinfo=UTC)


def read(**told):
    told = {"external_id": "W1"} | told
    return read_row(2, list(told.values()), tuple(told))


def reason(**told):
    with pytest.raises(RowRefused) as refused:
        read(**told)
    return str(refused.value)


def test_a_whole_row():
    row = read(
        first_name=" Ana  María ", last_name="O’Neill", phone="+1 (415) 555-0101", email="ana@example.org", slack_user_id="U01",
        language="es_mx", city="El\u00a0Paso", region="TX", country="US", job_title="Picker", department="Stores", team="A",
        hire_date="2024-01-31", supervisor_external_id="W0", tags=" night; forklift;night; ", consent="Yes",
        consent_source="paper form", time_zone="America/Denver", is_active="no", date_of_birth="2024-01-31",
    )  # fmt: skip
    assert row.worker == {
        "first_name": "Ana María", "last_name": "O’Neill", "tags": ["night", "forklift"],
        "time_zone": "America/Denver", "is_active": False, "date_of_birth": DAY,
    }  # fmt: skip
    assert row.contact == {
        "primary_phone_number": "+14155550101", "email_address": "ana@example.org", "slack_user_id": "U01",
        "preferred_language": "es-MX", "location_city": "El Paso", "location_state_province": "TX", "location_country": "US",
    }  # fmt: skip
    assert row.employment == {"job_title": "Picker", "department": "Stores", "team": "A", "hire_date": DAY}
    assert (row.number, row.external_id, row.supervisor, row.consent, row.consent_source) == (
        2,
        "W1",
        "W0",
        True,
        "paper form",
    )


@pytest.mark.parametrize(
    ("cells", "columns", "remarks"),
    [
        (["W1", "Ana"], ("external_id", "first_name"), []),
        (
            ["W1"],
            ("external_id", "first_name", "phone"),
            ["has 1 cell where the header has 3: the others count as empty"],
        ),
        (["W1", "Ana"], ("external_id", "first_name", "", None), []),  # what is missing has no name
        (
            ["W1", "Wakanda"],
            ("external_id", "country"),
            ['country "Wakanda" is none that we know, so it tells no time zone'],
        ),
        (["W1", "méxico"], ("external_id", "country"), []),
        (["W1", ""], ("external_id", "country"), []),
    ],
)
def test_what_is_odd_is_said_and_refuses_nothing(cells, columns, remarks):
    found = read_row(2, cells, columns).remarks
    assert len(found) == len(remarks)
    assert all(said.startswith(words) for said, words in zip(found, remarks, strict=True))


def test_empty_cells_say_nothing():
    row = read(**dict.fromkeys(KNOWN[1:], ""))
    assert (row.worker, row.contact, row.employment, row.supervisor, row.consent) == ({}, {}, {}, None, None)


@pytest.mark.parametrize(
    ("phone", "country", "e164"),
    [
        ("+14155550101", "", "+14155550101"),
        ("+1 415-555-0101", "DE", "+14155550101"),
        ("(415) 555-0101", "US", "+14155550101"),
        ("415 555 0101", "united states", "+14155550101"),
        ("0171 1234567", "Germany", "+491711234567"),
        ("0049 171 1234567", "", "+491711234567"),
        ("+44 7911 123456", "", "+447911123456"),
        ("55 1234 5678", "México", "+525512345678"),
        ("\u202a+14155550101\u202c", "", "+14155550101"),
        ("+390612345678", "", "+390612345678"),
    ],
)
def test_phones_become_e164(phone, country, e164):
    assert read(phone=phone, country=country).phone == e164


@pytest.mark.parametrize(
    ("phone", "country", "words"),
    [
        ("4155550101", "", 'phone "4155550101" needs its country code, such as +1 or +44'),
        ("4155550101", "Atlantis", "needs its country code"),
        ("555-0101", "US", "is no phone number that a text could reach"),
        ("+1415555010", "", "is no phone number"),
        ("+141555501011", "", "is no phone number"),
        ("+14155550101 ext. 5", "", "is no phone number"),
        ("hello", "US", "is no phone number"),
        ("+", "", "is no phone number"),
        ("1.41556E+10", "US", "was shortened by the spreadsheet"),
    ],
)
def test_phones_that_no_text_could_reach(phone, country, words):
    assert words in reason(phone=phone, country=country)


@given(st.integers(2, 9), st.integers(0, 999_999_999))
def test_the_short_way_for_american_numbers_is_what_the_library_says(first, rest):
    number = phonenumbers.parse(text := f"+1{first}{rest:09d}")
    assert phonenumbers.is_possible_number(number)
    assert read(phone=text).phone == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"external_id": ""}, "external_id is missing"),
        ({"first_name": "x" * 256}, "first_name has 256 characters; 255 are the most"),
        ({"first_name": "a\nb"}, "first_name holds a line break or control character; is a quote left open?"),
        ({"email": "ana@"}, 'email "ana@" is no e-mail address'),
        ({"slack_user_id": "@ana"}, 'slack_user_id "@ana" is no Slack user id'),
        ({"language": "Spanish"}, 'language "Spanish" is no language code such as en or es-MX'),
        ({"hire_date": "31/01/2024"}, 'hire_date "31/01/2024" is no date such as 2026-01-31'),
        ({"hire_date": "2024-02-30"}, "hire_date"),
        ({"hire_date": "0024-01-01"}, "hire_date"),
        ({"hire_date": "20240131"}, "hire_date"),
        ({"consent": "maybe"}, 'consent "maybe" is neither yes nor no'),
        ({"is_active": "x"}, "is_active"),
        ({"time_zone": "Chicago"}, 'time_zone "Chicago" is no time zone'),
        ({"tags": ";".join(f"t{n}" for n in range(101))}, "tags are up to 100"),
        ({"tags": "x" * 61}, "tags are up to 100"),
        ({"supervisor_external_id": "W1"}, "supervisor_external_id names the worker themselves"),
        ({"custom.note": "x" * 2001}, "note has 2,001 characters; 2,000 are the most"),
        ({"custom.note": "\x07"}, "note holds a control character"),
        ({"": "x"}, "there is a value in column 2, which has no name"),
    ],
)
def test_what_is_wrong_with_a_cell(told, words):
    assert words in reason(**told)


def test_every_mistake_of_a_row_is_named():
    told = reason(email="x", hire_date="x", consent="x")
    assert [part.split(" ", 1)[0] for part in told.split("; ")] == ["email", "hire_date", "consent"]


@pytest.mark.parametrize(("yes", "no"), [("yes", "no"), ("TRUE", "False"), ("1", "0")])
def test_consent_words(yes, no):
    assert (read(consent=yes).consent, read(consent=no).consent) == (True, False)


@pytest.mark.parametrize("cells", [["W1"], ["W1", "Ana", "", ""]])
def test_rows_may_be_shorter_or_have_empty_cells_behind(cells):
    assert read_row(2, cells, ("external_id", "first_name")).external_id == "W1"


def test_more_cells_than_the_header_has():
    with pytest.raises(RowRefused, match="there are 3 cells where the header has 2"):
        read_row(2, ["W1", "Ana", "x"], ("external_id", "first_name"))


def test_a_column_left_out_may_hold_anything():
    assert read_row(2, ["W1", "x" * 5000], ("external_id", None)).worker == {}


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "-2", "2.5"], [1, -2, 2.5]),
        (["1", "007"], ["1", "007"]),
        (["true", "FALSE"], [True, False]),
        (["true", "1"], ["true", "1"]),
        (["1", "x", "2"], ["1", "x", "2"]),
        (["1e5"], ["1e5"]),
        (["9" * 16], ["9" * 16]),
        (["+5"], ["+5"]),
        (["NaN", "Infinity"], ["NaN", "Infinity"]),
        (["two\nlines"], ["two\nlines"]),
    ],
)
def test_custom_columns_are_typed_as_a_whole(cells, values):
    rows = [read(**{"custom.x": cell}) for cell in cells]
    kind = kinds_of(rows)["x"]
    found = [typed(row.custom["x"], kind) for row in rows]
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]
