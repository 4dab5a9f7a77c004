"""Which open question a message answers: the labels' own, else the newest that can take it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.channels.channel import Tap
from bot.content.documents import QuizDocument, ReflectionDocument
from bot.conversation.reading import NotUnderstood, Understood
from bot.conversation.router import Answers, Joins, OpenPrompt, names_choice, route_tap, route_text
from tests.unit.conversation.asked import multiple, question, rating, single, true_false

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
QUIZ = QuizDocument.model_validate(
    {"title": "t", "kind": "quiz", "questions": [true_false(grading={"correct_answers": [True]}).model_dump()]}
)
REFLECTION = ReflectionDocument.model_validate({"title": "t", "kind": "reflection", "prompt_text": "?"})


def asked(about: Any, minutes: int = 0, first_label: int = 1, **more: Any) -> OpenPrompt:
    """A prompt that was asked `minutes` after ten to nine."""
    facts = {"document": QUIZ, "order": (), "tries": 0, "source_kind": "broadcast", **more}
    ids = {
        name: uuid.uuid5(uuid.NAMESPACE_OID, f"{minutes}{name}") for name in ("id", "content_id", "content_version_id")
    }
    return OpenPrompt(
        **ids, token=f"t{minutes}", delivery_id=minutes, source_id=uuid.NAMESPACE_OID, position=0, question=about,
        first_label=first_label, asked_at=NOW - timedelta(minutes=40 - minutes), **facts,
    )  # fmt: skip


def routed(typed: str, *prompts: OpenPrompt) -> Any:
    return route_text(typed, prompts, ("en",), NOW)


def test_nothing_open() -> None:
    assert routed("2") is None


def test_a_digit_belongs_to_the_question_that_has_it() -> None:
    old, new = asked(single(), 0, 1), asked(single(), 5, 4)
    for typed, prompt, meant in (("2", old, "b"), ("4", new, "a"), ("6", new, "c")):
        for prompts in ((old, new), (new, old)):
            assert routed(typed, *prompts) == Answers(prompt, Understood((meant,)))


def test_words_that_both_have_are_the_newest_ones() -> None:
    old, new = asked(single(), 0, 1), asked(single(), 5, 4)
    assert routed("mop it", old, new) == Answers(new, Understood(("b",)))


def test_what_none_understands_is_asked_of_the_newest() -> None:
    found = routed("huh", asked(single(), 0), asked(rating(), 5))
    assert found.prompt.token == "t5"
    assert isinstance(found.reading, NotUnderstood)


def test_an_answered_question_takes_nothing() -> None:
    assert routed("2", asked(single(), answered_at=NOW)) is None


@pytest.mark.parametrize("typed", ["", "  ", "\n"])
def test_nothing_is_no_answer(typed: str) -> None:
    found = routed(typed, asked(question("long_text")))
    assert found.reading == NotUnderstood("hint.empty")


def joining(minutes: int = 5, until: timedelta = timedelta(seconds=30), **more: Any) -> OpenPrompt:
    facts = {"answered_at": NOW - timedelta(seconds=60), "response_id": uuid.NAMESPACE_DNS, "joins_until": NOW + until}
    return asked(question("long_text"), minutes, document=REFLECTION, **{**facts, **more})


def test_more_words_join_a_reflection() -> None:
    assert routed("and gloves", joining()) == Joins(joining())


@pytest.mark.parametrize(
    "closed", [{"until": timedelta(0)}, {"until": timedelta(seconds=-1)}, {"response_id": None}, {"joins_until": None}]
)
def test_after_its_window_nothing_joins(closed: dict[str, Any]) -> None:
    assert routed("and gloves", joining(**closed)) is None


def test_an_answer_to_another_question_does_not_join() -> None:
    quiz = asked(single(), 0)
    assert routed("2", quiz, joining()) == Answers(quiz, Understood(("b",)))
    assert routed("and gloves", quiz, joining()) == Joins(joining())


def test_an_older_free_question_does_not_take_what_goes_on() -> None:
    older, newer = asked(question("long_text"), 0), asked(question("long_text"), 40)
    assert routed("and gloves", older, joining()) == Joins(joining())
    assert routed("because", newer, joining()).prompt == newer  # a follow-up, asked since


def test_the_newest_of_two_windows() -> None:
    assert routed("x", joining(5), joining(6)).prompt.token == "t6"


def test_a_tap_finds_its_own_prompt() -> None:
    old, new = asked(single(), 0), asked(single(), 5)
    assert route_tap(Tap("t0", ("b",)), (old, new), ()) == Answers(old, Understood(("b",)))
    assert route_tap(Tap("gone", ("b",)), (old, new), ()) is None
    assert isinstance(route_tap(Tap("t0", ("z",)), (old, new), ()).reading, NotUnderstood)  # type: ignore[union-attr]


PRIORITY = ({"en": "High", "es": "Alta"}, {"en": "Low", "es": "Baja"})


@pytest.mark.parametrize(
    ("about", "typed", "named"),
    [
        (single(PRIORITY), "baja", True), (single(PRIORITY), " ¡BAJA! ", True), (single(PRIORITY), "low", False),
        (multiple(PRIORITY), "baja", True), (rating(labels={"1": "Fin"}), "fin", True),
        (single(PRIORITY), "baja por favor", False), (single(("Baja ya", "Alta")), "baja", False),
        (single(("🛑", "Alta")), "alto", False), (true_false(labels={"true": "Alta", "false": "Baja"}), "baja", False),
        (question("short_text", grading={"correct_answers": ["baja"]}), "baja", False),
        (question("long_text"), "baja", False),
    ],
)  # fmt: skip
def test_a_choice_to_the_letter_in_the_language_that_was_read(about: Any, typed: str, named: bool) -> None:
    assert names_choice(typed, [asked(about)], ("es",)) is named
    assert names_choice(typed, [asked(about, answered_at=NOW)], ("es",)) is False
    assert names_choice(typed, [], ("es",)) is False
