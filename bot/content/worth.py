"""What the questions of a quiz can pay, whoever answers them. Pure."""

from __future__ import annotations

from typing import Final

from bot.content.documents import Question, QuizDocument, Rating, ScoringType

_HAIR: Final = 1e-9


def worth(question: Question, scoring_type: ScoringType) -> float:
    """The most that an answer can score; 0 where nothing is right or wrong about it and nothing counts."""
    if scoring_type == "instrument" and isinstance(question, Rating):
        return float(question.scale.max - question.scale.min)
    points = float(question.grading.point_value)
    return points if scoring_type == "completion" or graded(question, scoring_type) else 0.0


def graded(question: Question, scoring_type: ScoringType) -> bool:
    """Whether an answer is right or wrong."""
    return scoring_type not in {"completion", "ungraded", "instrument"} and bool(question.grading.correct_answers)


def total(document: QuizDocument) -> float:
    """The most that the whole quiz can score."""
    return sum(worth(question, document.scoring_type) for question in document.questions)


def passed(score: float, max_score: float, passing_score: float | None) -> bool | None:
    """Is the score at least `passing_score` (0 to 1) of the maximum? None where nothing was set or can be scored."""
    if passing_score is None or max_score <= 0:
        return None
    return score / max_score >= passing_score - _HAIR
