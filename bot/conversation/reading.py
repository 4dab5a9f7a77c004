"""What somebody meant by what they typed or tapped: words in, an answer or a hint out.

Nobody on a loading dock reads instructions, so every reasonable way of answering is taken; and
nobody's score may hang on a guess, so what could mean two things is asked again. The labels that
stood in the message (they need not begin at 1) are the same for render and for this.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, assert_never

from bot.content.answers import Answer, true_and_false
from bot.content.choices import Choice
from bot.content.documents import (
    LongText,
    Matching,
    MultipleChoice,
    NumberQuestion,
    Ordering,
    Question,
    Rating,
    ShortText,
    SingleChoice,
    TrueFalse,
    Words,
    words,
)
from bot.content.labels import TRUE_FALSE, example_match, example_order, example_several
from bot.conversation.arranging import ordered, paired
from bot.conversation.keywords import keyword
from bot.conversation.numbers import number
from bot.conversation.picking import Menu, pick, picks, spelt


@dataclass(frozen=True, slots=True)
class Understood:
    """The answer, of the type that its kind of question has (see `Answer`)."""

    value: Answer


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """No answer, or more than one. `hint` is the wording key of what to say, `values` fill it."""

    hint: str
    values: Mapping[str, str] = field(default_factory=dict)


Reading = Understood | NotUnderstood

TOO_SHORT: Final = "hint.longer"
"""The hint for free words that are fewer than the question asks for. More is never refused: see `reflection`."""

_BOTH: Final = frozenset("both|both of them|ambos|ambas|les deux".split("|"))  # noqa: SIM905
_ALL: Final = _BOTH | frozenset(
    "all|all of them|all of the above|all of these|everything|todo|todos|todas|tout|tous|toutes|alle".split("|")  # noqa: SIM905
)
_NONE: Final = frozenset(
    "none|none of them|none of the above|none of these|nothing|ninguno|ninguna|nada|aucun|aucune|0".split("|")  # noqa: SIM905
)
TRUE_WORDS: Final = frozenset("true t correct verdadero v cierto correcto vrai wahr verdadeiro".split())  # noqa: SIM905
FALSE_WORDS: Final = frozenset("false f incorrect wrong falso incorrecto faux falsch".split())  # noqa: SIM905
TICKS: Final = {"✅": True, "✔": True, "☑": True, "❌": False, "✖": False, "❎": False}
_RANGE = re.compile(r"\s*(\d{1,4})\s*(-|–|—|to|thru|through|hasta)\s*(\d{1,4})[\s.!]*", re.IGNORECASE)
_OUT_OF = re.compile(r"\s*(\w+)\s*(?:/|out of|of|de|sobre|sur|von)\s*(\d{1,2})[\s.!]*", re.IGNORECASE)
_STARS = re.compile(r"[\s⭐🌟★\ufe0f]+([☆\s\ufe0f]*)")
_STAR = re.compile(r"[⭐🌟★]")
_STEP_WORDS = re.compile(r" (?:stars?|points?|estrellas?|puntos?|etoiles?)$")
_BELOW_NOUGHT = re.compile(r"\s*[-−–]\d")


def read(  # noqa: PLR0911
    question: Question, typed: str, *, order: Sequence[str] = (), first_label: int = 1, languages: Sequence[str] = ()
) -> Reading:
    """What `typed` answers to `question`.

    `order` are the ids as shown (see `render.option_order`; empty: the document's own order), labelled
    from `first_label`, which for a rating is its lowest step unless other questions had the digits. The
    reserved words (STOP …) are looked for before this; none of them is ever an answer to true or false.
    """
    match question:
        case SingleChoice():
            menu = menu_of(question, order, first_label, languages)
            return _one(pick(typed, menu), menu)
        case MultipleChoice():
            return _several(question, typed, menu_of(question, order, first_label, languages))
        case TrueFalse():
            return _true_false(question, typed, menu_of(question, order, first_label, languages), languages)
        case Rating():
            menu = menu_of(question, order, first_label, languages)
            found = pick(step_of(question, typed), menu)
            return NotUnderstood("hint.one", _ends(menu)) if found is None else Understood(int(found))
        case NumberQuestion():
            return _number(question, typed, languages)
        case Ordering():
            return _ordering(typed, menu_of(question, order, first_label, languages))
        case Matching():
            return _matching(question, typed, order, first_label, languages)
        case ShortText() | LongText():
            least = question.min_length if isinstance(question, LongText) else 0
            return _free(typed.strip(), least)
        case _:
            assert_never(question)


def _free(text: str, least: int) -> Reading:
    if not text:
        return NotUnderstood("hint.empty")
    return Understood(text) if len(text) >= least else NotUnderstood(TOO_SHORT, {"count": str(least)})


def read_tap(
    question: Question,
    values: Sequence[str],
    *,
    order: Sequence[str] = (),
    first_label: int = 1,
    languages: Sequence[str] = (),
) -> Reading:
    """What a tap or a submitted form answers: `values` are those of `Ask.options`, or the one text that was typed in.

    A value that the question doesn't offer (an old message, a forged request) is NotUnderstood.
    """
    if isinstance(question, MultipleChoice):
        known = {choice.id for choice in question.choices}
        menu = menu_of(question, order, first_label, languages)
        return _counted(question, set(values), menu) if known.issuperset(values) else _hint_several(menu)
    if len(values) == 1:
        match question:
            case SingleChoice() if values[0] in {choice.id for choice in question.choices}:
                return Understood((values[0],))
            case TrueFalse() if values[0] in {"true", "false"}:
                return Understood(values[0] == "true")
            case Rating() if values[0] in map(str, range(question.scale.min, question.scale.max + 1)):
                return Understood(int(values[0]))
            case SingleChoice() | TrueFalse() | Rating():
                values = ()
    typed = values[0] if len(values) == 1 else ""
    return read(question, typed, order=order, first_label=first_label, languages=languages)


def menu_of(
    question: SingleChoice | MultipleChoice | Ordering | TrueFalse | Rating,
    order: Sequence[str],
    first_label: int,
    languages: Sequence[str],
) -> Menu:
    """What can be chosen, as it was shown; the ids of a rating's steps are their digits."""
    match question:
        case TrueFalse():
            labels = (question.labels.true, question.labels.false)
            return Menu(TRUE_FALSE, first_label, tuple(_wordings(label, languages) for label in labels))
        case Rating():
            scale = question.scale
            steps = tuple(map(str, range(scale.min, scale.max + 1)))
            names = tuple(_wordings(scale.labels.get(step), languages) for step in steps)
            return Menu(steps, first_label, names, implied=False)
        case _:
            return _menu(question.choices, order, first_label, languages)


def _menu(choices: Sequence[Choice], order: Sequence[str], first_label: int, languages: Sequence[str]) -> Menu:
    by_id = {choice.id: choice for choice in choices}
    ids = tuple(order) or tuple(by_id)
    return Menu(ids, first_label, tuple(_wordings(by_id[one].text, languages) for one in ids))


def _wordings(value: Words | None, languages: Sequence[str]) -> tuple[str, ...]:
    """The words as shown, then in all other languages: who read Spanish may answer in English."""
    others = value.values() if isinstance(value, dict) else ()
    return tuple(dict.fromkeys((words(value, languages), *others)))


def _ends(menu: Menu) -> dict[str, str]:
    return {"first": str(menu.first_label), "last": str(menu.first_label + len(menu.ids) - 1)}


def _one(found: str | None, menu: Menu) -> Reading:
    return NotUnderstood("hint.one", _ends(menu)) if found is None else Understood((found,))


def _several(question: MultipleChoice, typed: str, menu: Menu) -> Reading:
    found: Sequence[str] | None
    if span := _RANGE.fullmatch(typed):
        found = _spanned(int(span[1]), span[2], int(span[3]), menu)
    elif (folded := spelt(typed)) in _ALL | _NONE and not _offered(menu):
        found = () if folded in _NONE else menu.ids if folded not in _BOTH or len(menu.ids) == 2 else None
    else:
        found = picks(typed, menu)
    return _hint_several(menu) if found is None else _counted(question, set(found), menu)


def _offered(menu: Menu) -> bool:
    """Whether "all of the above" or "none" is itself one of the choices."""
    return any(spelt(one) in _ALL | _NONE for wordings in menu.words for one in wordings)


def _spanned(low: int, dash: str, high: int, menu: Menu) -> list[str] | None:
    """`1 to 3` is three choices; `1-3` could be two or three."""
    labels = range(low, high + 1) if low < high else ()
    found = [choice for choice in map(menu.labelled, labels) if choice is not None]
    clear = dash.isalpha() or len(labels) == 2
    return found if clear and found and len(found) == len(labels) else None


def _counted(question: MultipleChoice, chosen: set[str], menu: Menu) -> Reading:
    if len(chosen) < (question.min or 0):
        return NotUnderstood("hint.at_least", {"count": str(question.min), **_ends(menu)})
    if question.max is not None and len(chosen) > question.max:
        return NotUnderstood("hint.at_most", {"count": str(question.max), **_ends(menu)})
    return Understood(tuple(choice.id for choice in question.choices if choice.id in chosen))


def _hint_several(menu: Menu) -> NotUnderstood:
    return NotUnderstood("hint.several", {**_ends(menu), "example": example_several(menu.first_label, len(menu.ids))})


def _true_false(question: TrueFalse, typed: str, menu: Menu, languages: Sequence[str]) -> Reading:
    folded = spelt(typed)
    ticked = {TICKS[character] for character in typed if character in TICKS}
    if folded in {"no", "n"} or keyword(typed, stopped=True):
        found = None  # carriers own YES; who may not say yes must not be able to say no
    elif not folded and len(ticked) == 1:
        return Understood(ticked.pop())
    else:
        found = pick(typed, menu) or ("true" if folded in TRUE_WORDS else "false" if folded in FALSE_WORDS else None)
    if found is not None:
        return Understood(found == "true")
    true, false = true_and_false(question, languages)
    ends = {"first": str(menu.first_label), "second": str(menu.first_label + 1)}
    return NotUnderstood("hint.true_false", {**ends, "true": true, "false": false})


def step_of(question: Rating, typed: str) -> str:
    """What is left of "4/5", "4 out of 5", "4 stars" or four stars: "4". Nothing of "-4", else all of it."""
    if _BELOW_NOUGHT.match(typed):
        return ""
    if _STARS.fullmatch(typed):
        return str(len(_STAR.findall(typed)))
    share = _OUT_OF.fullmatch(typed)
    if share and int(share[2]) == question.scale.max:
        return share[1]
    folded = spelt(typed)
    return _STEP_WORDS.sub("", folded) if _STEP_WORDS.search(folded) else typed


def _number(question: NumberQuestion, typed: str, languages: Sequence[str]) -> Reading:
    unit = question.unit
    names = unit.values() if isinstance(unit, dict) else (unit,) if unit else ()
    found = number(typed, units=tuple(names), prompt=words(question.prompt, languages), languages=languages)
    if found is not None:
        return Understood(found)
    return NotUnderstood("hint.number_in", {"unit": words(unit, languages)}) if unit else NotUnderstood("hint.number")


def _ordering(typed: str, menu: Menu) -> Reading:
    found = ordered(typed, menu)
    example = example_order(menu.first_label, len(menu.ids))
    return NotUnderstood("hint.order", {"example": example}) if found is None else Understood(found)


def _matching(
    question: Matching, typed: str, order: Sequence[str], first_label: int, languages: Sequence[str]
) -> Reading:
    """The left come first in `order`, then the right; the two may use the same ids."""
    half = len(question.left)
    left = _menu(question.left, order[:half], first_label, languages)
    right = _menu(question.right, order[half:], 1, languages)
    found = paired(typed, left, right)
    if found is None:
        return NotUnderstood("hint.match", {"example": example_match(first_label, len(right.ids))})
    return Understood(tuple((item.id, found[item.id]) for item in question.left))
