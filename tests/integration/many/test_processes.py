"""Separate processes: what is due once happens once, a broker may go, and whoever is asked to end ends in order."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from bot import clock
from bot.broadcast import draft
from bot.content import documents, write
from models import Delivery
from tests.faults import truth
from tests.faults.site import NUMBER, TEAM, Site
from tests.faults.truth import Verdict
from tests.integration.many.fleet import PATIENCE, Fleet, Member
from tests.integration.sending import until
from tests.road import Road

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.rabbitmq,
    pytest.mark.long,
    pytest.mark.xdist_group("many"),  # they share an installation
]
TEXT = {"kind": "text", "title": "Spills", "text": "Mop up spills at once, then tell your lead."}
QUIZ = {
    "kind": "quiz",
    "title": "Spill",
    "questions": [{
        "id": "q1", "kind": "single_choice", "prompt": "Spill in aisle 4. First step?",
        "choices": [{"id": "a", "text": "Block the area"}, {"id": "b", "text": "Mop it"}],
        "grading": {"correct_answers": ["a"], "when_right": "Quite so.", "when_wrong": "Block it first."},
    }],
}  # fmt: skip
SLACKS_PATIENCE = 3.0  # seconds for a webhook's answer; Twilio has fifteen
NOT_SETTLED = ("claimed", "sending", "in_doubt")


def serving(site: Site) -> tuple[str, ...]:
    return ("serve", "--port", site.port, "--workers", "1")


def everybody_once(site: Site, broadcast_id: uuid.UUID) -> None:
    """By the providers' ledger and by the database."""
    took = truth.messages(site)
    assert truth.judge(site.everybody, truth.told(site, broadcast_id), took) == Verdict()
    assert Counter(each.address for each in took) == dict.fromkeys(site.everybody, 1)


def states(site: Site) -> Counter[str]:
    return Counter(row.state for row in site.reading(sa.select(Delivery.state)))


def taken(site: Site) -> int:
    """How many messages the providers have taken."""
    return len(truth.messages(site))


def test_two_clocks_and_three_workers_send_a_scheduled_broadcast_once(site: Site, fleet: Fleet) -> None:
    fleet.started(serving(site), *[("work",)] * 3, *[("clock",)] * 2)
    with site.database.organization_session(site.organization_id) as session:
        content = write.add(session, site.organization_id, documents.parse(dict(TEXT)))
        at = clock.now() + timedelta(seconds=1)
        broadcast = draft.place(session, site.organization_id, draft.Order(content.id, (site.segment_id,), at)).id
    site.await_end(broadcast, PATIENCE)
    everybody_once(site, broadcast)
    begun = time.monotonic()
    assert fleet.end() == {}
    assert time.monotonic() - begun < 20


def test_rabbitmq_goes_away_in_the_middle_and_comes_back(site: Site, fleet: Fleet, road: Road) -> None:
    web, *workers, timekeeper = fleet.started(serving(site), ("work",), ("work",), ("clock",))
    broadcast = site.broadcast(QUIZ)
    until(lambda: taken(site) >= 10, PATIENCE)
    road.close()
    until(lambda: "broker_away" in workers[0].told("broker_away"), PATIENCE)
    asked = {each.address for each in truth.messages(site)}
    assert len(asked) < len(site.everybody), "everybody had been asked already"
    answers = [answer(site, who) for who in sorted(asked)[:4] + sorted(asked)[-4:]]
    assert [status for status, _ in answers] == [200] * 8
    assert max(seconds for _, seconds in answers) < SLACKS_PATIENCE
    time_without = taken(site)
    road.open()
    until(lambda: taken(site) == len(site.everybody) + 8, PATIENCE)
    site.await_end(broadcast, PATIENCE)
    assert time_without < len(site.everybody)
    said = Counter(words(row) for row in bodies(site))
    assert said == {"question": len(site.everybody), "reply": 8}
    assert Counter(each.address for each in truth.messages(site)) == {
        address: 2 if address in sorted(asked)[:4] + sorted(asked)[-4:] else 1 for address in site.everybody
    }
    for worker in workers:
        assert worker.told("broker_away", "broker_back") == ["broker_away", "broker_back"]
    assert len(web.told("nudges_lost")) <= 1
    assert timekeeper.told("nudges_lost", "job_failed") in ([], ["nudges_lost"])
    assert fleet.end() == {}


