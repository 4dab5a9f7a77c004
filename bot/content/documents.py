"""What a content is, of each of the eight kinds: the shape that is stored, versioned, sent and exported.

This is the door. Whatever comes from a file, a form or the API passes `parse` once, and from then on
every key is there, every text is clean and every question can be answered. `dump` gives the JSON
that versions keep: complete, with today's defaults written in, so that a default that changes
tomorrow changes nothing that is already running.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from bot.content.choices import (
    CARRIER_KEYWORDS,
    DAY,
    Asked,
    Attachment,
    Between,
    Choice,
    Exactly,
    Grading,
    backwards,
    doubled,
    misplaced,
)
from bot.content.described import Described
from bot.content.questions import (
    LongText,
    Matching,
    MultipleChoice,
    NumberQuestion,
    Ordering,
    Question,
    Rating,
    Scale,
    ShortText,
    SingleChoice,
    TrueFalse,
    ungradable,
)
from bot.content.refusal import DocumentRefused, Mistake, mistakes_of, refuse
from bot.content.variables import Variable
from bot.content.words import (
    Flag,
    Id,
    Line,
    Number,
    OptionalWords,
    Part,
    Text,
    Whole,
    Words,
    words,
)

__all__ = [  # the parts of a document are imported from here, whichever file they are written in
    "CARRIER_KEYWORDS",
    "Asked",
    "Attachment",
    "AudioDocument",
    "Between",
    "Choice",
    "Document",
    "DocumentDocument",
    "DocumentRefused",
    "Exactly",
    "Formatting",
    "Grading",
    "ImageDocument",
    "LongText",
    "Matching",
    "MediaDocument",
    "MultipleChoice",
    "NumberQuestion",
    "Ordering",
    "Question",
    "QuizDocument",
    "Rating",
    "ReflectionDocument",
    "ReflectionSettings",
    "Scale",
    "ScoringType",
    "ShortText",
    "SingleChoice",
    "TemplateDocument",
    "TextDocument",
    "TrueFalse",
    "Variable",
    "VideoDocument",
    "Words",
    "dump",
    "parse",
    "words",
]

ScoringType = Literal[
    "ungraded",
    "completion",
    "all_or_nothing",
    "partial_credit",
    "weighted",
    "negative_marking",
    "confidence_based",
    "instrument",
]
UNGRADED: frozenset[str] = frozenset({"ungraded", "completion", "instrument"})
"""Scoring types that ask for no right answer."""


class Formatting(Part):
    """How to read a text: `markdown` gives **bold**, _italic_, links and lists a meaning."""

    markdown: Flag = True


class TextDocument(Described):
    """Words, and nothing to answer."""

    kind: Literal["text"]
    text: Words
    formatting: Formatting = Formatting()


class MediaDocument(Described):
    """A stored file: `file` is its path as written in YAML, `media_asset_id` its place once it is stored."""

    file: Line | None = None
    media_asset_id: Line | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        refuse(misplaced(self.file, self.media_asset_id))
        return self


class ImageDocument(MediaDocument):
    """A picture; `alt_text` is for those who can't see it."""

    kind: Literal["image"]
    alt_text: OptionalWords = None
    caption: OptionalWords = None


class VideoDocument(MediaDocument):
    """A film; `duration` in whole seconds."""

    kind: Literal["video"]
    caption: OptionalWords = None
    transcript: OptionalWords = None
    duration: Annotated[Whole, Field(ge=0)] | None = None


class AudioDocument(MediaDocument):
    """Something to listen to; `duration` in whole seconds."""

    kind: Literal["audio"]
    caption: OptionalWords = None
    transcript: OptionalWords = None
    duration: Annotated[Whole, Field(ge=0)] | None = None


class DocumentDocument(MediaDocument):
    """A file to read; its `description` goes out with it."""

    kind: Literal["document"]


