"""Which open question a message answers: the labels' own, else the newest that can take it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.channels.channel import Tap
from bot.content.documents import QuizDocument, ReflectionDocument
from bot.conversation.reading import NotUnderstood, Understood
from bot.conversation.router import Answers, Joins, OpenPrompt, names_choice, route_tap, route_text, route_thread
from tests.unit.conversation.asked import (
    matching,
    multiple,
    number,
    ordering,
    question,
    rating,
    short_text,
    single,
    true_false,
)

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
QUIZ = QuizDocument.model_validate(
    {"title": "t", "kind": "quiz", "questions": [true_false(grading={"correct_answers": [True]}).model_dump()]}
)
REFLECTION = ReflectionDocument.model_validate({"title": "t", "kind": "reflection", "prompt_text": "?"})


def asked(about: Any, minutes: int = 0, first_label: int = 1, **more: Any) -> OpenPrompt:
    """A prompt that was asked `minutes` after ten to nine."""
    facts = {"document": QUIZ, "order": (), "tries": 0, "source_kind": "broadcast", **more}
    ids = {
        name: uuid.uuid5(uuid.NAMESPACE_OID, f"{minutes}{name}") for name in ("id", "content_id", "content_version_id")
    }
    return OpenPrompt(
        **ids, token=f"t{minutes}", delivery_id=minutes, source_id=uuid.NAMESPACE_OID, position=0, question=about,
        first_label=first_label, asked_at=NOW - timedelta(minutes=40 - minutes), **facts,
    )  # fmt: skip


def routed(typed: str, *prompts: OpenPrompt) -> Any:
    return route_text(typed, prompts, ("en",), NOW)


def test_nothing_open() -> None:
    assert routed("2") is None


def test_a_digit_belongs_to_the_question_that_has_it() -> None:
    old, new = asked(single(), 0, 1), asked(single(), 5, 4)
    for typed, prompt, meant in (("2", old, "b"), ("4", new, "a"), ("6", new, "c")):
        for prompts in ((old, new), (new, old)):
            assert routed(typed, *prompts) == Answers(prompt, Understood((meant,)))


def test_words_that_both_have_are_the_newest_ones() -> None:
    old, new = asked(single(), 0, 1), asked(single(), 5, 4)
    assert routed("mop it", old, new) == Answers(new, Understood(("b",)))


FREE = (question("long_text"), short_text(()), short_text(("fire exit",)))


@pytest.mark.parametrize("newer", FREE)
@pytest.mark.parametrize(
    ("older", "typed", "meant"),
    [
        *((single(), typed, ("b",)) for typed in ("2", "2)", " 2. ", "#2", "two", "dos", "b", "B)", "option 2", "2 mop it")),
        *((single(), typed, ("b",)) for typed in ("mop it", "Mop it!", "the answer is 2", "2️⃣", "second")),
        *((multiple(), typed, ("a", "c")) for typed in ("1 3", "13", "1,3", "1 and 3", "a c", "one and three")),
        (multiple(), "mop it, call the supervisor", ("b", "c")), (multiple(), "2", ("b",)),
        *((true_false(), typed, False) for typed in ("2", "false", "F", "❌", "Falso")),
        *((rating(labels={"4": "Often"}), typed, 4) for typed in ("4", "4/5", "four", "⭐⭐⭐⭐", "often", "4 stars")),
        (ordering(), "2 1 3", ("b", "a", "c")), (ordering(), "bac", ("b", "a", "c")),
        (matching(), "1B 2A", (("l1", "r2"), ("l2", "r1"))),
        (number(unit="kg"), "5", 5.0), (number(unit="kg"), "5 kg", 5.0), (number(), "twelve", 12.0),
        (short_text(("Exit",)), "exit", "exit"),
    ],
)  # fmt: skip
def test_what_names_an_older_questions_answer_is_no_free_text(newer: Any, older: Any, typed: str, meant: Any) -> None:
    old, new = asked(older, 0), asked(newer, 5)
    assert routed(typed, old, new) == Answers(old, Understood(meant))


@pytest.mark.parametrize("newer", FREE)
@pytest.mark.parametrize(
    ("older", "typed"),
    [
        *((single(), typed) for typed in ("mop", "blok the aera", "Block the", "I would mop it up", "9", "x", "2 or 3", "not 2")),
        *((multiple(), typed) for typed in ("none", "nothing", "all", "AC", "everything", "nada", "0")),
        *((matching(), typed) for typed in ("AC", "b a")),
        (rating(labels={"4": "Often"}), "oftn"), (rating(), "-4"), (true_false(), "yes"), (true_false(), "true story"),
        (number(unit="kg"), "5 or 6"), (number(), "about the 2 doors"), (short_text(("exit",)), "the stairs"),
    ],
)  # fmt: skip
def test_what_only_resembles_it_is_the_newest_ones(newer: Any, older: Any, typed: str) -> None:
    new = asked(newer, 5)
    assert routed(typed, asked(older, 0), new) == Answers(new, Understood(typed))


def test_a_digit_that_both_may_mean() -> None:
    old = asked(single(), 0)
    for newer, meant in ((number(), 2.0), (short_text(("2",)), "2"), (short_text(("Mop it",)), "mop it")):
        new, typed = asked(newer, 5), "mop it" if meant == "mop it" else "2"
        assert routed(typed, old, new) == Answers(new, Understood(meant))
    assert routed("15", old, asked(number(), 5)).reading == Understood(15.0)
    amount, choice = asked(number(), 0), asked(single(), 5, 4)
    assert routed("5", amount, choice) == Answers(choice, Understood(("b",)))
    assert routed("2", amount, choice) == Answers(amount, Understood(2.0))


def test_a_choice_that_is_named_but_not_allowed_is_asked_again_and_not_lost() -> None:
    old, new = asked(multiple(min=2), 0), asked(question("long_text"), 5)
    assert routed("2", old, new) == Answers(
        old, NotUnderstood("hint.at_least", {"count": "2", "first": "1", "last": "3"})
    )


def test_a_name_goes_before_a_likeness() -> None:
    old, new = asked(single(), 0), asked(single(("Block the area now", "Wait", "Run")), 5, 4)
    assert routed("block the area", old, new) == Answers(old, Understood(("a",)))


@pytest.mark.parametrize("typed", ["9", "7)", "(9)", "1 9", "x", "Z.", "0"])
def test_what_slips_past_the_newest_labels_is_not_an_older_questions_free_text(typed: str) -> None:
    old, new = asked(question("long_text"), 0), asked(single(), 5)
    assert routed(typed, old, new) == Answers(new, NotUnderstood("hint.one", {"first": "1", "last": "3"}))


@pytest.mark.parametrize("typed", ["more light", "911", "9 o'clock", "ok", "👍", "10 more of us"])
def test_words_are_an_older_questions_free_text(typed: str) -> None:
    old, new = asked(question("long_text"), 0), asked(single(), 5)
    assert routed(typed, old, new) == Answers(old, Understood(typed))


def test_what_none_understands_is_asked_of_the_newest() -> None:
    found = routed("huh", asked(single(), 0), asked(rating(), 5))
    assert found.prompt.token == "t5"
    assert isinstance(found.reading, NotUnderstood)


def test_an_answered_question_takes_nothing() -> None:
    assert routed("2", asked(single(), answered_at=NOW)) is None


@pytest.mark.parametrize("typed", ["", "  ", "\n"])
def test_nothing_is_no_answer(typed: str) -> None:
    found = routed(typed, asked(question("long_text")))
    assert found.reading == NotUnderstood("hint.empty")


def joining(minutes: int = 5, until: timedelta = timedelta(seconds=30), **more: Any) -> OpenPrompt:
    facts = {"answered_at": NOW - timedelta(seconds=60), "response_id": uuid.NAMESPACE_DNS, "joins_until": NOW + until}
    return asked(question("long_text"), minutes, document=REFLECTION, **{**facts, **more})


def test_more_words_join_a_reflection() -> None:
    assert routed("and gloves", joining()) == Joins(joining())


@pytest.mark.parametrize(
    "closed", [{"until": timedelta(0)}, {"until": timedelta(seconds=-1)}, {"response_id": None}, {"joins_until": None}]
)
def test_after_its_window_nothing_joins(closed: dict[str, Any]) -> None:
    assert routed("and gloves", joining(**closed)) is None


@pytest.mark.parametrize("minutes", [0, 40])
@pytest.mark.parametrize(
    ("about", "typed", "reading"),
    [
        (single(), "2", Understood(("b",))), (single(), "blok the aera", Understood(("a",))), (true_false(), "true", Understood(value=True)),
        (single(), "9", NotUnderstood("hint.one", {"first": "1", "last": "3"})), (rating(), "0", NotUnderstood("hint.one", {"first": "1", "last": "5"})),
        (single(), "x", NotUnderstood("hint.one", {"first": "1", "last": "3"})), (number(), "5", Understood(5.0)),
        (short_text(("exit",)), "exit", Understood("exit")),
    ],
)  # fmt: skip
def test_an_answer_to_another_question_does_not_join_nor_what_just_misses_one(
    about: Any, typed: str, reading: Any, minutes: int
) -> None:
    other = asked(about, minutes)
    assert routed(typed, other, joining()) == Answers(other, reading)


@pytest.mark.parametrize(
    "typed", ["and gloves", "2 more lights", "in aisle 9", "https://example.org/1.jpg", "ok", "👍"]
)
@pytest.mark.parametrize("about", [single(), multiple(), rating(), true_false(), number(unit="kg"), ordering()])
def test_anything_else_joins_although_a_question_is_open(about: Any, typed: str) -> None:
    for minutes in (0, 40):
        assert routed(typed, asked(about, minutes), joining()) == Joins(joining())


def test_a_bare_digit_joins_where_nothing_has_labels() -> None:
    for others in ((), (asked(number(unit="kg"), 0, answered_at=NOW),), (asked(short_text(), 0),)):
        assert routed("2", joining(), *others) == Joins(joining())


def test_the_question_whose_labels_were_missed_is_asked_again_and_not_a_newer_one_without() -> None:
    choice, free = asked(single(), 0), asked(short_text(), 1)
    assert routed("9", choice, free, joining()).prompt == choice


@pytest.mark.parametrize("typed", ["", "  "])
def test_nothing_joins_nothing(typed: str) -> None:
    assert routed(typed, joining()) is None
    assert routed(typed, joining(), asked(single(), 0)).reading == NotUnderstood("hint.empty")


def test_an_older_free_question_does_not_take_what_goes_on() -> None:
    older, newer = asked(question("long_text"), 0), asked(question("long_text"), 40)
    assert routed("and gloves", older, joining()) == Joins(joining())
    assert routed("and gloves", asked(short_text(), 0), joining()) == Joins(joining())
    assert routed("because", newer, joining()).prompt == newer  # a follow-up, asked since


def test_the_newest_of_two_windows() -> None:
    assert routed("x", joining(5), joining(6)).prompt.token == "t6"


def test_the_window_of_the_latest_answer() -> None:
    """What was asked first may have been answered last."""
    first = joining(5, answered_at=NOW - timedelta(seconds=10))
    assert routed("x", first, joining(6)) == Joins(first)


def test_a_reply_in_a_questions_thread_is_its_own() -> None:
    quiz, free = asked(single(), 0), asked(question("long_text"), 5)
    assert route_thread("2", quiz, (), NOW) == Answers(quiz, Understood(("b",)))
    assert isinstance(route_thread("more light", quiz, (), NOW).reading, NotUnderstood)  # type: ignore[union-attr]
    assert route_thread("2", free, (), NOW) == Answers(free, Understood("2"))
    assert route_thread("and gloves", joining(), (), NOW) == Joins(joining())
    done = asked(single(), 0, answered_at=NOW)
    assert route_thread("2", done, (), NOW) == Answers(
        done, Understood(("b",))
    )  # whoever records it sees that it is done


def test_a_reflection_that_is_not_long_enough_yet_is_open_and_joins_nothing() -> None:
    begun = joining(answered_at=None)
    assert routed("and gloves", begun) == Answers(begun, Understood("and gloves"))


def test_a_tap_finds_its_own_prompt() -> None:
    old, new = asked(single(), 0), asked(single(), 5)
    assert route_tap(Tap("t0", ("b",)), (old, new), ()) == Answers(old, Understood(("b",)))
    assert route_tap(Tap("gone", ("b",)), (old, new), ()) is None
    assert isinstance(route_tap(Tap("t0", ("z",)), (old, new), ()).reading, NotUnderstood)  # type: ignore[union-attr]


PRIORITY = ({"en": "High", "es": "Alta"}, {"en": "Low", "es": "Baja"})


@pytest.mark.parametrize(
    ("about", "typed", "named"),
    [
        (single(PRIORITY), "baja", True), (single(PRIORITY), " ¡BAJA! ", True), (single(PRIORITY), "low", False),
        (multiple(PRIORITY), "baja", True), (rating(labels={"1": "Fin"}), "fin", True),
        (single(PRIORITY), "baja por favor", False), (single(("Baja ya", "Alta")), "baja", False),
        (single(("🛑", "Alta")), "alto", False), (true_false(labels={"true": "Alta", "false": "Baja"}), "baja", False),
        (question("short_text", grading={"correct_answers": ["baja"]}), "baja", False),
        (question("long_text"), "baja", False),
    ],
)  # fmt: skip
def test_a_choice_to_the_letter_in_the_language_that_was_read(about: Any, typed: str, named: bool) -> None:
    assert names_choice(typed, [asked(about)], ("es",)) is named
    assert names_choice(typed, [asked(about, answered_at=NOW)], ("es",)) is False
    assert names_choice(typed, [], ("es",)) is False