def answer(site: Site, who: str) -> tuple[int, float]:
    """Somebody answers the question with the first choice: the hook's status, and how long it took."""
    control, begun = site.simulator.control, time.monotonic()
    given = control.text(who, NUMBER, "1") if who.startswith("+") else control.dm(TEAM, who, "1")
    return given["status_code"], time.monotonic() - begun


def bodies(site: Site) -> list[Mapping[str, Any]]:
    kinds = ("twilio.send", "slack.chat.postMessage")
    return [row["data"] for kind in kinds for row in site.simulator.control.all_rows(kind) if row["accepted"]]


def words(data: Mapping[str, Any]) -> str:
    said = str(data.get("body") or data.get("text"))
    return "question" if "Spill in aisle 4" in said else "reply" if "Quite so." in said else said


def test_who_is_asked_to_end_finishes_what_it_began(site: Site, fleet: Fleet) -> None:
    web, first, timekeeper = fleet.started(serving(site), ("work",), ("clock",))
    slow = {"latency": 1.5}
    site.simulator.control.faults(twilio=slow, slack=slow)
    broadcast = site.broadcast(TEXT)
    until(lambda: states(site)["sending"], PATIENCE)
    assert first.end() == 0
    left = states(site)
    assert not {state: left[state] for state in NOT_SETTLED if left[state]}
    assert 0 < taken(site) < len(site.everybody)
    site.simulator.control.faults()
    fleet.started(("work",))
    site.await_end(broadcast, PATIENCE)
    everybody_once(site, broadcast)
    assert the_web_answers_what_it_has(site, web) == (200, 0)
    assert timekeeper.end() == 0


def the_web_answers_what_it_has(site: Site, web: Member) -> tuple[int, int]:
    """A webhook that waits for a lock while the web is asked to end: its status, and the web's exit code."""
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'inbound_keys'::regclass")
    with ThreadPoolExecutor(1) as pool, site.database.engine.connect() as looking:
        with site.database.engine.begin() as holding:
            holding.exec_driver_sql("LOCK TABLE inbound_keys IN ACCESS EXCLUSIVE MODE")
            text = pool.submit(site.simulator.control.text, site.phones[0], NUMBER, "Hello?")
            until(lambda: looking.scalar(waiting), PATIENCE)
            web.process.terminate()
            until(lambda: refused(site), PATIENCE)
        return text.result(PATIENCE)["status_code"], web.process.wait(PATIENCE)


def refused(site: Site) -> bool:
    """Whether the web takes no new connection."""
    import socket

    try:
        socket.create_connection(("127.0.0.1", int(site.port)), 1).close()
    except OSError:
        return True
    return False


def test_a_broker_that_is_away_at_the_start_is_waited_for(site: Site, fleet: Fleet, road: Road) -> None:
    road.close()
    away = f"RabbitMQ (BROKER_URL) can't be reached at 127.0.0.1:{road.port}."
    worker, timekeeper = fleet.start("work"), fleet.start("clock")
    fleet.started(serving(site))
    assert site.simulator.control.text(site.phones[0], NUMBER, "Hello?")["status_code"] == 200
    until(lambda: away in worker.complained.read_text(), PATIENCE)
    until(lambda: timekeeper.ready, PATIENCE)
    assert away in timekeeper.complained.read_text()
    assert not worker.ready
    road.open()
    until(lambda: worker.ready, PATIENCE)
    assert worker.told("broker_away", "broker_back") == ["broker_away", "broker_back"]
    assert fleet.end() == {}


@pytest.mark.parametrize("command", ["serve", "work", "clock"])
def test_whoever_has_other_keys_does_not_start(site: Site, fleet: Fleet, command: str) -> None:
    options = serving(site)[1:] if command == "serve" else ()
    member = fleet.start(command, *options, ENCRYPTION_KEYS=Fernet.generate_key().decode())
    assert member.process.wait(PATIENCE) == 2
    words = (
        "These ENCRYPTION_KEYS open none of the stored credentials: every machine needs the keys that sealed them.\n"
    )
    assert (member.said.read_text(), member.complained.read_text()) == ("", words)


@pytest.mark.parametrize("command", ["work", "clock"])
def test_whoever_rabbitmq_refuses_does_not_start(site: Site, fleet: Fleet, command: str) -> None:
    wrong = fleet.environment["BROKER_URL"].replace("guest:guest", "guest:wrong")
    member = fleet.start(command, BROKER_URL=wrong)
    assert member.process.wait(PATIENCE) == 2
    assert "RabbitMQ refuses BROKER_URL" in member.complained.read_text()
