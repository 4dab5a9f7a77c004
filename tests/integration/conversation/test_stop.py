"""STOP, START and HELP in every state of a dialogue, of known and unknown people."""

from __future__ import annotations

import pytest

from bot.conversation.keywords import keyword
from models import ConsentEvent, Delivery, Prompt, QuestionResponse, WorkerContact
from tests.integration.conversation.conftest import Floor, choice, later, quiz, reflection

PRIORITY = quiz(choice(texts=("Alta", "Baja"), right="a"))
BYE = "Harbor: you are unsubscribed and will get no more texts. Reply START to come back."


def consented(floor: Floor) -> bool:
    return floor.rows(WorkerContact)[0].communication_consent


@pytest.mark.parametrize("state", ["idle", "asked", "joining", "in doubt", "stopped"])
@pytest.mark.parametrize("word", ["STOP", "Unsubscribe!", "please stop texting me", "baja"])
def test_stop_wins_in_every_state(floor: Floor, state: str, word: str) -> None:
    ana = floor.hire()
    if state in {"asked", "in doubt"}:
        floor.broadcast(ana, floor.write(**quiz()))
    if state == "in doubt":
        floor.put(Delivery, Delivery.worker_id == ana.worker_id, state="in_doubt")
    if state == "joining":
        floor.broadcast(ana, floor.write(**reflection()))
        floor.says(ana, "More light.")
    if state == "stopped":
        floor.says(ana, "QUIT")
    assert floor.says(ana, word) == "stopped"
    assert floor.consents(ana)[-1] == ("revoked", "stop_word")
    assert not consented(floor)
    assert floor.texts(ana).count(BYE) == 1
    assert not floor.rows(QuestionResponse)
    floor.broadcast(ana, floor.write(kind="text", text="Hello"))
    assert floor.last(ana) == BYE  # nothing more begins


def test_stop_said_again_and_again_is_confirmed_once(floor: Floor) -> None:
    ana = floor.hire()
    for word in ("stop", "STOP", "unsubscribe", "leave me alone"):
        floor.says(ana, word)
    assert floor.texts(ana) == [BYE]


def test_an_exact_choice_of_an_open_question_wins(floor: Floor) -> None:
    assert keyword("baja") == "stop"
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**PRIORITY))
    assert floor.says(ana, "¡Baja!") == "answered"
    assert floor.rows(QuestionResponse)[0].understood == ["b"]
    assert floor.says(ana, "baja") == "stopped"  # nothing is open any more


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        (("Alto", "Bajo"), "Para"),  # a stop word, but no choice
        (("Alta", "Baja"), "dame de baja"),
        (("Fin de turno", "Pausa"), "fin"),  # a part of a choice is not the choice
        (("Stop the line", "Call Ana"), "stop"),
        (("Alta", "Baja"), "STOP"),
        (("The end", "A pause"), "end"),
    ],
)
def test_any_other_stop_word_stops(floor: Floor, words: tuple[str, str], typed: str) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz(choice(texts=words))))
    assert floor.says(ana, typed) == "stopped"


def test_true_and_false_are_never_reserved_words(floor: Floor) -> None:
    ana = floor.hire()
    labels = {"true": "Alta", "false": "Baja"}
    question = {
        "id": "q1",
        "kind": "true_false",
        "prompt": "?",
        "labels": labels,
        "grading": {"correct_answers": [True]},
    }
    floor.broadcast(ana, floor.write(**quiz(question)))
    assert floor.says(ana, "baja") == "stopped"


def test_the_choices_of_an_answered_question_stop_again(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**PRIORITY))
    floor.says(ana, "1")
    assert floor.says(ana, "baja") == "stopped"


def test_help_that_is_a_choice_is_a_choice(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz(choice(texts=("Ayuda", "Correr")))))
    assert floor.says(ana, "ayuda") == "answered"
    assert floor.says(ana, "ayuda") == "helped"


