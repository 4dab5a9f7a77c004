"""How long a wrong password costs, and what a try counts for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.tenancy.attempts import FREE_EMAIL, FREE_NETWORK, FREE_TOGETHER, TooManyTries, keys, pause


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (4, 0), (5, 15), (6, 30), (7, 60), (10, 480), (11, 900), (12, 900), (10_000, 900)]
)
def test_pauses_double_up_to_a_quarter_of_an_hour(failures, seconds):
    assert pause(failures, 5) == timedelta(seconds=seconds)


def test_a_public_network_counts_and_a_private_one_does_not():
    assert sorted(keys("ana@example.org", "8.8.8.8").values()) == [FREE_TOGETHER, FREE_EMAIL, FREE_NETWORK]
    for network in ("127.0.0.1", "10.0.0.3", "::1", "fd00::1", "", "unknown"):
        assert sorted(keys("ana@example.org", network).values()) == [FREE_TOGETHER, FREE_EMAIL]


def test_no_key_tells_whose_it_is():
    for key in keys("ana@example.org", "8.8.8.8"):
        assert len(key) == 64
        assert "ana" not in key
    assert set(keys("ana@example.org", "8.8.8.8")) != set(keys("bea@example.org", "8.8.8.8"))


@pytest.mark.parametrize(
    ("left", "said"),
    [(0.2, "Wait 1 seconds"), (15, "Wait 15 seconds"), (89, "Wait 89 seconds"), (900, "Wait 15 minutes")],
)
def test_the_wait_is_said(left, said):
    assert said in TooManyTries(timedelta(seconds=left)).words