class QuizDocument(Described):
    """Questions and how they count. `time_limit` in seconds, `passing_score` from 0 to 1."""

    kind: Literal["quiz"]
    questions: tuple[Question, ...] = Field(min_length=1, max_length=100)
    scoring_type: ScoringType = "all_or_nothing"
    instrument: Annotated[Id, Field(max_length=40)] | None = None
    time_limit: Annotated[Whole, Field(ge=1, le=30 * DAY)] | None = None
    passing_score: Annotated[Number, Field(ge=0, le=1)] | None = None
    grade_method: Literal["highest", "average", "first", "last"] = "highest"

    @model_validator(mode="after")
    def _can_be_graded(self) -> Self:
        unanswered = [
            (f".questions[{index}].grading.correct_answers", 'needs at least 1, or a scoring_type such as "ungraded"')
            for index, question in enumerate(self.questions)
            if self.scoring_type not in UNGRADED and ungradable(question)
        ]
        ids = [question.id for question in self.questions]
        refuse([*doubled(ids, ".questions[{}].id"), *unanswered, *self._misnamed_instrument()])
        return self

    def _misnamed_instrument(self) -> list[Mistake]:
        if (self.scoring_type == "instrument") == (self.instrument is not None):
            return self._not_who5() if self.instrument == "who5" else []
        return [(".instrument", "is missing" if self.instrument is None else 'needs scoring_type "instrument"')]

    def _not_who5(self) -> list[Mistake]:
        """WHO-5 is five items from 0 to 5; its score means nothing over any other scale."""
        scales = [(q.scale.min, q.scale.max) for q in self.questions if isinstance(q, Rating)]
        fits = scales == [(0, 5)] * 5 and len(self.questions) == len(scales)
        return [] if fits else [(".questions", "must be 5 ratings from 0 to 5 for who5")]


class ReflectionSettings(Part):
    """How a reflection is asked and who may read it.

    Lengths in characters. Parts that arrive within `join_window_seconds` are one answer. Private until
    somebody says otherwise. `points_awarded` None is the organization's points for an answer.
    """

    response_kind: Literal["text", "rating", "rating_then_text", "photo"] = "text"
    min_length: Annotated[Whole, Field(ge=0)] = 0
    max_length: Annotated[Whole, Field(ge=1, le=10_000)] = 3000
    join_window_seconds: Annotated[Whole, Field(ge=0, le=3600)] = 90
    visibility: Literal["private", "supervisor", "admins", "aggregate", "anonymous"] = "private"
    follow_ups: tuple[Words, ...] = Field(default=(), max_length=10)
    points_awarded: Annotated[Whole, Field(ge=0, le=10_000)] | None = None

    @model_validator(mode="after")
    def _holds(self) -> Self:
        refuse(backwards(self.min_length, self.max_length, "_length"))
        return self


class ReflectionDocument(Described):
    """A question without a right answer, and room to answer it."""

    kind: Literal["reflection"]
    prompt_text: Words
    guidance_text: OptionalWords = None
    settings: ReflectionSettings = ReflectionSettings()


class TemplateDocument(Described):
    """A message with gaps; `bot.content.templates` says what may stand in it."""

    kind: Literal["template"]
    template_text: Text
    variables: tuple[Variable, ...] = Field(default=(), max_length=50)
    channel: Literal["sms", "slack", "any"] = "any"

    @model_validator(mode="after")
    def _declares_once(self) -> Self:
        refuse(doubled([variable.name for variable in self.variables], ".variables[{}].name"))
        return self


Document = Annotated[
    TextDocument
    | ImageDocument
    | VideoDocument
    | AudioDocument
    | DocumentDocument
    | QuizDocument
    | ReflectionDocument
    | TemplateDocument,
    Field(discriminator="kind"),
]

_document: TypeAdapter[Document] = TypeAdapter(Document)


def parse(data: object) -> Document:
    """Read a content of any kind. DocumentRefused (a BadInput) names the path of every mistake, up to ten."""
    try:
        return _document.validate_python(data)
    except ValidationError as error:
        raise DocumentRefused(mistakes_of(error)) from None


def dump(document: Document, *, brief: bool = False) -> dict[str, Any]:
    """Give the document as JSON values, kind first; `parse(dump(d)) == d`.

    Complete, with every default written in; `brief` leaves them out, for people to read.
    """
    kept: dict[str, Any] = _document.dump_python(document, mode="json", exclude_none=True, exclude_defaults=brief)
    return {"kind": kept.pop("kind"), **kept}
