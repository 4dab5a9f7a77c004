"""Which choice somebody meant: labels, letters, words, slips of the thumb; and what is asked again."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.conversation.folding import fold
from bot.conversation.keywords import keyword
from bot.conversation.reading import NotUnderstood, Understood, read, read_tap
from tests.unit.conversation.asked import IDS, multiple, rating, single, true_false

B = [
    "2", "2)", "2.", "#2", " 2 ", "2!", "(2)", "2?", "02", "two", "Two", "dos", "zwei", "option 2", "Option two", "opción 2", "answer 2",
    "number 2", "no. 2", "No 2", "nr 2", "choice 2", "b", "B", "B)", "b.", "(b)", "option b", "letter B", "2️⃣", "２", "２）", "٢", "२", "②",
    "🅱️", "mop it", "Mop it", "MOP IT!", " mop  it. ", "mopit", "“Mop it”", "the second one", "second", "2nd", "la segunda", "el 2", "la 2",
    "I think 2", "I think it's b", "its 2", "It’s 2", "the answer is 2", "I would say 2", "2 please", "2 por favor", "2 mop it", "2) Mop it",
    "b) mop it", "B mop it", "my answer is b", "I choose 2", "creo que 2", "2\n", "2 👍",
]  # fmt: skip


@pytest.mark.parametrize("typed", B)
def test_the_second_choice_is_understood(typed: str) -> None:
    assert read(single(), typed) == Understood(("b",))


@pytest.mark.parametrize(
    "typed",
    [
        "1",
        "a",
        "block the area",
        "blok the aera",
        "Block area",
        "blcok the area",
        "block",
        "Block the",
        "1 block the area",
        "BLOCK THE AREAA",
        "the block the area",
    ],
)
def test_the_words_of_a_choice_forgive_slips(typed: str) -> None:
    assert read(single(), typed) == Understood(("a",))


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "9", "0", "4", "22", "d", "z", "1 or 2", "1 2", "12", "1,2", "1/2", "½", "not 2", "2 block the area", "b) block the area",
        "don't mop it", "do not block the area", "mo", "it", "maybe", "I don't know", "huh?", "mo p", "👍", "???", "2.5", "1e1", "99999999999999999999",
        "block the area and mop it", "Liked “Spill in aisle 4. First step?”", "yes", "stop", "twenty",
    ],
)  # fmt: skip
def test_what_could_be_none_or_two_is_asked_again(typed: str) -> None:
    assert read(single(), typed) == NotUnderstood("hint.one", {"first": "1", "last": "3"})


@pytest.mark.parametrize(
    ("texts", "typed", "place"),
    [
        (("Turn the valve on", "Turn the valve off"), "turn the valve on", 0),
        (("Turn the valve on", "Turn the valve off"), "turn the vlave off", 1),
        (("Turn the valve on", "Turn the valve off"), "turn the valve of", None),
        (("Turn the valve on", "Turn the valve off"), "turn the valve", None),
        (("Increase", "Decrease"), "incrase", 0),
        (("Decrease", "Hold"), "increase", None),
        (("Safe", "Dangerous"), "unsafe", None),
        (("Safe", "Dangerous"), "not safe", None),
        (("Done", "Later"), "dont", None),
        (("Legal", "Other"), "illegal", None),
        (("10 minutes", "15 minutes"), "10 minutes", 0),
        (("10 minutes", "15 minutes"), "10", 0),
        (("10 minutes", "15 minutes"), "15 min", None),
        (("10 minutes", "15 minutes"), "19 minutes", None),
        (("Room 101", "Lobby"), "room 102", None),
        (("B", "A"), "a", 1),  # words on the screen before letters that are only implied
        (("B", "A"), "B", 0),
        (("Two", "One"), "two", 0),
        (("3", "1", "2"), "2", 1),  # the label on the screen before everything
        (("C++", "C"), "c++", 0),
        (("C++", "C"), "C", 1),
        ((">5", "<5"), "<5", 1),
        (("😀", "😞"), "😞", 1),
        (("Call Ana, then Bo", "Call Bo"), "call ana then bo", 0),
        (("Wear gloves", "Wear glasses"), "wear gloes", 0),
        (("Wear gloves", "Wear gloves and goggles"), "wear gloves", 0),
        (("Sí", "No"), "si", 0),
        (("你好", "再见"), "再见", 1),
        (("नमस्ते", "अलविदा"), "अलविदा", 1),
        (("With gloves", "By hand"), "without gloves", None),
    ],
)  # fmt: skip
def test_near_words_are_one_choice_or_none(texts: tuple[str, ...], typed: str, place: int | None) -> None:
    found = read(single(texts), typed)
    assert found == Understood((IDS[place],)) if place is not None else isinstance(found, NotUnderstood)


@pytest.mark.parametrize(
    ("typed", "choice"),
    [
        ("4", "a"),
        ("6", "c"),
        ("five", "b"),
        ("option 5", "b"),
        ("mop it", "b"),
        ("5 mop it", "b"),
        ("blok the aera", "a"),
    ]
    + [(typed, None) for typed in ("1", "2", "3", "7", "a", "b", "first", "second", "one", "45")],
)
def test_labels_that_begin_at_4(typed: str, choice: str | None) -> None:
    """Letters and places would be ambiguous beside another open question: only labels and words count."""
    found = read(single(), typed, first_label=4)
    assert found == (Understood((choice,)) if choice else NotUnderstood("hint.one", {"first": "4", "last": "6"}))


def test_labels_go_by_the_order_shown() -> None:
    assert read(single(), "1", order=("c", "a", "b")) == Understood(("c",))
    assert read(single(), "b", order=("c", "a", "b")) == Understood(("a",))


def test_words_of_another_language_are_understood_and_the_shown_ones_win() -> None:
    asked = single([{"en": "Exit", "es": "Salida"}, {"en": "Success", "es": "Exit"}])
    assert read(asked, "salida", languages=["en"]) == Understood(("a",))
    assert read(asked, "exit", languages=["en"]) == Understood(("a",))
    assert read(asked, "exit", languages=["es"]) == Understood(("b",))


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [
        ("1 3", "ac"), ("1,3", "ac"), ("1, 3", "ac"), ("1 and 3", "ac"), ("1&3", "ac"), ("1+3", "ac"), ("13", "ac"), ("31", "ac"),
        ("3 1", "ac"), ("1) 3)", "ac"), ("1 y 3", "ac"), ("#1 #3", "ac"), ("1️⃣3️⃣", "ac"), ("１ ３", "ac"), ("٣ ١", "ac"), ("one and three", "ac"),
        ("uno y tres", "ac"), ("a c", "ac"), ("A,C", "ac"), ("ac", "ac"), ("AC", "ac"), ("a and c", "ac"), ("options 1 and 3", "ac"),
        ("option 1 and 3", "ac"), ("1st and 3rd", "ac"), ("1", "a"), ("b", "b"), ("2 please", "b"), ("123", "abc"), ("1 2 3", "abc"), ("all", "abc"),
        ("All of them", "abc"), ("todas", "abc"), ("everything", "abc"), ("1 to 3", "abc"), ("1-2", "ab"), ("1-3", None), ("1 1 3", "ac"),
        ("mop it", "b"), ("mop it, call the supervisor", "bc"), ("Block the area\nmop it", "ab"), ("mop it and call the supervisor", "bc"),
        ("1, mop it", "ab"), ("blok the aera & mop it", "ab"), ("none", ""), ("ninguna", ""), ("none of the above", ""),
        ("1 4", None), ("133", None), ("14", None), ("", None), ("ca", None), ("ad", None), ("1 or 3", None), ("not 1", None), ("both", None),
        ("all but 2", None), ("1.5", None), ("0 1", None), ("3 to 1", None), ("1 to 9", None),
    ],
)  # fmt: skip
def test_several_choices(typed: str, chosen: str | None) -> None:
    expected = NotUnderstood("hint.several", {"first": "1", "last": "3", "example": "1 3"})
    found = read(multiple(), typed)
    assert found == (expected if chosen is None else Understood(tuple(chosen)))


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [("12", "l"), ("13", "ac"), ("1 12", "al"), ("112", None), ("110", "aj"), ("1112", None), ("123456789", None)],
)
def test_digits_set_close_part_in_one_way_or_not_at_all(typed: str, chosen: str | None) -> None:
    found = read(multiple([f"Choice {letter * 3}" for letter in IDS[:12]]), typed)
    assert found == Understood(tuple(chosen)) if chosen else isinstance(found, NotUnderstood)


def test_several_choices_from_4() -> None:
    assert read(multiple(), "46", first_label=4) == Understood(("a", "c"))
    assert read(multiple(), "1 3", first_label=4) == NotUnderstood(
        "hint.several", {"first": "4", "last": "6", "example": "4 6"}
    )


def test_both_is_all_of_two() -> None:
    assert read(multiple(("Gloves", "Goggles")), "both") == Understood(("a", "b"))


def test_a_choice_called_all_is_that_choice() -> None:
    asked = multiple(("Gloves", "Goggles", "All of the above"))
    assert read(asked, "all") == read(asked, "all of the above") == Understood(("c",))


@pytest.mark.parametrize(
    ("typed", "reading"),
    [
        ("1", NotUnderstood("hint.at_least", {"count": "2", "first": "1", "last": "3"})),
        ("none", NotUnderstood("hint.at_least", {"count": "2", "first": "1", "last": "3"})),
        ("1 2", Understood(("a", "b"))),
        ("all", NotUnderstood("hint.at_most", {"count": "2", "first": "1", "last": "3"})),
    ],
)
def test_min_and_max_hold(typed: str, reading: object) -> None:
    assert read(multiple(min=2, max=2), typed) == reading


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("1", True), ("2", False), ("one", True), ("dos", False), ("a", True), ("B", False), ("t", True), ("F", False), ("true", True),
        ("False.", False), ("verdadero", True), ("falso", False), ("v", True), ("vrai", True), ("✅", True), ("❌", False), ("1) True", None),
        ("it's true", None), ("yes", None), ("YES", None), ("no", None), ("stop", None), ("end", None), ("3", None), ("", None), ("tf", None),
        ("✅❌", None), ("true or false", None), ("12", None),
    ],
)  # fmt: skip
def test_true_or_false(typed: str, value: bool | None) -> None:
    found = read(true_false(), typed)
    hint = NotUnderstood("hint.true_false", {"first": "1", "second": "2", "true": "True", "false": "False"})
    assert found == (hint if value is None else Understood(value))


@pytest.mark.parametrize(
    ("typed", "value"), [("safe", True), ("Unsafe", False), ("unsaf", False), ("1", True), ("t", True), ("yes", None)]
)
def test_true_and_false_by_their_labels(typed: str, value: bool | None) -> None:
    found = read(true_false(labels={"true": "Safe", "false": "Unsafe"}), typed)
    assert found == Understood(value) if value is not None else isinstance(found, NotUnderstood)


@pytest.mark.parametrize("typed", ["Yes", "yes", "no", "No"])
def test_carriers_own_yes_even_as_a_label(typed: str) -> None:
    assert isinstance(read(true_false(labels={"true": "Yes", "false": "No"}), typed), NotUnderstood)


def test_true_or_false_from_4() -> None:
    assert read(true_false(), "4", first_label=4) == Understood(value=True)
    assert isinstance(read(true_false(), "1", first_label=4), NotUnderstood)


@pytest.mark.parametrize(
    ("typed", "step"),
    [
        ("4", 4), ("four", 4), ("cuatro", 4), ("4/5", 4), ("4 out of 5", 4), ("4 de 5", 4), ("4 stars", 4), ("4 estrellas", 4), ("⭐⭐⭐⭐", 4),
        ("★★★★☆", 4), ("⭐️⭐️", 2), ("often", 4), ("Oftn", 4), ("oftne", 4), ("4.", 4), ("4️⃣", 4), ("I would say 4", 4), ("4 often", 4), ("1", 1), ("5", 5),
        ("0", None), ("6", None), ("4/6", None), ("4.5", None), ("3-4", None), ("-4", None), ("d", None), ("second", None), ("", None), ("44", None),
        ("⭐⭐⭐⭐⭐⭐", None), ("☆☆☆☆☆", None), ("great", None),
    ],
)  # fmt: skip
def test_a_rating(typed: str, step: int | None) -> None:
    found = read(rating(labels={"1": "Never", "4": "Often"}), typed)
    assert found == (NotUnderstood("hint.one", {"first": "1", "last": "5"}) if step is None else Understood(step))


def test_a_rating_whose_digits_were_taken_goes_by_its_labels() -> None:
    assert read(rating(), "6", first_label=6) == Understood(1)
    assert read(rating(), "10", first_label=6) == Understood(5)
    assert isinstance(read(rating(), "5", first_label=6), NotUnderstood)


def test_nps_counts_from_nought() -> None:
    assert read(rating(style="nps"), "0", first_label=0) == Understood(0)
    assert read(rating(style="nps"), "10", first_label=0) == Understood(10)


@pytest.mark.parametrize(
    ("asked", "values", "reading"),
    [
        (single(), ["b"], Understood(("b",))),
        (single(), ["x"], NotUnderstood("hint.one", {"first": "1", "last": "3"})),
        (single(), [], NotUnderstood("hint.one", {"first": "1", "last": "3"})),
        (single(), ["a", "b"], NotUnderstood("hint.one", {"first": "1", "last": "3"})),
        (multiple(), ["c", "a"], Understood(("a", "c"))),
        (multiple(), [], Understood(())),
        (multiple(min=1), [], NotUnderstood("hint.at_least", {"count": "1", "first": "1", "last": "3"})),
        (multiple(), ["a", "x"], NotUnderstood("hint.several", {"first": "1", "last": "3", "example": "1 3"})),
        (true_false(), ["false"], Understood(value=False)),
        (rating(), ["3"], Understood(3)),
        (rating(), ["9"], NotUnderstood("hint.one", {"first": "1", "last": "5"})),
    ],
)  # fmt: skip
def test_taps(asked: object, values: list[str], reading: object) -> None:
    assert read_tap(asked, values) == reading  # type: ignore[arg-type]


@given(st.integers(1, 40), st.integers(1, 30), st.data())
def test_every_label_reads_back_to_its_option(count: int, first_label: int, data: st.DataObject) -> None:
    count = max(2, min(count, 26))
    texts = [f"Choice {letter * 2}" for letter in IDS[:count]]
    order = data.draw(st.permutations(IDS[:count]))
    place = data.draw(st.integers(0, count - 1))
    for dress in ("{}", "{})", " {}. ", "option {}"):
        typed = dress.format(first_label + place)
        for asked in (single(texts), multiple(texts)):
            assert read(asked, typed, order=order, first_label=first_label) == Understood((order[place],))


@given(
    st.lists(
        st.text(min_size=1, max_size=20).filter(lambda text: bool(text.strip()) and "\x00" not in text),
        min_size=2,
        max_size=6,
    )
)
def test_the_words_of_an_option_read_back_to_it(drawn: list[str]) -> None:
    texts = ["".join(c for c in text if c.isprintable()).strip() for text in drawn]
    assume(all(texts) and len({fold(text) for text in texts}) == len(texts))
    assume(not any(fold(text).isdecimal() for text in texts))  # a bare digit is a label
    assume(not any(keyword(text, stopped=True) for text in texts))
    asked = single(texts)
    for place, text in enumerate(texts):
        assert read(asked, text) == Understood((IDS[place],))
        assert read(asked, f"  {text.upper()}  ") == Understood((IDS[place],)) or fold(text.upper()) != fold(text)


@given(st.text(max_size=60), st.integers(1, 9))
def test_nothing_typed_raises_or_invents_a_choice(typed: str, first_label: int) -> None:
    for asked in (single(), multiple(), true_false(), rating()):
        found = read(asked, typed, first_label=first_label, languages=["es"])
        assert isinstance(found, Understood | NotUnderstood)
        if isinstance(found, Understood) and isinstance(found.value, tuple):
            assert set(found.value) <= {"a", "b", "c"}
