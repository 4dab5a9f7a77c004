"""What people see in Slack: nothing that Slack would refuse, and nothing that wasn't written.

The limits are asked of two who know them and don't know us: slack_sdk's block classes and the simulator.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from bot.channels import slack_blocks
from bot.channels.channel import Ask, Media, Message, Option
from bot.channels.markup import plain
from bot.channels.slack_blocks import escape, fits, mrkdwn, render
from bot.channels.slack_hooks import unescape
from bot.simulator import slack_checks

PNG = Media("https://x.example/floor.png", "image/png", "floor.png", "A wet floor")
PDF = Media("https://x.example/rules.pdf", "application/pdf", "rules.pdf")


def options(count: int, text: str = "Option") -> tuple[Option, ...]:
    return tuple(Option(f"o{number}", str(number), f"{text} {number}") for number in range(1, count + 1))


def shown(message: Message) -> list[dict[str, Any]]:
    """Its blocks, after both who know have agreed to them."""
    text, blocks = render(message)
    assert text.strip()
    assert slack_checks.block_problems(blocks, slack_blocks.MOST_BLOCKS) == []
    assert not slack_checks.too_large(blocks)
    for block in Block.parse_all(blocks):
        block.validate_json()
    return blocks


def words_of(blocks: list[dict[str, Any]]) -> str:
    return "\n".join(block["text"]["text"] for block in blocks if block["type"] == "section")


def asked(kind: Any, count: int = 0, **more: Any) -> list[dict[str, Any]]:
    return shown(Message("Well?\n1) …", "Well?", ask=Ask(kind, "tok", options(count), **more)))


def test_words_alone_stay_as_they_are() -> None:
    message = Message("5*3*2 < 40 & <!channel> _x_")
    assert shown(message) == [{"type": "section", "text": {"type": "plain_text", "text": message.text}}]
    assert render(message)[0] == "5*3*2 &lt; 40 &amp; &lt;!channel&gt; _x_"


def test_an_address_in_the_words_can_be_followed() -> None:
    (section,) = shown(Message("See https://x.example/?a=1&b=2 <now>"))
    assert section["text"] == {"type": "mrkdwn", "text": "See https://x.example/?a=1&amp;b=2 &lt;now&gt;"}


@pytest.mark.parametrize(
    ("written", "slack", "letters"),
    [
        ("**bold**", "*bold*", "bold"),
        ("_soft_", "_soft_", "soft"),
        ("**_both_**", "*_both_*", "both"),
        (
            "[rules](https://x.example/a?b=1&c=2)",
            "<https://x.example/a?b=1&amp;c=2|rules>",
            "rules: https://x.example/a?b=1&c=2",
        ),
        ("[w](https://en.example/A_(b))", "<https://en.example/A_(b)|w>", "w: https://en.example/A_(b)"),
        ("[https://x.example](https://x.example)", "<https://x.example|https://x.example>", "https://x.example"),
        ("**[rules](https://x.example)**", "*<https://x.example|rules>*", "rules: https://x.example"),
        ("[not](javascript:alert)", "[not](javascript:alert)", "[not](javascript:alert)"),
        ("- one\n- two", "• one\n• two", "- one\n- two"),
        ("a_b_c and 2 ** 3 ** 4", "a_b_c and 2 ** 3 ** 4", "a_b_c and 2 ** 3 ** 4"),
        ("<!channel> & <@U1> **<b>**", "&lt;!channel&gt; &amp; &lt;@U1&gt; *&lt;b&gt;*", "<!channel> & <@U1> <b>"),
        ("[a|b](https://x.example)", "<https://x.example|a|b>", "a|b: https://x.example"),
    ],
)
def test_markup(written: str, slack: str, letters: str) -> None:
    assert mrkdwn(written) == slack
    assert plain(written) == letters
    assert shown(Message(written, markup=True))[0]["text"] == {"type": "mrkdwn", "text": slack}


def test_up_to_five_options_are_buttons() -> None:
    section, row = asked("buttons", 5)
    assert section["text"]["text"] == "Well?"
    assert row["block_id"] == "ask:tok"
    assert [button["action_id"] for button in row["elements"]] == [f"answer:tok:o{number}" for number in range(1, 6)]
    assert [button["text"]["text"] for button in row["elements"]] == [f"Option {number}" for number in range(1, 6)]


@pytest.mark.parametrize(
    ("kind", "count", "element"),
    [
        ("buttons", 6, "radio_buttons"),
        ("buttons", 10, "radio_buttons"),
        ("buttons", 11, "static_select"),
        ("buttons", 100, "static_select"),
        ("checkboxes", 1, "checkboxes"),
        ("checkboxes", 10, "checkboxes"),
        ("checkboxes", 11, "multi_static_select"),
    ],
)
def test_more_options_are_chosen_and_sent(kind: str, count: int, element: str) -> None:
    _, row = asked(kind, count, submit="Send", placeholder="Choose")
    picker, submit = row["elements"]
    assert (picker["type"], len(picker["options"])) == (element, count)
    assert (row["block_id"], submit["action_id"], submit["text"]["text"]) == ("ask:tok", "submit:tok", "Send")


@pytest.mark.parametrize("kind", ["number", "text", "long_text"])
def test_a_field_to_write_in(kind: str) -> None:
    _, field, row = asked(kind, submit="Send", placeholder="Your answer", max_length=200)
    assert field["block_id"] == "ask:tok"
    assert field["element"]["type"] == "plain_text_input"
    assert field["element"]["multiline"] is (kind == "long_text")
    assert field["element"]["max_length"] == 200
    assert field["label"]["text"] == "Your answer"
    assert row["elements"][0]["action_id"] == "submit:tok"


@pytest.mark.parametrize(("most", "allowed"), [(None, 3000), (9000, 3000), (0, 1)])
def test_a_field_takes_at_most_3000_letters(most: int | None, allowed: int) -> None:
    assert asked("text", max_length=most)[1]["element"]["max_length"] == allowed


@pytest.mark.parametrize(("least", "wanted"), [(None, None), (0, None), (20, 20), (9000, 200)])
def test_a_field_may_ask_for_a_few_letters(least: int | None, wanted: int | None) -> None:
    field = asked("long_text", min_length=least, max_length=200)[1]["element"]
    assert field.get("min_length") == wanted


def test_an_option_too_long_for_its_button_stands_above_whole() -> None:
    long = "Block the area and " + "call " * 20
    ask = Ask("buttons", "tok", (Option("a", "1", long), Option("b", "2", "Mop")))
    section, row = shown(Message("Well?", "Well?", ask=ask))
    assert section["text"]["text"] == f"Well?\n• {long}\n• Mop"
    assert len(row["elements"][0]["text"]["text"]) <= 75
    assert row["elements"][0]["text"]["text"].endswith("…")


def test_options_without_words_carry_their_label() -> None:
    _, row = shown(Message("1 or 2?", ask=Ask("buttons", "tok", (Option("a", "1", ""), Option("b", "", "")))))
    assert [button["text"]["text"] for button in row["elements"]] == ["1", "b"]


def test_the_whole_question_is_read_aloud() -> None:
    message = Message("Spill.\n1) Block\n2) Mop", "Spill.", ask=Ask("buttons", "tok", options(2)))
    text, blocks = render(message)
    assert text == "Spill.\n1) Block\n2) Mop"
    assert words_of(blocks) == "Spill."
    assert words_of(shown(Message("Spill.", ask=Ask("buttons", "tok", options(2))))) == "Spill."


def test_pictures_are_shown_and_other_files_linked() -> None:
    image, section = shown(Message("Look", media=(PNG, PDF)))
    assert image == {"type": "image", "image_url": PNG.url, "alt_text": "A wet floor"}
    assert section["text"]["text"] == "Look\nrules.pdf: https://x.example/rules.pdf"
    _, section = shown(Message("**Look**", media=(PNG, PDF), markup=True))
    assert section["text"]["text"] == "*Look*\n<https://x.example/rules.pdf|rules.pdf>"
    odd = Media("https://x.example/a b.pdf", "application/pdf", "[x].pdf")
    assert words_of(shown(Message("Look", media=(odd,), markup=True))).endswith("[x].pdf: https://x.example/a b.pdf")


@pytest.mark.parametrize(
    "media", [PNG, PDF, Media("https://x.example/1.png", "image/png"), Media("https://x.example/", "audio/mpeg")]
)
def test_a_file_alone(media: Media) -> None:
    message = Message("", media=(media,))
    shown(message)
    assert fits(message) == []


def test_long_words_are_cut_between_paragraphs() -> None:
    paragraphs = [f"{number} " + "word " * 150 for number in range(8)]
    blocks = shown(Message("\n\n".join(paragraphs)))
    assert len(blocks) > 1
    assert all(block["text"]["text"][:2] in {f"{number} " for number in range(8)} for block in blocks)


def test_markup_is_not_cut_in_two() -> None:
    bold = "**" + "very " * 500 + "long**"
    blocks = shown(Message("x " * 300 + bold + " y" * 300, markup=True))
    assert words_of(blocks).count("*") == 2
    assert any(block["text"]["text"].count("*") == 2 for block in blocks)


def test_words_too_many_for_blocks_go_out_alone() -> None:
    message = Message("слово " * 1600 + "**end**", media=(PNG,), markup=True)
    text, blocks = render(message)
    assert blocks == []
    assert text.endswith("*end*\n<https://x.example/floor.png|floor.png>")
    assert fits(message) == []


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Message(" "), "empty"),
        (Message("x" * 40_001), "40001"),
        (Message("x", ask=Ask("buttons", "tok", options(101))), "101 options"),
        (Message("x", ask=Ask("checkboxes", "tok")), "no options"),
        (Message("x", ask=Ask("buttons", "tok", (*options(1), *options(1)))), "same id"),
        (Message("x", ask=Ask("buttons", "tok", (Option("v" * 151, "1", "x"), *options(1)))), "longer than 150"),
        (Message("x", ask=Ask("buttons", "t" * 120, (Option("v" * 140, "1", "x"), *options(1)))), "longer than 255"),
        (Message("x", ask=Ask("text", "t" * 250)), "longer than 255"),
        (Message("x", media=(Media("https://x.example/" + "a" * 3000, "image/png"),)), "longer than 3000"),
        (Message("слово " * 1600, ask=Ask("buttons", "tok", options(2))), "12000 bytes"),
        (Message("x", media=(PNG,) * 60, ask=Ask("text", "tok")), "63 blocks"),
    ],
)
def test_what_can_not_go_is_said_early(message: Message, words: str) -> None:
    assert words in " ".join(fits(message))


texts = st.one_of(st.text(max_size=200), st.text(st.sampled_from("ab *_[]()<>&|-\n.:/https éж👩‍🍳"), max_size=4000))
ids = st.text(st.sampled_from("abcXYZ019_-:"), min_size=1, max_size=64)
choices = st.lists(
    st.builds(Option, ids, st.sampled_from("123"), texts), min_size=1, max_size=12, unique_by=lambda one: one.value
)
asks = st.builds(
    Ask,
    st.sampled_from(["buttons", "checkboxes", "number", "text", "long_text"]),
    st.just("tok_EN-1"),
    choices.map(tuple),
    st.text(max_size=90),
    st.text(max_size=200),
    st.none() | st.integers(-5, 10_000),
)
files = st.builds(
    Media,
    st.sampled_from(["https://x.example/1.png", "https://x.example/a(b)c.pdf", "https://x.example/ж"]),
    st.sampled_from(["image/png", "application/pdf", "video/mp4"]),
    st.text(max_size=30),
    st.text(max_size=3000),
)
messages = st.builds(Message, texts, texts, st.lists(files, max_size=3).map(tuple), st.none() | asks, st.booleans())


@settings(deadline=None)  # a busy machine is no mistake
@given(messages)
def test_what_fits_is_never_refused(message: Message) -> None:
    if fits(message):
        return
    for block in shown(message):
        if block["type"] == "section" and block["text"]["type"] == "mrkdwn":
            assert "<!" not in block["text"]["text"]
            assert "<@" not in block["text"]["text"]


@settings(deadline=None)  # a busy machine is no mistake
@given(messages)
def test_what_is_not_weighed_is_light(message: Message) -> None:
    if slack_blocks._surely_fits(message):
        blocks = render(message)[1]
        assert len(blocks) <= slack_blocks.MOST_BLOCKS
        assert slack_blocks._weight(blocks) <= slack_blocks.LARGEST_BLOCKS


def test_an_ordinary_question_is_not_weighed() -> None:
    assert slack_blocks._surely_fits(Message("Spill in aisle 4. First step?", ask=Ask("buttons", "tok", options(5))))


@settings(deadline=None)  # a busy machine is no mistake
@given(st.text())
def test_what_is_escaped_comes_back(text: str) -> None:
    escaped = escape(text)
    assert not set("<>") & set(escaped)
    assert unescape(escaped) == text.replace("\0", "")


@settings(deadline=None)  # a busy machine is no mistake
@given(texts)
def test_no_letter_is_lost(text: str) -> None:
    """Cutting and marking up leave every letter that is not a mark or a space where it was."""
    blocks = list(slack_blocks._sections(text, markup=False))
    if not slack_blocks._URLS.search(text):
        assert "".join(words_of(blocks).split()) == "".join(text.split())
    assert all(len(block["text"]["text"]) <= 3000 for block in blocks)


@settings(deadline=None)  # a busy machine is no mistake
@given(st.text(st.sampled_from("*_[]()ab /:htps."), max_size=300))
def test_markup_ends(text: str) -> None:
    """Odd marks cost no time, and what is plain has no marks left to take away twice in a row of changes."""
    assert len(plain(text)) <= len(text)
    assert json.dumps(mrkdwn(text))
