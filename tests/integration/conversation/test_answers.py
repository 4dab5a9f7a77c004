"""An answer to a quiz: graded, recorded, paid once and replied to, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.channels.channel import SendFailed
from models import (
    Delivery,
    PointsEntry,
    Prompt,
    QuestionResponse,
    QuizAttempt,
    ReflectionResponse,
    WorkerEngagement,
    WorkerGamification,
)
from tests.integration.conversation.conftest import Floor, Somebody, choice, later, quiz, reflection

WEIGHTY = {"point_value": 3}


def balance(floor: Floor, who: Somebody) -> int:
    """The balance, which must equal the ledger."""
    found = floor.rows(WorkerGamification, WorkerGamification.worker_id == who.worker_id)[0].points_balance
    assert found == sum(row.points for row in floor.rows(PointsEntry, PointsEntry.worker_id == who.worker_id))
    return found


def test_a_right_answer_is_graded_paid_and_told(floor: Floor) -> None:
    ana = floor.hire()
    source = floor.broadcast(ana, floor.write(**quiz()))
    assert floor.says(ana, " 2) ") == "answered"
    [given] = floor.rows(QuestionResponse)
    assert (given.typed, given.understood, given.correct, given.score, given.source_id) == (
        " 2) ",
        ["b"],
        True,
        1,
        source,
    )
    assert (given.channel, given.try_number, given.late) == ("sms", 1, False)
    assert balance(floor, ana) == 2  # one for the answer, one for being right
    assert floor.last(ana) == "That's right!\n+2 points."
    [prompt] = floor.rows(Prompt)
    assert (prompt.state, prompt.tries) == ("answered", 1)
    [engagement] = floor.rows(WorkerEngagement)
    assert engagement.last_interaction_date == engagement.last_active_at == given.at


def test_a_wrong_answer_is_an_answer(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(
        ana, floor.write(**quiz(choice(grading={"correct_answers": ["b"], "when_wrong": "Block it first."})))
    )
    floor.says(ana, "1")
    assert floor.last(ana) == "Block it first.\n+1 point."
    assert balance(floor, ana) == 1
    [attempt] = floor.rows(QuizAttempt)
    assert (attempt.score, attempt.max_score, attempt.passed) == (0, 1, None)
    assert attempt.finished_at is not None


def test_a_worker_without_a_balance_gets_one(floor: Floor) -> None:
    ana = floor.hire(gamification=None, engagement=None)
    floor.broadcast(ana, floor.write(**quiz()))
    floor.says(ana, "2")
    assert balance(floor, ana) == 2
    assert floor.rows(WorkerEngagement)[0].last_interaction_date is not None


def test_several_tries(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz(choice(texts=("A", "B", "C"), max_attempts=3))))
    floor.says(ana, "1")
    assert floor.last(ana) == "Not quite.\nTry again: 2 left."
    assert balance(floor, ana) == 0  # a try pays when the question is closed
    floor.says(ana, "3")
    assert floor.last(ana) == "Not quite.\nTry again: 1 left."
    floor.says(ana, "2")
    assert floor.last(ana) == "That's right!\n+2 points."
    assert [(row.try_number, row.correct) for row in floor.rows(QuestionResponse)] == [
        (1, False),
        (2, False),
        (3, True),
    ]
    assert (floor.rows(QuizAttempt)[0].score, balance(floor, ana)) == (1, 2)


def test_the_last_try_closes_the_question(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz(choice(max_attempts=2))))
    floor.says(ana, "1")
    floor.says(ana, "1")
    assert floor.rows(Prompt)[0].state == "answered"
    assert floor.says(ana, "2") == "noted"


def test_a_quiz_of_three_tells_the_score_and_the_points_of_all_of_it(floor: Floor) -> None:
    ana = floor.hire()
    questions = [choice(f"q{n}", grading={"correct_answers": ["b"], **WEIGHTY}) for n in (1, 2, 3)]
    source = floor.broadcast(ana, floor.write(**quiz(*questions, passing_score=0.6)))
    for typed in ("2", "1", "2"):
        assert floor.says(ana, typed) == "answered"
    assert floor.last(ana) == "That's right!\nYou got 6 of 9. +9 points."
    [attempt] = floor.rows(QuizAttempt)
    assert (attempt.score, attempt.max_score, attempt.passed, attempt.source_id) == (6, 9, True, source)
    assert balance(floor, ana) == 9
    assert {row.source_id for row in floor.rows(Prompt)} == {source}
    assert [row.question_id for row in floor.rows(Prompt)] == ["q1", "q2", "q3"]
    told = [text.splitlines()[0] for text in floor.texts(ana)]
    assert told[1:3] == ["That's right!", "Not quite."]


def test_the_points_of_another_quiz_are_not_told_again(floor: Floor) -> None:
    ana = floor.hire()
    for _ in range(2):
        floor.broadcast(ana, floor.write(**quiz()))
        floor.says(ana, "2")
        assert floor.last(ana).endswith("+2 points.")
    assert balance(floor, ana) == 4


@pytest.mark.parametrize("kind", ["twilio", "slack"])
def test_a_quiz_that_is_sent_again_is_scored_again_and_pays_no_more(floor: Floor, kind: str) -> None:
    ana = floor.hire(kind)
    version = floor.write(**quiz(choice("q1"), choice("q2")))
    for told in ("That's right!\nYou got 2 of 2. +4 points.", "That's right!\nYou got 2 of 2."):
        floor.broadcast(ana, version)
        floor.says(ana, "block it")
        floor.says(ana, "block it")
        assert floor.last(ana) == told
    assert [(row.score, row.max_score) for row in floor.rows(QuizAttempt)] == [(2, 2), (2, 2)]
    assert balance(floor, ana) == 4


def test_right_at_last_pays_what_was_still_to_come(floor: Floor) -> None:
    ana = floor.hire()
    version = floor.write(**quiz(choice(grading={"correct_answers": ["b"], **WEIGHTY})))
    for typed, ended in (("1", "+1 point."), ("2", "+3 points."), ("2", "That's right!")):
        floor.broadcast(ana, version)
        floor.says(ana, typed)
        assert floor.last(ana).endswith(ended)
    assert balance(floor, ana) == 4


def test_a_new_version_pays_only_for_what_is_new_in_it(floor: Floor) -> None:
    ana = floor.hire()
    first = floor.write(**quiz(choice("q1")))
    floor.broadcast(ana, first)
    floor.says(ana, "2")
    floor.broadcast(ana, floor.write(of=first, **quiz(choice("q1", prompt="First step, then?"), choice("q2"))))
    floor.says(ana, "2")
    floor.says(ana, "2")
    assert floor.last(ana) == "That's right!\nYou got 2 of 2. +2 points."
    assert balance(floor, ana) == 4


def test_a_first_try_is_the_first_ever(floor: Floor) -> None:
    floor.arrange(gamification={"points": {"answered": 0, "correct": 0, "first_try": 5}})
    ana, bob = floor.hire(), floor.hire()
    version = floor.write(**quiz())
    for who, typed in ((ana, "1"), (bob, "2"), (ana, "2"), (bob, "2")):
        floor.broadcast(who, version)
        floor.says(who, typed)
    assert (balance(floor, ana), balance(floor, bob)) == (0, 5)


def test_negative_marking_never_ends_below_nought(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(
        ana, floor.write(**quiz(choice("q1"), choice("q2"), scoring_type="negative_marking", passing_score=0.5))
    )
    floor.says(ana, "1")
    floor.says(ana, "1")
    [attempt] = floor.rows(QuizAttempt)
    assert (attempt.score, attempt.max_score, attempt.passed) == (0, 2, False)


def test_without_gamification_nothing_is_paid_or_told(floor: Floor) -> None:
    floor.put(type(floor.organization), type(floor.organization).id == floor.organization.id,
              settings={**floor.organization.settings, "gamification": {"enabled": False}})  # fmt: skip
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz()))
    floor.says(ana, "2")
    assert (floor.last(ana), balance(floor, ana)) == ("That's right!", 0)


def test_a_long_text_comes_in_parts_and_the_quiz_goes_on(floor: Floor, moment) -> None:
    ana = floor.hire()
    why = {"id": "q1", "kind": "long_text", "prompt": "Why?"}
    floor.broadcast(ana, floor.write(**quiz(why, choice("q2"), scoring_type="completion")))
    said = ["It is dark", "in aisle 4", "9", "and wet", "2", "today"]
    outcomes = ["answered", "joined", "asked_again", "joined", "answered", "joined"]
    assert [floor.says(ana, words) for words in said] == outcomes
    given = {row.question_id: (row.typed, row.understood) for row in floor.rows(QuestionResponse)}
    whole = "It is dark\nin aisle 4\nand wet\ntoday"
    assert given == {"q1": (whole, [whole]), "q2": ("2", ["b"])}
    assert (floor.rows(QuizAttempt)[0].score, balance(floor, ana)) == (2, 2)
    later(moment, seconds=91)
    assert floor.says(ana, "and cold") == "noted"


def test_late_is_noted_and_pays_nothing(floor: Floor, moment) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz(choice(time_limit=60))))
    later(moment, seconds=61)
    assert floor.says(ana, "2") == "answered"
    [given] = floor.rows(QuestionResponse)
    assert (given.late, given.score, given.understood, given.max_score) == (True, 0, ["b"], 1)
    assert balance(floor, ana) == 0
    assert floor.last(ana) == "Thanks. Time was up, so this one doesn't count, but it is noted."


def test_a_short_question_does_not_shorten_the_quiz(floor: Floor, moment) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz(choice("q1", time_limit=60), choice("q2"), time_limit=600)))
    later(moment, seconds=50)
    floor.says(ana, "2")
    later(moment, seconds=100)
    floor.says(ana, "2")
    assert [row.late for row in floor.rows(QuestionResponse)] == [False, False]
    assert floor.rows(QuizAttempt)[0].score == 2


def test_the_time_of_the_quiz_runs_through_all_its_questions(floor: Floor, moment) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz(choice("q1"), choice("q2"), choice("q3"), time_limit=600, passing_score=1)))
    later(moment, seconds=590)
    floor.says(ana, "2")
    later(moment, seconds=20)
    floor.says(ana, "2")  # late; the third isn't asked any more
    [attempt] = floor.rows(QuizAttempt)
    assert (attempt.score, attempt.max_score, attempt.passed) == (1, 3, False)
    assert len(floor.rows(Prompt)) == 2
    assert "You got 1 of 3." in floor.last(ana)


def test_two_open_quizzes_have_labels_of_their_own(floor: Floor) -> None:
    ana = floor.hire()
    texts = ("Walk on", "Block it", "Call")
    first = floor.broadcast(ana, floor.write(**quiz(choice(texts=texts))))
    second = floor.broadcast(ana, floor.write(**quiz(choice(texts=texts, right="a"))))
    assert "1) Walk on" in floor.texts(ana)[0] or "1. Walk on" in floor.texts(ana)[0]
    assert "4" in floor.texts(ana)[1]
    assert "1" not in floor.texts(ana)[1]
    floor.says(ana, "2")  # only the older one has a 2
    floor.says(ana, "4")
    given = {row.source_id: row.understood for row in floor.rows(QuestionResponse)}
    assert given == {first: ["b"], second: ["a"]}


def test_what_both_can_take_is_the_newest_ones(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz(choice())))
    second = floor.broadcast(ana, floor.write(**quiz(choice())))
    floor.says(ana, "Block it")
    assert [row.source_id for row in floor.rows(QuestionResponse)] == [second]


@pytest.mark.parametrize("state", ["sending", "in_doubt"])
def test_an_answer_proves_that_the_question_arrived(floor: Floor, state: str) -> None:
    ana = floor.hire()
    floor.fail = SendFailed("doubt", "timeout")
    floor.broadcast(ana, floor.write(**quiz()))
    floor.fail = None
    [asked] = floor.rows(Delivery)
    assert asked.state == "in_doubt"
    floor.put(Delivery, Delivery.id == asked.id, state=state)
    assert floor.says(ana, "2") == "answered"
    proved = floor.rows(Delivery, Delivery.id == asked.id)[0]
    assert (proved.state, proved.settle_at, proved.lease) == ("sent", None, None)
    assert floor.last(ana).startswith("That's right!")


def test_a_question_that_has_not_begun_takes_no_answer(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz(choice("q1"), choice("q2"))))
    dispatch, floor.dispatch = floor.dispatch, lambda _hook: None  # type: ignore[method-assign]
    assert floor.says(ana, "2") == "answered"
    assert floor.says(ana, "2") == "noted"  # impatient: the second question is not on the screen yet
    floor.dispatch = dispatch  # type: ignore[method-assign]
    floor.dispatch(ana.hook)
    assert [row.question_id for row in floor.rows(QuestionResponse)] == ["q1"]
    assert len(floor.texts(ana)) == 2  # the impatient one got no second reply


def test_not_understood_is_asked_again_and_costs_no_try(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz()))
    assert floor.says(ana, "9") == "asked_again"
    assert floor.last(ana) == "Please reply with one number from 1 to 2."
    assert floor.rows(Prompt)[0].tries == 0
    assert floor.says(ana, "2") == "answered"


SPILL = {**quiz(), "title": "Spill in aisle 4"}
LADDERS = {**quiz(choice("q1"), choice("q2")), "title": "Ladders"}


@pytest.mark.parametrize("kind", ["twilio", "slack"])
def test_a_reply_says_which_of_several_questions_it_is_about(floor: Floor, kind: str) -> None:
    ana = floor.hire(kind)
    floor.broadcast(ana, floor.write(**LADDERS))
    floor.broadcast(ana, floor.write(**reflection()))
    floor.broadcast(ana, floor.write(**SPILL))
    older, _, newer = [row.token for row in floor.rows(Prompt)]
    floor.taps(ana, newer, "b") if kind == "slack" else floor.says(ana, "4")
    assert floor.last(ana) == "That's right!\n+2 points.\n(Spill in aisle 4)"
    floor.taps(ana, older, "a") if kind == "slack" else floor.says(ana, "1")
    assert floor.last(ana).startswith("Not quite.\n(Ladders)\n(2/2) First step?")
    floor.says(ana, "More light")
    assert floor.last(ana) == "Thank you, that is noted. +1 point.\n(What would make your shift safer?)"
    floor.says(ana, "block it")
    assert floor.last(ana) == "That's right!\nYou got 1 of 2. +3 points."  # nothing else is open any more


def test_a_second_tap_says_of_which_question(floor: Floor) -> None:
    ana = floor.hire("slack")
    floor.broadcast(ana, floor.write(**SPILL))
    token = floor.token(ana)
    floor.broadcast(ana, floor.write(**LADDERS))
    floor.broadcast(ana, floor.write(**reflection()))
    assert [floor.taps(ana, token, "b") for _ in range(2)] == ["answered", "noted"]
    assert floor.last(ana) == "You have answered this one already.\n(Spill in aisle 4)"
    assert floor.taps(ana, "gone", "b") == "noted"
    assert floor.last(ana) == "You have answered this one already.\n(Spill in aisle 4)"  # not that nothing is open


@pytest.mark.parametrize("kind", ["twilio", "slack"])
@pytest.mark.parametrize("typed", ["2", "2)", "two", "block it"])
def test_the_label_of_an_older_quiz_is_no_answer_to_a_newer_reflection(floor: Floor, kind: str, typed: str) -> None:
    ana = floor.hire(kind)
    source = floor.broadcast(ana, floor.write(**SPILL))
    floor.broadcast(ana, floor.write(**reflection()))
    assert floor.says(ana, typed) == "answered"
    assert [(row.source_id, row.understood) for row in floor.rows(QuestionResponse)] == [(source, ["b"])]
    assert floor.last(ana) == "That's right!\n+2 points.\n(Spill in aisle 4)"
    assert floor.says(ana, typed) == "answered"  # now only the reflection is open
    assert floor.rows(ReflectionResponse)[0].text == typed


def test_a_hint_names_the_question_where_several_are_open(floor: Floor) -> None:
    ana = floor.hire()
    for _ in range(2):
        floor.broadcast(ana, floor.write(**quiz()))
    floor.says(ana, "9")
    assert floor.last(ana).endswith("\n(First step?)")


def test_a_machine_that_answers_everything_is_left_alone(floor: Floor, moment) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz()))
    for _ in range(40):
        floor.says(ana, "I'm driving and will answer later.")
        later(moment, seconds=2)
    assert len(floor.texts(ana)) == 1 + 5
    later(moment, hours=1)
    floor.says(ana, "9")
    assert len(floor.texts(ana)) == 7


def test_words_in_the_persons_language_and_the_organizations_where_they_have_none(floor: Floor) -> None:
    settings = {
        **floor.organization.settings,
        "locale": {"default_language": "es", "supported_languages": ["es", "en"]},
    }
    floor.put(type(floor.organization), type(floor.organization).id == floor.organization.id, settings=settings)
    eva, bob = floor.hire(contact=None), floor.hire(contact={"preferred_language": "en"})
    for person, words in ((eva, "¡Correcto!\n+2 puntos."), (bob, "That's right!\n+2 points.")):
        floor.broadcast(person, floor.write(**quiz()))
        floor.says(person, "2")
        assert floor.texts(person)[-1:] in ([words], [])  # eva lacks what a text needs, but not the words of it
        [reply] = [row.body["text"] for row in floor.rows(
            Delivery, Delivery.source_kind == "reply", Delivery.worker_id == person.worker_id)]  # fmt: skip
        assert reply == words


def test_answers_of_somebody_who_left_are_kept_and_not_replied_to(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz()))
    with floor.database.organization_session(floor.organization.id) as session:
        session.execute(sa.text("UPDATE workers SET is_active = false"))
    assert floor.says(ana, "2") == "answered"
    assert len(floor.texts(ana)) == 1
    [reply] = floor.rows(Delivery, Delivery.source_kind == "reply")
    assert (reply.state, reply.reason) == ("skipped", "inactive")
