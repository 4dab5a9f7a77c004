"""The nine kinds of question, complete once they are read.

A writer gives what is needed and no more: right answers or fractions, not both. Reading fills in the
other, so whoever grades or renders never asks which was written. What could not be answered by a thumb
on the oldest phone (a choice that carriers take for STOP, an id that is there twice) is refused here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from bot.content.choices import (
    MOST_CHOICES,
    Asked,
    Choice,
    Grading,
    NumberAnswer,
    backwards,
    carrier_words,
    doubled,
    never_graded,
    unknown,
)
from bot.content.refusal import Mistake, quoted, refuse
from bot.content.words import Flag, Id, OptionalWords, Part, Text, Whole, Words

_SLACK = 0.01  # how far fractions may miss 1: three times 0.33 is what people write


class _OfChoices(Asked):
    choices: tuple[Choice, ...] = Field(min_length=2, max_length=MOST_CHOICES)
    grading: Grading[Id] = Grading[Id]()

    def _mistakes(self) -> Iterator[Mistake]:
        ids = [choice.id for choice in self.choices]
        yield from doubled(ids, ".choices[{}].id")
        yield from doubled(self.grading.correct_answers, ".grading.correct_answers[{}]")
        yield from unknown(self.grading.correct_answers, ids)

    def _complete(self, share: float, *, several: bool) -> None:
        """Fill fractions from the right answers, or the right answers from fractions."""
        named = self.grading.correct_answers
        choices = tuple(
            choice
            if "fraction" in choice.model_fields_set
            else choice.model_copy(update={"fraction": share if choice.id in named else 0.0})
            for choice in self.choices
        )
        paying = tuple(choice.id for choice in choices if (choice.fraction > 0 if several else choice.fraction == 1))
        refuse(self._disagreements(named, paying) if named else ())
        # Frozen is for everybody else: this is still the reading of the question.
        object.__setattr__(self, "choices", choices)
        object.__setattr__(self, "grading", self.grading.model_copy(update={"correct_answers": named or paying}))

    def _disagreements(self, named: Sequence[str], paying: Sequence[str]) -> Iterator[Mistake]:
        for index, choice in enumerate(self.choices):
            if (choice.id in named) != (choice.id in paying):
                says = "is" if choice.id in named else "is not"
                yield f".choices[{index}].fraction", f"disagrees with correct_answers, where {quoted(choice.id)} {says}"


class SingleChoice(_OfChoices):
    """Exactly one of the choices. Right are those of fraction 1; a fraction between is half right."""

    kind: Literal["single_choice"]
    shuffle_choices: Flag = False

    @model_validator(mode="after")
    def _holds(self) -> Self:
        refuse([*self._mistakes(), *carrier_words(self.choices)])
        self._complete(1.0, several=False)
        return self


class MultipleChoice(_OfChoices):
    """Any number of the choices, from `min` to `max`. Right are those of a positive fraction; they sum to 1."""

    kind: Literal["multiple_choice"]
    shuffle_choices: Flag = False
    min: Annotated[Whole, Field(ge=0)] | None = None
    max: Annotated[Whole, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _holds(self) -> Self:
        refuse([*self._mistakes(), *carrier_words(self.choices), *backwards(self.min, self.max)])
        unwritten = not any("fraction" in choice.model_fields_set for choice in self.choices)
        self._complete(1 / len(self.grading.correct_answers or "?") if unwritten else 0.0, several=True)
        refuse([*self._miscounted()])
        return self

    def _miscounted(self) -> Iterator[Mistake]:
        right, total = len(self.grading.correct_answers), sum(c.fraction for c in self.choices if c.fraction > 0)
        if right and round(abs(total - 1), 6) > _SLACK:
            yield ".choices", f"positive fractions must sum to 1, not {total:.3g}"
        if max(self.min or 0, self.max or 0) > len(self.choices):
            yield ".max" if self.max else ".min", f"is above the number of choices, {len(self.choices)}"
        elif right and not (self.min or 0) <= right <= (self.max or right):
            yield ".grading.correct_answers", f"has {right}, which min and max don't allow"


class Labels(Part):
    """What true and false are called. Any words will do, YES and STOP too: what is typed is 1 or 2."""

    true: OptionalWords = None
    false: OptionalWords = None


class TrueFalse(Asked):
    """True or false; over SMS 1 is true and 2 is false, never shuffled."""

    kind: Literal["true_false"]
    labels: Labels = Labels()
    grading: Grading[Flag] = Grading[Flag]()

    @model_validator(mode="after")
    def _holds(self) -> Self:
        refuse([(".grading.correct_answers", "takes at most 1")] if len(self.grading.correct_answers) > 1 else ())
        return self


class ShortText(Asked):
    """A few typed words. `match` fuzzy forgives `max_distance` slips of the thumb; `case` says capitals matter."""

    kind: Literal["short_text"]
    match: Literal["exact", "fuzzy"] = "exact"
    max_distance: Annotated[Whole, Field(ge=0, le=10)] = 1
    case: Flag = False
    grading: Grading[Text] = Grading[Text]()


def _one_or_more(value: object) -> object:
    """`{"min": 1, "max": 5}` stands for a list of one."""
    if isinstance(value, dict) and isinstance(value.get("correct_answers"), dict):
        return {**value, "correct_answers": [value["correct_answers"]]}
    return value


class NumberQuestion(Asked):
    """A number, in `unit`."""

    kind: Literal["number"]
    unit: OptionalWords = None
    grading: Annotated[Grading[NumberAnswer], BeforeValidator(_one_or_more)] = Grading[NumberAnswer]()


def _steps(value: object) -> object:
    """Steps are numbers to whoever writes Python, and keys of JSON are text."""
    return {str(step): label for step, label in value.items()} if isinstance(value, dict) else value


class Scale(Part):
    """From `min` to `max`, by ones; `labels` names some of the steps; `reverse` means that low is good."""

    min: Annotated[Whole, Field(ge=0, le=10)] = 1
    max: Annotated[Whole, Field(ge=0, le=10)] = 5
    labels: Annotated[dict[str, Words], BeforeValidator(_steps)] = Field(default={})
    style: Literal["likert", "nps", "stars"] = "likert"
    reverse: Flag = False

    @model_validator(mode="before")
    @classmethod
    def _nps_has_eleven_steps(cls, value: object) -> object:
        return {"min": 0, "max": 10, **value} if isinstance(value, dict) and value.get("style") == "nps" else value

    @model_validator(mode="after")
    def _holds(self) -> Self:
        steps = {str(step) for step in range(self.min, self.max + 1)}
        outside = [(f".labels.{step}", "is not on the scale") for step in self.labels if step not in steps]
        refuse([(".min", "must be below max")] if self.min >= self.max else outside)
        refuse([(".style", "goes from 0 to 10")] if self.style == "nps" and len(steps) != 11 else ())
        return self


class Rating(Asked):
    """A step on a scale; nothing is right or wrong about it."""

    kind: Literal["rating"]
    scale: Scale = Scale()
    grading: Grading[Id] = Grading[Id]()

    @model_validator(mode="after")
    def _holds(self) -> Self:
        refuse(never_graded(self.grading))
        return self


class Ordering(_OfChoices):
    """All the choices in the right order. `partial` adjacent_pairs pays for neighbours that stand right."""

    kind: Literal["ordering"]
    shuffle_choices: Flag = True
    partial: Literal["exact", "adjacent_pairs"] = "exact"

    @model_validator(mode="after")
    def _holds(self) -> Self:
        named = self.grading.correct_answers
        missing = [quoted(choice.id) for choice in self.choices if choice.id not in named] if named else []
        refuse([*self._mistakes(), *((".grading.correct_answers", f"leaves out {name}") for name in missing)])
        return self


class Matching(Asked):
    """Each of `left` with one of `right`; `right` may hold some that match nothing, or several."""

    kind: Literal["matching"]
    left: tuple[Choice, ...] = Field(min_length=2, max_length=26)
    right: tuple[Choice, ...] = Field(min_length=2, max_length=26)
    shuffle_choices: Flag = True
    grading: Grading[tuple[Id, Id]] = Grading[tuple[Id, Id]]()

    @model_validator(mode="after")
    def _holds(self) -> Self:
        left, right = [item.id for item in self.left], [item.id for item in self.right]
        matched = [pair[0] for pair in self.grading.correct_answers]
        unmatched = [quoted(item) for item in left if item not in matched] if matched else []
        refuse(
            [
                *doubled(left, ".left[{}].id"),
                *doubled(right, ".right[{}].id"),
                *doubled(matched, ".grading.correct_answers[{}][0]"),
                *unknown(matched, left, "[0]"),
                *unknown([pair[1] for pair in self.grading.correct_answers], right, "[1]"),
                *((".grading.correct_answers", f"leaves out {name}") for name in unmatched),
            ]
        )
        return self


class LongText(Asked):
    """Whatever somebody wants to say, over as many messages as it takes; lengths in characters."""

    kind: Literal["long_text"]
    min_length: Annotated[Whole, Field(ge=0)] = 0
    max_length: Annotated[Whole, Field(ge=1, le=10_000)] = 3000
    grading: Grading[Id] = Grading[Id]()

    @model_validator(mode="after")
    def _holds(self) -> Self:
        refuse([*never_graded(self.grading), *backwards(self.min_length, self.max_length, "_length")])
        return self


Question = Annotated[
    SingleChoice | MultipleChoice | TrueFalse | ShortText | NumberQuestion | Rating | Ordering | Matching | LongText,
    Field(discriminator="kind"),
]


def ungradable(question: Asked) -> bool:
    """Does this question need a right answer that it lacks? Ratings and long texts never do."""
    grading: Grading[Any] | None = getattr(question, "grading", None)
    return not isinstance(question, Rating | LongText) and grading is not None and not grading.correct_answers
