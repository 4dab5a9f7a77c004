"""Broadcasts in the console: what each of the three sees, in words and in figures, and who may steer."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import chance, clock
from models import AuditEvent, Broadcast, Delivery, Prompt, QuizAttempt
from tests import factories
from tests.console.conftest import words

QUESTIONS = [
    {
        "id": "first", "kind": "single_choice", "prompt": {"en": "Spill in aisle 4. First step?"},
        "choices": [{"id": "block", "text": "Block the area"}, {"id": "mop", "text": "Mop it"}],
        "grading": {"correct_answers": ["block"]},
    },
    {"id": "second", "kind": "true_false", "prompt": "Mix bleach?", "grading": {"correct_answers": [False]}},
    {"id": "third", "kind": "short_text", "prompt": "Where is the sign?", "grading": {"correct_answers": ["store room"]}},
]  # fmt: skip


class Sent:
    """A broadcast with people in every state, written as a launch and its dispatch would have."""

    def __init__(self, console, kind="quiz", state="finished", **document):
        self.console = console
        with console.session() as session:
            head = factories.content(session, console.ours, kind=kind, title="Spills")
            told = {"questions": QUESTIONS} if kind == "quiz" else {}
            data = factories.document(session, console.ours, kind, title="Spills", **{**told, **document})
            version = factories.content_version(session, console.ours, content_id=head.id, version_data=data)
            row = factories.broadcast(
                session, console.ours, content_id=head.id, content_version_id=version.id, name="Spills → Stores",
                state=state, started_at=clock.now(), fanned_out_at=clock.now(),
            )  # fmt: skip
            segment = factories.segment(session, console.ours, name=f"Stores {factories.number()}")
            factories.broadcast_segment(session, console.ours, broadcast_id=row.id, segment_id=segment.id)
            self.id, self.version_id, self.segment_id = row.id, version.id, segment.id
        self.path = f"/broadcasts/{self.id}"

    def to(self, state, reason=None, first="Ana", last="Lopez", **columns):
        """One recipient in that state; the worker's id."""
        with self.console.session() as session:
            worker = factories.worker(
                session, self.console.ours, first_name=first, last_name=last,
                **{key: columns.pop(key) for key in ("supervisor_id", "external_id") if key in columns},
            )  # fmt: skip
            factories.segment_membership(session, self.console.ours, segment_id=self.segment_id, worker_id=worker.id)
            factories.delivery(
                session, self.console.ours, worker_id=worker.id, source_id=self.id, state=state, reason=reason,
                content_version_id=self.version_id, finished_at=clock.now(), **columns,
            )  # fmt: skip
            return worker.id

    def answer(self, worker_id, question_id, understood, *, correct, tries=1, at=None, typed="x"):
        """What the worker answered to one question."""
        mine = {"worker_id": worker_id, "source_kind": "broadcast", "source_id": self.id}
        with self.console.session() as session:
            asked = session.scalars(sa.select(Prompt).filter_by(question_id=question_id, **mine)).one_or_none()
            if asked is None:
                who = session.scalars(sa.select(Delivery).filter_by(**mine)).one()
                sent = factories.delivery(
                    session, self.console.ours, identity_id=who.identity_id, source_kind="reply", state="sent",
                    content_version_id=self.version_id,
                )  # fmt: skip
                asked = factories.prompt(
                    session, self.console.ours, delivery_id=sent.id, question_id=question_id, **mine
                )
            attempt = session.scalars(sa.select(QuizAttempt).filter_by(**mine)).one_or_none() or factories.quiz_attempt(
                session, self.console.ours, content_version_id=self.version_id, **mine
            )
            factories.question_response(
                session, self.console.ours, prompt_id=asked.id, attempt_id=attempt.id, question_id=question_id,
                understood=understood, correct=correct, try_number=tries, typed=typed, at=at or clock.now(),
            )  # fmt: skip

    def say(self, text, visibility="supervisor", worker_id=None, question_id="reflection"):
        with self.console.session() as session:
            factories.reflection_response(
                session, self.console.ours, worker_id=worker_id, source_id=self.id, text=text, visibility=visibility,
                content_version_id=self.version_id, question_id=question_id,
            )  # fmt: skip

    def state(self):
        with self.console.session() as session:
            return session.get_one(Broadcast, self.id).state


# the list


