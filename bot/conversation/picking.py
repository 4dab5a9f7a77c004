"""Which of the things shown did somebody mean: `2`, `2)`, `two`, `b`, `option 2`, `blok the aera`.

What is on the screen wins: the label in front of a choice, then the choice's own words, then what is
only implied (letters, number words, places), last what is nearly its words. Near is judged word by word,
and only where it can be one choice alone: "turn the valve of" is asked again, not guessed, and
no slip of the thumb turns "unsafe" into "safe".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz.distance import OSA

from bot.conversation.folding import fold
from bot.conversation.numerals import ORDINALS, whole

_EMOJI = str.maketrans({"🔟": " 10 ", "🅰": " a ", "🅱": " b "})
_OPENING = re.compile(
    r"(?:(?:i )?(?:believe|choose|chose|guess|pick|picked|say|select|think|would say|(?:go|going|went) with) "
    r"|(?:my |the |la |mi )?(?:answer|choice|letter|number|option|letra|numero|respuesta)s? (?:(?:are|es|is|son) )?"
    r"|(?:la |mi )?opcion(?:es)? (?:(?:es|son) )?"
    r"|(?:it is|its|reply|creo que|elijo|escojo|es|the|el|la) |(?:n|no|nr|num) (?=\d))+"
)
_CLOSING = re.compile(
    r"(?: (?:answer|choice|one|option|final|i think|please|pls|thanks|thank you|sir|creo|gracias|opcion|por favor))+$"
)
_ARTICLES: Final = frozenset("a an the el la los las un una le les der die das".split())  # noqa: SIM905
_TURNING: Final = frozenset("cant dont doesnt isnt never none not wont without nunca jamas ninguno ninguna sin".split())  # noqa: SIM905
_SPACES = re.compile(r"\s+")
_LEAST_BEGINNING: Final = 3  # letters; fewer are too easily something else
_EXACT_BELOW, _ONE_SLIP_UP_TO = 4, 8  # letters of a word: shorter must be right, up to 8 may have one slip, then two


@dataclass(frozen=True, slots=True)
class Menu:
    """Things to choose from, as shown: `ids` in order, labelled `first_label`, `first_label` + 1 and on.

    `words` are, for each, its words as shown and then in its other languages. `implied`: letters
    (a, b …) and places (first, second …) are understood; they count from the top, so they are
    only clear where the labels do too.
    """

    ids: tuple[str, ...]
    first_label: int
    words: tuple[tuple[str, ...], ...]
    implied: bool = True

    def labelled(self, label: int | None) -> str | None:
        """The id that stands behind this label; None where there is none."""
        return None if label is None else self._at(label - self.first_label)

    def lettered(self, letter: str) -> str | None:
        """The id that this small letter means by its place."""
        clear = self.implied and self.first_label == 1 and len(letter) == 1
        return self._at(ord(letter) - ord("a")) if clear else None

    def placed(self, word: str) -> str | None:
        """The id that "second" or "2nd" means."""
        return self._at(ORDINALS.get(word, 0) - 1) if self.implied and self.first_label == 1 else None

    def _at(self, place: int) -> str | None:
        return self.ids[place] if 0 <= place < len(self.ids) else None


def spelt(typed: str) -> str:
    """Folded words, with emoji that are digits or letters spelt out."""
    return fold(typed.translate(_EMOJI))


def pick(typed: str, menu: Menu) -> str | None:
    """The id of the one choice that `typed` means; None if it means none or could mean two."""
    folded = spelt(typed)
    return named(typed, menu) or _begun(folded, menu) or _nearly(folded, menu)


def named(typed: str, menu: Menu) -> str | None:
    """The id of the one choice that `typed` names outright: its label, letter, place or whole words, and no guess."""
    folded = spelt(typed)
    if folded.isdecimal() and (found := menu.labelled(whole(folded))) is not None:
        return found
    found = _worded(typed, folded, menu) or _implied(folded, menu)
    if found is None and (bare := _bare(folded)) != folded:
        found = _worded(bare, bare, menu) or _implied(bare, menu) or _doubly(bare, menu)
    return found or _doubly(folded, menu)


def all_named(typed: str, menu: Menu) -> bool:
    """Whether `typed` names one or several choices outright: `13`, `1 and 3`, `a c`, `mop it, call Ana`.

    Letters set close are left out: "AC" is two choices to whoever was asked for choices, and to anybody
    else it is what the break room lacks.
    """
    folded = spelt(typed)
    if folded.replace(" ", "").isdecimal() and _listed(folded, menu):
        return True
    tokens = [token for token in _bare(folded).split() if token not in _LINKS]
    pieces = [piece for piece in _BETWEEN.split(typed) if fold(piece)]
    return bool(
        named(typed, menu)
        or (tokens and all(_implied(token, menu) for token in tokens))
        or (len(pieces) > 1 and all(named(piece, menu) for piece in pieces))
    )


def _bare(folded: str) -> str:
    opening = _OPENING.match(folded)
    return _CLOSING.sub("", folded[opening.end() :] if opening else folded)


def _worded(typed: str, folded: str, menu: Menu) -> str | None:
    """The choice whose words these are: to the letter, else but for capitals, accents and punctuation."""
    plain = _plain(typed)
    return _only(menu, lambda words: _plain(words) == plain) or _only(
        menu, lambda words: bool(folded) and fold(words) == folded
    )


def _plain(text: str) -> str:
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", text)).strip().casefold()


def _only(menu: Menu, test: Callable[[str], bool]) -> str | None:
    """The one choice of whose words this is true: of the words shown, else of those in other languages."""
    for others in (False, True):
        found = [
            choice
            for choice, words in zip(menu.ids, menu.words, strict=True)
            if any(test(one) for one in (words[1:] if others else words[:1]) if one)
        ]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _implied(folded: str, menu: Menu) -> str | None:
    return menu.labelled(whole(folded)) or menu.lettered(folded) or menu.placed(folded)


def _doubly(folded: str, menu: Menu) -> str | None:
    """A label and the words beside it ("2 mop it"); None where they contradict each other."""
    label, _, rest = folded.partition(" ")
    behind = menu.labelled(int(label)) if label.isdecimal() and len(label) <= 4 else menu.lettered(label)
    return behind if behind is not None and rest and _worded(rest, rest, menu) == behind else None


def _begun(folded: str, menu: Menu) -> str | None:
    """The one choice that begins with these whole words: "block" for "Block the area"."""
    if len(folded) < _LEAST_BEGINNING and not folded.isdecimal():
        return None
    return _only(menu, lambda words: fold(words).startswith(folded + " "))


def _nearly(folded: str, menu: Menu) -> str | None:
    """The one choice whose words these are but for articles, spaces and slips of the thumb."""
    if len(folded) < _EXACT_BELOW:
        return None
    typed, closed = _telling(folded), folded.replace(" ", "")

    def near(words: str) -> bool:
        meant = fold(words)
        return meant.replace(" ", "") == closed or _alike(typed, _telling(meant))

    return _only(menu, near)


def _telling(folded: str) -> list[str]:
    words = folded.split()
    return [word for word in words if word not in _ARTICLES] or words


def _alike(typed: Sequence[str], meant: Sequence[str]) -> bool:
    return len(typed) == len(meant) and all(_slipped(one, other) for one, other in zip(typed, meant, strict=True))


def _slipped(typed: str, meant: str) -> bool:
    """Whether this is the same word but for a slip or two: a letter more, less or wrong, or two swapped."""
    if typed == meant:
        return True
    if len(meant) < _EXACT_BELOW or len(typed) < _EXACT_BELOW - 1 or typed[0] != meant[0]:
        return False
    if not (typed.isalpha() and meant.isalpha()) or not _TURNING.isdisjoint((typed, meant)):
        return False
    slips = 1 if min(len(typed), len(meant)) <= _ONE_SLIP_UP_TO else 2
    return OSA.distance(typed, meant, score_cutoff=slips) <= slips


_MOST_CLOSE: Final = 16  # digits in a row; the ways to part them double with every two
_LINKS: Final = frozenset("also and e et plus then und y luego despues tambien".split())  # noqa: SIM905
_BETWEEN = re.compile(r"[,;\n/+&>→|]|\b(?:and|then|y|luego|despu[eé]s|et|und)\b", re.IGNORECASE)


def picks(typed: str, menu: Menu) -> tuple[str, ...] | None:
    """The ids of several choices in the order typed: `1 3`, `1,3`, `13`, `a c`, `mop it, call Ana`; else None.

    Digits or letters that stand together part where that can be done in one way only.
    """
    folded = spelt(typed)
    if folded.replace(" ", "").isdecimal() and (labels := _listed(folded, menu)):
        return labels
    alone = pick(typed, menu)
    return (alone,) if alone is not None else _listed(_bare(folded), menu) or _named(typed, menu)


def _listed(folded: str, menu: Menu) -> tuple[str, ...] | None:
    """The choices whose labels, letters or places these are, one after another."""
    found = [_parted(token, menu) for token in folded.split() if token not in _LINKS]
    return tuple(choice for group in found for choice in group or ()) if found and all(found) else None


def _named(typed: str, menu: Menu) -> tuple[str, ...] | None:
    """The choices that are named between commas, line ends or "and"; each must be understood."""
    pieces = [piece for piece in _BETWEEN.split(typed) if fold(piece)]
    named = [pick(piece, menu) for piece in pieces] if len(pieces) > 1 else []
    return tuple(choice for choice in named if choice) if named and all(named) else None


def _parted(token: str, menu: Menu) -> tuple[str, ...] | None:
    """The choices that one unspaced token names: itself a label, else labels or letters set close."""
    alone = _implied(token, menu)
    if alone is not None:
        return (alone,)
    if token.isdecimal() and len(token) <= min(2 * len(menu.ids), _MOST_CLOSE):
        ways = [way for _, way in zip(range(2), _segmented(token, menu, frozenset()), strict=False)]
        return ways[0] if len(ways) == 1 else None
    return _spelled(token, menu)


def _segmented(digits: str, menu: Menu, used: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """Every way of reading `digits` as labels, none twice."""
    if not digits:
        yield ()
    for length in range(1, min(len(digits), 3) + 1):
        choice = menu.labelled(int(digits[:length])) if digits[0] != "0" or length == 1 else None
        if choice is not None and choice not in used:
            for rest in _segmented(digits[length:], menu, used | {choice}):
                yield (choice, *rest)


def _spelled(token: str, menu: Menu) -> tuple[str, ...] | None:
    """Letters set close: "ac", "bca". Of a part of the choices only in the alphabet's order: "bad" is a word."""
    found = [choice for choice in map(menu.lettered, token) if choice is not None]
    complete = len(found) == len(token) == len(set(token))
    tidy = list(token) == sorted(token) or len(token) == len(menu.ids)
    return tuple(found) if complete and tidy else None
