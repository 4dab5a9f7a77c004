"""The spans of the send protocol hold together, or are refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.channels.http import DEADLINE
from bot.delivery import timing
from bot.delivery.timing import Timing


def test_a_post_ends_before_its_lease() -> None:
    spans = timing.used()
    assert spans == Timing()
    assert spans.fresh + timedelta(seconds=DEADLINE) < spans.lease


@pytest.mark.parametrize("spans", [{"lease": timedelta(seconds=22)}, {"fresh": timedelta(seconds=20)}])
def test_spans_that_let_a_post_outlive_its_lease_are_refused(spans: dict[str, timedelta]) -> None:
    with pytest.raises(ValueError, match="the lease must be longer"):
        Timing(**spans)
