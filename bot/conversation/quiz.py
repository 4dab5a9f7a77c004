"""What an answer is worth. Pure arithmetic on a question and an understood answer.

Each kind of question knows how much of it is right (its share, 0 to 1); each scoring type says what
that share pays. Nothing here asks who answered or when: time limits and attempts are the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, assert_never

from bot.content.answers import Answer, ids, pairs
from bot.content.documents import (
    LongText,
    Matching,
    MultipleChoice,
    NumberQuestion,
    Ordering,
    Question,
    Rating,
    ScoringType,
    ShortText,
    SingleChoice,
    TrueFalse,
    Words,
    words,
)
from bot.content.worth import graded, passed, worth
from bot.conversation.short_text import matches

__all__ = ["Confidence", "Grade", "attempt_score", "grade", "passed", "remark", "share_right", "unanswered"]

Confidence = Literal["low", "middle", "high"]

_CERTAINTY: Final[dict[Confidence, tuple[float, float]]] = {
    "low": (1 / 3, 0.0), "middle": (2 / 3, -2 / 3), "high": (1.0, -2.0),
}  # fmt: skip
"""Certainty-based marking (Gardner-Medwin, UCL): 1, 2, 3 marks if right, 0, -2, -6 if wrong, of 3."""

_HAIR: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Grade:
    """`score` of `max_score` points; both 0 where nothing is right or wrong, and then `correct` is None.

    Only negative_marking and confidence_based can go below 0. `feedback` is the chosen choice's own words.
    """

    correct: bool | None
    score: float
    max_score: float
    feedback: Words | None = None


def grade(
    question: Question,
    answer: Answer,
    *,
    scoring_type: ScoringType = "all_or_nothing",
    confidence: Confidence | None = None,
) -> Grade:
    """Grade an answer of the type that `Understood.value` has for this kind of question (else TypeError).

    - ungraded: nothing counts. completion: any answer pays in full. instrument: a rating's own value
      above its lowest step (turned round if reverse), to be summed into the instrument's raw score.
    - all_or_nothing: entirely right, or 0. partial_credit: the share that is right (multiple_choice: right
      choices less wrong ones, of all right ones). weighted: the sum of the chosen fractions, 0 to 1.
    - negative_marking: as partial_credit, and wrong choices cost: their negative fraction, or without any
      a chance guesser's gain, 1/(choices - 1), so that guessing pays nothing. What is typed never costs.
    - confidence_based: right or wrong, paid by `confidence`; without one, as all_or_nothing.
    """
    feedback = _feedback(question, answer)
    if scoring_type == "instrument" and isinstance(question, Rating):
        return Grade(None, _above_lowest(question, answer), question.scale.max - question.scale.min, feedback)
    points = float(question.grading.point_value)
    if scoring_type == "completion":
        return Grade(None, points, points, feedback)
    share = None if scoring_type in {"ungraded", "instrument"} else share_right(question, answer)
    if share is None:
        return Grade(None, 0.0, 0.0, feedback)
    correct = share >= 1 - _HAIR
    return Grade(correct, points * _paid(question, answer, share, scoring_type, confidence), points, feedback)


def share_right(question: Question, answer: Answer) -> float | None:  # noqa: PLR0911
    """How much of the answer is right, 0 to 1; None where no answer is right or wrong."""
    if not question.grading.correct_answers:
        return None
    match question:
        case SingleChoice():
            return float(ids(answer)[0] in question.grading.correct_answers)
        case MultipleChoice():
            return _multiple(question, ids(answer))
        case TrueFalse():
            return float(bool(answer) is question.grading.correct_answers[0])
        case NumberQuestion():
            return float(any(right.accepts(_number(answer)) for right in question.grading.correct_answers))
        case ShortText():
            return float(matches(question, str(answer)))
        case Ordering():
            return _order(question, ids(answer))
        case Matching():
            right = dict(question.grading.correct_answers)
            return sum(right.get(one) == other for one, other in pairs(answer)) / len(right)
        case Rating() | LongText():
            return None
        case _:
            assert_never(question)


def attempt_score(grades: Iterable[Grade], scoring_type: ScoringType = "all_or_nothing") -> tuple[float, float]:
    """(score, max_score) of a whole attempt, unanswered questions graded `unanswered`.

    Never below 0, whatever single questions cost; an ungraded quiz is (0, 0).
    """
    if scoring_type == "ungraded":
        return 0.0, 0.0
    scored = list(grades)
    return max(0.0, sum(one.score for one in scored)), sum(one.max_score for one in scored)


def unanswered(question: Question, *, scoring_type: ScoringType = "all_or_nothing") -> Grade:
    """The grade of a question that got no answer in time: no points of its maximum, and no penalty."""
    wrong = False if graded(question, scoring_type) else None
    return Grade(correct=wrong, score=0.0, max_score=worth(question, scoring_type))


def remark(question: Question, given: Grade, languages: Sequence[str]) -> str:
    """What the writer wants said to this answer: the choice's feedback, or right/wrong; then the general feedback."""
    grading = question.grading
    verdict = grading.when_right if given.correct else grading.when_wrong if given.correct is False else None
    said = (words(part, languages) for part in (given.feedback or verdict, grading.general_feedback))
    return "\n".join(part for part in said if part)


