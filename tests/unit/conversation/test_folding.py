"""Folding forgives the keyboard and keeps the words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.folding import fold


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("  Mop   IT! ", "mop it"),
        ("1,3", "1 3"),
        ("Don’t", "dont"),
        ("s'il", "sil"),
        ("Número", "numero"),
        ("n\u0303", "n"),
        ("２）", "2"),
        ("٢", "2"),
        ("२", "2"),
        ("2️⃣", "2"),
        ("①", "1"),
        ("Straße", "strasse"),
        ("नि", "नि"),
        ("🎉", ""),
        ("a\u200bb", "ab"),
        ("", ""),
    ],
)
def test_fold(typed: str, folded: str) -> None:
    assert fold(typed) == folded


@given(st.text(max_size=50))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
