"""Reflections: whole although they come in pieces, paid once, and closed words in one place only."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from bot import clock
from bot.channels.channel import Media
from bot.conversation import idle
from bot.conversation.reflection import CLOSED, LONGEST
from models import Base, PointsEntry, Prompt, QuestionResponse, ReflectionResponse
from tests.integration.conversation.conftest import Floor, later, quiz, reflection

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


@pytest.mark.parametrize("kind", ["twilio", "slack"])
def test_within_the_window_an_open_quiz_has_its_answers_and_what_just_misses_it(floor: Floor, kind: str) -> None:
    ana = floor.hire(kind)
    floor.broadcast(ana, floor.write(**quiz()))
    floor.broadcast(ana, floor.write(**reflection()))
    said = ["More light", "in aisle 4", "9", "and gloves", "2", "2"]
    outcomes = ["answered", "joined", "asked_again", "joined", "answered", "joined"]
    assert [floor.says(ana, words) for words in said] == outcomes
    assert "from 1 to 2" in floor.texts(ana)[-2]
    assert floor.rows(ReflectionResponse)[0].text == "More light\nin aisle 4\nand gloves\n2"
    assert [row.understood for row in floor.rows(QuestionResponse)] == [["b"]]


@pytest.mark.parametrize("kind", ["twilio", "slack"])
@pytest.mark.parametrize("visibility", ["private", "anonymous", "supervisor"])
def test_too_few_words_are_kept_and_more_are_asked_for(floor: Floor, kind: str, visibility: str) -> None:
    ana = floor.hire(kind)
    floor.broadcast(ana, floor.write(**reflection(min_length=20, visibility=visibility)))
    assert floor.says(ana, "light") == "asked_again"
    assert floor.last(ana) == "Could you say a little more? At least 20 characters, please."
    assert floor.rows(Prompt)[0].state == "open"
    assert floor.rows(PointsEntry) == []
    assert floor.says(ana, "in aisle 4") == "asked_again"
    assert floor.says(ana, "please") == "answered"
    assert floor.last(ana) == "Thank you, that is noted. +1 point."
    [kept] = floor.rows(ReflectionResponse)
    assert (kept.text, kept.parts) == ("light\nin aisle 4\nplease", 3)
    assert (kept.worker_id is None) is (visibility == "anonymous")
    assert [row.points for row in floor.rows(PointsEntry)] == [1]
    assert floor.says(ana, "and gloves") == "joined"
    assert {row.body is None for row in floor.heard(ana)} == {visibility in CLOSED}


def test_a_long_second_part_is_an_answer_with_the_first(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**reflection(min_length=20)))
    floor.says(ana, "light")
    assert floor.says(ana, "in aisle 4, where the boxes are") == "answered"
    assert floor.rows(ReflectionResponse)[0].text == "light\nin aisle 4, where the boxes are"


def test_anonymous_words_that_were_too_few_lose_their_link_with_the_window(floor: Floor, moment) -> None:
    for visibility, linked in (("anonymous", False), ("private", True)):
        ana = floor.hire()
        floor.broadcast(ana, floor.write(**reflection(min_length=20, visibility=visibility)))
        floor.says(ana, "light")
        later(moment, seconds=91)
        with floor.database.organization_session(floor.organization.id) as session:
            idle.close_join_windows(session, clock.now())
        [prompt] = floor.rows(Prompt, Prompt.identity_id == ana.identity_id)
        assert (prompt.state, prompt.response_id is not None) == ("open", linked)
        assert floor.says(ana, "in aisle 4 it is too dark") == "answered"
        before = len(floor.rows(ReflectionResponse))
        assert floor.says(ana, "and gloves") == "joined"
        assert len(floor.rows(ReflectionResponse)) == before == (2 if visibility == "anonymous" else 3)


def test_without_a_window_each_try_stands_for_itself(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**reflection(min_length=10, visibility="anonymous", join_window_seconds=0)))
    assert [floor.says(ana, words) for words in ("light", "more light!")] == ["asked_again", "answered"]
    assert {row.text for row in floor.rows(ReflectionResponse)} == {"light", "more light!"}


def test_a_field_in_slack_knows_the_lengths_and_a_short_submit_is_asked_again(floor: Floor) -> None:
    ana = floor.hire("slack")
    floor.broadcast(ana, floor.write(**reflection(min_length=20, max_length=200)))
    ask = floor.sent[0].message.ask
    assert ask is not None
    assert (ask.min_length, ask.max_length) == (20, 200)
    assert floor.taps(ana, floor.token(ana), "light") == "asked_again"
    assert floor.taps(ana, floor.token(ana), "in aisle 4 it is too dark") == "answered"
    assert floor.rows(ReflectionResponse)[0].text == "light\nin aisle 4 it is too dark"


def test_too_many_words_are_taken_whole_up_to_what_no_person_writes(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**reflection(max_length=10)))
    assert floor.says(ana, "More light in aisle 4, please") == "answered"
    assert floor.rows(ReflectionResponse)[0].text == "More light in aisle 4, please"
    for _ in range(3):
        floor.says(ana, "x" * 20_000)
    assert len(floor.rows(ReflectionResponse)[0].text) == LONGEST


def test_a_picture_beside_words_is_kept_with_them(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**reflection(response_kind="photo", min_length=500, visibility="supervisor")))
    picture = (Media("https://api.example/1.jpg", "image/jpeg"),)
    assert floor.says(ana, "Look", media=picture) == "answered"
    assert floor.says(ana, "", media=picture) == "joined"
    assert floor.rows(ReflectionResponse)[0].text == "Look\nhttps://api.example/1.jpg\nhttps://api.example/1.jpg"
    assert floor.heard(ana)[0].body == "Look\nhttps://api.example/1.jpg"
    floor.broadcast(ana, floor.write(**quiz()))
    assert floor.says(ana, "2", media=picture) == "answered"
    assert floor.rows(QuestionResponse)[0].understood == ["b"]


def test_a_long_text_in_a_quiz_is_asked_for_again_and_costs_no_try(floor: Floor) -> None:
    ana = floor.hire()
    question = {"id": "q1", "kind": "long_text", "prompt": "Why?", "min_length": 10}
    floor.broadcast(ana, floor.write(**quiz(question, scoring_type="completion")))
    assert [floor.says(ana, words) for words in ("dark", "it is too dark")] == ["asked_again", "answered"]
    assert [row.typed for row in floor.rows(QuestionResponse)] == ["it is too dark"]
    assert floor.rows(ReflectionResponse) == []


def test_stop_between_the_parts_of_a_reflection_stops_and_what_follows_is_kept(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**reflection()))
    said = ["More light", "stop", "and gloves", "START", "and rest"]
    assert [floor.says(ana, words) for words in said] == ["answered", "stopped", "joined", "started", "joined"]
    assert floor.rows(ReflectionResponse)[0].text == "More light\nand gloves\nand rest"
    assert len(floor.texts(ana)) == 4  # the question, thanks, the two confirmations


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


def test_what_follows_closed_words_too_late_is_closed_too_although_a_quiz_is_open(floor: Floor, moment) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz()))
    floor.broadcast(ana, floor.write(**reflection(visibility="private")))
    floor.says(ana, "More light")
    later(moment, seconds=100)
    assert floor.says(ana, f"What I forgot: {SECRET}") == "asked_again"
    later(moment, hours=2)
    assert floor.says(ana, "What was the question?") == "asked_again"
    assert [row.body for row in floor.heard(ana)] == [None, None, "What was the question?"]


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
