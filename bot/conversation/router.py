"""Which open question does this answer? Pure: the open questions and the words in, a match out.

A bare answer goes to the newest question that can take it. Options of open questions never share labels,
so a digit that belongs to an older question's options finds its way there although a newer one is open.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.channels.channel import Tap
from bot.content.documents import (
    Document,
    LongText,
    MultipleChoice,
    Question,
    Rating,
    SingleChoice,
    Words,
    words,
)
from bot.conversation.folding import fold
from bot.conversation.reading import NotUnderstood, Reading, Understood, read, read_tap


@dataclass(frozen=True, slots=True)
class OpenPrompt:
    """A question in front of a person. `joins_until` is set once a reflection was answered and may be added to."""

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
    joining = _joining(prompts, now)
    read_as = [Answers(p, _read(p, typed, languages)) for p in waiting]
    for answers in read_as:
        free = isinstance(answers.prompt.question, LongText)
        late_comer = (
            joining is not None and joining.answered_at is not None and answers.prompt.asked_at < joining.answered_at
        )
        if isinstance(answers.reading, Understood) and not (free and late_comer):
            return answers
    if joining is not None:
        return Joins(joining)
    return read_as[0] if read_as else None


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


def _joining(prompts: Sequence[OpenPrompt], now: datetime) -> OpenPrompt | None:
    open_windows = [p for p in prompts if p.joins_until is not None and p.joins_until > now and p.response_id]
    return max(open_windows, key=lambda p: (p.asked_at, p.id), default=None)