@pytest.mark.parametrize("word", ["yes", "Sí", "y", "continue"])
def test_yes_starts_again_only_who_had_stopped(floor: Floor, word: str) -> None:
    ana = floor.hire()
    assert floor.says(ana, word) == "noted"
    floor.says(ana, "stop")
    assert floor.says(ana, word) == "started"
    assert floor.consents(ana) == [("granted", "import"), ("revoked", "stop_word"), ("granted", "start_word")]
    assert floor.last(ana) == "Harbor: you will get our messages again. Reply STOP to stop, HELP for help."
    assert consented(floor)
    assert floor.says(ana, word) == "noted"


def test_start_always_starts_and_is_told_once_an_hour_to_who_had_not_stopped(floor: Floor) -> None:
    ana = floor.hire(agreed=False)
    assert [floor.says(ana, "START") for _ in range(3)] == ["started"] * 3
    assert len(floor.texts(ana)) == 2
    assert consented(floor)


@pytest.mark.parametrize(("word", "outcome"), [("stop", "stopped"), ("start", "started"), ("help", "helped")])
def test_what_the_provider_answered_is_not_answered_twice(floor: Floor, word: str, outcome: str) -> None:
    ana = floor.hire()
    assert floor.says(ana, "whatever", keyword=word, answered_by_provider=True) == outcome
    assert floor.texts(ana) == []
    wanted = {"stop": ("revoked", "stop_word:provider"), "start": ("granted", "start_word:provider")}
    assert floor.consents(ana)[1:] == ([wanted[word]] if word in wanted else [])


def test_a_stop_that_the_provider_answered_is_not_confirmed_later_either(floor: Floor) -> None:
    ana = floor.hire()
    floor.says(ana, "STOP", keyword="stop", answered_by_provider=True)
    floor.says(ana, "stop")
    assert floor.texts(ana) == []


def test_help_reaches_who_has_stopped_and_names_the_business(floor: Floor) -> None:
    ana = floor.hire()
    floor.says(ana, "stop")
    assert floor.says(ana, "HELP") == "helped"
    assert floor.last(ana).startswith("Harbor sends you short work messages here.")


def test_the_organizations_own_help(floor: Floor) -> None:
    settings = {**floor.organization.settings, "consent": {"help_text": {"en": "Call 555.", "es": "Llama al 555."}}}
    floor.put(type(floor.organization), type(floor.organization).id == floor.organization.id, settings=settings)
    eva = floor.hire(contact={"preferred_language": "es"})
    floor.says(eva, "ayuda")
    assert floor.last(eva) == "Llama al 555."


def test_a_machine_that_asks_for_help_is_left_alone(floor: Floor) -> None:
    ana = floor.hire()
    for _ in range(30):
        assert floor.says(ana, "info") == "helped"
    assert len(floor.texts(ana)) == 5


# people whom we don't know


def test_a_strangers_stop_is_kept_and_confirmed_once(floor: Floor) -> None:
    floor.hire()
    unknown = floor.stranger("+12125550199")
    assert [floor.says(unknown, "STOP") for _ in range(2)] == ["stopped", "stopped"]
    assert floor.texts(unknown) == [BYE]
    assert {row.worker_id for row in floor.rows(ConsentEvent, ConsentEvent.address == unknown.address)} == {None}
    assert floor.says(unknown, "who are you?") == "stranger"
    assert floor.texts(unknown) == [BYE]  # not even who we are


def test_a_stranger_is_told_who_we_are_once_an_hour(floor: Floor, moment) -> None:
    floor.hire()
    unknown = floor.stranger("+12125550199")
    for _ in range(5):
        assert floor.says(unknown, "hello?") == "stranger"
        later(moment, minutes=5)
    assert floor.texts(unknown) == [
        "This is Harbor's line for its staff. We don't know this number: ask your manager to add it."
    ]
    later(moment, hours=1)
    floor.says(unknown, "hello?")
    assert len(floor.texts(unknown)) == 2
    assert [row.body for row in floor.heard(unknown)] == ["hello?"] * 6


