"""Time that runs out while nobody says anything: attempts end, questions close, and nobody is woken up for it."""

from __future__ import annotations

from datetime import datetime

import pytest
import sqlalchemy as sa

from bot import clock
from bot.conversation import idle
from models import Delivery, PointsEntry, Prompt, QuestionResponse, QuizAttempt
from scheduler.timetable import Clockwork
from tests.integration.conversation.conftest import Floor, choice, later, quiz, reflection

THREE = [choice("q1"), choice("q2"), choice("q3")]


def tick(floor: Floor) -> None:
    """The clock's own job."""
    before = len(floor.rows(Delivery))
    Clockwork(floor.database, floor.dispatcher).close_timed_out()
    assert len(floor.rows(Delivery)) == before, "nobody is told"


def attempts(floor: Floor) -> list[tuple[float, float, bool | None, bool, bool]]:
    return [
        (row.score, row.max_score, row.passed, row.expired, row.finished_at is not None)
        for row in floor.rows(QuizAttempt)
    ]


def states(floor: Floor) -> list[str]:
    return [row.state for row in floor.rows(Prompt)]


@pytest.mark.parametrize("kind", ["twilio", "slack"])
def test_an_attempt_ends_with_its_quizs_time_and_is_scored_with_what_was_answered(
    floor: Floor, moment, kind: str
) -> None:
    ana, bob = floor.hire(kind), floor.hire(kind)
    version = floor.write(**quiz(*THREE, time_limit=600, passing_score=0.5))
    for who in (ana, bob):
        floor.broadcast(who, version)
        floor.says(who, "block it")
    floor.says(bob, "block it")
    later(moment, seconds=600)
    tick(floor)
    assert [row[-1] for row in attempts(floor)] == [False, False]  # an answer that came in time may be under way
    later(moment, seconds=61)
    tick(floor)
    assert sorted(attempts(floor)) == [(1, 3, False, True, True), (2, 3, True, True, True)]
    assert states(floor).count("open") == 2  # late answers are still noted


def test_a_late_answer_after_the_end_is_noted_and_changes_no_score(floor: Floor, moment) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz(*THREE, time_limit=600)))
    floor.says(ana, "2")
    later(moment, minutes=20)
    tick(floor)
    ended = floor.rows(QuizAttempt)[0].finished_at
    assert floor.says(ana, "2") == "answered"
    assert floor.last(ana).startswith(
        "Thanks. Time was up, so this one doesn't count, but it is noted.\nYou got 1 of 3."
    )
    assert attempts(floor) == [(1, 3, None, True, True)]
    assert floor.rows(QuizAttempt)[0].finished_at == ended
    assert [row.late for row in floor.rows(QuestionResponse)] == [False, True]
    assert floor.differences() == {}


def test_after_an_hour_the_question_closes(floor: Floor, moment) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz(choice(time_limit=60))))
    later(moment, seconds=60 + 3599)
    tick(floor)
    assert states(floor) == ["open"]
    later(moment, seconds=1)
    tick(floor)
    assert states(floor) == ["expired"]
    assert floor.says(ana, "2") == "noted"
    assert floor.last(ana).startswith("There is no open question right now.")
    assert floor.rows(QuizAttempt) == []  # nothing was answered, so nothing was attempted


def test_a_tap_on_a_closed_question_is_late(floor: Floor, moment) -> None:
    ana = floor.hire("slack")
    floor.broadcast(ana, floor.write(**quiz(choice(time_limit=60))))
    token = floor.token(ana)
    later(moment, hours=3)
    tick(floor)
    assert floor.taps(ana, token, "b") == "answered"
    assert floor.last(ana).startswith("Thanks. Time was up")
    assert floor.rows(PointsEntry) == []


def test_the_labels_of_a_closed_question_are_free_again(floor: Floor, moment) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz(choice(time_limit=60))))
    later(moment, hours=3)
    tick(floor)
    floor.broadcast(ana, floor.write(**quiz()))
    assert "1) Mop it" in floor.last(ana)


