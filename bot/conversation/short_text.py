"""Is a typed word the right one? Exact forgives the keyboard, fuzzy forgives the thumb as well.

A slip may never change a number ("room 101" is not "room 102"), nor half of a short word.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from rapidfuzz.distance import OSA

from bot.content.documents import ShortText

_SPACES = re.compile(r"\s+")
_ACCENTS = re.compile("[\u0300-\u036f]")
_DIGITS = re.compile(r"\d+")
_QUOTES: Final = str.maketrans("‘’`´ʼ“”„«»‐‑‒–—−", "'''''\"\"\"\"\"------")
_EDGES: Final = " .,;:!?¡¿\"'()…\u200b\ufeff"


def matches(question: ShortText, typed: str) -> bool:
    """Whether `typed` equals one of the right answers, as nearly as the question asks.

    Never counted: spaces, accents, the curl of quotes, punctuation around the whole; nor capitals, unless
    the question says `case`. Fuzzy lets `max_distance` slips pass (a letter more, less or wrong, or two
    swapped), though never half of the word, and none in digits.
    """
    given = _bare(typed, case=question.case)
    allowed = question.max_distance if question.match == "fuzzy" else 0
    return any(_near(given, _bare(right, case=question.case), allowed) for right in question.grading.correct_answers)


def _near(given: str, right: str, allowed: int) -> bool:
    if given == right:
        return True
    slips = min(allowed, (len(right) - 1) // 2)
    return (
        slips > 0
        and _DIGITS.findall(given) == _DIGITS.findall(right)
        and OSA.distance(given, right, score_cutoff=slips) <= slips
    )


def _bare(text: str, *, case: bool) -> str:
    """The text without what a keyboard adds; all of it where that leaves nothing ("?")."""
    spelt = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text.translate(_QUOTES)))
    plain = unicodedata.normalize("NFC", _ACCENTS.sub("", _SPACES.sub(" ", spelt))).strip()
    return (plain.strip(_EDGES) or plain) if case else (plain.strip(_EDGES) or plain).casefold()
