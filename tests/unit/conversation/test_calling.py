"""What a question is called beside others: its quiz's title, else its beginning, short, and nothing where it is alone."""

from __future__ import annotations

from typing import Any

import pytest

from bot.channels.sms_text import measure
from bot.content.documents import QuizDocument, ReflectionDocument
from bot.conversation.calling import called
from bot.conversation.router import OpenPrompt
from tests.unit.conversation.asked import question, single
from tests.unit.conversation.test_router import NOW, asked


def quiz(title: str, prompt: Any = "First step?", minutes: int = 0, **more: Any) -> OpenPrompt:
    about = single(prompt=prompt, correct=["a"])
    document = QuizDocument.model_validate(
        {
            "title": title,
            "kind": "quiz",
            "questions": [about.model_dump()],
            "translations": {"es": {"title": "Derrame"}},
        }
    )
    return asked(about, minutes, document=document, **more)


def reflection(prompt: str, minutes: int = 0) -> OpenPrompt:
    document = ReflectionDocument.model_validate({"title": "Secret title", "kind": "reflection", "prompt_text": prompt})
    return asked(question("long_text", prompt=prompt), minutes, document=document)


def test_alone_it_needs_no_name() -> None:
    spill = quiz("Spill")
    assert called(spill, [spill], ()) == ""
    answered = quiz("Ladders", minutes=5, answered_at=NOW)
    assert called(spill, [spill, answered], ()) == called(answered, [spill, answered], ()) == ""
    assert called(answered, [spill, answered, quiz("Fire", minutes=9)], ()) == "Ladders"


def test_a_quiz_by_its_title_in_the_language_that_was_read() -> None:
    spill, other = quiz("Spill"), reflection("How was it?", 5)
    assert called(spill, [spill, other], ("en",)) == "Spill"
    assert called(spill, [spill, other], ("es",)) == "Derrame"


def test_a_reflection_by_its_beginning() -> None:
    spill, other = quiz("Spill"), reflection("How was it?", 5)
    assert called(other, [spill, other], ("en",)) == "How was it?"


def test_two_of_the_same_title_by_their_beginnings() -> None:
    one, two = quiz("Spill", {"en": "First step?", "es": "¿Primer paso?"}), quiz("Spill", "Last step?", 5)
    assert (called(one, [one, two], ("es",)), called(two, [one, two], ())) == ("¿Primer paso?", "Last step?")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("a" * 40, "a" * 40),
        ("What do you do first, when a bottle breaks in aisle 4?", "What do you do first, when a bottle..."),
        ("What do you do first, when a big, bottle breaks", "What do you do first, when a big..."),
        ("x" * 60, "x" * 37 + "..."),
        ("Two\nlines", "Two lines"),
    ],
)
def test_a_long_name_is_cut_between_words_and_stays_cheap(title: str, name: str) -> None:
    long, other = reflection(title), quiz("Spill", minutes=5)
    assert called(long, [long, other], ()) == name
    assert len(name) <= 40
    assert measure(name).encoding == "gsm7"
