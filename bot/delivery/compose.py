"""From a row of the outbox to the exact message: facts about the person in, messages out.

Nothing here sends or writes. What a person sees is decided by the content version, their language, the
channel's abilities and which of their other questions are still open.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bot import chance
from bot.channels.channel import Abilities, Media, Message
from bot.content import render
from bot.content.documents import Document, TemplateDocument
from bot.content.render import Shown
from bot.wording import say


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom it is for: languages, best first, and the facts that templates may name ("worker.first_name")."""

    languages: tuple[str, ...]
    facts: Mapping[str, str | None] = field(default_factory=dict)
    own_wording: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Opening:
    """The question that the last of `messages` asks: its index in the content and how it is shown."""

    position: int
    question_id: str
    shown: Shown
    labels: int
    seconds: int | None = None  # how long an answer counts in full


@dataclass(frozen=True, slots=True)
class Composed:
    """What goes out, part by part, and the question that the last part opens."""

    messages: tuple[Message, ...]
    opening: Opening | None = None


def compose(
    document: Document,
    reader: Reader,
    channel: Abilities,
    *,
    position: int = 0,
    intro: str | None = None,
    shown: Shown | None = None,
    taken: Sequence[range] = (),
    media: Mapping[str, Media] | None = None,
    values: Mapping[str, Any] | None = None,
) -> Composed:
    """A content for one reader; with `position` > 0 or an `intro`, a later question of a quiz.

    `shown` is how an earlier attempt of the same delivery showed the question: it must look the same again.
    `taken` are the labels of their other open questions. TemplateRefused if a template can't be filled.
    """
    speak = partial(say, own=reader.own_wording)
    opening = _opening(document, position, shown, taken, taps=channel.taps)
    languages = _languages(document, reader)
    if opening is not None and (position > 0 or intro):
        questions = render.answerable(document, languages=languages, say=speak)
        ask = partial(
            render.question_message,
            questions[position],
            number=position + 1,
            total=len(questions),
            languages=languages,
            shown=opening.shown,
            channel=channel,
            media=media,
            say=speak,
        )
        message = ask(intro=intro or "")
        if not channel.fits(message):
            return Composed((message,), opening)
        grade = render.fitted(Message(intro), channel.max_text) if intro else ()
        return Composed((*grade, *render.fitted(ask(), channel.max_text)), opening)
    messages = render.document_messages(
        document,
        languages=languages,
        variables=_variables(document, reader, values or {}),
        media=media or {},
        shown=opening.shown if opening else None,
        channel=channel,
        say=speak,
    )
    return Composed(messages, opening)


def media_of(document: Document) -> set[uuid.UUID]:
    """Ids of the stored files that a document shows."""
    ids = {getattr(document, "media_asset_id", None)}
    for question in getattr(document, "questions", ()):
        ids |= {attachment.media_asset_id for attachment in question.media}
    return {uuid.UUID(found) for found in ids if found}


def _languages(document: Document, reader: Reader) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*reader.languages, document.language)))


def _opening(
    document: Document, position: int, shown: Shown | None, taken: Sequence[range], *, taps: bool
) -> Opening | None:
    questions = render.answerable(document)
    if not questions:
        return None
    question = questions[position]
    labels = render.labels_needed(question)
    if shown is None:
        # Buttons carry their own words; only typed labels must not mean two things.
        natural = render.natural_label(question)
        first = natural if taps or not labels else render.first_free_label(taken, labels, natural)
        shown = Shown(chance.token(), first, render.option_order(question, chance.shuffled))
    limits = [limit for limit in (question.time_limit, getattr(document, "time_limit", None)) if limit]
    return Opening(position, question.id, shown, labels, min(limits, default=None))


def _variables(document: Document, reader: Reader, values: Mapping[str, Any]) -> dict[str, str]:
    """Each declared variable from its source, else from the broadcast's own values."""
    if not isinstance(document, TemplateDocument):
        return {}
    found: dict[str, str] = {}
    for variable in document.variables:
        value = reader.facts.get(variable.source) if variable.source else None
        value = values.get(variable.name) if value is None else value
        if value is not None:
            found[variable.name] = str(value)
    return found
