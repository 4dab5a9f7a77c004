"""Rows beside each other and beside who is here: one phone, one worker; supervisors who exist and form a tree."""

from __future__ import annotations

import itertools
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.people.rows import WorkerRow
from bot.people.screening import Known, screen

HERE = {name: uuid.uuid5(uuid.NAMESPACE_DNS, name) for name in ("old1", "old2", "boss")}


def row(number, external_id, supervisor=None, *, phone=None, slack=None, name=True):
    contact = {"primary_phone_number": phone} if phone else {}
    contact |= {"slack_user_id": slack} if slack else {}
    names = {"first_name": "A", "last_name": "B"} if name else {}
    return WorkerRow(number, external_id, names, contact, {}, {}, supervisor)


def known(**facts):
    supervisors = {HERE[worker]: HERE[above] for worker, above in facts.pop("supervisors", {}).items()}
    owned = {name: {address: HERE[owner] for address, owner in told.items()} for name, told in facts.items()}
    return Known(HERE, owned.get("phones", {}), owned.get("slack", {}), supervisors)


def screened(rows, facts=None):
    ids = (uuid.UUID(int=n) for n in itertools.count(1))
    return screen(rows, facts or known(), lambda: next(ids))


def refused(rows, facts=None):
    return dict(screened(rows, facts).refused)


def test_good_rows_go_in_and_new_workers_get_ids():
    result = screened([row(2, "a"), row(3, "old1")])
    assert [each.external_id for each in result.rows] == ["a", "old1"]
    assert (result.refused, result.ids["old1"], result.ids["a"]) == ({}, HERE["old1"], uuid.UUID(int=1))


def test_a_worker_stands_in_a_file_once():
    assert refused([row(2, "a"), row(3, "a")]) == {3: 'external_id "a" stands in row 2 already'}


def test_a_new_worker_needs_names_and_an_old_one_doesnt():
    assert refused([row(2, "a", name=False), row(3, "old1", name=False)]) == {
        2: "first_name and last_name are missing, and this worker is new"
    }


@pytest.mark.parametrize(("kind", "told"), [("phone", "phones"), ("slack", "slack")])
def test_an_address_belongs_to_one_worker(kind, told):
    facts = known(**{told: {"X": "old1"}})
    name = {"phone": "phone", "slack": "slack_user_id"}[kind]
    rows = [
        row(2, "a", **{kind: "X"}),
        row(3, "old1", **{kind: "X"}),
        row(4, "b", **{kind: "Y"}),
        row(5, "c", **{kind: "Y"}),
    ]
    assert refused(rows, facts) == {2: f"{name} X belongs to another worker", 5: f"{name} Y stands in row 4 already"}


def test_a_refused_row_claims_nothing():
    facts = known(phones={"X": "old1"})
    assert set(refused([row(2, "a", phone="X"), row(3, "a", phone="Y")], facts)) == {2}


def test_supervisors_are_in_the_file_or_here():
    rows = [row(2, "a", "b"), row(3, "b", "boss"), row(4, "c", "nobody")]
    assert refused(rows) == {4: 'supervisor_external_id "nobody" is neither in the file nor known here'}


def test_a_refused_supervisor_takes_their_people_along():
    rows = [row(2, "a", "b"), row(3, "b", "c"), row(4, "c", "nobody"), row(5, "old1", "boss")]
    assert refused(rows) == {
        2: 'supervisor_external_id "b" is row 3, which is refused',
        3: 'supervisor_external_id "c" is row 4, which is refused',
        4: 'supervisor_external_id "nobody" is neither in the file nor known here',
    }


def test_a_refused_row_of_somebody_here_still_supervises():
    facts = known(phones={"X": "old1"})
    assert set(refused([row(2, "a", "old2"), row(3, "old2", phone="X")], facts)) == {3}


def test_circles_within_the_file():
    rows = [row(2, "a", "b"), row(3, "b", "c"), row(4, "c", "b"), row(5, "d", "boss")]
    found = refused(rows)
    assert set(found) == {2, 3, 4}
    assert found[3] == "supervisors go in a circle: b → c → b"
    assert "which is refused" in found[2]


def test_circles_through_those_who_are_here():
    facts = known(supervisors={"old2": "old1", "old1": "boss"})
    assert refused([row(2, "boss", "old2")], facts) == {2: "supervisors go in a circle: boss → old2 → old1 → boss"}


def test_turning_a_line_around_is_no_circle():
    facts = known(supervisors={"old2": "old1"})
    assert refused([row(2, "old1", "old2"), row(3, "old2", "boss")], facts) == {}


def test_what_stays_as_it_is_is_not_to_blame():
    facts = known(supervisors={"old2": "old1"})
    assert set(refused([row(2, "old1", "old2"), row(3, "old2", "old1")], facts)) == {2}


def test_new_supervisors_come_first():
    rows = [row(2, "a", "b"), row(3, "old1", "a"), row(4, "b", "c"), row(5, "c")]
    assert [each.external_id for each in screened(rows).rows] == ["c", "b", "a", "old1"]


def test_a_very_long_line_of_supervisors():
    rows = [row(n + 2, f"w{n}", f"w{n + 1}") for n in range(5000)] + [row(5002, "w5000")]
    assert [each.number for each in screened(rows).rows] == list(range(5002, 1, -1))


@given(st.dictionaries(st.integers(0, 12), st.integers(0, 12), max_size=13))
def test_what_goes_in_is_always_a_tree_with_supervisors_first(above):
    rows = [row(n + 2, f"w{n}", f"w{s}") for n, s in above.items() if n != s]
    rows += [row(100 + n, f"w{n}") for n in range(13) if n not in above]
    result = screened(rows)
    written = set()
    for each in result.rows:
        assert each.supervisor is None or each.supervisor in written
        written.add(each.external_id)
    assert len(result.rows) + len(result.refused) == len(rows)