def test_a_strangers_stop_still_holds_when_the_number_is_hired(floor: Floor) -> None:
    unknown = floor.stranger("+12125550199")
    floor.says(unknown, "STOP")
    ana = floor.hire(agreed=False, contact={"primary_phone_number": unknown.address})
    floor.broadcast(ana, floor.write(**quiz()))
    assert floor.texts(ana) == [BYE]
    assert not floor.rows(Prompt)


def test_stopping_one_number_says_nothing_of_another(floor: Floor) -> None:
    ana, bob = floor.hire(), floor.hire()
    floor.says(ana, "stop")
    floor.broadcast(bob, floor.write(**quiz()))
    assert len(floor.texts(bob)) == 1


def test_a_number_that_was_given_up_is_a_strangers(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz()))
    from models import ChannelIdentity

    floor.put(ChannelIdentity, ChannelIdentity.id == ana.identity_id, state="replaced")
    assert floor.says(ana, "2") == "stranger"
    assert not floor.rows(QuestionResponse)


def test_a_dead_number_that_speaks_is_alive(floor: Floor) -> None:
    from models import ChannelIdentity

    ana, bob = floor.hire(), floor.hire()
    for person, state in ((ana, "dead"), (bob, "blocked")):
        floor.put(ChannelIdentity, ChannelIdentity.id == person.identity_id, state=state, reason="30005")
        floor.says(person, "hello")
    found = {row.id: (row.state, row.reason) for row in floor.rows(ChannelIdentity)}
    assert found == {ana.identity_id: ("verified", None), bob.identity_id: ("blocked", "30005")}
    assert (len(floor.texts(ana)), floor.texts(bob)) == (1, [])


def test_stop_in_slack_holds_there_only(floor: Floor) -> None:
    ana = floor.hire("slack")
    assert floor.says(ana, "stop") == "stopped"
    assert [row.channel for row in floor.rows(ConsentEvent)] == ["slack"]
    floor.broadcast(ana, floor.write(**quiz()))
    assert len(floor.texts(ana)) == 1


@pytest.mark.parametrize(("language", "rates"), [("en", "rates"), ("es", "tarifas")])
def test_slack_speaks_of_messages_and_not_of_texts(floor: Floor, language: str, rates: str) -> None:
    ana = floor.hire("slack", contact={"preferred_language": language})
    for word in ("HELP", "hello?", "STOP", "HELP", "START"):
        floor.says(ana, word)
    floor.says(floor.stranger("U0STRANGE", "slack"), "hello?")
    said = [out.message.text for out in floor.sent]
    assert len(said) == 6
    everything = " ".join(said).lower()
    for of_phones in ("reply", "responde", "texts", "number", "número", "teléfono", rates):
        assert of_phones not in everything
    assert "STOP" in said[0]
    assert "START" in said[2]
    assert "START" in said[3]
    assert "STOP" in said[4]


@pytest.mark.parametrize("kind", ["twilio", "slack"])
@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("own", [None, {"en": "Call 555.", "es": "Llama al 555."}])
def test_help_after_a_stop_tells_the_way_back(floor: Floor, kind: str, language: str, own: dict | None) -> None:
    floor.arrange(consent={"help_text": own} if own else {})
    ana = floor.hire(kind, contact={"preferred_language": language})
    for word in ("HELP", "STOP", "HELP", "START", "HELP"):
        floor.says(ana, word)
    before, _, stopped, _, after = floor.texts(ana)
    assert before == after
    assert "START" not in before
    assert "START" in stopped
    assert stopped.startswith(own[language] if own else "Harbor")


def test_a_stranger_who_starts_is_told_who_we_are_and_their_yes_is_kept(floor: Floor) -> None:
    floor.hire()
    unknown = floor.stranger("+12125550199")
    assert [floor.says(unknown, "START") for _ in range(3)] == ["started"] * 3
    assert len(floor.texts(unknown)) == 1
    assert floor.last(unknown).startswith("This is Harbor's line for its staff.")
    assert floor.consents(unknown)[-1] == ("granted", "start_word")
    floor.says(unknown, "STOP")
    floor.says(unknown, "START")
    assert floor.texts(unknown)[1:] == [
        BYE,
        "Harbor: you will get our messages again. Reply STOP to stop, HELP for help.",
    ]