def test_the_empty_list_says_what_to_do(console):
    said = console.alice.text("/broadcasts")
    assert "No broadcasts yet" in said
    assert "shiftline broadcast send" in said
    assert "Nothing of that kind" in console.alice.text("/broadcasts?state=running")


def test_the_list_shows_how_far_each_is(console):
    sent = Sent(console)
    for state in ("delivered", "sent", "queued", "skipped"):
        sent.to(state)
    Sent(console, state="running")
    said = console.bob.text("/broadcasts")
    assert "Spills → Stores Quiz Finished 2 of 4 sent, 1 not reached" in said
    assert "Running Not begun" in said
    assert "Today, 4:30 AM" not in said  # the organization writes 24 hours
    assert "Today, 04:30" in said  # 09:30 UTC in New York
    assert "Running" not in console.bob.text("/broadcasts?state=over").split("When", 1)[1]


def test_a_long_list_has_pages(console):
    for _ in range(21):
        Sent(console)
    first = console.alice.get("/broadcasts?state=over").get_data(as_text=True)
    assert 'href="/broadcasts?state=over&amp;page=2"' in first
    assert "1–20 of 21 broadcasts" in words(console.alice.get("/broadcasts?state=over"))
    assert "21–21 of 21" in console.alice.text("/broadcasts?page=2")
    for odd in ("0", "-1", "x", "9" * 30, "²", ""):
        assert console.alice.get(f"/broadcasts?page={odd}").status_code == 200


# one broadcast


def test_figures_are_in_words(console):
    sent = Sent(console, state="running")
    for state, reason in (
        ("delivered", None), ("read", None), ("sent", None), ("submitted", None), ("sending", None), ("queued", None),
        ("in_doubt", "interrupted"), ("queued", "quiet_hours"), ("skipped", "opted_out"), ("skipped", "opted_out"),
        ("failed", "The carrier filtered this text as unwanted."), ("cancelled", "broadcast_cancelled"), ("expired", "too_late"),
    ):  # fmt: skip
        late = {"due_at": clock.now() + timedelta(hours=4)} if reason == "quiet_hours" else {}
        sent.to(state, reason, **late)
    said = console.bob.text(sent.path)
    assert "4 of 13 workers have it" in said
    for figure in ("Delivered 2", "Sent 2", "On the way 3", "In doubt 1", "Not reached 5"):
        assert figure in said
    assert "1 it is quiet hours where they are; the next goes on Today, 08:30" in said
    assert "1 their turn comes: this sender sends 1 SMS part a second" in said
    assert "2 has opted out" in said
    assert "1 The carrier filtered this text as unwanted" in said
    assert "opted_out" not in said
    assert "Block the area" in said  # what goes out


@pytest.mark.parametrize(
    ("state", "seconds"),
    [("running", 2), ("paused", 5), ("scheduled", 10), ("finished", None), ("cancelled", None), ("draft", None)],
)
def test_a_page_looks_again_while_something_moves(console, state, seconds):
    sent = Sent(console, state=state)
    for path in (sent.path, f"{sent.path}/progress"):
        page = console.bob.get(path, headers={"HX-Request": "true"}).get_data(as_text=True)
        assert ("hx-trigger" in page) == (seconds is not None)
        assert seconds is None or f'hx-trigger="every {seconds}s"' in page
    assert "<html" not in page


def test_who_missed_it_and_why(console):
    sent = Sent(console)
    sent.to("skipped", "opted_out", "Ana", "Lopez", external_id="W-77")
    sent.to("skipped", "no_consent", "Bo", "Abel")
    sent.to("in_doubt", "can't be searched: Slack is away", "Cy", "Zed", flagged="maybe_lost")
    sent.to("delivered", None, "Di", "Fine")
    said = console.alice.text(f"{sent.path}/missed")
    assert said.index("Bo Abel") < said.index("Ana Lopez W-77") < said.index("Cy Zed")
    assert "Has opted out" in said
    assert "Has not agreed to get texts" in said
    assert "Can't be searched: Slack is away" in said
    assert "Di Fine" not in said
    only = console.alice.text(f"{sent.path}/missed?why=no_consent")
    assert "Bo Abel" in only
    assert "Ana Lopez" not in only
    assert "Nobody was missed" in console.alice.text(f"{sent.path}/missed?why=made_up%00")


def test_names_lead_to_people_for_whoever_may_look_at_them(console):
    sent = Sent(console)
    worker_id = sent.to("skipped", "opted_out")
    link = f'href="/people/{worker_id}"'
    assert link in console.alice.get(f"{sent.path}/missed").get_data(as_text=True)
    assert link not in console.bob.get(f"{sent.path}/missed").get_data(as_text=True)


