"""What an answer is once it is understood, and how it reads back to the person who gave it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

from bot import wording
from bot.content.choices import Choice
from bot.content.documents import (
    LongText,
    Matching,
    MultipleChoice,
    NumberQuestion,
    Ordering,
    Question,
    Rating,
    ShortText,
    SingleChoice,
    TrueFalse,
    words,
)

Answer = bool | int | float | str | tuple[str, ...] | tuple[tuple[str, str], ...]
"""By the kind of question: true_false a bool, rating an int (the step), number a float, short_text and
long_text the words; single_choice, multiple_choice and ordering the ids of choices (ordering in the
order given, the others in the document's), matching (left id, right id) pairs. JSON keeps it as it is,
with lists for tuples; `as_answer` reads it back."""

Say = Callable[..., str]
"""`wording.say`, or it with an organization's own sentences bound in."""


def as_answer(kept: object) -> Answer:
    """An answer as JSON gave it back: lists become tuples. TypeError for what is no answer."""
    if isinstance(kept, bool | int | float | str):
        return kept
    if not isinstance(kept, list | tuple):
        msg = f"{type(kept).__name__} is no answer"
        raise TypeError(msg)
    if kept and all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in kept):
        return tuple((str(left), str(right)) for left, right in kept)
    return tuple(map(str, kept))


def shown_answer(question: Question, answer: Answer, languages: Sequence[str], say: Say = wording.say) -> str:  # noqa: PLR0911
    """The answer in the words that the person saw; a number with its unit, a step with its label."""
    match question:
        case SingleChoice() | MultipleChoice():
            return ", ".join(_texts(question.choices, answer, languages)) or say("answer.none", languages)
        case Ordering():
            return " > ".join(_texts(question.choices, answer, languages))
        case TrueFalse():
            return true_and_false(question, languages, say)[0 if answer else 1]
        case Rating():
            return step_text(question, int(str(answer)), languages)
        case NumberQuestion():
            return f"{_figures(answer)} {words(question.unit, languages)}".strip()
        case Matching():
            return _pairs(question, answer, languages)
        case ShortText() | LongText():
            return str(answer)
        case _:
            assert_never(question)


def true_and_false(question: TrueFalse, languages: Sequence[str], say: Say = wording.say) -> tuple[str, str]:
    """What true and false are called in this question."""
    true, false = words(question.labels.true, languages), words(question.labels.false, languages)
    return true or say("label.true", languages), false or say("label.false", languages)


def step_text(question: Rating, step: int, languages: Sequence[str]) -> str:
    """A step of the scale with its label, if it has one: "4 Often"."""
    return f"{step} {words(question.scale.labels.get(str(step)), languages)}".strip()


def _texts(choices: Sequence[Choice], answer: Answer, languages: Sequence[str]) -> list[str]:
    by_id = {choice.id: words(choice.text, languages) for choice in choices}
    return [by_id.get(one, one) for one in ids(answer)]


def _pairs(question: Matching, answer: Answer, languages: Sequence[str]) -> str:
    left, right = ({item.id: words(item.text, languages) for item in side} for side in (question.left, question.right))
    return ", ".join(f"{left.get(one, one)} = {right.get(other, other)}" for one, other in pairs(answer))


def ids(answer: Answer) -> tuple[str, ...]:
    """The ids in an answer to a question of choices. TypeError for an answer of another kind."""
    if isinstance(answer, tuple) and all(isinstance(one, str) for one in answer):
        return tuple(map(str, answer))
    msg = "this answer names no choices"
    raise TypeError(msg)


def pairs(answer: Answer) -> tuple[tuple[str, str], ...]:
    """The (left, right) pairs of an answer to a matching question. TypeError for an answer of another kind."""
    if isinstance(answer, tuple):
        found = tuple((pair[0], pair[1]) for pair in answer if isinstance(pair, tuple) and len(pair) == 2)
        if len(found) == len(answer):
            return found
    msg = "this answer names no pairs"
    raise TypeError(msg)


def _figures(answer: Answer) -> str:
    return f"{answer:.15g}" if isinstance(answer, int | float) else str(answer)
