"""Does a message name what a question offers? Stricter than `reading`, which also forgives and guesses.

Several questions may be open at once, and a reflection takes any words at all. What stood on the screen
(a label, the words of a choice) has one meaning there; what only resembles it may be meant for anybody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

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
)
from bot.conversation.picking import all_named, named, spelt
from bot.conversation.reading import FALSE_WORDS, TICKS, TRUE_WORDS, Understood, menu_of, read, step_of
from bot.conversation.short_text import matches

_SLIP: Final = re.compile(r"[a-z]|\d{1,2}(?: \d{1,2})*")
"""One letter or bare labels, once folded. Three digits are no label that anybody has seen."""


def takes_any_words(question: Question) -> bool:
    """Whether whatever is typed answers it."""
    return isinstance(question, ShortText | LongText)


def has_labels(question: Question) -> bool:
    """Whether something to choose stood there behind a digit."""
    return not isinstance(question, ShortText | LongText | NumberQuestion)


def names(  # noqa: PLR0911
    question: Question, typed: str, *, order: Sequence[str] = (), first_label: int = 1, languages: Sequence[str] = ()
) -> bool:
    """Whether `typed` says outright something that answers `question` and not just anything.

    A label in figures or words, a letter, the whole words of a choice ("mop it", not "mop"), a step, a whole
    order, every pair; for a number a number and nothing else, for a short text one of its right answers.
    Which choices the question allows is no matter here: one where it wants two is for `read` to ask again.
    """
    match question:
        case SingleChoice():
            return named(typed, menu_of(question, order, first_label, languages)) is not None
        case MultipleChoice():
            return all_named(typed, menu_of(question, order, first_label, languages))
        case Rating():
            return named(step_of(question, typed), menu_of(question, order, first_label, languages)) is not None
        case ShortText():
            return matches(question, typed)
        case LongText():
            return False
    if not isinstance(read(question, typed, order=order, first_label=first_label, languages=languages), Understood):
        return False
    folded = spelt(typed)
    match question:
        case TrueFalse():
            ticked = not folded and any(character in TICKS for character in typed)
            menu = menu_of(question, order, first_label, languages)
            return ticked or folded in TRUE_WORDS | FALSE_WORDS or named(typed, menu) is not None
        case Matching():  # letters alone ("AC", "b a") are too easily a word
            return any(character.isdecimal() for character in folded)
        case NumberQuestion() | Ordering():
            return True


def slipped(typed: str) -> bool:
    """Whether this can only be meant for something with labels, and misses them: `9`, `7)`, `1 9`, `x`."""
    return _SLIP.fullmatch(spelt(typed)) is not None
