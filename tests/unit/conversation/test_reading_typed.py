"""Numbers, texts, orders and pairs, as they are typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.reading import NotUnderstood, Understood, read, read_tap
from tests.unit.conversation.asked import IDS, matching, number, ordering, question, short_text


@pytest.mark.parametrize(
    ("typed", "value"),
    [("5", 5.0), ("5,5", 5.5), ("five", 5.0), ("5 kg", 5.0), ("5 kilos", 5.0), ("½", 0.5), ("-3", -3.0)],
)
def test_a_number(typed: str, value: float) -> None:
    assert read(number(unit="kg"), typed) == Understood(value)


@pytest.mark.parametrize("typed", ["", "heavy", "5 lb", "5 or 6", "5-6"])
def test_no_number(typed: str) -> None:
    assert read(number(unit={"en": "kg", "es": "kilos"}), typed) == NotUnderstood("hint.number_in", {"unit": "kg"})
    assert read(number(), "heavy") == NotUnderstood("hint.number")


@pytest.mark.parametrize(
    ("typed", "order"),
    [
        ("2 1 3", "bac"), ("213", "bac"), ("2,1,3", "bac"), ("2-1-3", "bac"), ("2>1>3", "bac"), ("2 then 1 then 3", "bac"), ("2, 1 and 3", "bac"),
        ("b a c", "bac"), ("BAC", "bac"), ("b,a,c", "bac"), ("two one three", "bac"), ("dos uno tres", "bac"), ("2️⃣1️⃣3️⃣", "bac"), ("٢ ١ ٣", "bac"),
        ("2)\n1)\n3)", "bac"), ("2nd 1st 3rd", "bac"), ("mop it, block the area, call the supervisor", "bac"), ("Mop it\nBlok the aera\nCall", "bac"),
        ("123", "abc"), ("1 2 3", "abc"),
        ("1 2", None), ("1 2 2", None), ("112", None), ("1 2 3 4", None), ("", None), ("all", None), ("2", None), ("1234", None), ("1 to 3", None),
    ],
)  # fmt: skip
def test_an_order(typed: str, order: str | None) -> None:
    found = read(ordering(), typed)
    assert found == (Understood(tuple(order)) if order else NotUnderstood("hint.order", {"example": "2 1 3"}))


def test_an_order_goes_by_what_was_shown() -> None:
    assert read(ordering(), "213", order=("c", "a", "b")) == Understood(("a", "c", "b"))
    assert read(ordering(), "5 4 6", first_label=4) == Understood(("b", "a", "c"))
    assert read(ordering(), "213", first_label=4) == NotUnderstood("hint.order", {"example": "5 4 6"})


@given(st.integers(2, 12).flatmap(lambda count: st.permutations(range(count))), st.integers(1, 9))
def test_every_order_reads_back(places: list[int], first_label: int) -> None:
    asked = ordering([f"Step {letter * 2}" for letter in IDS[: len(places)]])
    typed = " ".join(str(first_label + place) for place in places)
    assert read(asked, typed, first_label=first_label) == Understood(tuple(IDS[place] for place in places))


@pytest.mark.parametrize(
    ("typed", "pairs"),
    [
        ("1B 2A", "r2 r1"), ("1b 2a", "r2 r1"), ("1b2a", "r2 r1"), ("1-B, 2-A", "r2 r1"), ("1 = b; 2 = a", "r2 r1"), ("1:B\n2:A", "r2 r1"),
        ("2A 1B", "r2 r1"), ("1) b 2) a", "r2 r1"), ("1 b 2 a", "r2 r1"), ("1b, 2a.", "r2 r1"), ("BA", "r2 r1"), ("b a", "r2 r1"), ("B, A", "r2 r1"),
        ("1C 2C", "r3 r3"), ("1️⃣B 2️⃣A", "r2 r1"),
        ("1B", None), ("1B 1A", None), ("1B 2A 3C", None), ("1B 2D", None), ("1B 2", None), ("1 2", None), ("", None), ("B", None), ("BAC", None),
        ("1B and 2A", None), ("hands floor", None), ("1AB 2A", None),
    ],
)  # fmt: skip
def test_pairs(typed: str, pairs: str | None) -> None:
    found = read(matching(), typed)
    if pairs is None:
        assert found == NotUnderstood("hint.match", {"example": "1B 2A"})
    else:
        assert found == Understood(tuple(zip(("l1", "l2"), pairs.split(), strict=True)))


def test_pairs_go_by_what_was_shown() -> None:
    order = ("l1", "l2", "r3", "r1", "r2")
    assert read(matching(), "4A 5B", order=order, first_label=4) == Understood((("l1", "r3"), ("l2", "r1")))


def test_both_sides_of_a_matching_may_use_the_same_ids() -> None:
    sides = [{"id": "x", "text": "One"}, {"id": "y", "text": "Two"}]
    asked = question("matching", left=sides, right=sides)
    assert read(asked, "1B 2A", order=("x", "y", "y", "x")) == Understood((("x", "x"), ("y", "y")))


@pytest.mark.parametrize("asked", [short_text(), question("long_text")])
def test_free_text_is_kept_as_it_was_typed(asked: object) -> None:
    assert read(asked, "  Fire EXIT, 2nd floor\n😀 ") == Understood("Fire EXIT, 2nd floor\n😀")  # type: ignore[arg-type]
    assert read(asked, " \n") == NotUnderstood("hint.empty")  # type: ignore[arg-type]


def test_a_typed_form_is_read_like_a_message() -> None:
    assert read_tap(number(), ["5,5"]) == Understood(5.5)
    assert read_tap(ordering(), ["213"], order=("c", "a", "b")) == Understood(("a", "c", "b"))
    assert read_tap(question("long_text"), []) == NotUnderstood("hint.empty")


@given(st.text(max_size=60))
def test_never_raises(typed: str) -> None:
    for asked in (number(unit="kg"), ordering(), matching(), short_text()):
        assert isinstance(read(asked, typed, languages=["es-MX"]), Understood | NotUnderstood)
