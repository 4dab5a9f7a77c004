"""Times as people type them, on the two days a year when the clock on the wall lies, and on all others."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.broadcast import moments
from bot.errors import BadInput

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CHICAGO = "America/Chicago"


def read(typed, zone=CHICAGO):
    return moments.read(typed, ZoneInfo(zone), NOW)


@pytest.mark.parametrize(
    ("typed", "zone", "utc", "shown"),
    [
        ("2026-12-01T09:00", CHICAGO, "2026-12-01T15:00", "2026-12-01 09:00 America/Chicago (CST, UTC-06:00; 15:00 UTC)"),
        (" 2026-07-01 09:00 ", CHICAGO, "2026-07-01T14:00", "2026-07-01 09:00 America/Chicago (CDT, UTC-05:00; 14:00 UTC)"),
        ("2026-12-01T22:00", CHICAGO, "2026-12-02T04:00",
         "2026-12-01 22:00 America/Chicago (CST, UTC-06:00; 2026-12-02 04:00 UTC)"),
        ("2026-12-01T09:00Z", CHICAGO, "2026-12-01T09:00", "2026-12-01 03:00 America/Chicago (CST, UTC-06:00; 09:00 UTC)"),
        ("2026-12-01T09:00+01:00", CHICAGO, "2026-12-01T08:00",
         "2026-12-01 02:00 America/Chicago (CST, UTC-06:00; 08:00 UTC)"),
        ("2026-12-01T09:00", "UTC", "2026-12-01T09:00", "2026-12-01 09:00 UTC"),
        ("2026-12-01T09:00", "Asia/Kathmandu", "2026-12-01T03:15",
         "2026-12-01 09:00 Asia/Kathmandu (UTC+05:45; 03:15 UTC)"),
    ],
)  # fmt: skip
def test_a_moment_is_said_on_the_wall_and_in_utc(typed, zone, utc, shown):
    found = read(typed, zone)
    assert found.at == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert (str(found), found.note) == (shown, None)


@pytest.mark.parametrize(
    ("typed", "zone", "before", "after"),
    [
        ("2027-03-14T02:30", CHICAGO, "2027-03-14T01:59", "2027-03-14T03:00"),
        ("2027-03-14T02:00", CHICAGO, "2027-03-14T01:59", "2027-03-14T03:00"),
        ("2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-04T01:59", "2026-10-04T02:30"),  # half an hour
        ("2026-09-06T00:10", "America/Santiago", "2026-09-05T23:59", "2026-09-06T01:00"),  # at midnight
        ("2026-03-29T01:30", "Europe/London", "2026-03-29T00:59", "2026-03-29T02:00"),
    ],
)
def test_a_time_that_does_not_exist_is_refused_with_its_neighbours(typed, zone, before, after):
    with pytest.raises(moments.Skipped) as refused:
        read(typed, zone)
    assert f"doesn't exist in {zone}" in refused.value.words
    assert refused.value.words.endswith(f"Choose {before} before or {after} after.")
    assert read(before, zone).at < read(after, zone).at
    assert (read(after, zone).at - read(before, zone).at).total_seconds() == 60


def test_a_whole_day_that_was_left_out():
    with pytest.raises(moments.Skipped, match="2011-12-29T23:59 before or 2011-12-31T00:00 after"):
        moments.read("2011-12-30T09:00", ZoneInfo("Pacific/Apia"), NOW)


def test_of_an_hour_that_comes_twice_the_first_is_meant_and_said():
    found = read("2026-11-01T01:30")
    assert found.at == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    assert found.note == (
        "01:30 comes twice that day; the first one is meant (CDT, UTC-05:00). "
        "For the second (CST, UTC-06:00) write 2026-11-01T01:30-06:00."
    )
    second = read("2026-11-01T01:30-06:00")
    assert (second.at, second.note) == (datetime(2026, 11, 1, 7, 30, tzinfo=UTC), None)
    assert str(found) != str(second)


@pytest.mark.parametrize("typed", ["2026-03-02T03:30", "2026-03-02T09:30Z", "2020-01-01T09:00", "2020-11-01T01:30"])
def test_what_has_passed_is_refused(typed):
    with pytest.raises(moments.InThePast, match=r"America/Chicago \(C.*UTC\) has passed: choose a later moment"):
        read(typed)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("tomorrow", "is no moment: write it like 2026-12-01T09:00"),
        ("", "is no moment"),
        ("2026-13-01T09:00", "is no moment"),
        ("2026-12-01", "names no hour: write it like 2026-12-01T09:00"),
        ("20261201", "names no hour"),
        ("2026-W40-1", "names no hour"),
        ("9999-12-31T23:59", "beyond every calendar"),
        ("9999-12-31T23:59-11:00", "beyond every calendar"),
    ],
)
def test_what_is_no_moment(typed, words):
    with pytest.raises(BadInput, match=words):
        read(typed)