def test_an_attempt_whose_question_closed_has_no_way_on(floor: Floor, moment) -> None:
    """The second question had a time of its own, and the third would have come after it."""
    ana = floor.hire()
    questions = (choice("q1"), choice("q2", time_limit=60, max_attempts=2), choice("q3"))
    floor.broadcast(ana, floor.write(**quiz(*questions, passing_score=1)))
    floor.says(ana, "2")
    floor.says(ana, "1")  # one of two tries
    later(moment, minutes=30)
    tick(floor)
    assert attempts(floor) == [(1, 1, None, False, False)]
    later(moment, hours=1)
    tick(floor)
    assert attempts(floor) == [(1, 3, False, True, True)]
    assert states(floor) == ["answered", "expired"]
    assert floor.differences() == {}


def test_a_last_try_counts_as_it_stands_and_a_whole_quiz_never_below_nought(floor: Floor, moment) -> None:
    ana, bob = floor.hire(), floor.hire()
    half = choice("q1", max_attempts=2, texts=("Mop it", "Block it", "Call"))
    half["choices"][2]["fraction"] = 0.5
    scored = {"time_limit": 60, "passing_score": 0.5}
    floor.broadcast(ana, floor.write(**quiz(half, scoring_type="partial_credit", **scored)))
    floor.says(ana, "3")
    wrong = choice("q1", max_attempts=2)
    floor.broadcast(bob, floor.write(**quiz(wrong, scoring_type="negative_marking", **scored)))
    floor.says(bob, "1")
    assert [row[:2] for row in attempts(floor)] == [(0, 0), (0, 0)]
    later(moment, minutes=3)
    tick(floor)
    assert sorted(attempts(floor)) == [(0, 1, False, True, True), (0.5, 1, True, True, True)]
    assert floor.differences() == {}


def test_what_has_no_time_stays_open(floor: Floor, moment) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz(choice("q1"), choice("q2"))))
    floor.says(ana, "2")
    floor.broadcast(ana, floor.write(**reflection()))
    later(moment, days=30)
    tick(floor)
    assert states(floor) == ["answered", "open", "open"]
    assert attempts(floor) == [(1, 1, None, False, False)]
    assert floor.says(ana, "2") == "answered"
    assert attempts(floor) == [(2, 2, None, False, True)]


def test_anothers_attempt_at_the_same_quiz_goes_on(floor: Floor, moment) -> None:
    ana, bob = floor.hire(), floor.hire()
    version = floor.write(**quiz(choice("q1"), choice("q2", time_limit=60)))
    source = floor.broadcast(ana, version)
    floor.says(ana, "2")
    later(moment, minutes=61)
    floor.broadcast(bob, version, source)
    floor.says(bob, "2")
    tick(floor)
    ended = {row.worker_id: row.finished_at is not None for row in floor.rows(QuizAttempt)}
    assert ended == {ana.worker_id: True, bob.worker_id: False}


def test_the_clock_looks_before_it_writes(floor: Floor, moment) -> None:
    ana = floor.hire()

    def timed_out(at: datetime) -> bool:
        with floor.database.reading(None) as session:
            return idle.any_timed_out(session, at)

    assert not timed_out(clock.now())
    floor.broadcast(ana, floor.write(**quiz(choice("q1"), choice("q2"), time_limit=60)))
    floor.says(ana, "2")
    assert not timed_out(clock.now())
    assert timed_out(later(moment, seconds=121))
    tick(floor)
    assert not timed_out(clock.now())
    assert timed_out(later(moment, hours=1))
    tick(floor)
    assert not timed_out(clock.now())


def test_an_answer_and_the_clock_at_the_same_moment(floor: Floor, moment) -> None:
    """Whoever is second sees what the first did: the attempt ends once and counts the question once."""
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz(*THREE, time_limit=60)))
    floor.says(ana, "2")
    later(moment, hours=2)
    with floor.database.organization_session(floor.organization.id) as session:
        idle.close_timed_out(session, clock.now())
        session.execute(sa.update(Prompt).where(Prompt.state == "expired").values(state="open"))
    assert floor.says(ana, "2") == "answered"
    assert attempts(floor) == [(1, 3, None, True, True)]
    assert states(floor) == ["answered", "answered"]
