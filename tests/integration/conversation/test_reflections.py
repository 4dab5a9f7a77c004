"""Reflections: whole although they come in pieces, paid once, and closed words in one place only."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from bot import clock
from bot.conversation import idle
from bot.conversation.reflection import CLOSED
from models import Base, PointsEntry, Prompt, ReflectionResponse
from tests.integration.conversation.conftest import Floor, later, reflection

SECRET = "Bryn the forklift driver drinks"


def everything(floor: Floor) -> str:
    """Every cell of the database but those of the reflections themselves."""
    found = []
    with floor.database.reading(None) as session:
        for table in Base.metadata.sorted_tables:
            if table.name != "reflection_responses":
                found += [json.dumps(list(row), default=str) for row in session.execute(sa.select(table))]
    return "\n".join(found)


def test_parts_within_the_window_are_one_reflection(floor: Floor, moment) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**reflection(join_window_seconds=90)))
    assert floor.says(ana, "More light") == "answered"
    later(moment, seconds=40)
    assert floor.says(ana, "in aisle 4,") == "joined"
    later(moment, seconds=40)
    assert floor.says(ana, "2") == "joined"
    [kept] = floor.rows(ReflectionResponse)
    assert (kept.text, kept.parts, kept.worker_id) == ("More light\nin aisle 4,\n2", 3, ana.worker_id)
    assert floor.texts(ana)[1:] == ["Thank you, that is noted. +1 point."]
    assert [row.points for row in floor.rows(PointsEntry)] == [1]
    later(moment, seconds=20)
    assert floor.says(ana, "and gloves") == "noted"
    assert floor.rows(ReflectionResponse)[0].parts == 3


def test_the_window_is_cut_by_the_clock(floor: Floor, moment) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**reflection()))
    floor.says(ana, "More light")
    for shift, closed in ((0, False), (91, True)):
        later(moment, seconds=shift)
        with floor.database.organization_session(floor.organization.id) as session:
            assert idle.any_joining(session, clock.now()) is closed
            idle.close_join_windows(session, clock.now())
        assert (floor.rows(Prompt)[0].response_id is None) is closed


def test_points_that_the_writer_set(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**reflection(points_awarded=7)))
    floor.says(ana, "x")
    assert floor.last(ana) == "Thank you, that is noted. +7 points."


def test_follow_ups_are_asked_one_after_another_and_paid_once(floor: Floor) -> None:
    ana = floor.hire()
    source = floor.broadcast(ana, floor.write(**reflection(follow_ups=["Why?", "Who could do it?"], points_awarded=4)))
    floor.says(ana, "More light")
    assert floor.last(ana).startswith("Thank you, that is noted.")
    assert "Why?" in floor.last(ana)
    floor.says(ana, "It is dark")
    assert "Who could do it?" in floor.last(ana)
    floor.says(ana, "Bob")
    assert floor.last(ana) == "Thank you, that is noted. +4 points."
    kept = [(row.question_id, row.text, row.source_id) for row in floor.rows(ReflectionResponse)]
    assert kept == [
        ("reflection", "More light", source),
        ("follow_up_1", "It is dark", source),
        ("follow_up_2", "Bob", source),
    ]
    assert sum(row.points for row in floor.rows(PointsEntry)) == 4


def test_a_rating_and_then_words(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**reflection(response_kind="rating_then_text")))
    assert floor.says(ana, "great") == "asked_again"
    floor.says(ana, "4")
    assert "What makes you say so?" in floor.last(ana)
    floor.says(ana, "The team")
    assert [(row.rating, row.text) for row in floor.rows(ReflectionResponse)] == [(4, "4"), (None, "The team")]


def test_words_that_the_supervisor_may_read_are_in_the_transcript(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**reflection(visibility="supervisor")))
    floor.says(ana, SECRET)
    assert [row.body for row in floor.heard(ana)] == [SECRET]


@pytest.mark.parametrize("visibility", sorted(CLOSED))
@pytest.mark.parametrize("kind", ["twilio", "slack"])
def test_closed_words_stand_in_one_place_only(floor: Floor, moment, visibility: str, kind: str) -> None:
    ana = floor.hire(kind)
    floor.broadcast(ana, floor.write(**reflection(visibility=visibility)))
    floor.says(ana, SECRET)
    floor.says(ana, f"and {SECRET} again")
    later(moment, seconds=100)
    assert floor.says(ana, f"What I forgot: {SECRET}") == "noted"  # too late to join, and still not to be read
    assert [row.body for row in floor.heard(ana)] == [None] * 3
    assert SECRET not in everything(floor)
    [kept] = floor.rows(ReflectionResponse)
    assert kept.text == f"{SECRET}\nand {SECRET} again"


def test_anonymous_means_without_a_name_a_time_or_a_link(floor: Floor, moment) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**reflection(visibility="anonymous", follow_ups=["Why?"])))
    assert "Your name is not kept with your answer." in floor.last(ana)
    floor.says(ana, SECRET)
    floor.says(ana, "Because")
    later(moment, seconds=100)
    with floor.database.organization_session(floor.organization.id) as session:
        idle.close_join_windows(session, clock.now())
    kept = floor.rows(ReflectionResponse)
    assert {row.text for row in kept} == {SECRET, "Because"}
    assert {row.worker_id for row in kept} == {None}
    assert {row.at for row in kept} == {datetime(2026, 3, 2, tzinfo=UTC)}
    assert all(row.id.version == 4 for row in kept)  # version 7 would tell the millisecond
    elsewhere = everything(floor)
    assert not any(form in elsewhere for row in kept for form in (str(row.id), row.id.hex))


def test_an_anonymous_tap_leaves_no_trace_of_what_was_tapped(floor: Floor) -> None:
    ana = floor.hire("slack")
    floor.broadcast(ana, floor.write(**reflection(visibility="anonymous", response_kind="rating")))
    before = everything(floor)
    token = floor.token(ana)
    floor.taps(ana, token, "4", message_id="D0:1")
    floor.taps(ana, token, "5", message_id="D0:1")
    assert [row.rating for row in floor.rows(ReflectionResponse)] == [4]
    assert [row.body for row in floor.heard(ana)] == [None, None]
    [changed] = [out for out in floor.sent if out.verb == "update"]
    assert changed.message.text.endswith("Thanks, noted.")
    assert "You answered" not in everything(floor).replace(before, "").replace("You answered this", "").replace(
        "You have answered this one already", ""
    )


def test_a_private_question_that_was_not_understood(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**reflection(visibility="private", response_kind="rating")))
    assert floor.says(ana, SECRET) == "asked_again"
    assert [row.body for row in floor.heard(ana)] == [None]


def test_an_hour_later_words_are_ordinary_again(floor: Floor, moment) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**reflection(visibility="private")))
    floor.says(ana, SECRET)
    later(moment, hours=2)
    floor.says(ana, "When is my shift?")
    assert [row.body for row in floor.heard(ana)] == [None, "When is my shift?"]


def test_a_reflection_that_pays_nothing_says_nothing_of_points(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**reflection(points_awarded=0)))
    floor.says(ana, "x")
    assert floor.last(ana) == "Thank you, that is noted."


def test_the_first_part_is_thanked_at_once_and_a_thank_you_is_let_be(floor: Floor, moment) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**reflection(join_window_seconds=30)))
    floor.says(ana, "More light")
    later(moment, seconds=60)
    assert floor.says(ana, "thanks!") == "noted"
    assert len(floor.texts(ana)) == 2
    later(moment, minutes=5)
    floor.says(ana, "hello?")
    assert floor.last(ana).startswith("There is no open question right now.")
    floor.says(ana, "hello??")
    assert len(floor.texts(ana)) == 3
