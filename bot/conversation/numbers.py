"""Numbers as people type them: `5,5`, `1,000`, `½`, `-3`, `five`, `5 kg`.

A text that could be two numbers is none: "1.000" is a thousand in Berlin and one in Boston, so the
person's first language decides, and where that does not settle it (Spanish is written both ways,
and nobody in Boston writes one as "1.000") we ask again rather than grade a guess.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from bot.conversation.numerals import half_after, spoken, times
from bot.conversation.units import fits, unit_words

_MOST_DIGITS: Final = 15  # beyond that a float is not the number that was typed
_LONGEST: Final = 100
_COMMA_LANGUAGES: Final = frozenset(
    "az be bg bs ca cs da de el et eu fi fr gl hr hu hy id is it ka kk lt lv mk nb nl nn no pl pt ro ru sk sl sq sr sv"  # noqa: SIM905
    " tr uk uz vi".split()
)
_SPANISH_WITH_POINT: Final = frozenset("419 DO GT HN MX NI PA PE PR SV US".split())  # noqa: SIM905

_LOOK_ALIKES: Final = str.maketrans(
    {
        **dict.fromkeys("−–—‐‑", "-"), **dict.fromkeys("٬،", ","), **dict.fromkeys("’‘`´", "'"), "⁄": "/", "٫": ".",
        **dict.fromkeys("\u200b\u200e\u200f\ufeff\ufe0f\u20e3"),
    }
)  # fmt: skip
_OTHER_DIGITS = re.compile(r"[^\W\D0-9]")
_WHOLE_THEN_FRACTION = re.compile(r"(?<=\d)(?=[¼-¾⅐-⅞])")
_ABOUT = re.compile(
    r"(?:(?:about|answer|approx(?:imately)?|around|i (?:guess|think)|its|it's|it is|maybe|roughly|the answer is"
    r"|aprox(?:imadamente)?|cerca de|como|creo que|es|son|unos|unas)\b[.:]?\s*|[=~≈]\s*)+"
)
_TYPED = re.compile(
    r"(?P<before>[$€£])?\s*(?P<sign>[-+]?)\s?"
    r"(?:(?:(?P<whole>\d{1,6})[ -])?(?P<upper>\d{1,2})\s?/\s?(?P<lower>2|3|4|5|8|10|16)(?![\d/])"
    r"|(?P<figures>\d+(?:[.,' ]\d+)*|[.,]\d+))"
    r"(?P<beside>(?:\s*[^\d\s.,'/-].*)?)",
    re.DOTALL,
)
_GROUPED = re.compile(r"\d{1,3}([.,' ])\d{3}(?:\1\d{3})*(?:(?!\1)[.,]\d+)?")
_EDGES = ' \t\r\n;:!?"“”()*,.'


def number(typed: str, *, units: Sequence[str] = (), prompt: str = "", languages: Sequence[str] = ()) -> float | None:
    """The one number that was typed, in the question's unit; None where there is none or more than one.

    `units` are the names of the question's unit, one a language; what else may stand beside the
    number is up to `fits`. The first of `languages` says what "1,000" and "1.000" are.
    """
    if len(typed) > _LONGEST:
        return None
    plain = _plain(typed)
    opening = _ABOUT.match(plain)
    text = (plain[opening.end() :] if opening else plain).lstrip('"“(*').rstrip(_EDGES)
    match = _TYPED.fullmatch(text)
    if not match:
        return _in_words(text, units, prompt)
    value = _fraction(match) if match["upper"] else _decimal(match["figures"], languages)
    half, beside = half_after(unit_words(match["beside"]))
    factor, beside = times(beside)
    if value is None or not fits([*unit_words(match["before"] or ""), *beside], units, prompt):
        return None
    return (value + half) * factor * (-1 if match["sign"] == "-" else 1)


def _plain(typed: str) -> str:
    """ASCII digits and signs for those of every other script and keyboard."""
    spaced = _WHOLE_THEN_FRACTION.sub(" ", typed)  # "1½" would become 11/2
    plain = unicodedata.normalize("NFKC", spaced.translate(_LOOK_ALIKES)).translate(_LOOK_ALIKES).casefold()
    return _OTHER_DIGITS.sub(lambda digit: str(unicodedata.decimal(digit[0])), plain).strip()


def _in_words(text: str, units: Sequence[str], prompt: str) -> float | None:
    if any(character.isdigit() for character in text):
        return None
    said = spoken(unit_words(text))
    if said is None:
        return None
    half, beside = half_after(said[1])
    return said[0] + half if fits(beside, units, prompt) else None


def _fraction(match: re.Match[str]) -> float:
    return int(match["whole"] or 0) + int(match["upper"]) / int(match["lower"])


def _decimal(figures: str, languages: Sequence[str]) -> float | None:
    marks = [character for character in figures if not character.isdigit()]
    if len(figures) - len(marks) > _MOST_DIGITS:
        return None
    if not marks:
        return float(figures)
    if len(marks) == 1 and marks[0] in ".,":
        return _one_mark(figures, marks[0], languages)
    if not _GROUPED.fullmatch(figures):
        return None
    return float(figures.replace(marks[0], "").replace(",", "."))


def _one_mark(figures: str, mark: str, languages: Sequence[str]) -> float | None:
    """A single comma or point: decimals, unless it may as well part thousands."""
    before, after = figures.split(mark)
    if len(after) != 3 or len(before) > 3 or before[:1] in {"", "0"}:
        return float(f"{before or 0}.{after}")
    decimal = _decimal_mark(languages)
    if decimal is None:
        return None
    if mark == decimal:
        return None if after == "000" else float(f"{before}.{after}")  # nobody types thousandths that are nought
    return float(before + after)


def _decimal_mark(languages: Sequence[str]) -> str | None:
    """What parts decimals in the first language; None where it depends on the country and we don't know it."""
    language, _, region = (languages[0] if languages else "en").partition("-")
    if language.lower() == "es":
        return None if not region else "." if region.upper() in _SPANISH_WITH_POINT else ","
    return "," if language.lower() in _COMMA_LANGUAGES else "."
