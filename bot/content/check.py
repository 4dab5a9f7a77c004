"""What keeps a content from being sent, and what its writer should know before it is.

Errors are asked again at launch: a version with one is never sent. Warnings cost money or understanding
and are the writer's to weigh. Everything here is said while the text is being written, because what a
channel can't carry must not be found out by ten thousand phones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Literal

from bot.channels import registry
from bot.channels.channel import Abilities
from bot.channels.sms_text import Parts, gsm_safe, measure
from bot.content import rehearsal, render, templates
from bot.content.documents import (
    AudioDocument,
    Document,
    ImageDocument,
    MultipleChoice,
    Ordering,
    Question,
    QuizDocument,
    ShortText,
    SingleChoice,
    TemplateDocument,
    VideoDocument,
)
from bot.content.refusal import Problem, quoted
from bot.content.rehearsal import Rehearsed
from bot.content.variables import SOURCES
from bot.content.words import spoken

__all__ = ["Problem", "Report", "check"]

MANY_PARTS = 3
"""Parts of one SMS that pass without a word."""

_PICTURE = "is missing: say what the picture shows for those who can't see it"


@dataclass(frozen=True, slots=True)
class Report:
    """What is wrong and what is unwise. `sms` is the whole content in its dearest language, None without SMS."""

    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    sms: Parts | None


def check(document: Document, abilities: Mapping[str, Abilities] | None = None) -> Report:
    """Hold a document against what each channel (name → abilities) can carry; None: every channel there is."""
    if abilities is None:
        abilities = {channel.name: channel.abilities for channel in registry.CHANNELS}
    problems = [*_template(document), *_unseen(document), *_untranslated(document)]
    sms = None
    for channel, able in _meant(document, abilities).items():
        said = {language: rehearsal.messages(document, language, able) for language in rehearsal.languages(document)}
        problems += [*_too_long(document, channel, able, said), *_not_carried(document, channel, able)]
        if channel == "sms":
            problems += _dear(said)
            sms = _dearest(said)
    once = dict.fromkeys(problems)
    return Report(
        errors=tuple(problem for problem in once if problem.severity == "error"),
        warnings=tuple(problem for problem in once if problem.severity == "warning"),
        sms=sms,
    )


Said = Mapping[str, Sequence[Rehearsed]]
"""Language → what is said in it."""


def _meant(document: Document, abilities: Mapping[str, Abilities]) -> Mapping[str, Abilities]:
    """The channels that the document is for."""
    if not isinstance(document, TemplateDocument) or document.channel == "any":
        return abilities
    return {channel: able for channel, able in abilities.items() if channel == document.channel}


def _warning(path: str, words: str) -> Problem:
    return Problem(path, words, "warning")


def _template(document: Document) -> Iterator[Problem]:
    """What is wrong with a template's own text and with its translations."""
    if not isinstance(document, TemplateDocument):
        return
    yield from templates.check(document.template_text, document.variables)
    for language, translation in document.translations.items():
        text = translation.get("template_text") if isinstance(translation, dict) else None
        if isinstance(text, str):
            for problem in templates.check(text, document.variables):
                yield Problem(f"translations.{language}.{problem.path}", problem.words)
    for index, variable in enumerate(document.variables):
        if variable.source and variable.source not in SOURCES and not variable.source.startswith("custom."):
            words = f"{quoted(variable.source)} tells nothing; there is {', '.join(SOURCES)}, and custom.<name>"
            yield _warning(f"variables[{index}].source", words)
        if variable.max_length is None and variable.type in {"string", "url"}:
            yield _warning(f"variables[{index}].max_length", "is missing, so the longest SMS is only a guess")


def _unseen(document: Document) -> Iterator[Problem]:
    """What somebody who can't see or hear the file is left without."""
    if isinstance(document, ImageDocument) and document.alt_text is None:
        yield _warning("alt_text", _PICTURE)
    if isinstance(document, VideoDocument | AudioDocument) and document.transcript is None:
        yield _warning("transcript", "is missing: write down what is said for those who can't listen")
    if isinstance(document, QuizDocument):
        for index, question in enumerate(document.questions):
            for place, attachment in enumerate(question.media):
                if attachment.alt_text is None:
                    yield _warning(f"questions[{index}].media[{place}].alt_text", _PICTURE)


def _untranslated(document: Document) -> Iterator[Problem]:
    """Words that lack a language which others of the same document have."""
    maps = list(rehearsal.maps(document))
    everywhere = list(dict.fromkeys(language for _, text in maps for language in text))
    for path, text in maps:
        lacking = [language for language in everywhere if language not in text]
        if lacking:
            yield _warning(path, f"has no {', '.join(lacking)}")


