"""Which open question does this answer? Pure: the open questions and the words in, a match out.

Several questions may be open at once, and this is how a bare message finds its own. The first rule that
fits decides; "newest" is by when a question was asked, an older one having had its chance.

1. Who taps, or replies in the thread of a question, has said which one it is.
2. What `naming.names` a question's own answer goes to the newest question of which that is true: a label
   (`2`, `2)`, `two`), a letter, the whole words of a choice, a step, an order; a bare number for a number
   question, a right answer for a short text. So `2` answers the older quiz whose options are 1-3 although
   a reflection was asked since: labels are never shared, so a digit has one meaning. A *number* question that
   is newer than the labels does take the digit: a number is just what it asked for.
3. Anything else goes to the newest question that can take it: a choice whose words it resembles (`blok the
   aera`), or one that takes any words. Two exceptions. What slips past labels (`9` of 1-3, a lone `x`) is no
   free text of a question *older* than those labels; and words that follow a reflection within its join window
   are no answer to an older question that takes any words.
4. Later parts of a reflection join it, unless they slip past the labels of an open question: that is asked
   again. A doubtful `9` costs the person a second look, a lost answer would cost them the question.
5. What nobody understands is asked again by the newest.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.channels.channel import Tap
from bot.content.documents import (
    Document,
    MultipleChoice,
    Question,
    Rating,
    SingleChoice,
    Words,
    words,
)
from bot.conversation.folding import fold
from bot.conversation.naming import has_labels, names, slipped, takes_any_words
from bot.conversation.reading import NotUnderstood, Reading, Understood, read, read_tap


@dataclass(frozen=True, slots=True)
class Attempt:
    """A quiz under way."""

    id: uuid.UUID
    score: float
    max_score: float
    deadline: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenPrompt:
    """A question in front of a person. `joins_until` is set once a reflection was answered and may be added to.

    `attempt` is the quiz's as far as it has come; `earned` the points for all that was asked together with this,
    `paid` the reasons for which this question has paid this person already. `provider_id` and `payload` are the
    message that asked, where it can be changed.
    """

    id: uuid.UUID
    token: str
    delivery_id: int
    content_id: uuid.UUID
    content_version_id: uuid.UUID
    source_kind: str
    source_id: uuid.UUID
    position: int
    question: Question
    document: Document
    order: tuple[str, ...]
    first_label: int
    tries: int
    asked_at: datetime
    expires_at: datetime | None = None
    answered_at: datetime | None = None
    response_id: uuid.UUID | None = None
    joins_until: datetime | None = None
    state: str = "open"
    attempt: Attempt | None = None
    earned: int = 0
    paid: frozenset[str] = frozenset()
    provider_id: str | None = None
    payload: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """The message answers `prompt`, or tried to."""

    prompt: OpenPrompt
    reading: Reading


@dataclass(frozen=True, slots=True)
class Joins:
    """The message goes on with words that `prompt` got a moment ago."""

    prompt: OpenPrompt


Route = Answers | Joins | None


def route_text(typed: str, prompts: Sequence[OpenPrompt], languages: Sequence[str], now: datetime) -> Route:
    """Where typed words belong; None if nothing is open. `prompts` in any order."""
    waiting = sorted((p for p in prompts if p.answered_at is None), key=lambda p: (p.asked_at, p.id), reverse=True)
    newest = Answers(waiting[0], _read(waiting[0], typed, languages)) if waiting else None
    if not typed.strip():
        return newest
    named = next((prompt for prompt in waiting if _names(prompt, typed, languages)), None)
    if named is not None:
        return Answers(named, _read(named, typed, languages))
    joining = _joining(prompts, now)
    return _taken(typed, waiting, languages, joining) or (Joins(joining) if joining is not None else newest)


def route_thread(typed: str, prompt: OpenPrompt, languages: Sequence[str], now: datetime) -> Route:
    """Where words belong that reply to the very message that asked `prompt`, whatever else is open."""
    joining = _joining([prompt], now)
    return Joins(joining) if joining is not None and typed.strip() else Answers(prompt, _read(prompt, typed, languages))


def _taken(
    typed: str, waiting: Sequence[OpenPrompt], languages: Sequence[str], joining: OpenPrompt | None
) -> Answers | None:
    """The newest question that understands what names none, or whose labels it slips past; `waiting` newest first."""
    slip, missed = slipped(typed), None
    for prompt in waiting:
        answers = Answers(prompt, _read(prompt, typed, languages))
        if takes_any_words(prompt.question):
            if missed is None and not _asked_before(prompt, joining):
                return answers
        elif isinstance(answers.reading, Understood):
            return answers
        elif slip and missed is None and has_labels(prompt.question):
            missed = answers
    return missed


def _asked_before(prompt: OpenPrompt, joining: OpenPrompt | None) -> bool:
    """Whether `prompt` had been asked already when the answer came that may still be added to."""
    return joining is not None and joining.answered_at is not None and prompt.asked_at < joining.answered_at


def route_tap(tap: Tap, prompts: Sequence[OpenPrompt], languages: Sequence[str]) -> Route:
    """Where a tap belongs: to the prompt whose token it carries."""
    for prompt in prompts:
        if prompt.token == tap.token:
            return Answers(
                prompt,
                read_tap(
                    prompt.question, tap.values, order=prompt.order, first_label=prompt.first_label, languages=languages
                ),
            )
    return None


def names_choice(typed: str, prompts: Sequence[OpenPrompt], languages: Sequence[str]) -> bool:
    """Whether `typed` is, to the letter, a choice of a question that is open, in the words that the person saw.

    "baja" is a wish to leave, unless the question is "¿Prioridad? 1) Alta 2) Baja".
    """
    return any(
        fold(typed) in {fold(words(one, (*languages, prompt.document.language))) for one in _offered(prompt.question)}
        and isinstance(_read(prompt, typed, languages), Understood)
        for prompt in prompts
        if prompt.answered_at is None
    )


def _offered(question: Question) -> Sequence[Words]:
    """The words by which something may be chosen. True and false are not: no reserved word ever answers them."""
    match question:
        case SingleChoice() | MultipleChoice():
            return [choice.text for choice in question.choices]
        case Rating():
            return list(question.scale.labels.values())
        case _:
            return ()


def _read(prompt: OpenPrompt, typed: str, languages: Sequence[str]) -> Reading:
    if not typed.strip():
        return NotUnderstood("hint.empty")
    return read(prompt.question, typed, order=prompt.order, first_label=prompt.first_label, languages=languages)


def _names(prompt: OpenPrompt, typed: str, languages: Sequence[str]) -> bool:
    return names(prompt.question, typed, order=prompt.order, first_label=prompt.first_label, languages=languages)


def _joining(prompts: Sequence[OpenPrompt], now: datetime) -> OpenPrompt | None:
    """The answer that was given last of those that may still be added to."""
    windows = [
        (prompt.answered_at, prompt.asked_at, prompt.id, prompt)
        for prompt in prompts
        if prompt.answered_at and prompt.response_id and prompt.joins_until is not None and prompt.joins_until > now
    ]
    return max(windows)[-1] if windows else None