def test_who_answered_what(console):
    sent = Sent(console)
    ana, bo = sent.to("delivered"), sent.to("delivered", None, "Bo", "Abel")
    sent.answer(ana, "first", ["mop"], correct=False)
    sent.answer(ana, "first", ["block"], correct=True, tries=2)
    sent.answer(ana, "second", [False], correct=True)
    sent.answer(ana, "third", ["behind the door"], correct=False)
    sent.answer(bo, "first", ["mop"], correct=False, at=clock.now() + timedelta(minutes=1))
    said = console.alice.text(f"{sent.path}/answers")
    assert said.index("Bo Abel") < said.index("Ana Lopez")  # the latest first
    assert "2 of 3 right" in said
    assert "Right: Block the area try 2" in said
    assert "Mix bleach? Right: False" in said
    assert "Wrong: behind the door" in said
    figures = console.alice.text(sent.path)
    assert "2 answered, 50 % right" in figures
    assert "1 answered, 0 % right" in figures


def test_answers_are_not_for_everybody(console):
    sent = Sent(console)
    sent.answer(sent.to("delivered"), "third", ["behind the door"], correct=False, typed="behind the door")
    assert console.bob.get(f"{sent.path}/answers").status_code == 403
    assert "/answers" not in console.bob.get(sent.path).get_data(as_text=True)
    writer = console.enter("writer")
    assert "How they answered" not in writer.text(sent.path)
    assert writer.get(f"{sent.path}/missed").status_code == 403


def test_words_of_a_reflection_are_shown_by_its_visibility(console):
    sent = Sent(console, kind="reflection", prompt_text="What got in the way?", settings={"visibility": "private"})
    worker_id = sent.to("delivered")
    for visibility in ("private", "aggregate", "admins", "supervisor"):
        sent.say(f"the {visibility} words", visibility, worker_id, question_id=visibility)
    said = console.alice.text(f"{sent.path}/answers")
    assert "the supervisor words" in said
    for closed in ("private", "aggregate", "admins"):
        assert f"the {closed} words" not in said
    assert said.count("the words are not for reading here") == 3
    admin = console.enter("admin").text(f"{sent.path}/answers")
    assert "the admins words" in admin
    assert "the private words" not in admin


def test_words_without_a_name_wait_until_enough_have_answered(console):
    sent = Sent(console, kind="reflection", settings={"visibility": "anonymous"})
    worker_id = sent.to("delivered")
    for number in range(4):
        sent.say(f"anonymous words {number}", "anonymous")
    said = console.alice.text(f"{sent.path}/answers")
    assert "4 without a name" in said
    assert "shown once 5 have answered" in said
    assert "anonymous words" not in said
    sent.say("anonymous words 4", "anonymous")
    said = console.alice.text(f"{sent.path}/answers")
    assert "anonymous words 3" in said
    assert "Ana Lopez" not in said
    assert "5 answered" in console.alice.text(sent.path)
    team = console.enter(console.role({"permission": "broadcast:read", "scope": {"type": "self"}},
                                      {"permission": "response:read", "scope": {"type": "self"}}), worker_id=worker_id)  # fmt: skip
    assert "anonymous words" not in team.text(f"{sent.path}/answers")


# steering


@pytest.mark.parametrize(
    ("state", "verb", "after"),
    [
        ("running", "pause", "paused"), ("scheduled", "pause", "paused"), ("paused", "resume", "running"),
        ("running", "cancel", "cancelled"), ("paused", "cancel", "cancelled"), ("finished", "retry", "running"),
    ],
)  # fmt: skip
def test_alice_steers(console, state, verb, after):
    sent = Sent(console, state=state)
    sent.to("failed", "The carrier gave no reason.")
    assert f"{sent.path}/{verb}" in console.alice.get(sent.path).get_data(as_text=True)
    answer = console.alice.post(f"{sent.path}/{verb}")
    assert (answer.status_code, answer.location) == (303, sent.path)
    assert sent.state() == after
    alice = console.alice.id
    with console.session() as session:
        noted = session.scalars(sa.select(AuditEvent)).one()
        assert (noted.action, noted.subject, noted.user_id) == (f"broadcast.{verb}", str(sent.id), alice)


