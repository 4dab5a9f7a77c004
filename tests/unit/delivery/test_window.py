"""Quiet hours and caps, held against a slow walk through the minutes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery import window

ZONES = (
    "America/Chicago",
    "America/New_York",
    "Europe/Berlin",
    "Pacific/Auckland",
    "Asia/Kathmandu",
    "UTC",
    "America/Santiago",
)
CLOCKS = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))
NIGHT = (time(20), time(8))


def quiet(moment: datetime, zone: str, start: time, end: time, days: object = "all") -> bool:
    local = moment.astimezone(ZoneInfo(zone))
    clock = local.time()
    inside = start <= clock < end if start < end else clock >= start or clock < end
    begun = local.date() - timedelta(days=1) if start > end and clock < end else local.date()
    return inside and (days == "all" or window.WEEKDAYS[begun.weekday()] in days)


@given(MOMENTS, st.lists(st.sampled_from(ZONES), min_size=1, max_size=3), CLOCKS, CLOCKS)
def test_it_opens_outside_quiet_in_every_zone_and_not_an_hour_late(now, zones, start, end):
    if start == end:
        return
    free = window.opens(now, zones, start, end)
    if free is None:  # no common daytime: then there is none at all
        walk = (now + timedelta(minutes=15 * step) for step in range(4 * 72))
        assert all(any(quiet(moment, zone, start, end) for zone in zones) for moment in walk)
        return
    assert free >= now
    assert not any(quiet(free, zone, start, end) for zone in zones)
    before = free - timedelta(hours=1)  # a wall-clock end that is skipped in spring costs up to one
    while before > now:
        assert any(quiet(before, zone, start, end) for zone in zones)
        before -= timedelta(minutes=15)


@pytest.mark.parametrize(
    ("now", "zones", "expected"),
    [
        ("2026-07-01T12:00", ["America/Chicago"], None),  # seven in the morning in summer
        ("2026-07-01T13:00", ["America/Chicago"], "2026-07-01T13:00"),
        ("2026-03-08T03:00", ["America/Chicago"], "2026-03-08T13:00"),  # clocks go forward in this night
        ("2026-11-01T03:00", ["America/Chicago"], "2026-11-01T14:00"),  # and back in this one
        ("2026-07-01T13:00", ["America/Chicago", "America/Los_Angeles"], "2026-07-01T15:00"),
        ("2026-07-01T10:00", ["Europe/Berlin", "Pacific/Auckland"], None),
    ],
)
def test_nights(now, zones, expected):
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    found = window.opens(moment, zones, *NIGHT)
    if expected is None and found is not None:
        assert found > moment
        return
    assert found == (datetime.fromisoformat(expected).replace(tzinfo=UTC) if expected else None)


def test_places_that_share_no_daytime_have_none():
    assert (
        window.opens(datetime(2026, 7, 1, tzinfo=UTC), ["Europe/London", "Pacific/Auckland"], time(18), time(10))
        is None
    )


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-03-07T03:00", "2026-03-07T14:00"),  # Friday night is kept
        ("2026-03-08T03:30", "2026-03-08T03:30"),  # Saturday night is not
        ("2026-03-07T13:00", "2026-03-07T14:00"),  # Saturday morning belongs to Friday's night
    ],
)
def test_days_are_those_on_which_the_quiet_begins(now, expected):
    moment, wanted = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (now, expected))
    assert window.opens(moment, ["America/Chicago"], *NIGHT, days=("fri",)) == wanted


def test_the_hour_that_comes_twice_is_quiet_twice():
    quarter_past_one_again = datetime(2026, 11, 1, 7, 15, tzinfo=UTC)
    assert window.opens(quarter_past_one_again, ["America/Chicago"], time(20), time(1, 30)) == datetime(
        2026, 11, 1, 7, 30, tzinfo=UTC
    )


@given(MOMENTS, st.lists(st.sampled_from(ZONES), min_size=1, max_size=3))
def test_it_closes_when_the_next_night_begins(now, zones):
    closes = window.closes(now, zones, time(20))
    assert now < closes <= now + timedelta(hours=25)
    assert any(closes.astimezone(ZoneInfo(zone)).time() == time(20) for zone in zones)


def test_it_closes_on_its_days_only():
    monday = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert window.closes(monday, ["UTC"], time(20), ("wed",)) == datetime(2026, 3, 4, 20, tzinfo=UTC)


@given(
    MOMENTS,
    st.lists(st.integers(0, 10 * 24 * 60), max_size=20),
    st.none() | st.integers(1, 4),
    st.none() | st.integers(1, 9),
)
def test_below_caps_is_the_first_moment_within_them(now, ago, per_day, per_week):
    sent = [now - timedelta(minutes=minutes) for minutes in ago]
    free = window.below_caps(now, sent, per_day, per_week)

    def within(moment: datetime) -> bool:
        spans = ((per_day, timedelta(days=1)), (per_week, timedelta(days=7)))
        return all(cap is None or sum(at > moment - span for at in sent) < cap for cap, span in spans)

    assert free >= now
    assert within(free)
    assert free == now or not within(free - timedelta(seconds=1))
