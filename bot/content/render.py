"""Content into messages: what a person sees of a document on their channel, in their language.

Pure: the worker's values, the stored files' addresses and the prompt's labels come in, messages go
out, one for each provider call. Where fingers can tap, the options become an `Ask` and stand in `text`
only for screen readers; where not, they are labelled lines and a sentence that says what to type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from bot import wording
from bot.channels.channel import Abilities, Media, Message
from bot.channels.sms_text import split
from bot.content import templates
from bot.content.answers import Say, shown_answer
from bot.content.asks import Shown, ask, how_many, how_to_answer, lines
from bot.content.documents import (
    AudioDocument,
    Document,
    DocumentDocument,
    ImageDocument,
    LongText,
    Question,
    QuizDocument,
    Rating,
    ReflectionDocument,
    TemplateDocument,
    TextDocument,
    VideoDocument,
    words,
)
from bot.content.labels import first_free_label, labels_needed, natural_label, option_order
from bot.content.media_messages import attached, media_message
from bot.content.plain_text import plain
from bot.content.said import block, said

__all__ = [
    "Shown",
    "answerable",
    "document_messages",
    "first_free_label",
    "fitted",
    "labels_needed",
    "natural_label",
    "option_order",
    "question_message",
    "shown_answer",
]


def question_message(
    question: Question,
    *,
    number: int,
    total: int,
    languages: Sequence[str],
    shown: Shown,
    channel: Abilities,
    intro: str = "",
    media: Mapping[str, Media] | None = None,
    say: Say = wording.say,
) -> Message:
    """One question, the `number`th of `total`, after `intro` (a title, the grade of the last answer).

    Not cut: what is over the channel's length is refused when the question is written. `media` is as for
    `document_messages`; attachments that it lacks are left out.
    """
    place = f"({number}/{total}) " if total > 1 else ""
    limit = _time_limit(question.time_limit, languages, say)
    prompt = block(intro, place + words(question.prompt, languages), limit)
    listed = lines(question, shown, languages, say)
    carried, linked = attached(question, media or {}, languages, channel)
    if not channel.taps:
        how = how_to_answer(question, shown, languages, say)
        return Message(block(prompt, *linked, *listed, how), media=carried)
    tapped = ask(question, shown, languages, channel, say)
    above = block(prompt, how_many(question, languages, say), *linked)
    return Message(
        text=block(above, *listed, tapped.placeholder),
        body=above if tapped.options else block(above, *listed),
        media=carried,
        ask=tapped,
    )


def document_messages(
    document: Document,
    *,
    languages: Sequence[str],
    variables: Mapping[str, object],
    media: Mapping[str, Media],
    shown: Shown | None,
    channel: Abilities,
    say: Say = wording.say,
) -> tuple[Message, ...]:
    """What a document of any kind opens with on this channel: mostly one message, in the order to send.

    `variables` fill a template (TemplateRefused if they can't). `media` is media_asset_id, or `file`
    where that is all there is, → the stored file; a media document that is not in it is a KeyError.
    `shown` is the opened prompt of a quiz or a reflection; without one (a preview) labels and order are
    the document's own.
    """
    match document:
        case TextDocument():
            text, marked = said(document, "text", languages), document.formatting.markdown
            markup = marked and channel.taps
            message = Message(text, text, markup=True) if markup else Message(plain(text) if marked else text)
        case ImageDocument() | VideoDocument() | AudioDocument() | DocumentDocument():
            message = media_message(document, media, languages, channel, say)
        case QuizDocument():
            first = document.questions[0]
            message = question_message(
                first, number=1, total=len(document.questions), languages=languages, shown=shown or _as_written(first),
                channel=channel, intro=said(document, "title", languages), media=media, say=say,
            )  # fmt: skip
        case ReflectionDocument():
            message = _reflection_message(document, languages, shown, channel, say)
        case TemplateDocument():
            text = templates.render(said(document, "template_text", languages), document.variables, variables)
            message = Message(text)
        case _:
            assert_never(document)
    return fitted(message, channel.max_text)


def answerable(document: Document, *, languages: Sequence[str] = (), say: Say = wording.say) -> list[Question]:
    """The questions that a document asks, in order; none for what is only to be read.

    A reflection asks as a rating or a long text (ids `rating`, `reflection`, or `photo`, which a picture
    answers), then its follow-ups (`follow_up_1` …). The text after a rating is the first follow-up or, where
    there is none, our own "tell us more" in `languages`.
    """
    match document:
        case QuizDocument():
            return list(document.questions)
        case ReflectionDocument():
            return _reflection_questions(document, say("reflection.more", languages or (document.language,)))
        case _:
            return []


def _reflection_questions(document: ReflectionDocument, more: str) -> list[Question]:
    settings = document.settings
    prompts = list(settings.follow_ups) or ([more] if settings.response_kind == "rating_then_text" else [])
    first: Question
    if settings.response_kind in {"rating", "rating_then_text"}:
        first = Rating(id="rating", kind="rating", prompt=document.prompt_text)
    else:
        photo = settings.response_kind == "photo"  # which has no length
        name, low, high = "photo" if photo else "reflection", 0 if photo else settings.min_length, settings.max_length
        first = LongText(id=name, kind="long_text", prompt=document.prompt_text, min_length=low, max_length=high)
    later = (
        LongText(id=f"follow_up_{place}", kind="long_text", prompt=prompt, max_length=settings.max_length)
        for place, prompt in enumerate(prompts, 1)
    )
    return [first, *later]


def _reflection_message(
    document: ReflectionDocument, languages: Sequence[str], shown: Shown | None, channel: Abilities, say: Say
) -> Message:
    anonymous = document.settings.visibility == "anonymous"
    prompt = block(
        said(document, "prompt_text", languages),
        said(document, "guidance_text", languages),
        say("reflection.anonymous", languages) if anonymous else "",
    )
    if document.settings.response_kind == "photo":
        return Message(block(prompt, say("reply.photo", languages)))
    first = answerable(document, languages=languages, say=say)[0].model_copy(update={"prompt": prompt})
    return question_message(
        first, number=1, total=1, languages=languages, shown=shown or _as_written(first), channel=channel, say=say
    )


def _time_limit(seconds: int | None, languages: Sequence[str], say: Say) -> str:
    if not seconds:
        return ""
    for size, sign in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds % size == 0:
            return say("question.time_limit", languages, time=f"{seconds // size} {sign}")
    return say("question.time_limit", languages, time=f"{seconds} s")


def _as_written(question: Question) -> Shown:
    return Shown("", natural_label(question))


def fitted(message: Message, limit: int) -> tuple[Message, ...]:
    """The message, cut where it is too long for the channel: files go with the first piece, the ask with the last."""
    whole = message.body or message.text
    pieces = [piece.strip() for piece in split(whole, limit) if piece.strip()]
    if len(pieces) < 2:
        return (message,)
    unshown = message.text.removeprefix(whole) if message.body else ""
    shown = [replace(message, text=piece, body=piece if message.body else "", media=(), ask=None) for piece in pieces]
    shown[0] = replace(shown[0], media=message.media)
    shown[-1] = replace(shown[-1], text=shown[-1].text + unshown, ask=message.ask)
    return tuple(shown)