def _paid(
    question: Question, answer: Answer, share: float, scoring_type: ScoringType, confidence: Confidence | None
) -> float:
    """The part of the points that is paid, -2 to 1."""
    correct = share >= 1 - _HAIR
    match scoring_type:
        case "partial_credit" | "weighted" | "negative_marking" if correct:
            return 1.0  # fractions are written 0.33, 0.33, 0.33
        case "weighted" if isinstance(question, SingleChoice | MultipleChoice):
            return min(1.0, max(0.0, _fractions(question, answer)))
        case "partial_credit" | "weighted":
            half_right = _fractions(question, answer) if isinstance(question, SingleChoice) else share
            return min(1.0, max(0.0, half_right))
        case "negative_marking":
            return _negative(question, answer, share)
        case "confidence_based" if confidence is not None:
            return _CERTAINTY[confidence][0 if correct else 1]
        case _:
            return float(correct)


def _fractions(question: SingleChoice | MultipleChoice, answer: Answer) -> float:
    chosen = ids(answer)
    return sum(choice.fraction for choice in question.choices if choice.id in chosen)


def _multiple(question: MultipleChoice, chosen: Sequence[str]) -> float:
    return max(0.0, _hits_less_misses(question, chosen))


def _hits_less_misses(question: MultipleChoice, chosen: Sequence[str]) -> float:
    right = set(question.grading.correct_answers)
    hits = len(right.intersection(chosen))
    return (hits - (len(set(chosen)) - hits)) / len(right)


def _negative(question: Question, answer: Answer, share: float) -> float:
    """What an answer pays that is not entirely right, -1 to 1."""
    match question:
        case SingleChoice() | MultipleChoice() if any(choice.fraction < 0 for choice in question.choices):
            return max(-1.0, min(1.0, _fractions(question, answer)))
        case SingleChoice():
            half_right = _fractions(question, answer)
            return min(1.0, half_right) if half_right > 0 else -1 / (len(question.choices) - 1)
        case MultipleChoice():
            return max(-1.0, _hits_less_misses(question, ids(answer)))
        case TrueFalse():
            return -1.0
        case _:
            return share


def _order(question: Ordering, given: Sequence[str]) -> float:
    right = question.grading.correct_answers
    if tuple(given) == tuple(right):
        return 1.0
    if question.partial == "exact":
        return 0.0
    neighbours = set(pairwise(given))
    return sum(pair in neighbours for pair in pairwise(right)) / (len(right) - 1)


def _number(answer: Answer) -> float:
    if isinstance(answer, int | float):
        return float(answer)
    msg = "this answer is no number"
    raise TypeError(msg)


def _above_lowest(question: Rating, answer: Answer) -> float:
    scale, step = question.scale, _number(answer)
    return scale.max - step if scale.reverse else step - scale.min


def _feedback(question: Question, answer: Answer) -> Words | None:
    """The chosen choice's own words; of several choices, of the first wrong one that has any, else of the first."""
    if not isinstance(question, SingleChoice | MultipleChoice):
        return None
    chosen = ids(answer)
    spoken = [choice for choice in question.choices if choice.id in chosen and choice.feedback is not None]
    wrong = [choice for choice in spoken if choice.fraction <= 0]
    return (wrong or spoken)[0].feedback if spoken else None
