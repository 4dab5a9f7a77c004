"""A bare digit has one meaning: labels of open questions never overlap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content.documents import Question
from bot.content.labels import (
    example_match,
    example_order,
    example_several,
    first_free_label,
    labels_needed,
    natural_label,
    option_order,
)
from bot.conversation.reading import Understood, read
from tests.unit.conversation.asked import (
    IDS,
    matching,
    multiple,
    number,
    ordering,
    question,
    rating,
    short_text,
    single,
    true_false,
)


@pytest.mark.parametrize(
    ("asked", "needed", "natural"),
    [
        (single(), 3, 1), (multiple(), 3, 1), (true_false(), 2, 1), (ordering(), 3, 1), (matching(), 2, 1), (rating(), 5, 1),
        (rating(style="nps"), 11, 0), (rating(min=0, max=5), 6, 0), (number(), 0, 1), (short_text(), 0, 1), (question("long_text"), 0, 1),
    ],
)  # fmt: skip
def test_how_many_labels_a_question_takes(asked: Question, needed: int, natural: int) -> None:
    assert labels_needed(asked) == needed
    assert natural_label(asked) == natural


@pytest.mark.parametrize(
    ("taken", "needed", "natural", "label"),
    [
        ([], 3, 1, 1),
        ([range(1, 4)], 3, 1, 4),
        ([range(4, 7)], 3, 1, 1),
        ([range(4, 7)], 4, 1, 7),
        ([range(1, 4), range(4, 7)], 3, 1, 7),
        ([range(4, 7), range(1, 4)], 2, 1, 7),
        ([range(1, 3), range(6, 8)], 3, 1, 3),
        ([range(11)], 11, 0, 11),
        ([range(1, 4)], 11, 0, 4),
        ([range(5, 5)], 3, 1, 1),
        ([range(1, 9), range(2, 4)], 2, 1, 9),
    ],
)
def test_first_free_label(taken: list[range], needed: int, natural: int, label: int) -> None:
    assert first_free_label(taken, needed, natural) == label


@given(st.lists(st.integers(2, 9), max_size=8))
def test_open_questions_never_share_labels(counts: list[int]) -> None:
    taken: list[range] = []
    for count in counts:
        label = first_free_label(taken, count)
        taken.append(range(label, label + count))
    used = [label for labels in taken for label in labels]
    assert len(used) == len(set(used))
    assert sorted(used) == list(range(1, len(used) + 1))  # and none is wasted


def test_order_is_shuffled_only_where_the_question_says_so() -> None:
    def backwards(ids: object) -> list[str]:
        return list(ids)[::-1]  # type: ignore[call-overload, no-any-return]

    assert option_order(single(), backwards) == ("a", "b", "c")
    assert option_order(single(shuffle_choices=True), backwards) == ("c", "b", "a")
    assert option_order(ordering(), backwards) == ("c", "b", "a")
    assert option_order(matching(), backwards) == ("l1", "l2", "r3", "r2", "r1")
    assert option_order(true_false(), backwards) == ("true", "false")
    assert option_order(rating(), backwards) == ("1", "2", "3", "4", "5")
    assert option_order(number(), backwards) == ()


@given(st.integers(2, 12), st.integers(1, 9))
def test_the_examples_are_answers(count: int, first_label: int) -> None:
    texts = [f"Choice {letter * 2}" for letter in IDS[:count]]
    for asked, example in (
        (multiple(texts), example_several(first_label, count)),
        (ordering(texts), example_order(first_label, count)),
    ):
        assert isinstance(read(asked, example, first_label=first_label), Understood)
    assert isinstance(read(matching(), example_match(first_label, 3), first_label=first_label), Understood)
