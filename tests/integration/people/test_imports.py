"""The import of workers files: good rows go in, bad ones are named, and the same file twice is nothing new."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from bot import clock
from bot.errors import BadInput, Forbidden
from bot.people import batches, consent, directory, identities, imports, screening
from bot.people.imports import ImportResult, import_workers
from bot.tenancy import roles
from bot.tenancy.roles import Actor
from models import (
    AuditEvent,
    ChannelIdentity,
    ConsentEvent,
    ImportJob,
    Worker,
    WorkerContact,
    WorkerEmployment,
    WorkerEngagement,
    WorkerGamification,
    WorkerWellbeing,
)
from tests import factories

HEADER = "external_id,first_name,last_name,phone,consent"
ANA, BEN = "W1,Ana,Lopez,+14155550101,yes", "W2,Ben,Okoro,+14155550102,no"


def load(database, organization, *lines, header=HEADER, **told):
    content = "\n".join((header, *lines)).encode()
    told = {"file_name": "workers.csv", "actor": Actor.operator(organization.id)} | told
    return import_workers(database, organization.id, io.BytesIO(content), **told)


def show(database, organization, external_id="W1"):
    with database.reading(organization.id) as session:
        return directory.show(session, external_id)


def scalars(database, organization, column):
    with database.reading(organization.id) as session:
        return list(session.scalars(sa.select(column)))


def counts(result):
    return result.created, result.updated, result.unchanged, [each["row"] for each in result.rejected]


def test_new_workers_have_everything(database, organization):
    with database.organization_session(organization.id) as session:
        factories.integration(session, organization)
        factories.integration(session, organization, type="slack")
    header = (
        "external_id,first_name,last_name,phone,email,slack_user_id,language,city,region,country,job_title,department,team,"
        "hire_date,supervisor_external_id,tags,consent,consent_source,time_zone,Store,Forklift"
    )
    result = load(
        database, organization,
        "W0,Bo,Boss,,,,,,,,,,,,,,,,,12,true",
        "W1,Ana,Lopez,(415) 555-0101,ana@example.org,U01,es,Chicago,IL,US,Picker,Stores,A,2024-01-31,W0,night; forklift,"
        "yes,paper form,America/Denver,7,false",
        header=header,
    )  # fmt: skip
    assert counts(result) == (2, 0, 0, [])
    assert show(database, organization) == {
        "external_id": "W1", "first_name": "Ana", "last_name": "Lopez", "date_of_birth": None,
        "is_active": True, "time_zone": "America/Denver",
        "contact": {
            "phone": "+14155550101", "email": "ana@example.org", "language": "es", "city": "Chicago", "region": "IL",
            "country": "US", "slack_user_id": "U01",
        },
        "employment": {
            "job_title": "Picker", "department": "Stores", "team": "A", "hire_date": "2024-01-31",
            "supervisor_external_id": "W0",
        },
        "engagement": {"last_active_at": None, "last_interaction_date": None},
        "gamification": {"points_balance": 0, "badges_earned_count": 0},
        "tags": ["night", "forklift"], "custom": {"Store": 7, "Forklift": False},
        "consent": {"sms": "granted", "slack": "none"},
    }  # fmt: skip
    for satellite in (WorkerContact, WorkerEmployment, WorkerEngagement, WorkerGamification, WorkerWellbeing):
        assert len(scalars(database, organization, satellite.worker_id)) == 2
    assert sorted(scalars(database, organization, ChannelIdentity.address)) == ["+14155550101", "U01"]
    assert scalars(database, organization, ConsentEvent.source) == ["import: paper form"]
    assert sorted(scalars(database, organization, WorkerContact.communication_consent)) == [False, True]


def test_what_is_odd_goes_in_and_is_said(database, organization):
    header = HEADER + ",country"
    lines = (ANA + ",Wakanda", BEN, "W3,Cem,Kaya,12,yes,Wakanda", "W4,Dee,Ng,+14155550104,yes,US")
    result = load(database, organization, *lines, header=header)
    assert counts(result) == (3, 0, 0, [4])
    assert [(each["row"], each["reason"][:9]) for each in result.warnings] == [(2, 'country "'), (3, "has 5 cel")]
    assert result.as_json()["warnings"] == result.warnings
    assert "warnings" not in load(database, organization, lines[3], header=header).as_json()


def test_a_file_without_rows_is_said(database, organization):
    result = load(database, organization)
    assert counts(result) == (0, 0, 0, [])
    assert result.warnings == [{"row": 1, "reason": "there is no row below the header"}]


def test_the_same_file_again_changes_nothing(database, organization, moment):
    assert counts(load(database, organization, ANA, BEN)) == (2, 0, 0, [])
    before = scalars(database, organization, Worker.updated_at)
    moment.shift(60)
    assert counts(load(database, organization, ANA, BEN)) == (0, 0, 2, [])
    assert scalars(database, organization, Worker.updated_at) == before
    assert scalars(database, organization, ConsentEvent.state) == ["granted", "revoked"]


def test_only_who_changed_is_touched(database, organization, moment):
    header = "external_id,first_name,last_name,team,Store"
    load(database, organization, "W1,A,B,x,1", "W2,A,B,x,1", "W3,A,B,x,1", "W4,A,B,x,1", header=header)
    moment.shift(60)
    result = load(database, organization, "W1,A,C,x,1", "W2,A,B,y,1", "W3,A,B,x,2", "W4,A,B,x,1", header=header)
    assert counts(result) == (0, 3, 1, [])
    with database.reading(organization.id) as session:
        changed = session.scalars(sa.select(Worker.external_id).where(Worker.updated_at == clock.now())).all()
    assert sorted(changed) == ["W1", "W2", "W3"]


def test_an_empty_cell_leaves_what_is_there(database, organization):
    header = HEADER + ",team,tags,Store"
    load(database, organization, ANA + ",A,night,7", header=header)
    before = show(database, organization)
    assert counts(load(database, organization, "W1,,,,,,,", header=header)) == (0, 0, 1, [])
    assert counts(load(database, organization, "W1", header="external_id")) == (0, 0, 1, [])
    assert show(database, organization) == before


def test_custom_fields_are_added_and_text_stays_text(database, organization):
    load(database, organization, "W1,A,B,007,x", "W2,A,B,x7,x", header="external_id,first_name,last_name,Badge,Old")
    assert counts(load(database, organization, "W1,12,5", header="external_id,Badge,New")) == (0, 1, 0, [])
    assert show(database, organization)["custom"] == {"Badge": "12", "Old": "x", "New": 5}


def test_one_and_true_are_not_the_same(database, organization):
    load(database, organization, "W1,A,B,1", header="external_id,first_name,last_name,Flag")
    assert counts(load(database, organization, "W1,true", header="external_id,Flag")) == (0, 1, 0, [])
    assert show(database, organization)["custom"] == {"Flag": True}


def test_bad_rows_are_named_and_the_others_go_in(database, organization):
    load(database, organization, ANA)
    result = load(
        database, organization,
        "W3,Cy,Ng,12,",
        BEN,
        "",
        "W4,Di,Mo,+14155550101,",
        "W5,,Mo,,",
        "W6,Ed,Mo,+14155550102,",
        "W7,Fy,Mo,+14155550107,perhaps",
        "W8,Gi,Mo,,,,,x",
    )  # fmt: skip
    assert (result.created, result.updated, result.unchanged) == (1, 0, 0)
    assert result.rejected == [
        {"row": 2, "reason": 'phone "12" needs its country code, such as +1 or +44'},
        {"row": 5, "reason": "phone +14155550101 belongs to another worker"},
        {"row": 6, "reason": "first_name is missing, and this worker is new"},
        {"row": 7, "reason": "phone +14155550102 stands in row 3 already"},
        {"row": 8, "reason": 'consent "perhaps" is neither yes nor no'},
        {"row": 9, "reason": "there are 8 cells where the header has 5"},
    ]
    assert sorted(scalars(database, organization, Worker.external_id)) == ["W1", "W2"]


def test_a_file_that_cannot_be_read_changes_nothing(database, organization):
    for content in ("PK\x03\x04", "", "phone\n+1", "external_id,external_id\n1,2", 'external_id\n"W1'):
        with pytest.raises(BadInput):
            import_workers(
                database,
                organization.id,
                io.BytesIO(content.encode()),
                file_name="x",
                actor=Actor.operator(organization.id),
            )
    assert scalars(database, organization, Worker.id) == scalars(database, organization, ImportJob.id) == []


def test_a_path_that_leads_nowhere(database, organization, tmp_path):
    for path in (tmp_path, tmp_path / "none.csv", "a\x00b"):
        with pytest.raises(BadInput, match="can't be read"):
            import_workers(database, organization.id, path, file_name="x", actor=Actor.operator(organization.id))


def test_a_file_by_its_path_with_a_mapping(database, organization, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("Emp #;Vorname;Nachname\nW1;Jörg;Weiß\n", encoding="cp1252")
    mapping = {"Emp #": "external_id", "Vorname": "first_name", "Nachname": "last_name"}
    actor = Actor.operator(organization.id)
    result = import_workers(database, organization.id, path, file_name=path.name, mapping=mapping, actor=actor)
    assert counts(result) == (1, 0, 0, [])
    assert show(database, organization)["last_name"] == "Weiß"


def test_supervisors_may_come_later_in_the_file_and_in_other_batches(database, organization, monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 2)
    monkeypatch.setattr(imports, "BREATH", 0)
    header = "external_id,first_name,last_name,supervisor_external_id"
    lines = [f"W{n},A,B,W{n + 1}" for n in range(1, 6)] + ["W6,A,B,"]
    assert counts(load(database, organization, *lines, header=header)) == (6, 0, 0, [])
    for n in range(1, 6):
        assert show(database, organization, f"W{n}")["employment"]["supervisor_external_id"] == f"W{n + 1}"
    result = load(database, organization, "W6,,,W1", header=header)
    assert result.rejected == [{"row": 2, "reason": "supervisors go in a circle: W6 → W1 → … → … → … → … → W6"}]
    assert counts(load(database, organization, "W1,,,W6", header=header)) == (0, 1, 0, [])


def test_a_dry_run_tells_and_changes_nothing(database, organization):
    load(database, organization, ANA, BEN)
    lines = (ANA, "W2,Ben,Okoro,+14155550102,yes", "W3,Cy,Ng,,", "W4,,,,")
    result = load(database, organization, *lines, dry_run=True)
    assert counts(result) == (1, 1, 1, [5])
    assert result.job_id is None
    assert len(scalars(database, organization, ImportJob.id)) == 1
    assert len(scalars(database, organization, Worker.id)) == 2
    assert counts(load(database, organization, *lines)) == counts(result)


def test_a_stop_outlives_every_file(database, organization):
    load(database, organization, ANA)
    with database.organization_session(organization.id) as session:
        consent.record(session, organization.id, "sms", "+14155550101", "revoked", "stop_word", at=clock.now())
    assert counts(load(database, organization, ANA)) == (0, 0, 1, [])
    assert show(database, organization)["consent"]["sms"] == "revoked"
    assert scalars(database, organization, WorkerContact.communication_consent) == [False]


def test_a_new_phone_takes_no_consent_along(database, organization):
    with database.organization_session(organization.id) as session:
        sender = factories.integration(session, organization).id
    load(database, organization, ANA)
    assert counts(load(database, organization, "W1,,,+14155550109,")) == (0, 1, 0, [])
    assert show(database, organization)["consent"]["sms"] == "none"
    assert scalars(database, organization, WorkerContact.communication_consent) == [False]
    with database.organization_session(organization.id) as session:
        assert identities.by_address(session, sender, "+14155550101") is None
        assert identities.by_address(session, sender, "+14155550109") is not None


def test_a_number_that_goes_to_somebody_else_leaves_its_yes_behind(database, organization):
    load(database, organization, ANA)
    load(database, organization, "W1,,,+14155550109,yes")
    assert counts(load(database, organization, "W9,Cy,Ng,+14155550101,")) == (1, 0, 0, [])
    assert show(database, organization, "W9")["consent"]["sms"] == "revoked"
    assert counts(load(database, organization, "W9,,,,yes")) == (0, 1, 0, [])
    assert show(database, organization, "W9")["consent"]["sms"] == "granted"
    assert show(database, organization, "W1")["consent"]["sms"] == "granted"


def test_new_workers_speak_the_organizations_language(database, organization):
    with database.service_session() as session:
        organization = session.merge(organization)
        organization.settings = {"locale": {"default_language": "es"}}
        session.flush()
        session.expunge(organization)
    load(database, organization, "W1,A,B,en", "W2,A,B,", header="external_id,first_name,last_name,language")
    assert [show(database, organization, each)["contact"]["language"] for each in ("W1", "W2")] == ["en", "es"]


def test_another_organization_may_know_the_same_people(database, organization):
    with database.service_session() as session:
        other = factories.organization(session)
        session.expunge(other)
    load(database, organization, ANA)
    assert counts(load(database, other, ANA, "W2,A,B,,")) == (2, 0, 0, [])
    assert counts(load(database, organization, "W2,A,B,+14155550102,")) == (1, 0, 0, [])


def test_the_job_is_recorded_audited_and_segments_are_nudged(database, organization):
    nudged = []
    database.sender = lambda *nudge: nudged.append(nudge)
    done = []
    result = load(database, organization, ANA, "W2,,,,", progress=lambda *told: done.append(told))
    assert nudged == [("sync_segments", str(organization.id))]
    assert done == [(1, 1)]
    with database.reading(organization.id) as session:
        job = session.get_one(ImportJob, result.job_id)
        assert (job.state, job.file_name, job.created, job.updated, job.unchanged) == (
            "finished",
            "workers.csv",
            1,
            0,
            0,
        )
        assert (
            job.rejected
            == result.rejected
            == [{"row": 3, "reason": "first_name and last_name are missing, and this worker is new"}]
        )
        event = session.scalars(sa.select(AuditEvent)).one()
        assert (event.action, event.details["created"], event.details["rejected"]) == ("workers.import", 1, 1)
    nudged.clear()
    load(database, organization, ANA)
    assert nudged == []


def test_a_run_that_breaks_keeps_what_is_in_and_says_so(database, organization, monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 1)
    monkeypatch.setattr(imports, "BREATH", 0)
    really = batches.write

    def breaking(session, run, rows):
        if rows[0].external_id == "W2":
            raise RuntimeError("the roof")
        return really(session, run, rows)

    monkeypatch.setattr(batches, "write", breaking)
    with pytest.raises(RuntimeError, match="the roof"):
        load(database, organization, ANA, BEN)
    assert scalars(database, organization, Worker.external_id) == ["W1"]
    with database.reading(organization.id) as session:
        job = session.scalars(sa.select(ImportJob)).one()
        assert (job.state, job.created, job.error_message) == (
            "failed",
            1,
            "Stopped by RuntimeError; the batches before it are in.",
        )


def test_somebody_who_was_quicker_costs_one_row_and_not_the_batch(database, organization, monkeypatch):
    really = screening.screen

    def overtaken(*told):
        screened = really(*told)
        with database.organization_session(organization.id) as session:
            factories.worker(session, organization, contact={"primary_phone_number": "+14155550102"})
        return screened

    monkeypatch.setattr(screening, "screen", overtaken)
    result = load(database, organization, ANA, BEN, "W3,Cy,Ng,,", "W4,Di,Mo,,")
    assert counts(result) == (3, 0, 0, [3])
    assert "import it again" in result.rejected[0]["reason"]
    with database.reading(organization.id) as session:
        assert session.get_one(ImportJob, result.job_id).created == 3


class Deadlock(Exception):
    """What psycopg says when PostgreSQL has picked our transaction to give way."""

    sqlstate = "40P01"


@pytest.mark.parametrize("times", [2, 3])
def test_a_deadlock_is_tried_again_but_not_for_ever(database, organization, monkeypatch, times):
    really, left = batches.write, [Deadlock()] * times

    def deadlocked(session, run, rows):
        if left:
            raise sa.exc.OperationalError("UPDATE", {}, left.pop())
        return really(session, run, rows)

    monkeypatch.setattr(batches, "write", deadlocked)
    if times < imports.TRIES:
        assert counts(load(database, organization, ANA)) == (1, 0, 0, [])
    else:
        with pytest.raises(sa.exc.OperationalError):
            load(database, organization, ANA)


def test_who_may_not_import(database, organization):
    with database.organization_session(organization.id) as session:
        user = factories.user(session, organization).id
    supervised = {"grants": [{"permission": "worker:import", "scope": {"type": "supervised"}}]}
    for permissions in (roles.BUILT_IN["analyst"][2], supervised):
        with pytest.raises(Forbidden):
            load(database, organization, ANA, actor=Actor(organization.id, user, None, permissions))
    load(database, organization, ANA, actor=Actor(organization.id, user, None, roles.BUILT_IN["manager"][2]))
    assert scalars(database, organization, ImportJob.created_by_id) == [user]
    assert scalars(database, organization, ConsentEvent.user_id) == [user]


def test_dates_are_midnight_utc(database, organization):
    load(database, organization, "W1,A,B,2024-01-31", header="external_id,first_name,last_name,hire_date")
    assert scalars(database, organization, WorkerEmployment.hire_date) == [datetime(2024, 1, 31, tzinfo=UTC)]


def test_the_result_as_json():
    result = ImportResult(1, 2, 3, [{"row": 2, "reason": "x"}])
    assert result.as_json() == {"created": 1, "updated": 2, "unchanged": 3, "rejected": [{"row": 2, "reason": "x"}]}
