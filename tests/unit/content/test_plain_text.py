"""Markdown on a phone: words without marks, and nothing mistaken for a mark."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content.plain_text import plain


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("**Bold**, _it_, *it*, ***both*** and __under__", "Bold, it, it, both and under"),
        ("**bold with _inner_ text**", "bold with inner text"),
        ("[Manual](https://x.example/a_b_c)", "Manual (https://x.example/a_b_c)"),
        ("**[Manual](https://x.example)**", "Manual (https://x.example)"),
        ("[https://x.example](https://x.example)", "https://x.example"),
        ("[x.example](https://x.example/)", "https://x.example/"),
        ("[wiki](https://x.example/X_(y))", "wiki (https://x.example/X_(y))"),
        ("[mail us](mailto:a@b.example)", "mail us (mailto:a@b.example)"),
        ("![A vest](https://x.example/v.png)", "A vest (https://x.example/v.png)"),
        ("<https://x.example>", "https://x.example"),
        ("see https://x.example/a_b_c and *this*", "see https://x.example/a_b_c and this"),
        ("* one\n* two\n+ three\n1. four", "- one\n- two\n- three\n1. four"),
        ("# Head\n\n\n\ntext  \nmore", "Head\n\ntext\nmore"),
        ("> quoted", "quoted"),
        ("`code_x` and ~~old~~ new", "code_x and old new"),
        (r"\*not bold\* 5\. x", "*not bold* 5. x"),
        ("snake_case_name, 2 * 3 * 4, 5*3*2", "snake_case_name, 2 * 3 * 4, 5*3*2"),
        ("**not closed", "**not closed"),
        ("[no link] (here)", "[no link] (here)"),
        ("plain", "plain"),
    ],
)
def test_plain(markdown: str, words: str) -> None:
    assert plain(markdown) == words


@given(st.text(st.characters(categories=["Lu", "Ll", "Nd"]) | st.sampled_from(" \n*_[]()`~#>-"), max_size=120))
def test_no_letter_is_lost(markdown: str) -> None:
    assert [c for c in markdown if c.isalnum()] == [c for c in plain(markdown) if c.isalnum()]


@pytest.mark.parametrize("piece", ["*a ", "_a ", "[", "[a](", "**", "# ", " ", "~~a ", "\\", "`a", "<https://"])
def test_hostile_texts_take_no_time(piece: str) -> None:
    begun = time.process_time()
    plain(piece * (10_000 // len(piece)))
    assert time.process_time() - begun < 1
