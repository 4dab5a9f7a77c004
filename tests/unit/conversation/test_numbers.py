"""Numbers as people type them, and what is no number or two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.numbers import number
from bot.conversation.numerals import NUMBERS, whole


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("5", 5), (" 5 ", 5), ("5.", 5), ("(5)", 5), ("5!", 5), ("5.5", 5.5), ("5,5", 5.5), (".5", 0.5), (",5", 0.5), ("0,500", 0.5),
        ("-3", -3), ("−3", -3), ("- 3", -3), ("+3", 3), ("minus five", -5), ("menos cinco", -5), ("0", 0), ("zero", 0),
        ("1,000", 1000), ("1,000,000", 1e6), ("1.000.000", 1e6), ("1,000.50", 1000.5), ("1.000,50", 1000.5), ("1 000", 1000),
        ("1'000", 1000), ("12,34", 12.34), ("1.250", 1.25), ("12,345", 12345), ("1000", 1000),
        ("½", 0.5), ("1½", 1.5), ("1/2", 0.5), ("1 1/2", 1.5), ("3/4", 0.75), ("half", 0.5), ("two and a half", 2.5), ("2 and a half", 2.5),
        ("dos y media", 2.5),
        ("five", 5), ("Five.", 5), ("cinco", 5), ("twenty five", 25), ("twenty-five", 25), ("treinta y cinco", 35), ("veintidós", 22),
        ("two hundred and fifty", 250), ("doscientos cincuenta", 250), ("a hundred", 100), ("two thousand and ten", 2010),
        ("mil quinientos", 1500), ("dos mil", 2000), ("five point five", 5.5), ("cinco coma cinco", 5.5), ("2 thousand", 2000), ("drei", 3),
        ("cinq", 5),
        ("٥", 5), ("５", 5), ("५", 5), ("٥٫٥", 5.5), ("5️⃣", 5),
        ("about 5", 5), ("~5", 5), ("I think 5", 5), ("it's 5", 5), ("the answer is 5", 5), ("unos 5", 5), ("= 5", 5),
        ("5kg", 5), ("5 kg", 5), ("5 minutes", 5), ("$5", 5), ("5 %", 5), ("5 please", 5),
    ],
)  # fmt: skip
def test_a_number(typed: str, value: float) -> None:
    assert number(typed, languages=["en"]) == pytest.approx(value)


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "abc", "5 or 6", "5-6", "5 to 6", "five or six", "five six", "1 2", "5, 6", "12,34,56", "1e5", "0x5", "5k", "5 apples",
        "5 dozen", "1/7", "5/6/7", "9" * 16, "1.2.3", "--5", "5 x 6", ">5", "half a day", "a", "and", "twenty twenty", "hundred thousand million",
        "1.000", "∞", "nan", "inf", "5" + " " * 200, "point five six",
    ],
)  # fmt: skip
def test_no_number_or_more_than_one(typed: str) -> None:
    assert number(typed, languages=["en"]) is None


@pytest.mark.parametrize(
    ("typed", "language", "value"),
    [
        ("1,000", "en", 1000), ("1.000", "de", 1000), ("1,250", "de", 1.25), ("1.250", "en-US", 1.25), ("1,000", "de", None),
        ("1,000", "es", None), ("1.000", "es", None), ("1,000", "es-MX", 1000), ("1.000", "es-ES", 1000), ("1.500", "pt-BR", 1500),
        ("1,5", "es", 1.5), ("1.5", "de", 1.5), ("0.125", "es", 0.125), ("1234,567", "es", 1234.567),
    ],
)  # fmt: skip
def test_comma_or_point_is_the_languages_affair(typed: str, language: str, value: float | None) -> None:
    assert number(typed, languages=[language, "en"]) == value


@pytest.mark.parametrize(
    ("typed", "unit", "value"),
    [
        ("5 kg", "kg", 5), ("5kg", "kg", 5), ("5 kilos", "kg", 5), ("five kilos", "kg", 5), ("5 KG.", "kg", 5), ("5", "kg", 5),
        ("5 lb", "kg", None), ("5 boxes", "kg", None), ("5 kg 2", "kg", None), ("5 kg", "lb", None),
        ("20°C", "°C", 20), ("20 degrees", "°C", 20), ("20 degrees celsius", "°C", 20), ("20 F", "°C", None), ("-4 °C", "°C", -4),
        ("50%", "%", 50), ("50 percent", "%", 50), ("50 por ciento", "%", 50), ("fifty percent", "%", 50),
        ("5 m²", "m²", 5), ("5 m2", "m²", 5), ("5 m", "m²", None), ("$5", "USD", 5), ("5 dollars", "$", 5), ("€5", "$", None),
        ("5 palés", "palés", 5), ("5 pales", "palés", 5),
    ],
)  # fmt: skip
def test_the_unit_must_be_the_questions(typed: str, unit: str, value: float | None) -> None:
    assert number(typed, units=[unit]) == value


@pytest.mark.parametrize(("typed", "value"), [("5 exits", 5), ("5 fire exits", 5), ("five exits", 5), ("5 dogs", None)])
def test_words_of_the_prompt_may_stand_beside_the_number(typed: str, value: float | None) -> None:
    assert number(typed, prompt="How many fire exits are there?") == value


@given(st.integers(-(10**14), 10**14))
def test_digits_are_themselves(value: int) -> None:
    assert number(str(value)) == value


@given(st.decimals(-999, 999, places=2))
def test_decimals_with_either_mark(value: object) -> None:
    assert number(str(value)) == number(str(value).replace(".", ",")) == float(str(value))


@given(st.text(max_size=120))
def test_never_raises(text: str) -> None:
    number(text, units=["kg"], prompt=text, languages=["es"])


@pytest.mark.parametrize(("said", "value"), NUMBERS.items())
def test_every_number_word(said: str, value: int) -> None:
    assert whole(said) == value
    assert number(said) == value
