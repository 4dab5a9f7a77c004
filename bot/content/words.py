"""Text that people read, in one language or in several, and the smaller things documents are made of.

Words are a string (the organization's own language) or a map of languages. Everything that comes in
is brought to NFC with plain line ends, so that equal words are equal on every database; a character
that no channel can carry (NUL, controls, half a surrogate pair) is refused here, once, for all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt
from pydantic_core import PydanticCustomError

from bot.content.refusal import Mistake, path_of, refuse

LONGEST = 10_000
"""Characters in one text: six SMS of the longest kind, and far beyond what is read on a phone."""

LARGEST = 10**15
"""Numbers stay below this, so that no database and no JavaScript rounds them."""

UNSENDABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LANGUAGE = re.compile(r"([a-z]{2,3})(-[a-z]{4})?(-(?:[a-z]{2}|[0-9]{3}))?\Z", re.IGNORECASE | re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z", re.ASCII)
_DEEPEST = 20


class Part(BaseModel):
    """A piece of a document: unknown keys are refused, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def words(value: str | dict[str, str] | None, languages: Sequence[str]) -> str:
    """`value` in the first of `languages` that is there; "es-MX" falls back to "es", then to any "es-…".

    None of them there: any language, since wrong words can be asked about and silence can't. "" for None.
    """
    if value is None or isinstance(value, str):
        return value or ""
    for wanted in languages:
        for found in _nearest(wanted, value):
            return value[found]
    return next(iter(value.values()), "")


def spoken(value: str | dict[str, str] | None) -> Iterator[Mistake]:
    """Every text in `value` with its path below it: ("", "Hi") or (".en", "Hi"), (".es", "Hola")."""
    if isinstance(value, str):
        yield "", value
    elif value is not None:
        yield from ((f".{language}", text) for language, text in value.items())


def canonical(code: str) -> str | None:
    """A language code in its usual spelling ("ES-mx" is "es-MX"); None if it isn't one."""
    match = _LANGUAGE.match(code)
    if match is None:
        return None
    primary, script, region = match.groups(default="")
    return primary.lower() + script.title() + region.upper()


def _nearest(wanted: str, value: dict[str, str]) -> Iterator[str]:
    code = canonical(wanted) or wanted
    while code:
        if code in value:
            yield code
        code = code.rpartition("-")[0]
    primary = wanted.partition("-")[0].lower()
    yield from (there for there in value if there.partition("-")[0] == primary)


def _text(value: object) -> str:
    if not isinstance(value, str):
        refuse([("", "must be text; put quotes around it" if isinstance(value, int | float) else "must be text")])
    cleaned = unicodedata.normalize("NFC", str(value).replace("\r\n", "\n").replace("\r", "\n"))
    unsendable = UNSENDABLE.search(cleaned)
    if unsendable:
        refuse([("", f"holds a character that can't be sent (U+{ord(unsendable[0]):04X})")])
    if not cleaned.strip():
        refuse([("", "is empty")])
    if len(cleaned) > LONGEST:
        refuse([("", f"takes at most {LONGEST} characters")])
    return cleaned


def _line(value: object) -> str:
    text = _text(value).strip()
    if "\n" in text:
        refuse([("", "must be one line")])
    return text


def _words(value: object) -> object:
    if not isinstance(value, dict):
        return _text(value)
    mistakes: list[Mistake] = []
    read: dict[str, str] = {}
    for key, text in value.items():
        code = canonical(str(key))
        if code is None:
            mistakes.append((path_of([str(key)]), "is no language code such as en or es-MX"))
        elif code in read:
            mistakes.append((path_of([str(key)]), f"gives the language {code} twice"))
        else:
            try:
                read[code] = _text(text)
            except PydanticCustomError as error:
                mistakes += [(f".{key}{path}", told) for path, told in (error.context or {})["mistakes"]]
    refuse(mistakes or ([] if read else [("", "is empty")]))
    return read


def _language(value: object) -> str:
    code = canonical(value) if isinstance(value, str) else None
    if code is None:
        refuse([("", "is no language code such as en or es-MX")])
    return str(code)


def _id(value: object) -> str:
    name = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not _ID.match(name):
        refuse([("", "must be up to 64 letters, digits, - or _")])
    return name


def _nothing(value: object) -> object:
    return None if value in ("", {}) else value


def plain(value: object, depth: int = 0) -> object:
    """JSON and nothing else: what is kept as given must come back from any database as it was."""
    if depth > _DEEPEST:
        refuse([("", "is nested too deeply")])
    if isinstance(value, dict):
        return {_line(key): plain(inner, depth + 1) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [plain(inner, depth + 1) for inner in value]
    if isinstance(value, str):
        return _text(value) if value else value
    if value is None or (isinstance(value, int | float) and abs(value) < LARGEST):
        return value
    refuse([("", "must be text, numbers, lists and maps")])
    return None


Words = Annotated[str | dict[str, str], BeforeValidator(_words)]
"""Text that people read: a string, or a map of languages."""

OptionalWords = Annotated[Words | None, BeforeValidator(_nothing)]
"""Words that may be left out; "" and {} are the same as leaving them out."""

Text = Annotated[str, BeforeValidator(_text)]
Line = Annotated[str, BeforeValidator(_line)]
Language = Annotated[str, BeforeValidator(_language)]
Id = Annotated[str, BeforeValidator(_id)]
Flag = StrictBool
Whole = Annotated[StrictInt, Field(gt=-LARGEST, lt=LARGEST)]
Number = Annotated[float, Field(strict=True, gt=-LARGEST, lt=LARGEST)]
Plain = Annotated[Any, BeforeValidator(plain)]
