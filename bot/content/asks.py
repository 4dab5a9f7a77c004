"""A question's options as a hand meets them: lines to read, buttons to tap, and what to type instead.

Labels and order come from the prompt that was opened, so that what is shown here is exactly what
`conversation.reading` understands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.channels.channel import Abilities, Ask, Option
from bot.content.answers import Say, true_and_false
from bot.content.choices import Choice
from bot.content.documents import (
    LongText,
    Matching,
    MultipleChoice,
    NumberQuestion,
    Ordering,
    Question,
    Rating,
    SingleChoice,
    TrueFalse,
    words,
)
from bot.content.labels import (
    LETTERS,
    TRUE_FALSE,
    example_match,
    example_order,
    example_several,
    natural_label,
)


@dataclass(frozen=True, slots=True)
class Shown:
    """How one prompt shows its question: in `order` (empty: the document's own), labelled from `first_label`.

    `order` is what `option_order` gave, `token` what comes back in a tap.
    """

    token: str
    first_label: int = 1
    order: tuple[str, ...] = ()


def options(question: Question, shown: Shown, languages: Sequence[str], say: Say) -> tuple[Option, ...]:
    """Everything that can be chosen, in the order shown; for matching the left side. Empty where one types freely."""
    match question:
        case SingleChoice() | MultipleChoice() | Ordering():
            found = _texts(question.choices, shown.order, languages)
        case Matching():
            found = _texts(question.left, shown.order[: len(question.left)], languages)
        case TrueFalse():
            found = list(zip(TRUE_FALSE, true_and_false(question, languages, say), strict=True))
        case Rating():
            scale = question.scale
            steps = map(str, range(scale.min, scale.max + 1))
            found = [(step, words(scale.labels.get(step), languages)) for step in steps]
        case _:
            found = []
    return tuple(Option(value, str(label), text) for label, (value, text) in enumerate(found, shown.first_label))


def lines(question: Question, shown: Shown, languages: Sequence[str], say: Say) -> list[str]:
    """The options as lines of text: "1) Block the area". Of a rating on its own digits, the steps that have a name."""
    listed = options(question, shown, languages, say)
    if isinstance(question, Rating):
        own = shown.first_label == natural_label(question)
        return [
            f"{option.label}) {option.text if own else f'{option.value} {option.text}'}".rstrip()
            for option in listed
            if option.text or not own
        ]
    numbered = [f"{option.label}) {option.text}" for option in listed]
    if isinstance(question, Matching):
        right = _texts(question.right, shown.order[len(question.left) :], languages)
        return numbered + [f"{letter}) {text}" for letter, (_, text) in zip(LETTERS, right, strict=False)]
    return numbered


def how_to_answer(question: Question, shown: Shown, languages: Sequence[str], say: Say) -> str:  # noqa: PLR0911
    """The short sentence below the options: what to type."""
    first, count = shown.first_label, len(options(question, shown, languages, say))
    match question:
        case SingleChoice() | TrueFalse():
            return say("reply.one", languages)
        case Rating():
            return say("reply.rating", languages, first=first, last=first + count - 1)
        case MultipleChoice():
            return _how_many(question, languages, say, example_several(first, count))
        case Ordering():
            return say("reply.order", languages, example=example_order(first, count))
        case Matching():
            return say("reply.match", languages, example=example_match(first, len(question.right)))
        case NumberQuestion() if question.unit:
            return say("reply.number_in", languages, unit=words(question.unit, languages))
        case NumberQuestion():
            return say("reply.number", languages)
        case LongText():
            return say("reply.long_text", languages)
        case _:
            return say("reply.text", languages)


def how_many(question: Question, languages: Sequence[str], say: Say) -> str:
    """How many boxes may be ticked, where not any number: checkboxes don't say."""
    if not isinstance(question, MultipleChoice):
        return ""
    least, most = question.min or 0, question.max or len(question.choices)
    if least == most:
        return say("choose.exactly", languages, count=most)
    if most < len(question.choices):
        return say("choose.up_to", languages, count=most)
    return say("choose.at_least", languages, count=least) if least > 1 else ""


def ask(question: Question, shown: Shown, languages: Sequence[str], channel: Abilities, say: Say) -> Ask:
    """What to tap or fill in. Options that a channel can't show all of, orders and pairs are typed into a line."""
    submit, found = say("ask.submit", languages), options(question, shown, languages, say)
    tappable = len(found) <= channel.max_options
    how = how_to_answer(question, shown, languages, say)
    match question:
        case SingleChoice() | TrueFalse() if tappable:
            return Ask("buttons", shown.token, found, submit)
        case Rating() if tappable:
            steps = tuple(Option(step.value, step.label, f"{step.value} {step.text}".rstrip()) for step in found)
            return Ask("buttons", shown.token, steps, submit)
        case MultipleChoice() if tappable:
            return Ask("checkboxes", shown.token, found, submit)
        case NumberQuestion():
            return Ask("number", shown.token, (), submit, how)
        case LongText():
            return Ask("long_text", shown.token, (), submit, how, question.max_length, question.min_length or None)
        case _:
            return Ask("text", shown.token, (), submit, how)


def _texts(choices: Sequence[Choice], order: Sequence[str], languages: Sequence[str]) -> list[tuple[str, str]]:
    by_id = {choice.id: words(choice.text, languages) for choice in choices}
    return [(one, by_id[one]) for one in order or by_id]


def _how_many(question: MultipleChoice, languages: Sequence[str], say: Say, example: str) -> str:
    most = question.max or len(question.choices)
    if most == 1:
        return say("reply.one", languages)
    if question.min == most:
        return say("reply.several_exactly", languages, count=most, example=example)
    if most < len(question.choices):
        return say("reply.several_up_to", languages, count=most, example=example)
    return say("reply.several", languages, example=example)
