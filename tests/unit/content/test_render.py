"""What people see: whole questions on a phone, buttons where they can tap, and nothing that a channel can't carry."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import wording
from bot.channels.channel import Abilities, Media, Message
from bot.channels.sms_text import measure
from bot.content.documents import MultipleChoice, Question, SingleChoice, parse
from bot.content.render import (
    Shown,
    answerable,
    document_messages,
    labels_needed,
    natural_label,
    option_order,
    question_message,
    shown_answer,
)
from bot.content.templates import TemplateRefused
from bot.conversation.reading import Understood, read, read_tap
from tests.unit.content.made import KINDS, documents, questions
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

SMS = Abilities(taps=False, max_text=1600, media_types=("image/jpeg", "image/png"), receipts=True, max_options=26)
SLACK = Abilities(taps=True, max_text=10_000, media_types=("image/*",), receipts=False, max_options=100, updates=True)
PICTURE = Media("https://m.example/1", "image/png", "p.png", size=40_000)
FILM = Media("https://m.example/2", "video/mp4", "f.mp4", size=90_000)
HANDBOOK = Media("https://m.example/3", "application/pdf", "h.pdf", size=90_000)
SOUND = Media("https://m.example/4", "audio/mpeg", "s.mp3", size=90_000)


def shown(asked: Question, channel: Abilities = SMS, first_label: int | None = None, **more: Any) -> Message:
    label = natural_label(asked) if first_label is None else first_label
    given = {"number": 1, "total": 1, "languages": ["en"], "shown": Shown("tok", label, more.pop("order", ())), **more}
    return question_message(asked, channel=channel, **given)


def sent(document: dict[str, Any], channel: Abilities = SMS, **more: Any) -> tuple[Message, ...]:
    given: dict[str, Any] = {"languages": ["en"], "variables": {}, "media": {}, "shown": None, **more}
    return document_messages(parse({"title": "Spills", **document}), channel=channel, **given)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (single(), "What now?\n1) Block the area\n2) Mop it\n3) Call the supervisor\nReply with a number."),
        (
            multiple(),
            "What now?\n1) Block the area\n2) Mop it\n3) Call the supervisor\nReply with all that apply, e.g. 1 3.",
        ),
        (
            multiple(max=2),
            "What now?\n1) Block the area\n2) Mop it\n3) Call the supervisor\nReply with up to 2, e.g. 1 3.",
        ),
        (
            multiple(min=2, max=2),
            "What now?\n1) Block the area\n2) Mop it\n3) Call the supervisor\nReply with the 2 that apply, e.g. 1 3.",
        ),
        (multiple(max=1), "What now?\n1) Block the area\n2) Mop it\n3) Call the supervisor\nReply with a number."),
        (true_false(), "What now?\n1) True\n2) False\nReply with a number."),
        (true_false(labels={"true": "Safe", "false": "Unsafe"}), "What now?\n1) Safe\n2) Unsafe\nReply with a number."),
        (number(), "What now?\nReply with a number."),
        (number(unit="kg"), "What now?\nReply with a number (kg)."),
        (short_text(), "What now?\nReply in a few words."),
        (question("long_text"), "What now?\nReply in your own words."),
        (rating(labels={"1": "Bad", "5": "Good"}), "What now?\n1) Bad\n5) Good\nReply with a number from 1 to 5."),
        (rating(style="nps"), "What now?\nReply with a number from 0 to 10."),
        (
            ordering(),
            "What now?\n1) Block the area\n2) Mop it\n3) Call the supervisor\nReply with the numbers in order, e.g. 2 1 3.",
        ),
        (matching(), "What now?\n1) Bleach\n2) Soap\nA) Hands\nB) Floor\nC) Glass\nReply with the pairs, e.g. 1B 2A."),
        (
            single(time_limit=120),
            "What now?\nTime: 2 min.\n1) Block the area\n2) Mop it\n3) Call the supervisor\nReply with a number.",
        ),
    ],
)
def test_a_question_over_sms(asked: Question, text: str) -> None:
    message = shown(asked)
    assert message.text == text
    assert (message.ask, message.body, message.markup) == (None, "", False)
    assert measure(text).encoding == "gsm7"


@pytest.mark.parametrize(
    ("seconds", "words"), [(45, "45 s"), (120, "2 min"), (5400, "90 min"), (7200, "2 h"), (172_800, "2 d")]
)
def test_the_time_limit_is_said(seconds: int, words: str) -> None:
    assert f"Time: {words}." in shown(single(time_limit=seconds)).text


def test_where_a_question_stands_and_what_comes_before_it() -> None:
    message = shown(single(), number=2, total=5, intro="That's right!")
    assert message.text.startswith("That's right!\n(2/5) What now?\n1) ")


def test_labels_and_order_are_the_prompts() -> None:
    assert (
        "\n4) Call the supervisor\n5) Block the area\n6) Mop it\n"
        in shown(single(), first_label=4, order=("c", "a", "b")).text
    )
    assert shown(matching(), first_label=4, order=("l1", "l2", "r3", "r1", "r2")).text.splitlines()[1:] == [
        "4) Bleach", "5) Soap", "A) Glass", "B) Hands", "C) Floor", "Reply with the pairs, e.g. 4B 5A.",
    ]  # fmt: skip


def test_a_rating_whose_digits_are_taken_is_listed() -> None:
    assert shown(rating(max=3, labels={"1": "Bad"}), first_label=4).text.splitlines()[1:] == [
        "4) 1 Bad", "5) 2", "6) 3", "Reply with a number from 4 to 6.",
    ]  # fmt: skip


def test_in_the_persons_language() -> None:
    asked = single([{"en": "Stay", "es": "Quedarse"}, {"en": "Go", "es": "Ir"}], prompt={"en": "And?", "es": "¿Y?"})
    assert shown(asked, languages=["es-MX", "en"]).text == "¿Y?\n1) Quedarse\n2) Ir\nResponde con una cifra."


@pytest.mark.parametrize(
    ("asked", "kind", "options"),
    [
        (single(), "buttons", [("a", "1", "Block the area"), ("b", "2", "Mop it"), ("c", "3", "Call the supervisor")]),
        (
            multiple(),
            "checkboxes",
            [("a", "1", "Block the area"), ("b", "2", "Mop it"), ("c", "3", "Call the supervisor")],
        ),
        (true_false(), "buttons", [("true", "1", "True"), ("false", "2", "False")]),
        (rating(max=2, labels={"1": "Bad"}), "buttons", [("1", "1", "1 Bad"), ("2", "2", "2")]),
        (number(unit="kg"), "number", []),
        (short_text(), "text", []),
        (question("long_text"), "long_text", []),
        (ordering(), "text", []),
        (matching(), "text", []),
    ],
)
def test_a_question_in_slack(asked: Question, kind: str, options: list[tuple[str, str, str]]) -> None:
    message = shown(asked, SLACK)
    assert message.ask is not None
    assert (message.ask.kind, message.ask.token, message.ask.submit) == (kind, "tok", "Submit")
    assert [(option.value, option.label, option.text) for option in message.ask.options] == options
    for _, label, text in options:
        assert f"{label}) {text.removeprefix(label + ' ')}" in message.text or asked.kind == "rating"
        assert text not in message.body or asked.kind == "rating"
    assert "What now?" in message.body


def test_what_is_typed_in_slack_shows_its_options_and_how_to_answer() -> None:
    message = shown(ordering(), SLACK)
    assert message.body == "What now?\n1) Block the area\n2) Mop it\n3) Call the supervisor"
    assert message.ask is not None
    assert message.ask.placeholder == "Reply with the numbers in order, e.g. 2 1 3."
    assert message.text == f"{message.body}\n{message.ask.placeholder}"


def test_more_options_than_a_channel_shows_are_typed() -> None:
    few = Abilities(taps=True, max_text=3000, media_types=(), receipts=False, max_options=2)
    message = shown(single(), few)
    assert message.ask is not None
    assert (message.ask.kind, message.ask.options) == ("text", ())
    assert "3) Call the supervisor" in message.body


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"max": 2}, "Choose up to 2."),
        ({"min": 2, "max": 2}, "Choose 2."),
        ({"min": 2}, "Choose at least 2."),
        ({}, ""),
    ],
)
def test_checkboxes_say_how_many(fields: dict[str, int], words: str) -> None:
    assert shown(multiple(**fields), SLACK).body == f"What now?\n{words}".strip()


def test_pictures_beside_a_prompt() -> None:
    asked = single(
        media=[
            {"media_asset_id": "p1", "alt_text": "A wet floor"},
            {"media_asset_id": "f1", "alt_text": "The film"},
            "lost.png",
        ]
    )
    stored = {"p1": PICTURE, "f1": FILM}
    for channel in (SMS, SLACK):
        message = shown(asked, channel, media=stored)
        assert [(one.url, one.alt_text) for one in message.media] == [(PICTURE.url, "A wet floor")]
        assert "\nThe film https://m.example/2\n" in message.text


def test_text_is_marked_up_where_it_can_be_and_clean_where_not() -> None:
    text = "**Wear** your _vest_.\n* always\n* everywhere\nSee [the plan](https://x.example/a_b)."
    assert sent({"kind": "text", "text": text}, SLACK) == (Message(text, text, markup=True),)
    (clean,) = sent({"kind": "text", "text": text})
    assert clean == Message("Wear your vest.\n- always\n- everywhere\nSee the plan (https://x.example/a_b).")


def test_text_that_is_no_markdown_stays_as_it_is() -> None:
    document = {"kind": "text", "text": "5 * 3 * 2 and **x**", "formatting": {"markdown": False}}
    for channel in (SMS, SLACK):
        assert sent(document, channel) == (Message("5 * 3 * 2 and **x**"),)


def test_a_translation_is_used_before_the_documents_own_words() -> None:
    document = {"kind": "text", "text": "Hello", "translations": {"es": {"text": "Hola"}}}
    assert sent(document, languages=["es-MX", "en"])[0].text == "Hola"
    assert sent(document, languages=["fr"])[0].text == "Hello"
    assert sent({**document, "text": {"en": "Hello", "es": "Buenas"}}, languages=["es"])[0].text == "Buenas"


def test_a_long_text_is_cut_between_sentences_and_nothing_is_lost() -> None:
    text = " ".join(f"Sentence number {count} of the long safety briefing." for count in range(80))
    messages = sent({"kind": "text", "text": text})
    assert len(messages) == 3
    assert all(len(message.text) <= 1600 and message.text.endswith(".") for message in messages)
    assert " ".join(message.text for message in messages) == text


IMAGE = {"kind": "image", "media_asset_id": "m", "alt_text": "A blocked aisle", "caption": "Like this."}
MEDIA = [
    (IMAGE, PICTURE, SMS, "Like this.", True),
    (IMAGE, PICTURE, SLACK, "Like this.", True),
    ({**IMAGE, "caption": None}, PICTURE, SMS, "Spills", True),
    (IMAGE, Media("https://m.example/1", "image/png", size=6_000_000), SMS, "Like this.\nSee: A blocked aisle https://m.example/1", False),
    (IMAGE, Media("https://m.example/1", "image/png", size=6_000_000), SLACK, "Like this.", True),
    (IMAGE, Media("https://m.example/1", "image/webp"), SMS, "Like this.\nSee: A blocked aisle https://m.example/1", False),
    ({"kind": "video", "media_asset_id": "m", "duration": 125}, FILM, SMS, "Watch: Spills (2:05) https://m.example/2", False),
    ({"kind": "video", "file": "m", "caption": "New."}, FILM, SMS, "New.\nWatch: Spills https://m.example/2", False),
    (
        {"kind": "audio", "media_asset_id": "m", "transcript": "Mind the gap."}, SOUND, SLACK,
        "Listen: Spills https://m.example/4\nWhat is said: Mind the gap.", False,
    ),
    ({"kind": "audio", "media_asset_id": "m", "transcript": "Mind the gap."}, SOUND, SMS, "Listen: Spills https://m.example/4", False),
    ({"kind": "document", "media_asset_id": "m", "description": "All of it."}, HANDBOOK, SMS, "All of it.\nRead: Spills https://m.example/3", False),
]  # fmt: skip


@pytest.mark.parametrize(("document", "stored", "channel", "text", "carried"), MEDIA)
def test_files(document: dict[str, Any], stored: Media, channel: Abilities, text: str, carried: bool) -> None:
    (message,) = sent(document, channel, media={"m": stored})
    assert message.text == text
    assert [one.url for one in message.media] == ([stored.url] if carried else [])
    assert not carried or message.media[0].alt_text == "A blocked aisle"


def test_a_file_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        sent(IMAGE)


QUIZ = {
    "kind": "quiz",
    "questions": [
        single(correct="a").model_dump(),
        true_false(id="q2", grading={"correct_answers": [True]}).model_dump(),
    ],
}


def test_a_quiz_opens_with_its_title_and_first_question() -> None:
    (message,) = sent(QUIZ, shown=Shown("tok", 4))
    assert message.text.startswith("Spills\n(1/2) What now?\n4) Block the area\n")
    (message,) = sent(QUIZ, SLACK, shown=Shown("tok"))
    assert message.body == "Spills\n(1/2) What now?"
    assert message.ask is not None
    assert message.ask.token == "tok"
    assert [one.id for one in answerable(parse({"title": "Spills", **QUIZ}))] == ["q", "q2"]


def reflection(**kept: Any) -> dict[str, Any]:
    return {
        "kind": "reflection",
        "prompt_text": {"en": "How was today?", "es": "¿Qué tal hoy?"},
        "guidance_text": "One thing is enough.",
        "settings": kept,
    }


@pytest.mark.parametrize(
    ("kept", "how", "kind"),
    [
        ({}, "Reply in your own words.", "long_text"),
        ({"visibility": "anonymous"}, "Your name is not kept with your answer.\nReply in your own words.", "long_text"),
        ({"response_kind": "rating"}, "Reply with a number from 1 to 5.", "buttons"),
        ({"response_kind": "rating_then_text"}, "Reply with a number from 1 to 5.", "buttons"),
        ({"response_kind": "photo"}, "Reply with a photo.", None),
    ],
)
def test_a_reflection(kept: dict[str, Any], how: str, kind: str | None) -> None:
    (message,) = sent(reflection(**kept))
    assert message.text == f"How was today?\nOne thing is enough.\n{how}"
    (message,) = sent(reflection(**kept), SLACK, shown=Shown("tok"))
    assert (message.ask.kind if message.ask else None) == kind


@pytest.mark.parametrize(
    ("kept", "asked"),
    [
        ({}, [("reflection", "long_text")]),
        ({"response_kind": "rating"}, [("rating", "rating")]),
        ({"response_kind": "rating_then_text"}, [("rating", "rating"), ("follow_up_1", "long_text")]),
        ({"response_kind": "rating_then_text", "follow_ups": ["Why?", "And then?"]},
         [("rating", "rating"), ("follow_up_1", "long_text"), ("follow_up_2", "long_text")]),
        ({"follow_ups": ["Why?"]}, [("reflection", "long_text"), ("follow_up_1", "long_text")]),
        ({"response_kind": "photo"}, [("photo", "long_text")]),
    ],
)  # fmt: skip
def test_what_a_reflection_asks(kept: dict[str, Any], asked: list[tuple[str, str]]) -> None:
    found = answerable(parse({"title": "Day", **reflection(**kept)}), languages=["es"])
    assert [(one.id, one.kind) for one in found] == asked


def test_what_is_only_read_asks_nothing() -> None:
    assert answerable(parse({"title": "T", "kind": "text", "text": "Hi"})) == []


def test_a_template_is_filled_and_refuses_what_it_lacks() -> None:
    document = {"kind": "template", "template_text": "Hi {{ name }}", "variables": [{"name": "name"}]}
    assert sent(document, variables={"name": "Ana"}) == (Message("Hi Ana"),)
    with pytest.raises(TemplateRefused):
        sent(document)


@pytest.mark.parametrize(
    ("asked", "answer", "words"),
    [
        (single(), ("b",), "Mop it"),
        (multiple(), ("a", "c"), "Block the area, Call the supervisor"),
        (multiple(), (), "None of them"),
        (ordering(), ("b", "a", "c"), "Mop it > Block the area > Call the supervisor"),
        (true_false(), True, "True"),
        (true_false(labels={"false": "Unsafe"}), False, "Unsafe"),
        (number(unit="kg"), 5.0, "5 kg"),
        (number(), 0.1, "0.1"),
        (rating(labels={"4": "Often"}), 4, "4 Often"),
        (rating(), 2, "2"),
        (short_text(), "Fire exit", "Fire exit"),
        (matching(), (("l1", "r2"), ("l2", "r1")), "Bleach = Floor, Soap = Hands"),
    ],
)
def test_an_answer_reads_back_in_words(asked: Question, answer: Any, words: str) -> None:
    assert shown_answer(asked, answer, ["en"]) == words


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=40)
def test_every_shown_label_and_every_button_reads_back_to_its_option(kind: str, data: st.DataObject) -> None:
    asked = question(**data.draw(questions(kind)))
    order = option_order(asked, lambda ids: data.draw(st.permutations(ids)))
    first_label = data.draw(st.integers(natural_label(asked), 20))
    message = shown(asked, SLACK, first_label, order=order)
    assert message.ask is not None
    for option in message.ask.options:
        one = (option.value,) if isinstance(asked, SingleChoice | MultipleChoice) else option.value
        given = {"order": order, "first_label": first_label, "languages": ["en"]}
        typed, tapped = read(asked, option.label, **given), read_tap(asked, [option.value], **given)
        if not (isinstance(asked, MultipleChoice) and (asked.min or 0) > 1):
            assert typed == tapped
            assert isinstance(typed, Understood)
            assert typed.value == one or str(typed.value).lower() == one
    assert len(message.ask.options) in {0, labels_needed(asked)}


@given(documents, st.sampled_from([SMS, SLACK]), st.sampled_from([["en"], ["es-MX", "en"], []]))
@settings(max_examples=150)
def test_any_document_renders_within_the_channels_length(
    data: dict[str, Any], channel: Abilities, languages: list[str]
) -> None:
    document = parse(data)
    try:
        messages = sent_document(document, channel, languages)
    except TemplateRefused:
        return
    for message in messages:
        assert message.text.strip() or message.media
        assert len(message.text.encode("utf-16-le")) // 2 <= channel.max_text or message.ask is not None


def sent_document(document: Any, channel: Abilities, languages: list[str]) -> tuple[Message, ...]:
    file = getattr(document, "media_asset_id", None) or getattr(document, "file", None) or ""
    return document_messages(
        document, languages=languages, variables={}, media={file: FILM}, shown=None, channel=channel
    )


@pytest.mark.parametrize("language", ["en", "es"])
def test_what_stands_around_a_question_is_complete_and_cheap(language: str) -> None:
    """Every sentence exists in every language, with the same gaps, and none turns a question into UCS-2."""
    english, own = wording.sentences("en"), wording.sentences(language)
    assert set(own) == set(english)
    assert list(own) == sorted(own)
    ours = ("answer.none", "ask.", "choose.", "hint.", "label.", "media.", "question.", "reply.")
    for key, sentence in own.items():
        if not key.startswith(ours):
            continue
        gaps = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
        assert gaps == {name for _, name, _, _ in string.Formatter().parse(english[key]) if name}, key
        assert measure(sentence).encoding == "gsm7", key


def test_letters_of_the_right_side_reach_z() -> None:
    items = [f"Item {letter * 2}" for letter in IDS]
    text = shown(matching(items, items)).text
    assert "26) Item zz" in text
    assert "Z) Item zz" in text
