"""What every content has, of whatever kind: a title, a language, tags, and itself in other languages."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from bot.content.choices import doubled
from bot.content.refusal import Mistake, path_of, refuse
from bot.content.words import Language, Line, OptionalWords, Part, Plain, canonical


def _translations(value: object) -> object:
    if not isinstance(value, dict):
        return value
    mistakes: list[Mistake] = []
    read: dict[str, object] = {}
    for key, translation in value.items():
        code = canonical(str(key))
        if code is None or code in read:
            told = f"gives the language {code} twice" if code else "is no language code such as en or es-MX"
            mistakes.append((path_of([str(key)]), told))
        else:
            read[code] = translation
    refuse(mistakes)
    return read


class Described(Part):
    """What every content has. `translations` is language → the same keys in that language, kept as given."""

    title: Annotated[Line, Field(max_length=200)]
    language: Language = "en"
    description: OptionalWords = None
    tags: tuple[Annotated[Line, Field(max_length=50)], ...] = Field(default=(), max_length=50)
    translations: Annotated[dict[str, Plain], BeforeValidator(_translations)] = Field(default={})

    @model_validator(mode="after")
    def _says_things_once(self) -> Self:
        own = [(f".translations.{self.language}", "is the language of the document itself")]
        refuse([*doubled(self.tags, ".tags[{}]"), *(own if self.language in self.translations else ())])
        return self
