"""Counting, spelling and cutting SMS texts; Twilio's own counter is the referee."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.sms_text import Parts, gsm_safe, measure, split

GOLDEN: list[tuple[str, int, str, int]] = json.loads(
    Path(__file__).with_name("sms_parts.json").read_text(encoding="utf-8")
)
FAMILY = "👨‍👩‍👧‍👦"


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def test_agrees_with_twilios_calculator() -> None:
    wrong = [
        (text, measure(text), (parts, encoding, units))
        for text, parts, encoding, units in GOLDEN
        if measure(text) != Parts(parts, encoding, units)  # type: ignore[arg-type]
    ]
    assert len(GOLDEN) > 300
    assert not wrong


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", Parts(1, "gsm7", 0)),
        ("a" * 160, Parts(1, "gsm7", 160)),
        ("a" * 161, Parts(2, "gsm7", 161)),
        ("a" * 306, Parts(2, "gsm7", 306)),
        ("a" * 307, Parts(3, "gsm7", 307)),
        ("é" * 160, Parts(1, "gsm7", 160)),
        ("á" * 70, Parts(1, "ucs2", 70)),
        ("á" * 71, Parts(2, "ucs2", 71)),
        ("á" * 134, Parts(2, "ucs2", 134)),
        ("á" * 135, Parts(3, "ucs2", 135)),
        ("€" * 80, Parts(1, "gsm7", 160)),
        ("^{}\\[~]|€\f" * 8, Parts(1, "gsm7", 160)),
        ("€" * 81, Parts(2, "gsm7", 162)),
        ("a" * 152 + "€" + "a" * 152, Parts(3, "gsm7", 306)),  # the pair doesn't straddle: 152, 154 → 153 + 1
        ("a\u00a0b", Parts(1, "ucs2", 3)),
        ("It’s", Parts(1, "ucs2", 4)),
        ("😀" * 35, Parts(1, "ucs2", 70)),
        ("😀" * 36, Parts(2, "ucs2", 72)),
        ("😀" * 67, Parts(3, "ucs2", 134)),  # 33 to a part: the 34th would straddle
        (FAMILY * 6, Parts(1, "ucs2", 66)),
        (FAMILY * 7, Parts(2, "ucs2", 77)),
        ("a" + "\u0301" * 200, Parts(3, "ucs2", 201)),  # one letter that no part holds is cut
    ],
)
def test_parts(text: str, parts: Parts) -> None:
    assert measure(text) == parts


@given(st.text(max_size=700))
def test_parts_are_as_many_as_their_units_need_and_hardly_more(text: str) -> None:
    found = measure(text)
    alone, each = (160, 153) if found.encoding == "gsm7" else (70, 67)
    least = 1 if found.units <= alone else -(-found.units // each)
    assert least <= found.parts <= 2 * least


@pytest.mark.parametrize(
    ("typed", "safe"),
    [
        ("“Don’t” – she said… ", '"Don\'t" - she said... '),
        ("a\u00a0b\u2009c\td", "a b c d"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("«Hola»", '"Hola"'),
        ("5 − 3", "5 - 3"),
        ("cafe\u0301", "café"),
        ("á é í ó ú ñ", "á é í ó ú ñ"),  # accents stay, whatever they cost
        ("a\u2028b", "a\nb"),
        ("\u200eleft\u200e", "left"),
        ("\u200fשלום\u200f", "\u200fשלום\u200f"),  # where the letters need marks, marks stay
        (FAMILY + "…", FAMILY + "..."),
        ("Plain.", "Plain."),
    ],
)
def test_gsm_safe_spelling(typed: str, safe: str) -> None:
    assert gsm_safe(typed) == safe


@given(st.text(max_size=200))
def test_gsm_safe_is_settled_and_keeps_letters(text: str) -> None:
    safe = gsm_safe(text)
    assert gsm_safe(safe) == safe
    assert [c for c in gsm_safe(text) if c.isalnum()] == [c for c in safe if c.isalnum()]


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("", 10, [""]),
        ("short", 10, ["short"]),
        ("One two. Three four.", 12, ["One two. ", "Three four."]),
        ("Para one.\n\nPara two is here.", 20, ["Para one.\n\n", "Para two is here."]),
        ("alpha beta gamma", 11, ["alpha beta ", "gamma"]),
        ("abcdefghijkl", 5, ["abcde", "fghij", "kl"]),
        ("😀😀😀", 3, ["😀", "😀", "😀"]),
        (f"ab{FAMILY}", 12, ["ab", FAMILY]),
        ("A. " + "word " * 6, 20, ["A. word word word ", "word word word "]),  # not a whole part for "A."
    ],
)
def test_split(text: str, limit: int, pieces: list[str]) -> None:
    assert split(text, limit) == pieces


@given(
    st.text(alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(" .\n😀")), max_size=300),
    st.integers(2, 60),
)
def test_split_loses_nothing_and_holds_the_limit(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert "".join(pieces) == text
    assert all(units(piece) <= limit for piece in pieces)
    assert all(pieces) or text == ""


@given(st.lists(st.sampled_from([FAMILY, "👍🏽", "🇩🇪", "क्षि", "e\u0301", "a", " "]), max_size=60))
def test_split_keeps_visible_characters_whole(clusters: list[str]) -> None:
    text = "".join(clusters)
    assert all(piece[0] not in "\u200d\u0301🏽" for piece in split(text, 30) if piece)


def test_a_limit_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        split("abc", 1)
