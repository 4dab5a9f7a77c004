"""Typed words reduced to what a person would call the same words.

Capitals, accents, punctuation, emoji and odd spaces are matters of the keyboard, not of the answer.
Vowel signs of Hindi, Thai or Arabic are kept: there a mark makes another word.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_APOSTROPHES: Final = frozenset("'’‘ʼʹ`´＇′")


_DROPPED_MARKS: Final = frozenset({*range(0x300, 0x370), *range(0xFE00, 0xFE10), 0x20E3})
"""Accents, emoji variants and the key of "2️⃣"."""


class _Folds(dict[int, "str | int | None"]):
    """Code point → what stands for it; filled as characters turn up, the first 65,536 only."""

    def __missing__(self, code: int) -> str | int | None:
        folded = _fold_one(code)
        if code <= 0xFFFF:
            self[code] = folded
        return folded


def _fold_one(code: int) -> str | int | None:
    character = chr(code)
    kind = unicodedata.category(character)
    if character in _APOSTROPHES or kind == "Cf" or code in _DROPPED_MARKS:
        return None
    if kind == "Nd":
        return str(unicodedata.decimal(character))
    return code if kind[0] in "LNM" else " "


_FOLDS = _Folds()


def fold(text: str) -> str:
    """Words in small letters, one space apart, without accents, punctuation, emoji or invisible characters.

    Apostrophes close up ("don't" → "dont"), other punctuation parts words ("1,3" → "1 3"). Letters of
    other scripts stay, their digits and full-width forms become plain. Folding twice changes nothing.
    """
    if text.isascii():
        return " ".join(text.lower().translate(_FOLDS).split())
    # Apostrophes go first: compatibility forms turn a lone acute into a space and a mark.
    closed = "".join(character for character in text if character not in _APOSTROPHES)
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", closed).casefold())
    return " ".join(unicodedata.normalize("NFKC", apart.translate(_FOLDS)).split())
