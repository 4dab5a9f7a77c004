"""What questions are made of: choices, right answers, what an answer is worth, and pictures beside a prompt.

The rules that several kinds share live here too: ids that are there twice, answers that name nothing,
and the words that no choice may consist of, because a carrier would take them for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from bot.content.refusal import Mistake, quoted, refuse
from bot.content.words import Flag, Id, Line, Number, OptionalWords, Part, Whole, Words, spoken

CARRIER_KEYWORDS = frozenset(
    "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT START YES UNSTOP HELP INFO ARRET".split()  # noqa: SIM905
)
"""Words that a carrier or Twilio acts on when they are the whole message, in any case; we never see some of them."""

_AROUND = re.compile(r"^[\W_]+|[\W_]+$")

MOST_CHOICES = 100
DAY = 86_400
"""Seconds; no time limit is longer than 30 of them."""

Answer = TypeVar("Answer")


class Attachment(Part):
    """A picture or file beside a prompt: `file` as written in YAML, `media_asset_id` once it is stored."""

    file: Line | None = None
    media_asset_id: Line | None = None
    alt_text: OptionalWords = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        refuse(misplaced(self.file, self.media_asset_id))
        return self


def misplaced(file: str | None, media_asset_id: str | None) -> Iterator[Mistake]:
    """Report why this file can't be found: none is named, or its path leaves the folder of the document."""
    if file is None and media_asset_id is None:
        yield ".file", "is missing"
    if file is not None and (file.startswith(("/", "~")) or "\\" in file or ":" in file or ".." in file.split("/")):
        yield ".file", "must be a path inside the document's own folder"


def _attachment(value: object) -> object:
    return {"file": value} if isinstance(value, str) else value


class Choice(Part):
    """One thing to choose, to order or to match. `fraction` is its share of the question's points, from -1 to 1."""

    id: Id
    text: Words
    fraction: Annotated[Number, Field(ge=-1, le=1)] = 0.0
    feedback: OptionalWords = None


class Exactly(Part):
    """A number that is right within `tolerance` either way."""

    value: Number
    tolerance: Annotated[Number, Field(ge=0)] = 0.0

    def accepts(self, number: float) -> bool:
        """Tell whether `number` is right. The hair's breadth is for 0.1 + 0.2."""
        return abs(number - self.value) <= self.tolerance + 1e-9 * max(1.0, abs(self.value))


class Between(Part):
    """A number that is right from `min` to `max`, both included; one of them may be left open."""

    min: Number | None = None
    max: Number | None = None

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        open_ended = self.min is None and self.max is None
        refuse([("", "needs value, min or max")] if open_ended else backwards(self.min, self.max))
        return self

    def accepts(self, number: float) -> bool:
        """Tell whether `number` is in the range."""
        return (self.min is None or number >= self.min) and (self.max is None or number <= self.max)


def backwards(low: float | None, high: float | None, name: str = "") -> Iterator[Mistake]:
    """Report a min above its max, of fields called min`name` and max`name`."""
    if low is not None and high is not None and low > high:
        yield f".min{name}", f"is above max{name}"


def _number(value: object) -> object:
    return {"value": value} if isinstance(value, int | float) and not isinstance(value, bool) else value


def _exact_or_range(value: Any) -> str:
    keys = value if isinstance(value, dict) else vars(value) if isinstance(value, Part) else {}
    return "<range>" if ("min" in keys or "max" in keys) and "value" not in keys else "<exact>"


NumberAnswer = Annotated[
    Annotated[Exactly, Tag("<exact>")] | Annotated[Between, Tag("<range>")],
    Discriminator(_exact_or_range),
    BeforeValidator(_number),
]


class Grading(Part, Generic[Answer]):
    """What an answer is worth and what is said to it. `correct_answers` are of the question's own kind."""

    point_value: Annotated[Whole, Field(ge=0, le=10_000)] = 1
    correct_answers: tuple[Answer, ...] = ()
    when_right: OptionalWords = None
    when_wrong: OptionalWords = None
    general_feedback: OptionalWords = None


class Asked(Part):
    """What every question has. `time_limit` is in seconds, counted from the delivery's begin."""

    id: Id
    prompt: Words
    media: tuple[Annotated[Attachment, BeforeValidator(_attachment)], ...] = Field(default=(), max_length=10)
    required: Flag = True
    time_limit: Annotated[Whole, Field(ge=1, le=30 * DAY)] | None = None
    max_attempts: Annotated[Whole, Field(ge=1, le=100)] = 1


def doubled(names: Iterable[str], path: str) -> Iterator[Mistake]:
    """Report names that came before, capitals aside: a typed "B" must mean one choice; `path` has {} for the place."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name.casefold() in seen:
            yield path.format(index), f"{quoted(name)} is there twice"
        seen.add(name.casefold())


def unknown(answers: Iterable[str], ids: Sequence[str], within: str = "") -> Iterator[Mistake]:
    """Report right answers that name no choice."""
    for index, answer in enumerate(answers):
        if answer not in ids:
            yield f".grading.correct_answers[{index}]{within}", f"{quoted(answer)} is none of the choices"


def carrier_words(choices: Iterable[Choice]) -> Iterator[Mistake]:
    """Report choices that consist of a carrier's keyword, in any language; "Stop the belt" is fine, "Stop!" isn't."""
    for index, choice in enumerate(choices):
        for language, text in spoken(choice.text):
            if _AROUND.sub("", text).upper() in CARRIER_KEYWORDS:
                words = f"{quoted(text)} alone is a word that carriers act on; say more"
                yield f".choices[{index}].text{language}", words


def never_graded(grading: Grading[Any]) -> Iterator[Mistake]:
    """Report right answers of a kind that has none."""
    if grading.correct_answers:
        yield ".grading.correct_answers", "has no place here: nothing is right or wrong about this kind"
