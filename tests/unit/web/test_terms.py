"""An organization's own words, and ours where it has none or nonsense."""

from __future__ import annotations

import pytest

from bot.web.console.terms import DEFAULTS, Terms, capital


def test_own_words_stand_everywhere():
    terms = Terms({"en": {"worker": {"one": "associate", "other": "associates"}}})
    assert (terms.one("worker"), terms.many("worker")) == ("associate", "associates")
    assert [terms.count(number, "worker") for number in (0, 1, 1200)] == [
        "0 associates",
        "1 associate",
        "1,200 associates",
    ]
    assert terms.many("segment") == "segments"


@pytest.mark.parametrize(
    "own",
    [
        None,
        {},
        {"es": {"worker": {"one": "socio"}}},
        {"en": None},
        {"en": []},
        {"en": {"worker": "x"}},
        {"en": {"worker": {"one": 3, "other": " "}}},
    ],
)
def test_what_says_nothing_changes_nothing(own):
    assert (Terms(own).one("worker"), Terms(own).many("worker")) == DEFAULTS["worker"]


@pytest.mark.parametrize(
    ("words", "written"), [("iPhone users", "IPhone users"), ("", ""), ("éclair", "Éclair"), ("SMS", "SMS")]
)
def test_a_capital_changes_no_other_letter(words, written):
    assert capital(words) == written