def _too_long(document: Document, channel: str, able: Abilities, said: Said) -> Iterator[Problem]:
    """A question that a channel can't carry whole is no question any more; anything else may come in pieces.

    What is short enough may still be refused by the provider, for what it makes of it.
    """
    for language, messages in said.items():
        for path, message in messages:
            if len(message.text) > able.max_text:
                words = f"has {len(message.text)} characters in {language}; {channel} carries {able.max_text}"
                yield Problem(path, words)
            else:
                for words in able.fits(message):
                    yield Problem(path, f"{words} ({channel}, {language})")
        if len(messages) > 1 and not isinstance(document, QuizDocument):
            yield _warning(messages[0][0], f"goes out as {len(messages)} messages on {channel} in {language}")


def _not_carried(document: Document, channel: str, able: Abilities) -> Iterator[Problem]:
    for media in set(rehearsal.stored(document).values()):
        if not any(fnmatch(media.mime_type, carried) for carried in able.media_types):
            yield _warning("file", f"goes out as a link: {channel} doesn't carry {media.mime_type}")
    if isinstance(document, QuizDocument):
        for index, question in enumerate(document.questions):
            yield from _question(question, f"questions[{index}]", channel, able)


def _question(question: Question, path: str, channel: str, able: Abilities) -> Iterator[Problem]:
    count = render.labels_needed(question)
    if count > able.max_options:
        words = f"has {count} options; {channel} carries {able.max_options}"
        yield _warning(path, f"{words}, so the answer is typed") if able.taps else Problem(path, words)
    if isinstance(question, SingleChoice | MultipleChoice | Ordering):
        yield from _choices(question, path, channel, able)
    if isinstance(question, ShortText):
        yield from _typed_answers(question, path, channel, able)


def _choices(
    question: SingleChoice | MultipleChoice | Ordering, path: str, channel: str, able: Abilities
) -> Iterator[Problem]:
    labels = {str(number) for number in range(1, len(question.choices) + 1)}
    seen: set[tuple[str, str]] = set()
    for index, choice in enumerate(question.choices):
        for language, text in spoken(choice.text):
            place, typed = f"{path}.choices[{index}].text{language}", text.strip().casefold()
            if (language, typed) in seen:
                yield _warning(place, f"{quoted(text)} is there twice")
            seen.add((language, typed))
            if _is_keyword(typed, able):
                yield Problem(place, f"{quoted(text)} alone is a word that {channel} acts on; say more")
            elif not able.taps and typed in labels and (question.shuffle_choices or typed != str(index + 1)):
                yield _warning(place, f"{quoted(text)} may be meant when somebody types the number of a choice")


def _typed_answers(question: ShortText, path: str, channel: str, able: Abilities) -> Iterator[Problem]:
    """A right answer that a carrier takes for STOP opts out whoever knows it; an error if there is no other."""
    answers = question.grading.correct_answers
    owned = [index for index, answer in enumerate(answers) if _is_keyword(answer.strip().casefold(), able)]
    severity: Literal["error", "warning"] = "error" if len(owned) == len(answers) else "warning"
    for index in owned:
        words = f"{quoted(answers[index])} can't be an answer on {channel}: it acts on that word"
        yield Problem(f"{path}.grading.correct_answers[{index}]", words, severity)


def _is_keyword(typed: str, able: Abilities) -> bool:
    return typed in {keyword.casefold() for keyword in able.keywords}


def _dear(said: Said) -> Iterator[Problem]:
    """Texts that cost more SMS parts than most, or more than they need to."""
    for language, messages in said.items():
        for path, message in messages:
            cost, cheaper = measure(message.text), measure(gsm_safe(message.text))
            if cheaper.parts < cost.parts:
                words = f"takes {cost.parts} SMS parts in {language}, and {cheaper.parts} with plain quotes and dashes"
                yield _warning(path, words)
            elif cost.parts > MANY_PARTS:
                yield _warning(path, f"takes {cost.parts} SMS parts in {language}")


def _dearest(said: Said) -> Parts:
    sums = [_sum([measure(message.text) for _, message in messages]) for messages in said.values()]
    return max(sums, key=lambda parts: (parts.parts, parts.units))


def _sum(messages: Sequence[Parts]) -> Parts:
    wide = any(message.encoding == "ucs2" for message in messages)
    return Parts(
        parts=sum(message.parts for message in messages),
        encoding="ucs2" if wide else "gsm7",
        units=sum(message.units for message in messages),
    )
