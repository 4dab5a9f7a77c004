"""What stands in front of the things to choose, and how many digits a question takes up.

Over SMS a bare "2" must have one meaning. So the options of questions that are open at the same time
for one person never share labels: the second question begins where the first one ends (1-3, then 4-6).
A rating is its own label (0-10) for as long as those digits are free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bot.content.choices import Choice
from bot.content.documents import (
    Matching,
    MultipleChoice,
    Ordering,
    Question,
    Rating,
    SingleChoice,
    TrueFalse,
)

Shuffle = Callable[[Sequence[str]], Sequence[str]]
"""`chance.shuffled`, or a seeded one."""

TRUE_FALSE = ("true", "false")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def option_order(question: Question, shuffle: Shuffle) -> tuple[str, ...]:
    """The ids of what can be chosen in the order to show, shuffled where the question says so.

    true_false is always ("true", "false"), a rating its steps; matching gives the left ids and then the
    right ones, of which only the right are shuffled. Empty for what is typed freely.
    """
    match question:
        case SingleChoice() | MultipleChoice() | Ordering():
            return _mixed(question.choices, shuffle if question.shuffle_choices else tuple)
        case Matching():
            return _mixed(question.left, tuple) + _mixed(question.right, shuffle if question.shuffle_choices else tuple)
        case TrueFalse():
            return TRUE_FALSE
        case Rating():
            return tuple(map(str, range(question.scale.min, question.scale.max + 1)))
        case _:
            return ()


def labels_needed(question: Question) -> int:
    """How many labels the question takes up; 0 where the answer is typed freely."""
    return len(question.left) if isinstance(question, Matching) else len(option_order(question, tuple))


def natural_label(question: Question) -> int:
    """Where the labels begin while nothing else is open: 1, or a rating's lowest step."""
    return question.scale.min if isinstance(question, Rating) else 1


def first_free_label(taken: Iterable[range], needed: int, natural: int = 1) -> int:
    """The smallest label from `natural` on at which `needed` labels touch none of the `taken` ranges."""
    label = natural
    for busy in sorted((busy for busy in taken if busy), key=lambda busy: busy.start):
        if label < busy.stop and busy.start < label + needed:
            label = busy.stop
    return label


def example_several(first_label: int, count: int) -> str:
    """An answer to a question of `count` options that names two of them: "1 3"."""
    return f"{first_label} {first_label + min(2, count - 1)}"


def example_order(first_label: int, count: int) -> str:
    """An order of `count` options that nobody would take for the right one by its looks: "2 1 3"."""
    swapped = [first_label + 1, first_label, *range(first_label + 2, first_label + count)]
    return " ".join(map(str, swapped))


def example_match(first_label: int, right: int) -> str:
    """Two pairs of labels and letters: "1B 2A"."""
    return f"{first_label}{LETTERS[min(1, right - 1)]} {first_label + 1}A"


def _mixed(items: Sequence[Choice], shuffle: Shuffle) -> tuple[str, ...]:
    return tuple(shuffle([item.id for item in items]))
