"""The same message many times, one after another and at the same moment: one effect."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from bot import clock
from bot.channels.channel import Inbound, Tap
from bot.conversation.receive import receive
from models import (
    ChannelIdentity,
    ConsentEvent,
    InboundKey,
    PointsEntry,
    QuestionResponse,
    SentMessage,
    WorkerContact,
    WorkerGamification,
)
from tests.integration.conversation.conftest import Floor, Somebody, quiz, reflection


def at_once(floor: Floor, who: Somebody, messages: list[Inbound]) -> list[str]:
    """Receive all of them at the same moment, each in a thread of its own."""
    start = threading.Barrier(len(messages))

    def one(inbound: Inbound) -> str:
        start.wait(timeout=10)
        return receive(floor.database, who.hook, inbound, clock.now())

    with ThreadPoolExecutor(len(messages)) as pool:
        outcomes = list(pool.map(one, messages))
    floor.dispatch(who.hook)
    return sorted(outcomes)


def test_four_times_in_a_row(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz()))
    assert [floor.says(ana, "2", key="SM1") for _ in range(4)] == ["answered", *["duplicate"] * 3]
    assert len(floor.texts(ana)) == 2
    assert len(floor.heard(ana)) == len(floor.rows(InboundKey)) == 1


def test_four_times_at_once(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz()))
    same = Inbound(key="SM1", address=ana.address, text="2")
    assert at_once(floor, ana, [same] * 4) == ["answered", *["duplicate"] * 3]
    assert len(floor.rows(QuestionResponse)) == len(floor.heard(ana)) == 1
    assert len(floor.texts(ana)) == 2
    assert floor.rows(WorkerGamification)[0].points_balance == sum(row.points for row in floor.rows(PointsEntry)) == 2


def test_different_messages_at_once_take_turns(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz()))
    messages = [Inbound(key=f"SM{n}", address=ana.address, text="2") for n in range(4)]
    assert at_once(floor, ana, messages) == ["answered", "noted", "noted", "noted"]
    assert len(floor.texts(ana)) == 2  # the others are only impatient


def test_taps_at_once(floor: Floor) -> None:
    ana = floor.hire("slack")
    floor.broadcast(ana, floor.write(**quiz()))
    token = floor.token(ana)
    taps = [
        Inbound(key=f"{n}:{token}", address=ana.address, tap=Tap(token, (value,))) for n, value in enumerate("abab")
    ]
    assert at_once(floor, ana, taps) == ["answered", "noted", "noted", "noted"]
    assert len(floor.rows(QuestionResponse)) == 1


@pytest.mark.parametrize("known", [True, False])
def test_stops_at_once_are_confirmed_once(floor: Floor, known: bool) -> None:
    who = floor.hire() if known else floor.stranger("+12125550198")
    messages = [Inbound(key=f"SM{n}", address=who.address, text="STOP") for n in range(4)]
    assert at_once(floor, who, messages) == ["stopped"] * 4
    assert len(floor.texts(who)) == 1


def test_parts_of_a_reflection_at_once_are_all_kept(floor: Floor) -> None:
    from models import ReflectionResponse

    ana = floor.hire()
    floor.broadcast(ana, floor.write(**reflection()))
    parts = [Inbound(key=f"SM{n}", address=ana.address, text=f"part {n}") for n in range(4)]
    assert at_once(floor, ana, parts) == ["answered", "joined", "joined", "joined"]
    [kept] = floor.rows(ReflectionResponse)
    assert sorted(kept.text.split("\n")) == ["part 0", "part 1", "part 2", "part 3"]
    assert kept.parts == 4


def test_the_same_key_of_another_sender_is_another_message(floor: Floor) -> None:
    ana = floor.hire()
    sid = "SM1"
    assert floor.says(ana, "hello", key=sid) == "noted"
    slack = floor.hire("slack")
    assert floor.says(slack, "hello", key=sid) == "noted"


def test_what_fails_leaves_nothing_and_may_come_again(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.conversation import receive as room

    ana = floor.hire()
    floor.broadcast(ana, floor.write(**quiz()))
    with monkeypatch.context() as broken:
        broken.setattr(room.record, "activity", lambda *_args, **_more: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            floor.says(ana, "2", key="SM1")
    assert not floor.rows(QuestionResponse)
    assert not floor.rows(InboundKey)
    assert not floor.rows(PointsEntry)
    assert floor.says(ana, "2", key="SM1") == "answered"


def test_half_a_letter_is_kept_as_a_whole_one(floor: Floor) -> None:
    ana = floor.hire()
    floor.broadcast(ana, floor.write(**reflection(visibility="supervisor")))
    assert floor.says(ana, "good \ud83d job") == "answered"
    assert floor.heard(ana)[0].body == "good \ufffd job"


def test_an_overlong_text_is_cut_in_the_transcript_only(floor: Floor) -> None:
    ana = floor.hire()
    floor.says(ana, "x" * 12_000)
    assert len(floor.heard(ana)[0].body) == 10_000


def test_a_message_that_waits_for_one_that_waits_for_it_is_done_again(floor: Floor) -> None:
    """An import holds the contact and wants the identity; a STOP holds the identity and wants the contact."""
    if floor.database.on_sqlite:
        return  # there is one writer at a time, so nobody waits crosswise
    ana = floor.hire()
    with floor.database.engine.connect() as other, ThreadPoolExecutor(1) as pool:
        with other.begin():
            other.execute(sa.text("SET LOCAL deadlock_timeout = '20s'"))  # so that the STOP is the one to be ended
            other.execute(sa.select(WorkerContact.__table__).with_for_update())
            inbound = Inbound(key="SM1", address=ana.address, text="STOP")
            stopped = pool.submit(receive, floor.database, ana.hook, inbound, clock.now())
            _somebody_waits(floor)
            other.execute(sa.select(ChannelIdentity.__table__).with_for_update())
        assert stopped.result(timeout=10) == "stopped"
    assert len(floor.rows(ConsentEvent, ConsentEvent.state == "revoked")) == 1
    assert len(floor.rows(SentMessage, SentMessage.direction == "in")) == 1


def _somebody_waits(floor: Floor) -> None:
    """Return as soon as a transaction of this database waits for a row."""
    waiting = sa.text("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    for _ in range(20_000):
        with floor.database.engine.connect() as watcher:
            if watcher.scalar(waiting):
                return
    pytest.fail("nobody waits")
