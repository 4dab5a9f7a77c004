"""Segments in the console: the rule in words, members with reasons, what syncs did, and a sync right now."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import chance, clock
from bot.audience import segments as audience
from bot.audience.sync import sync
from models import AuditEvent, SegmentSyncJob, Worker, WorkerEmployment
from tests import factories
from tests.console.conftest import words

RULE = {
    "combinator": "and",
    "rules": [
        {"field": "employment.department", "operator": "in", "value": ["Stores", "DC"]},
        {"combinator": "or", "not": True, "rules": [
            {"field": "tags", "operator": "hasAny", "value": ["temp"]},
            {"field": "worker.first_name", "operator": "=", "value": "Zed"},
        ]},
    ],
}  # fmt: skip


def made(console, rule=RULE, name="Stores", **people):
    """A synced segment; people are first name → department."""
    with console.session() as session:
        segment_id = audience.add(session, console.ours.id, name, rule, description="The shop floor.").id
        ids = {
            first: factories.worker(
                session, console.ours, first_name=first, last_name="Lopez", employment={"department": department}
            ).id
            for first, department in people.items()
        }
    sync(console.database, console.ours.id, segment_id)
    return segment_id, ids


def test_the_empty_list_says_what_to_do(console):
    assert "shiftline segment add" in console.bob.text("/segments")


def test_the_list_names_counts_and_syncs(console):
    made(console, Ana="Stores", Bo="DC", Cy="Office")
    said = console.bob.text("/segments")
    assert "Stores The shop floor. 2 Rule Today, 04:30" in said


def test_the_rule_is_in_words(console):
    segment_id, _ = made(console)
    said = console.bob.text(f"/segments/{segment_id}")
    assert 'All of these hold: The department is one of "Stores", "DC"' in said
    assert 'It is not so that at least one of these holds: Tags include "temp"' in said
    assert "employment.department" not in said
    assert "Nobody is in it" in said


def test_members_have_reasons(console):
    segment_id, ids = made(console, Ana="Stores", Bo="Office")
    with console.session() as session:
        factories.segment_membership(session, console.ours, segment_id=segment_id, worker_id=ids["Bo"])
    said = console.alice.text(f"/segments/{segment_id}")
    assert re.search(r'Ana Lopez W-\d+ The department is one of "Stores", "DC" and not', said)
    assert re.search(r"Bo Lopez W-\d+ Picked by hand", said)
    link = f'href="/people/{ids["Ana"]}"'
    assert link in console.alice.get(f"/segments/{segment_id}").get_data(as_text=True)
    assert link not in console.bob.get(f"/segments/{segment_id}").get_data(as_text=True)


def test_many_members_have_pages(console):
    segment_id, _ = made(console, **{f"N{number:03}": "Stores" for number in range(51)})
    assert "1–50 of 51 workers" in console.alice.text(f"/segments/{segment_id}")
    assert "N050 Lopez" in console.alice.text(f"/segments/{segment_id}?page=2")


def test_what_syncs_did_is_told(console, moment):
    segment_id, ids = made(console, Ana="Stores", Bo="Stores")
    assert "Done Today, 04:30 2 of 2 workers fit: 2 joined, 0 left (0.0 s)" in console.bob.text(
        f"/segments/{segment_id}"
    )
    moment.shift(timedelta(hours=1))
    with console.session() as session:
        session.execute(
            sa.update(WorkerEmployment).where(WorkerEmployment.worker_id == ids["Ana"]).values(department="Office")
        )
        session.execute(sa.update(Worker).where(Worker.id == ids["Ana"]).values(updated_at=clock.now()))
    sync(console.database, console.ours.id, segment_id)
    assert "1 of 2 workers fit: 0 joined, 1 left" in console.bob.text(f"/segments/{segment_id}")
    with console.session() as session:
        factories.segment_sync_job(
            session, console.ours, segment_id=segment_id, started_at=clock.now(), completed_at=clock.now(),
            created_at=clock.now() + timedelta(seconds=1), error_message="The database refused the rule.",
        )  # fmt: skip
    assert "Failed Today, 05:30 The database refused the rule. Nothing was changed." in console.bob.text(
        f"/segments/{segment_id}"
    )


def test_alice_asks_for_a_sync_and_the_page_waits_for_it(console, moment):
    segment_id, _ = made(console, Ana="Stores")
    path, nudged = f"/segments/{segment_id}", []
    console.database.sender = lambda *nudge: nudged.append(nudge)
    moment.shift(timedelta(minutes=5))
    assert "Sync now" in console.alice.text(path)
    answer = console.alice.post(f"{path}/sync")
    assert nudged == [("sync_segment", str(segment_id))]
    page = console.alice.get(answer.location).get_data(as_text=True)
    poll = re.search(r'hx-get="([^"]+)" hx-trigger="every 1s"', page)[1]
    waiting = console.alice.get(poll)
    assert "HX-Redirect" not in waiting.headers
    assert "Syncing" in words(waiting)
    sync(console.database, console.ours.id, segment_id)
    done = console.alice.get(poll)
    assert done.headers["HX-Redirect"] == path
    assert "hx-trigger" not in done.get_data(as_text=True)
    with console.session() as session:
        assert session.scalars(sa.select(AuditEvent.action)).all() == ["segment.synced"]


def test_nobody_waits_for_ever(console, moment):
    segment_id, _ = made(console)
    moment.shift(timedelta(minutes=5))
    location = console.alice.post(f"/segments/{segment_id}/sync").location
    moment.shift(timedelta(minutes=2))
    assert "hx-trigger" not in console.alice.get(location).get_data(as_text=True)
    for odd in ("x", "9" * 11, "9" * 30, "-1", "²"):
        assert console.alice.get(f"/segments/{segment_id}?asked={odd}").status_code == 200


def test_a_segment_picked_by_hand_has_nothing_to_sync(console):
    segment_id, _ = made(console, None)
    said = console.alice.text(f"/segments/{segment_id}")
    assert "Whoever is picked by hand." in said
    assert "Sync now" not in said
    assert console.alice.post(f"/segments/{segment_id}/sync").status_code == 303
    assert "there is no rule to follow" in console.alice.text(f"/segments/{segment_id}")


def test_a_rule_that_cannot_be_read_is_said(console):
    with console.session() as session:
        segment = factories.segment(session, console.ours, rule_definition={"combinator": "and", "rules": []})
        path = f"/segments/{segment.id}"
    assert "This rule can't be read any more" in console.bob.text(path)


@pytest.mark.parametrize("path", ["", "/runs"])
def test_charlie_finds_nothing(console, path):
    segment_id, _ = made(console)
    assert console.charlie.get(f"/segments/{segment_id}{path}").status_code == 404
    assert console.charlie.get(f"/segments/{chance.new_id()}{path}").status_code == 404
    assert console.charlie.post(f"/segments/{segment_id}/sync").status_code == 404


def test_bob_looks_and_syncs_nothing(console):
    segment_id, _ = made(console)
    assert "Sync now" not in console.bob.text(f"/segments/{segment_id}")
    assert console.bob.post(f"/segments/{segment_id}/sync").status_code == 403
    with console.session() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(SegmentSyncJob)) == 1


def test_somebody_of_a_segment_sees_that_one(console):
    segment_id, _ = made(console, Ana="Stores")
    other, _ = made(console, name="Everybody else", Otto="Stores")
    sync(console.database, console.ours.id, segment_id)
    grants = [
        {"permission": name, "scope": {"type": "segment", "segments": ["Stores"]}}  # by its name
        for name in ("segment:read", "segment:write")
    ]
    store = console.enter(console.role(*grants))
    assert "Everybody else" not in store.text("/segments")
    assert store.get(f"/segments/{other}").status_code == 404
    assert store.post(f"/segments/{other}/sync").status_code == 404
    assert store.post(f"/segments/{segment_id}/sync").status_code == 303


def test_a_supervisor_sees_their_own_people_in_it(console):
    segment_id, ids = made(console, Ana="Stores", Bo="Stores", Vera="Office")
    empty, _ = made(console, None, name="By hand")
    with console.session() as session:
        session.get_one(Worker, ids["Ana"]).supervisor_id = ids["Vera"]
    grants = [{"permission": name, "scope": {"type": "supervised"}} for name in ("segment:read", "segment:write")]
    vera = console.enter(console.role(*grants), worker_id=ids["Vera"])
    assert "Stores The shop floor. 1 Rule" in vera.text("/segments")
    assert "By hand" not in vera.text("/segments")
    assert vera.get(f"/segments/{empty}").status_code == 404
    said = vera.text(f"/segments/{segment_id}")
    assert "Ana Lopez" in said
    assert "Bo Lopez" not in said
    assert "Sync now" not in said
    assert vera.post(f"/segments/{segment_id}/sync").status_code == 403
