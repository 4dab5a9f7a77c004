"""Moments as three kinds of people write them, in a zone of their own, and the exact moment beside it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.web.console.times import Calendar, lasted

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def calendar(form="us", zone="America/New_York"):
    return Calendar(ZoneInfo(zone), form, NOW)


@pytest.mark.parametrize(
    ("form", "at", "words"),
    [
        ("us", datetime(2026, 3, 2, 5, 5, tzinfo=UTC), "Today, 12:05 AM"),
        ("us", datetime(2026, 3, 2, 4, 59, tzinfo=UTC), "Yesterday, 11:59 PM"),
        ("us", datetime(2026, 3, 3, 17, 0, tzinfo=UTC), "Tomorrow, 12:00 PM"),
        ("us", datetime(2026, 1, 31, 17, 0, tzinfo=UTC), "Jan 31, 12:00 PM"),
        ("us", datetime(2025, 12, 31, 17, 0, tzinfo=UTC), "Dec 31, 2025, 12:00 PM"),
        ("eu", datetime(2026, 1, 31, 17, 0, tzinfo=UTC), "31 Jan, 12:00"),
        ("eu", datetime(2025, 1, 31, 17, 0, tzinfo=UTC), "31 Jan 2025, 12:00"),
        ("iso", datetime(2026, 1, 31, 17, 0, tzinfo=UTC), "2026-01-31, 12:00"),
    ],
)
def test_a_moment_is_written_as_its_reader_writes_it(form, at, words):
    written = calendar(form).moment(at)
    assert f">{words}</time>" in written
    assert f'datetime="{at:%Y-%m-%dT%H:%M:%S}Z"' in written
    assert "America/New_York" in written


def test_a_zone_decides_which_day_it_is():
    at = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
    assert calendar("iso", "Asia/Tokyo").day_of(at) == "Tomorrow"
    assert calendar("iso", "UTC").day_of(at) == "Today"
    assert ">01:00</time>" in calendar("iso", "Asia/Tokyo").clock(at)


@pytest.mark.parametrize(("form", "words"), [("us", "Jul 4, 2019"), ("eu", "4 Jul 2019"), ("iso", "2019-07-04")])
def test_a_calendar_day_belongs_to_no_zone(form, words):
    written = f'<time datetime="2019-07-04">{words}</time>'
    assert calendar(form).day(date(2019, 7, 4)) == written
    assert calendar(form, "Pacific/Auckland").day(datetime(2019, 7, 4, tzinfo=UTC)) == written


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0.0 s"), (0.04, "0.0 s"), (9.94, "9.9 s"), (12.4, "12 s"), (60, "1 min 0 s"), (125, "2 min 5 s")],
)
def test_how_long_something_took(seconds, words):
    assert lasted(NOW, datetime.fromtimestamp(NOW.timestamp() + seconds, UTC)) == words
