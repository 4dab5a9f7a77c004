"""Clusters are what a person would call one character, as Twilio's calculator cuts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.graphemes import CLUSTER


@pytest.mark.parametrize(
    ("text", "clusters"),
    [
        ("abc", ["a", "b", "c"]),
        ("e\u0301a", ["e\u0301", "a"]),
        ("👨‍👩‍👧‍👦!", ["👨‍👩‍👧‍👦", "!"]),
        ("👍🏽👍", ["👍🏽", "👍"]),
        ("🇩🇪🇺🇸", ["🇩🇪", "🇺🇸"]),
        ("🇩🇪🇺", ["🇩🇪", "🇺"]),
        ("2️⃣3", ["2️⃣", "3"]),
        ("각한", ["각", "한"]),
        ("\u1112\u1161\u11ab", ["\u1112\u1161\u11ab"]),
        ("नि", ["नि"]),
        ("\r\n", ["\r", "\n"]),  # as the calculator does it; UAX #29 joins them
        ("\u0301", ["\u0301"]),
        ("a\n\u0301", ["a", "\n", "\u0301"]),
    ],
)
def test_clusters(text: str, clusters: list[str]) -> None:
    assert CLUSTER.findall(text) == clusters


@given(st.text(max_size=100))
def test_clusters_tile_any_text(text: str) -> None:
    assert "".join(CLUSTER.findall(text)) == text
