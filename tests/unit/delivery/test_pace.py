"""The token bucket as arithmetic."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.chance import new_id
from bot.delivery.pace import Bucket, allowance_of
from bot.tenancy.settings import load

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def bucket(tokens: float, **more: object) -> Bucket:
    return Bucket(new_id(), tokens, NOW, date(2026, 3, 2), **more)


@given(st.floats(-50, 50), st.lists(st.integers(1, 12), max_size=40))
def test_it_goes_into_debt_at_most_once(tokens, asked):
    kept = bucket(tokens)
    taken = [parts for parts in asked if kept.take(parts)]
    assert kept.spent == sum(taken)
    assert not taken or sum(taken[:-1]) < tokens


@given(st.integers(0, 20), st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=30))
def test_the_day_stops_bulk_and_nothing_else(used, asked):
    kept = bucket(1e6, day_parts=used, per_day=10)
    for parts, bulk in asked:
        over = kept.day_parts + kept.spent >= 10
        assert kept.take(parts, bulk=bulk) == (not bulk or not over)


def test_allowances():
    settings = load({"delivery": {"pace": {"sms": {"per_day": 7}}}, "locale": {"timezone": "Europe/Berlin"}})
    sms, slack = allowance_of("sms", settings), allowance_of("slack", settings)
    assert (sms.per_second, sms.per_day, sms.zone) == (1.0, 7, "Europe/Berlin")
    assert (round(slack.per_second, 2), slack.per_day) == (3.33, None)
