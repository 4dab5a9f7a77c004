"""What follows a failure: only a doubt may have reached anybody, and nothing is tried for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.channel import FailureKind, SendFailed
from bot.delivery import retries

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("retry", "queued"),
        ("rejected", "failed"),
        ("address_dead", "failed"),
        ("opted_out", "failed"),
        ("misconfigured", "queued"),
        ("content_refused", "failed"),
        ("doubt", "in_doubt"),
    ],
)
def test_the_table(kind, state):
    step = retries.after(SendFailed(kind, "why"), 1, NOW)
    assert (step.state, step.reason) == (state, "why")
    assert (step.settle_at is not None) == (state == "in_doubt")
    assert (step.due_at is not None) == (state == "queued")


def test_the_table_knows_every_kind():
    for kind in get_args(FailureKind):
        assert retries.after(SendFailed(kind, "why"), retries.MOST_ATTEMPTS, NOW).state != ""


@pytest.mark.parametrize(("reported", "most"), [(False, retries.MOST_ATTEMPTS), (True, retries.MOST_REPORTED)])
def test_temporary_failures_end_somewhere(reported, most):
    failure = SendFailed("retry", "why")
    assert retries.after(failure, most - 1, NOW, reported=reported).state == "queued"
    assert retries.after(failure, most, NOW, reported=reported).state == "failed"


def test_an_edit_is_never_in_doubt():
    doubt = SendFailed("doubt", "why")
    assert retries.after(doubt, 1, NOW, repeatable=True).state == "queued"
    assert retries.after(doubt, retries.MOST_ATTEMPTS, NOW, repeatable=True).state == "failed"


def test_an_outage_of_an_afternoon_loses_nobody():
    assert sum((retries.wait(n, None) for n in range(1, retries.MOST_ATTEMPTS)), timedelta()) > timedelta(hours=3)


@given(st.integers(1, 60), st.none() | st.floats(0, 100_000))
def test_waits_grow_to_a_limit_and_honour_the_provider(attempts, asked):
    wait = retries.wait(attempts, asked).total_seconds()
    assert wait >= min(asked or 0, retries.LONGEST_ASKED) - 1e-3
    assert wait <= retries.LONGEST_ASKED
    assert wait <= max(asked or 0, retries.LONGEST_WAIT * 1.25) + 1e-3
    assert wait >= min(retries.FIRST_WAIT * 2 ** (attempts - 1), retries.LONGEST_WAIT) * 0.75 - 1e-3