def test_a_wrong_moment_is_said_and_changes_nothing(console):
    sent = Sent(console)
    console.alice.post(f"{sent.path}/pause")
    assert "This broadcast is finished: that can't be done with it now." in console.alice.text(sent.path)
    assert sent.state() == "finished"
    assert "/pause" not in console.alice.get(sent.path).get_data(as_text=True)


def test_bob_looks_and_steers_nothing(console):
    sent = Sent(console, state="running")
    page = console.bob.get(sent.path).get_data(as_text=True)
    for verb in ("pause", "resume", "cancel", "retry"):
        assert f"/{verb}" not in page
        answer = console.bob.post(f"{sent.path}/{verb}")
        assert answer.status_code == 403
        assert "You may not send broadcasts." in words(answer)
    assert sent.state() == "running"


def test_charlie_finds_nothing(console):
    sent = Sent(console, state="running")
    for path in ("", "/progress", "/missed", "/answers"):
        answer = console.charlie.get(sent.path + path)
        assert answer.status_code == 404
        assert "Spills" not in words(answer)
    assert console.charlie.post(f"{sent.path}/cancel").status_code == 404
    assert sent.state() == "running"
    assert "No broadcasts yet" in console.charlie.text("/broadcasts")


def test_what_is_nowhere_is_not_found(console):
    for path in (f"/broadcasts/{chance.new_id()}", "/broadcasts/17", "/broadcasts/x/y"):
        assert console.alice.get(path).status_code == 404
    assert console.alice.post(f"/broadcasts/{uuid.UUID(int=0)}/explode").status_code == 404
    sent = Sent(console)
    assert console.alice.get(f"{sent.path}/cancel").status_code == 405


# some rows only


def test_a_supervisor_sees_their_own_team_only(console):
    sent, other = Sent(console, state="running"), Sent(console)
    boss = sent.to("delivered", None, "Vera", "Boss")
    team = sent.to("delivered", None, "Tim", "Team", supervisor_id=boss)
    sent.to("skipped", "opted_out", "Tess", "Team", supervisor_id=team)  # two steps below
    sent.to("skipped", "opted_out", "Otto", "Other")
    other.to("delivered", None, "Olga", "Other")
    sent.answer(team, "first", ["block"], correct=True)
    grants = [
        {"permission": name, "scope": {"type": "supervised"}}
        for name in ("broadcast:read", "report:read", "response:read", "broadcast:send", "worker:read")
    ]
    vera = console.enter(console.role(*grants), worker_id=boss)
    said = vera.text("/broadcasts")
    assert said.count("Spills → Stores") == 1
    assert "1 of 2 sent, 1 not reached" in said
    missed = vera.text(f"{sent.path}/missed")
    assert "Tess Team" in missed
    assert "Otto Other" not in missed
    assert "Tim Team" in vera.text(f"{sent.path}/answers")
    assert vera.get(other.path).status_code == 404
    assert "/pause" not in vera.get(sent.path).get_data(as_text=True)
    answer = vera.post(f"{sent.path}/pause")
    assert answer.status_code == 403
    assert "not in your care" in words(answer)
    assert sent.state() == "running"
    nobody = console.enter(console.role(*grants))  # without a record among the workers one supervises nobody
    assert "No broadcasts yet" in nobody.text("/broadcasts")


def test_somebody_of_a_segment_steers_what_goes_there_alone(console):
    sent, other = Sent(console, state="running"), Sent(console, state="running")
    sent.to("delivered", None, "Sue", "Store")
    other.to("delivered", None, "Olga", "Other")
    grants = [
        {"permission": name, "scope": {"type": "segment", "segments": [str(sent.segment_id)]}}
        for name in ("broadcast:read", "broadcast:send")
    ]
    store = console.enter(console.role(*grants))
    assert store.text("/broadcasts").count("Spills → Stores") == 1
    assert store.post(f"{sent.path}/pause").status_code == 303
    assert sent.state() == "paused"
    assert store.post(f"{other.path}/pause").status_code == 404
    assert other.state() == "running"
    other.to("delivered", None, "Bea", "Both")
    with console.session() as session:
        both = session.scalars(sa.select(factories.m.Worker).where(factories.m.Worker.first_name == "Bea")).one()
        factories.segment_membership(session, console.ours, segment_id=sent.segment_id, worker_id=both.id)
    assert store.get(other.path).status_code == 200
    assert store.post(f"{other.path}/pause").status_code == 403
