"""Hands on buttons: the prompt by its token, the person by the workspace, the message changed where it stands."""

from __future__ import annotations

import pytest

from bot.channels.channel import SendFailed
from models import Delivery, Prompt, QuestionResponse, ReflectionResponse
from tests.integration.conversation.conftest import Floor, choice, quiz, reflection


def updates(floor: Floor) -> list[tuple[str | None, str]]:
    return [(out.target, out.message.text) for out in floor.sent if out.verb == "update"]


def test_a_tap_answers_and_takes_the_buttons_away(floor: Floor) -> None:
    ana = floor.hire("slack")
    floor.broadcast(ana, floor.write(**quiz()))
    assert floor.sent[0].message.ask is not None
    assert floor.taps(ana, floor.token(ana), "b", message_id="D0:1") == "answered"
    assert floor.last(ana) == "That's right!\n+2 points."
    [(target, words)] = updates(floor)
    assert target == "D0:1"
    assert words.endswith("You answered: Block it")
    assert "First step?" in words
    assert [out.message.ask for out in floor.sent if out.verb == "update"] == [None]
    assert floor.rows(QuestionResponse)[0].channel == "slack"


def test_several_boxes_and_a_submit(floor: Floor) -> None:
    ana = floor.hire("slack")
    question = {**choice(texts=("A", "B", "C")), "kind": "multiple_choice", "grading": {"correct_answers": ["a", "c"]}}
    floor.broadcast(ana, floor.write(**quiz(question)))
    token = floor.token(ana)
    assert floor.taps(ana, token, "c", "a") == "answered"
    assert floor.rows(QuestionResponse)[0].understood == ["a", "c"]
    assert floor.heard(ana)[0].body == "c, a"


def test_a_text_field(floor: Floor) -> None:
    ana = floor.hire("slack")
    floor.broadcast(ana, floor.write(**reflection(visibility="supervisor")))
    assert floor.taps(ana, floor.token(ana), "More light, please") == "answered"
    assert floor.rows(ReflectionResponse)[0].text == "More light, please"
    assert updates(floor)[0][1].endswith("You answered: More light, please")


def test_a_submit_of_nothing_is_asked_again(floor: Floor) -> None:
    ana = floor.hire("slack")
    floor.broadcast(ana, floor.write(**quiz()))
    assert floor.taps(ana, floor.token(ana)) == "asked_again"
    assert updates(floor) == []


@pytest.mark.parametrize("value", ["z", "b:x", ""])
def test_a_value_that_is_not_offered_is_no_answer(floor: Floor, value: str) -> None:
    ana = floor.hire("slack")
    floor.broadcast(ana, floor.write(**quiz()))
    assert floor.taps(ana, floor.token(ana), value) == "asked_again"


def test_a_second_tap_changes_nothing_and_is_told_once(floor: Floor) -> None:
    ana = floor.hire("slack")
    floor.broadcast(ana, floor.write(**quiz()))
    token = floor.token(ana)
    assert [floor.taps(ana, token, value) for value in "baab"] == ["answered", "noted", "noted", "noted"]
    assert [row.understood for row in floor.rows(QuestionResponse)] == [["b"]]
    assert floor.texts(ana)[2:] == ["You have answered this one already."]


def test_anothers_token_answers_nothing(floor: Floor) -> None:
    ana, bob = floor.hire("slack"), floor.hire("slack")
    floor.broadcast(ana, floor.write(**quiz()))
    token = floor.token(ana)
    assert floor.taps(bob, token, "b") == "noted"
    assert floor.taps(floor.stranger("U0STRANGE", "slack"), token, "b") == "stranger"
    assert not floor.rows(QuestionResponse)
    assert floor.rows(Prompt)[0].state == "open"


def test_a_token_of_nothing(floor: Floor) -> None:
    ana = floor.hire("slack")
    assert floor.taps(ana, "gone", "b") == "noted"


def test_a_question_that_was_withdrawn_takes_no_tap(floor: Floor) -> None:
    ana = floor.hire("slack")
    floor.broadcast(ana, floor.write(**quiz()))
    token = floor.token(ana)
    floor.put(Prompt, Prompt.token == token, state="withdrawn")
    assert floor.taps(ana, token, "b") == "noted"
    assert not floor.rows(QuestionResponse)


def test_typed_words_answer_in_slack_too_and_the_message_changes(floor: Floor) -> None:
    ana = floor.hire("slack")
    floor.broadcast(ana, floor.write(**quiz()))
    assert floor.says(ana, "block it") == "answered"
    assert updates(floor)[0][0] == "D0:1"


def test_a_reply_in_a_thread_answers_the_question_that_began_it(floor: Floor) -> None:
    ana = floor.hire("slack")
    floor.broadcast(ana, floor.write(**quiz()))  # D0:1
    floor.broadcast(ana, floor.write(**quiz()))  # D0:2
    floor.broadcast(ana, floor.write(**reflection()))  # D0:3
    older, _, free = floor.rows(Prompt)
    assert floor.says(ana, "more light", in_reply_to="D0:1") == "asked_again"
    assert floor.says(ana, "Block it", in_reply_to="D0:1") == "answered"
    assert [row.prompt_id for row in floor.rows(QuestionResponse)] == [older.id]
    assert floor.says(ana, "Block it", in_reply_to="D0:1") == "noted"
    assert floor.last(ana).startswith("You have answered this one already.")
    assert floor.says(ana, "2", in_reply_to="D0:3") == "answered"
    assert floor.says(ana, "1", in_reply_to="D0:3") == "joined"
    assert [row.text for row in floor.rows(ReflectionResponse)] == ["2\n1"]
    assert free.id not in {row.prompt_id for row in floor.rows(QuestionResponse)}


def test_a_reply_under_what_asked_nothing_goes_its_usual_way(floor: Floor) -> None:
    ana, bob = floor.hire("slack"), floor.hire("slack")
    floor.broadcast(ana, floor.write(kind="text", text="Mind the step"))
    floor.broadcast(bob, floor.write(**quiz()))
    floor.broadcast(ana, floor.write(**quiz()))
    for parent in ("D0:1", "D0:2", "D9:99"):
        assert floor.says(ana, "huh", in_reply_to=parent) == "asked_again"
    assert floor.says(ana, "block it", in_reply_to="D0:2") == "answered"
    assert {row.worker_id for row in floor.rows(QuestionResponse)} == {ana.worker_id}


def test_a_tap_on_a_message_in_doubt_knows_which_one_to_change(floor: Floor) -> None:
    ana = floor.hire("slack")
    floor.fail = SendFailed("doubt", "timeout")
    floor.broadcast(ana, floor.write(**quiz()))
    floor.fail = None
    assert floor.taps(ana, floor.token(ana), "b", message_id="D7:77") == "answered"
    assert updates(floor)[0][0] == "D7:77"
    assert floor.rows(Delivery, Delivery.source_kind == "broadcast")[0].state == "sent"


def test_sms_changes_nothing_afterwards(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz()))
    floor.says(ana, "2")
    assert updates(floor) == []


def test_a_tap_is_never_a_reserved_word(floor: Floor) -> None:
    ana = floor.hire("slack")
    question = {"id": "q1", "kind": "short_text", "prompt": "Word?", "grading": {"correct_answers": ["stop"]}}
    floor.broadcast(ana, floor.write(**quiz(question)))
    assert floor.taps(ana, floor.token(ana), "stop") == "answered"
