"""Answers that put things in order (`2 1 3`, `213`) or in pairs (`1B 2A`, `1-b, 2-a`)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.conversation.picking import Menu, picks, spelt

_PAIR = re.compile(r"(\d{1,4}) ?([a-z])(?![a-z])")
_GLUED = re.compile(r"(?<=[a-z])(?=\d)")


def ordered(typed: str, menu: Menu) -> tuple[str, ...] | None:
    """All ids of the menu in the order typed; None unless each is there exactly once."""
    found = picks(typed, menu)
    complete = found is not None and len(found) == len(menu.ids) == len(set(found))
    return found if complete else None


def paired(typed: str, left: Menu, right: Menu) -> Mapping[str, str] | None:
    """Left id → right id for every left one; None unless each is matched exactly once.

    The left are labelled by digits, the right by letters. Letters alone ("BA", "b, a") go to the
    left ones from the top; a letter may come twice.
    """
    folded = _GLUED.sub(" ", spelt(typed))
    pairs = _PAIR.findall(folded)
    letters = folded.replace(" ", "")
    if pairs and not _PAIR.sub("", folded).strip():
        named = [(left.labelled(int(label)), right.lettered(letter)) for label, letter in pairs]
    elif letters.isalpha() and len(letters) == len(left.ids):
        named = list(zip(left.ids, map(right.lettered, letters), strict=True))
    else:
        return None
    matched = {one: other for one, other in named if one is not None and other is not None}
    return matched if len(matched) == len(named) == len(left.ids) else None
