"""What answers are worth under each scoring type, and never more or less than they can be."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content.documents import Matching, MultipleChoice, Ordering, Question, ScoringType, SingleChoice
from bot.content.labels import option_order
from bot.conversation.quiz import Grade, attempt_score, grade, passed, remark, unanswered
from bot.conversation.reading import NotUnderstood, Understood, read
from tests.unit.content.made import KINDS, questions
from tests.unit.conversation.asked import (
    matching,
    multiple,
    number,
    of_choices,
    ordering,
    question,
    rating,
    short_text,
    single,
    true_false,
)

RIGHT_A = single(correct="a", grading={"point_value": 2})
RIGHT_AC = multiple(correct="ac")
FOUR = multiple(("w", "x", "y", "z"), correct="ab")
WEIGHED = question(
    "multiple_choice",
    choices=[
        {"id": i, "text": f"Choice {i}", "fraction": f} for i, f in (("a", 0.75), ("b", 0.25), ("c", -0.5), ("d", 0))
    ],
)
HALF_RIGHT = question(
    "single_choice",
    choices=[
        {"id": i, "text": f"Choice {i}", "fraction": f} for i, f in (("a", 1), ("b", 0.5), ("c", 0), ("d", -0.25))
    ],
)
TRUE = true_false(grading={"correct_answers": [True]})
FIVE = number(grading={"correct_answers": [{"value": 5, "tolerance": 0.5}]})
STEPS = ordering(correct="bac")
NEIGHBOURS = ordering(("one", "two", "three", "four"), correct="abcd", partial="adjacent_pairs")
PAIRS = matching(grading={"correct_answers": [["l1", "r2"], ["l2", "r1"]]})


@pytest.mark.parametrize(
    ("asked", "answer", "scoring", "correct", "score"),
    [
        (RIGHT_A, ("a",), "all_or_nothing", True, 2),
        (RIGHT_A, ("b",), "all_or_nothing", False, 0),
        (RIGHT_A, ("b",), "negative_marking", False, -1),  # of 3 choices and 2 points: a guesser gains nothing
        (RIGHT_A, ("a",), "negative_marking", True, 2),
        (HALF_RIGHT, ("b",), "all_or_nothing", False, 0),
        (HALF_RIGHT, ("b",), "partial_credit", False, 0.5),
        (HALF_RIGHT, ("b",), "weighted", False, 0.5),
        (HALF_RIGHT, ("d",), "weighted", False, 0),
        (HALF_RIGHT, ("d",), "negative_marking", False, -0.25),
        (HALF_RIGHT, ("c",), "negative_marking", False, 0),
        (RIGHT_AC, ("a", "c"), "all_or_nothing", True, 1),
        (RIGHT_AC, ("a",), "all_or_nothing", False, 0),
        (RIGHT_AC, ("a",), "partial_credit", False, 0.5),
        (RIGHT_AC, ("a", "b"), "partial_credit", False, 0),
        (RIGHT_AC, ("a", "b", "c"), "partial_credit", False, 0.5),
        (RIGHT_AC, (), "partial_credit", False, 0),
        (RIGHT_AC, ("b",), "negative_marking", False, -0.5),
        (FOUR, ("c", "d"), "negative_marking", False, -1),
        (FOUR, ("c", "d"), "partial_credit", False, 0),
        (WEIGHED, ("a",), "weighted", False, 0.75),
        (WEIGHED, ("a", "c"), "weighted", False, 0.25),
        (WEIGHED, ("b", "c"), "weighted", False, 0),
        (WEIGHED, ("b", "c"), "negative_marking", False, -0.25),
        (WEIGHED, ("a", "b"), "weighted", True, 1),
        (TRUE, True, "all_or_nothing", True, 1),
        (TRUE, False, "all_or_nothing", False, 0),
        (TRUE, False, "negative_marking", False, -1),
        (FIVE, 5.0, "all_or_nothing", True, 1),
        (FIVE, 5.5, "all_or_nothing", True, 1),
        (FIVE, 4.5, "all_or_nothing", True, 1),
        (FIVE, 5.51, "all_or_nothing", False, 0),
        (FIVE, 9.0, "negative_marking", False, 0),  # what is typed is no guess among few
        (STEPS, ("b", "a", "c"), "all_or_nothing", True, 1),
        (STEPS, ("b", "c", "a"), "partial_credit", False, 0),
        (NEIGHBOURS, ("a", "b", "d", "c"), "all_or_nothing", False, 0),
        (NEIGHBOURS, ("d", "a", "b", "c"), "partial_credit", False, 2 / 3),
        (NEIGHBOURS, ("d", "c", "b", "a"), "partial_credit", False, 0),
        (NEIGHBOURS, ("a", "b", "c", "d"), "partial_credit", True, 1),
        (PAIRS, (("l1", "r2"), ("l2", "r1")), "all_or_nothing", True, 1),
        (PAIRS, (("l1", "r2"), ("l2", "r3")), "all_or_nothing", False, 0),
        (PAIRS, (("l1", "r2"), ("l2", "r3")), "partial_credit", False, 0.5),
        (RIGHT_A, ("a",), "confidence_based", True, 2),
        (RIGHT_A, ("b",), "completion", None, 2),
    ],
)
def test_grade(asked: Question, answer: Any, scoring: ScoringType, correct: bool | None, score: float) -> None:
    given = grade(asked, answer, scoring_type=scoring)
    assert given.correct is correct
    assert given.score == pytest.approx(score)
    assert given.max_score == asked.grading.point_value


@pytest.mark.parametrize(
    ("accepted", "answer", "correct"),
    [
        ([{"min": 1, "max": 5}], 5.0, True), ([{"min": 1, "max": 5}], 5.01, False), ([{"min": 1}], 99.0, True), ([{"max": 5}], -9.0, True),
        ([5], 5.0, True), ([0.3], 0.1 + 0.2, True), ([5, 7], 7.0, True), ([5, 7], 6.0, False), ([{"value": 5, "tolerance": 0.5}, {"min": 9}], 10.0, True),
    ],
)  # fmt: skip
def test_numbers(accepted: list[Any], answer: float, correct: bool) -> None:
    assert grade(number(grading={"correct_answers": accepted}), answer).correct is correct


@pytest.mark.parametrize(
    ("fields", "typed", "correct"),
    [
        ({}, "fire exit", True), ({}, "Fire  EXIT.", True), ({}, "“exit”", True), ({}, "the exit", False), ({}, "fire exist", False),
        ({}, "fíre exit", True), ({"case": True}, "exit", True), ({"case": True}, "Exit", False), ({"case": True}, "exit!", True),
        ({"match": "fuzzy"}, "fire exi", True), ({"match": "fuzzy"}, "fier exit", True), ({"match": "fuzzy"}, "exti", True),
        ({"match": "fuzzy"}, "fre ext", False), ({"match": "fuzzy", "max_distance": 2}, "fre ext", True),
        ({"match": "fuzzy", "max_distance": 9}, "door", False), ({"match": "fuzzy", "max_distance": 0}, "exi", False),
        ({"match": "fuzzy", "correct": ["no"]}, "so", False), ({"match": "fuzzy", "correct": ["room 101"]}, "room 102", False),
        ({"match": "fuzzy", "correct": ["room 101"]}, "rom 101", True), ({"correct": ["número"]}, "NUMERO", True), ({"correct": ["C++"]}, "c", False),
        ({"correct": ["don't"]}, "don’t", True), ({"correct": ["?"]}, "?", True), ({"correct": ["नियम"]}, "नयम", False),
    ],
)  # fmt: skip
def test_short_texts(fields: dict[str, Any], typed: str, correct: bool) -> None:
    assert grade(short_text(**fields), typed).correct is correct


@pytest.mark.parametrize(
    ("confidence", "right", "wrong"), [(None, 1, 0), ("low", 1 / 3, 0), ("middle", 2 / 3, -2 / 3), ("high", 1, -2)]
)
def test_confidence_pays_and_costs(confidence: Any, right: float, wrong: float) -> None:
    paid = [
        grade(TRUE, answer, scoring_type="confidence_based", confidence=confidence).score for answer in (True, False)
    ]
    assert paid == pytest.approx([right, wrong])


@pytest.mark.parametrize(("reverse", "step", "score"), [(False, 5, 5), (False, 0, 0), (True, 5, 0), (True, 1, 4)])
def test_an_instruments_item_is_its_raw_value(reverse: bool, step: int, score: float) -> None:
    assert grade(rating(min=0, max=5, reverse=reverse), step, scoring_type="instrument") == Grade(
        correct=None, score=score, max_score=5
    )


def test_who5_items_sum_to_their_raw_score() -> None:
    """The index is raw x 4: 25 is 100 (WHO, 1998)."""
    grades = [grade(rating(min=0, max=5), step, scoring_type="instrument") for step in (5, 4, 3, 2, 0)]
    assert attempt_score(grades, "instrument") == (14, 25)


@pytest.mark.parametrize("asked", [rating(), question("long_text")])
def test_nothing_is_wrong_about_an_opinion(asked: Question) -> None:
    answer: Any = 3 if asked.kind == "rating" else "Because"
    assert grade(asked, answer) == Grade(correct=None, score=0, max_score=0)
    assert grade(asked, answer, scoring_type="completion") == Grade(correct=None, score=1, max_score=1)
    assert grade(RIGHT_A, ("a",), scoring_type="ungraded") == Grade(correct=None, score=0, max_score=0)


@pytest.mark.parametrize(
    ("asked", "answer"), [(RIGHT_A, True), (RIGHT_AC, 3.0), (PAIRS, ("a", "b")), (FIVE, "5"), (STEPS, 4)]
)
def test_an_answer_of_another_kind_is_an_error_of_ours(asked: Question, answer: Any) -> None:
    with pytest.raises(TypeError):
        grade(asked, answer)


FEEDBACK = of_choices(
    "multiple_choice",
    correct="a",
    grading={"when_right": "Yes!", "when_wrong": {"en": "No.", "es": "No, no."}, "general_feedback": "See page 4."},
)
TOLD = question(
    "single_choice",
    choices=[
        {"id": "a", "text": "Block it", "fraction": 1, "feedback": "Right."},
        {"id": "b", "text": "Mop it", "feedback": "Too soon."},
    ],
    grading={"when_right": "Yes!", "when_wrong": "No."},
)


@pytest.mark.parametrize(
    ("asked", "answer", "words"),
    [
        (FEEDBACK, ("a",), "Yes!\nSee page 4."),
        (FEEDBACK, ("b",), "No, no.\nSee page 4."),
        (TOLD, ("a",), "Right."),
        (TOLD, ("b",), "Too soon."),
        (RIGHT_A, ("a",), ""),
    ],
)
def test_what_is_said_to_an_answer(asked: Question, answer: Any, words: str) -> None:
    assert remark(asked, grade(asked, answer), ["es"]) == words


def test_of_several_choices_the_wrong_one_is_spoken_to() -> None:
    choices = [{"id": i, "text": f"Choice {i}", "feedback": f"About {i}"} for i in "abc"]
    asked = question("multiple_choice", choices=choices, grading={"correct_answers": ["a", "b"]})
    assert grade(asked, ("a", "c")).feedback == "About c"
    assert grade(asked, ("b",)).feedback == "About b"
    assert grade(asked, ()).feedback is None


@pytest.mark.parametrize(
    ("grades", "scoring", "total"),
    [
        ([], "all_or_nothing", (0, 0)),
        (
            [
                Grade(correct=True, score=1, max_score=1),
                Grade(correct=False, score=0, max_score=2),
                Grade(correct=None, score=0, max_score=0),
            ],
            "all_or_nothing",
            (1, 3),
        ),
        (
            [Grade(correct=False, score=-1, max_score=1), Grade(correct=False, score=-0.5, max_score=1)],
            "negative_marking",
            (0, 2),
        ),
        (
            [Grade(correct=True, score=1, max_score=1), Grade(correct=False, score=-0.5, max_score=1)],
            "negative_marking",
            (0.5, 2),
        ),
        ([Grade(correct=True, score=1, max_score=1)], "ungraded", (0, 0)),
    ],
)
def test_attempt_score(grades: list[Grade], scoring: ScoringType, total: tuple[float, float]) -> None:
    assert attempt_score(grades, scoring) == total


@pytest.mark.parametrize(
    ("score", "highest", "passing", "verdict"),
    [
        (8, 10, 0.8, True),
        (7.9, 10, 0.8, False),
        (0, 10, 0, True),
        (3, 10, None, None),
        (0, 0, 0.5, None),
        (0.1 + 0.2, 1, 0.3, True),
        (2.9999999999, 3, 1, True),
    ],
)
def test_passed(score: float, highest: float, passing: float | None, verdict: bool | None) -> None:
    assert passed(score, highest, passing) is verdict


def test_silence_scores_nothing_of_what_there_was() -> None:
    assert unanswered(RIGHT_A) == Grade(correct=False, score=0, max_score=2)
    assert unanswered(RIGHT_A, scoring_type="negative_marking").score == 0
    assert unanswered(rating()) == Grade(correct=None, score=0, max_score=0)
    assert unanswered(rating(min=0, max=5), scoring_type="instrument") == Grade(correct=None, score=0, max_score=5)
    assert unanswered(RIGHT_A, scoring_type="completion") == Grade(correct=None, score=0, max_score=2)
    assert unanswered(RIGHT_A, scoring_type="ungraded") == Grade(correct=None, score=0, max_score=0)


def perfect(asked: Question) -> Any:
    """A right answer, as it would be understood."""
    right = asked.grading.correct_answers
    if isinstance(asked, SingleChoice):
        return right[:1]
    if isinstance(asked, MultipleChoice | Ordering | Matching):
        return right
    return right[0]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"rating", "long_text", "number"}])
@given(data=st.data())
@settings(max_examples=40)
def test_a_right_answer_pays_in_full_whatever_the_scoring(kind: str, data: st.DataObject) -> None:
    asked = question(**data.draw(questions(kind)))
    if not asked.grading.correct_answers:
        return
    for scoring in ("all_or_nothing", "partial_credit", "weighted", "negative_marking", "confidence_based"):
        points = asked.grading.point_value
        assert grade(asked, perfect(asked), scoring_type=scoring) == Grade(
            correct=True, score=points, max_score=points, feedback=grade(asked, perfect(asked)).feedback
        )


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data(), scoring=st.sampled_from(get_args(ScoringType)))
@settings(max_examples=60)
def test_grades_stay_within_bounds(kind: str, data: st.DataObject, scoring: ScoringType) -> None:
    asked = question(**data.draw(questions(kind)))
    order = option_order(asked, lambda ids: data.draw(st.permutations(ids)))
    typed = data.draw(
        st.text(max_size=9) | st.lists(st.integers(1, 5), max_size=5).map(lambda n: " ".join(map(str, n)))
    )
    reading = read(asked, typed, order=order, first_label=1)
    if isinstance(reading, NotUnderstood):
        return
    assert isinstance(reading, Understood)
    given_grade = grade(asked, reading.value, scoring_type=scoring)
    lowest = -1 if scoring == "negative_marking" else 0
    assert lowest * given_grade.max_score - 1e-9 <= given_grade.score <= given_grade.max_score + 1e-9
    assert given_grade.correct is None or (given_grade.score >= given_grade.max_score - 1e-9) or not given_grade.correct
