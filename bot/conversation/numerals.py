"""Numbers in words: `five`, `treinta y cinco`, `two thousand and ten`, `cinco coma dos`.

Enough of five languages for what people type on a phone; nobody writes out a million and three. One
table for all languages: no word in it means two numbers in two of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.conversation.folding import fold

_COUNTED: Final = (
    (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
        " seventeen eighteen nineteen twenty"
    ),
    (
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciseis diecisiete"
        " dieciocho diecinueve veinte veintiuno veintidos veintitres veinticuatro veinticinco veintiseis veintisiete"
        " veintiocho veintinueve treinta"
    ),
    "zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize",
    "zero um dois três quatro cinco seis sete oito nove dez",
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
)
_TENS: Final = (
    "thirty forty fifty sixty seventy eighty ninety",
    "treinta cuarenta cincuenta sesenta setenta ochenta noventa",
)
_HUNDREDS: Final = (
    "ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"
)
_ORDINALS: Final = (
    "first second third fourth fifth sixth seventh eighth ninth tenth",
    "primero segundo tercero cuarto quinto sexto septimo octavo noveno decimo",
    "primera segunda tercera cuarta quinta sexta septima octava novena decima",
    "1st 2nd 3rd 4th 5th 6th 7th 8th 9th 10th",
)
_TIMES: Final = {"hundred": 100, "thousand": 1000, "mil": 1000, "mille": 1000, "million": 1_000_000}
_LINKS: Final = frozenset({"and", "y", "e", "et", "und"})
_ARTICLES: Final = frozenset({"a", "an"})
_MINUS: Final = frozenset({"minus", "negative", "menos", "moins"})
_POINTS: Final = frozenset({"point", "dot", "punto", "coma", "virgule"})
_HALVES: Final = tuple(
    words.split() for words in ("and a half", "and half", "y media", "y medio", "et demi", "e meia", "e meio")
)
_HALF_ALONE: Final = frozenset({"half", "a half", "one half", "medio", "media", "la mitad", "un medio"})
_MOST_WORDS: Final = 12

NUMBERS: Final[dict[str, int]] = {
    "una": 1, "uma": 1, "une": 1, "ein": 1, "eine": 1, "duas": 2, "vingt": 20, "trente": 30, "fourty": 40, "cien": 100,
    **{word: 10 * ten for words in _TENS for ten, word in enumerate(words.split(), 3)},
    **{word: 100 * hundred for hundred, word in enumerate(_HUNDREDS.split(), 1)},
    **{fold(word): number for words in _COUNTED for number, word in enumerate(words.split())},
}  # fmt: skip
"""Folded word → number."""

ORDINALS: Final[dict[str, int]] = {word: place for words in _ORDINALS for place, word in enumerate(words.split(), 1)}
"""Folded word → place: `second`, `2nd`, `segunda` are 2."""


def whole(folded: str) -> int | None:
    """The whole number that folded digits or words say ("2", "two", "treinta y cinco"); else None."""
    if folded.isascii() and folded.isdigit():
        return int(folded) if len(folded) <= 15 else None
    return NUMBERS.get(folded) if " " not in folded else _whole(folded.split())


def spoken(words: Sequence[str]) -> tuple[float, Sequence[str]] | None:
    """The number that folded `words` begin with, and the words after it; None if they begin with none."""
    sign = -1 if words and words[0] in _MINUS else 1
    words = words[1:] if sign < 0 else words
    for length in range(min(len(words), _MOST_WORDS), 0, -1):
        value = _value(words[:length])
        if value is not None:
            return sign * value, words[length:]
    return None


def half_after(words: Sequence[str]) -> tuple[float, Sequence[str]]:
    """0.5 and the rest, if folded `words` begin with "and a half"; else 0 and all of them."""
    for half in _HALVES:
        if list(words[: len(half)]) == half:
            return 0.5, words[len(half) :]
    return 0.0, words


def times(words: Sequence[str]) -> tuple[int, Sequence[str]]:
    """1000 and the rest for words that begin with "thousand" ("5 thousand"); else 1 and all of them."""
    factor = _TIMES.get(words[0], 1) if words else 1
    return factor, words[1:] if factor > 1 else words


def _value(words: Sequence[str]) -> float | None:
    if " ".join(words) in _HALF_ALONE:
        return 0.5
    for place, word in enumerate(words):
        if word in _POINTS:
            return _decimal(words[:place], words[place + 1 :])
    return _whole(words)


def _decimal(before: Sequence[str], after: Sequence[str]) -> float | None:
    units, decimals = _whole(before), [NUMBERS.get(word) for word in after]
    if units is None or not decimals or any(digit is None or digit > 9 for digit in decimals):
        return None
    return float(f"{units}.{''.join(str(digit) for digit in decimals)}")


def _whole(words: Sequence[str]) -> int | None:
    """Read "two hundred and five" and "ciento dos mil"; None for what no language says ("two five")."""
    done, thousands, current, ceiling = False, 0, 0, 1_000_000_000
    for place, word in enumerate(words):
        if word in _TIMES:
            factor = _TIMES[word]
            if factor >= ceiling or (current >= factor):
                return None
            current = (current or 1) * factor
            if factor >= 1000:
                thousands, current, ceiling, done = thousands + current, 0, factor, True
        elif word in NUMBERS:
            if not _may_follow(NUMBERS[word], current) or (NUMBERS[word] == 0 and len(words) > 1):
                return None
            current, done = current + NUMBERS[word], True
        elif not _is_link(words, place):
            return None
    return thousands + current if done or current else None


def _may_follow(value: int, current: int) -> bool:
    if current == 0:
        return True
    if current % 100 == 0:
        return value < 100
    return value < 10 and current % 10 == 0 and current % 100 >= 20


def _is_link(words: Sequence[str], place: int) -> bool:
    following = words[place + 1] if place + 1 < len(words) else ""
    if words[place] in _ARTICLES:
        return place == 0 and following in _TIMES
    return words[place] in _LINKS and place > 0 and following in NUMBERS
