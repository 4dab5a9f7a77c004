"""Every projection that the conversation moves is what its facts say, and is mended where somebody damaged it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import clock
from bot.conversation import idle
from models import QuizAttempt, WorkerEngagement, WorkerGamification
from tests import factories
from tests.integration.conversation.conftest import Floor, choice, later, quiz, reflection

PROJECTED = {
    QuizAttempt: ("score", "max_score", "passed"),
    WorkerEngagement: ("last_active_at", "last_interaction_date"),
    WorkerGamification: ("points_balance",),
}


@pytest.fixture
def busy(floor: Floor, moment) -> Floor:
    """A floor on which all sorts of things were said."""
    ana, bob, eva, joe = floor.hire(), floor.hire("slack"), floor.hire("slack"), floor.hire()
    third = choice("q1", texts=("A", "B", "C"), max_attempts=2)
    third["choices"][2]["fraction"] = 1 / 3
    thirds = [{**third, "id": f"q{n}"} for n in (1, 2, 3)]
    many = floor.write(**quiz(*thirds, scoring_type="partial_credit", passing_score=0.3))
    minus = floor.write(**quiz(choice("q1"), choice("q2"), scoring_type="negative_marking", passing_score=0.5))
    for who in (ana, bob):
        floor.broadcast(who, many)
        for typed in ("c", "c", "2", "c", "3"):  # a second try for the first, one for the second ...
            floor.says(who, typed)
            later(moment, seconds=7)
    floor.broadcast(eva, minus)
    floor.says(eva, "mop it")
    floor.says(eva, "mop it")
    floor.broadcast(joe, floor.write(**quiz(choice("q1"), choice("q2"), time_limit=60)))
    floor.says(joe, "2")
    for who, visibility in ((ana, "anonymous"), (bob, "private"), (joe, "supervisor")):
        floor.broadcast(who, floor.write(**reflection(visibility=visibility, min_length=6)))
        floor.says(who, "Light")
        later(moment, seconds=5)
        floor.says(who, "More light")
        later(moment, seconds=5)
        floor.says(who, "and gloves")
        later(moment, hours=1)
    floor.says(eva, "hello?")
    floor.says(floor.stranger("+12125550199"), "hello?")
    with floor.database.organization_session(floor.organization.id) as session:
        idle.close_timed_out(session, clock.now())
    return floor


def projections(floor: Floor) -> dict[str, list[tuple]]:
    return {
        model.__tablename__: sorted(
            (str(row.worker_id), *(getattr(row, name) for name in names)) for row in floor.rows(model)
        )
        for model, names in PROJECTED.items()
    }


def test_what_was_said_leaves_nothing_to_mend(busy: Floor) -> None:
    before = projections(busy)
    assert busy.differences() == {}
    assert projections(busy) == before
    assert [row for row in before["worker_engagements"] if row[1] == row[2]], "somebody answered last"
    assert [row for row in before["worker_engagements"] if row[1] != row[2]], "somebody only said something last"


@pytest.mark.parametrize(
    ("model", "damage", "name"),
    [
        (QuizAttempt, {"score": QuizAttempt.score + 0.5}, "quiz scores"),
        (QuizAttempt, {"max_score": 99.0}, "quiz scores"),
        (
            QuizAttempt,
            {"passed": sa.case((QuizAttempt.passed.is_(None), True), else_=~QuizAttempt.passed)},
            "quiz scores",
        ),
        (WorkerEngagement, {"last_active_at": None}, "activity"),
        (WorkerEngagement, {"last_interaction_date": None}, "activity"),
        (WorkerEngagement, {"last_active_at": "tomorrow"}, "activity"),
        (WorkerGamification, {"points_balance": -1}, "points balance"),
    ],
)
def test_a_damaged_projection_is_mended(busy: Floor, model, damage: dict, name: str) -> None:
    before = projections(busy)
    values = {key: clock.now() + timedelta(days=1) if value == "tomorrow" else value for key, value in damage.items()}
    busy.put(model, sa.true(), **values)
    assert projections(busy) != before
    found = busy.differences()
    assert found.keys() == {name}
    assert found[name] >= 3
    assert projections(busy) == before
    assert busy.differences() == {}


def test_a_projection_that_is_missing_is_made(busy: Floor) -> None:
    before = projections(busy)
    with busy.database.organization_session(busy.organization.id) as session:
        session.execute(sa.delete(WorkerEngagement))
        session.execute(sa.delete(WorkerGamification))
    found = busy.differences()
    assert (found["activity"], found["points balance"]) == (4, 4)
    assert projections(busy) == before
    assert busy.differences() == {}


def test_who_never_spoke_was_never_active(floor: Floor) -> None:
    with floor.database.organization_session(floor.organization.id) as session:
        factories.worker(session, floor.organization, engagement={"last_active_at": clock.now()})
        factories.worker(session, floor.organization)
    assert floor.differences() == {"activity": 1}
    assert {row.last_active_at for row in floor.rows(WorkerEngagement)} == {None}
