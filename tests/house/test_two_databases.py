"""What makes two databases one: writers that take turns, and columns that mean the same on both.

Each of these was lost once in a trial: SQLAlchemy's own BEGIN lost 150 of 200 increments on SQLite.
"""

from __future__ import annotations

import threading
import unicodedata
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from bot.database import Database, DatabaseUnreachable, Turns
from models import Organization, Segment, Tag, Worker
from tests import factories


def test_eight_writers_lose_nothing(database: Database, organization: Organization) -> None:
    with database.organization_session(organization.id) as session:
        counted = factories.segment(session, organization).id
    together = threading.Barrier(8)

    def count() -> None:
        together.wait(timeout=10)
        for _ in range(25):
            with database.organization_session(organization.id) as session:
                row = session.get_one(Segment, counted, with_for_update=True)
                row.worker_count = row.worker_count + 1

    with ThreadPoolExecutor(8) as pool:
        for written in [pool.submit(count) for _ in range(8)]:
            written.result(timeout=60)
    with database.reading(organization.id) as session:
        assert session.get_one(Segment, counted).worker_count == 200


def test_a_second_process_waits_for_its_turn(sqlite_database: Database, organization_id: uuid.UUID) -> None:
    """Two `Database` of one file share no lock, as two processes don't: BEGIN IMMEDIATE has to do."""
    other = Database(sqlite_database.url)
    together = threading.Barrier(2)

    def write(through: Database) -> None:
        together.wait(timeout=10)
        for _ in range(25):
            with through.organization_session(organization_id) as session:
                kept = session.get_one(Organization, organization_id)
                kept.settings = {"count": (kept.settings or {}).get("count", 0) + 1}

    with ThreadPoolExecutor(2) as pool:
        for written in [pool.submit(write, through) for through in (sqlite_database, other)]:
            written.result(timeout=60)
    other.dispose()
    with sqlite_database.reading(organization_id) as session:
        assert session.get_one(Organization, organization_id).settings == {"count": 50}


@pytest.fixture
def organization_id(sqlite_database: Database) -> uuid.UUID:
    with sqlite_database.service_session() as session:
        return factories.organization(session).id


def test_turns_are_served_in_the_order_of_asking() -> None:
    turns, served = Turns(), []
    asked = [threading.Event() for _ in range(5)]

    class Announced(type(turns._waiting)):  # the queue tells when somebody stands in it
        def append(self, waiting: object) -> None:
            super().append(waiting)
            asked[len(self) - 1].set()

    turns._waiting = Announced()

    def ask(number: int) -> None:
        with turns:
            served.append(number)

    with ThreadPoolExecutor(5) as pool, turns:
        for number in range(5):
            pool.submit(ask, number)
            assert asked[number].wait(timeout=10)
    assert served == [0, 1, 2, 3, 4]
    with turns:  # free again
        served.append(5)


def test_a_turn_ends_with_an_error(sqlite_database: Database) -> None:
    with pytest.raises(ZeroDivisionError), sqlite_database.service_session():
        raise ZeroDivisionError
    with sqlite_database.service_session() as session:
        factories.organization(session)


def test_a_reader_never_waits_for_a_writer(sqlite_database: Database, organization_id: uuid.UUID) -> None:
    with sqlite_database.organization_session(organization_id) as writing:
        factories.worker(writing, organization_id)
        with sqlite_database.reading(organization_id) as session:
            assert session.scalars(sa.select(Worker)).all() == []


def test_a_reader_cannot_write_on_sqlite(sqlite_database: Database, organization_id: uuid.UUID) -> None:
    with sqlite_database.reading(organization_id) as session, pytest.raises(sa.exc.OperationalError, match="readonly"):
        session.execute(sa.text("DELETE FROM workers"))


def test_a_database_that_is_gone_is_said_plainly() -> None:
    database = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(DatabaseUnreachable), database.service_session() as session:
        session.execute(sa.text("SELECT 1"))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Nguye\u0302\u0303n", "Nguy\u1ec5n"),
        ("Ame\u0301lie", "Am\u00e9lie"),
        ("plain", "plain"),
        (" kept ", " kept "),
        ("👩‍🏭", "👩‍🏭"),
        ("", None),
        (None, None),
    ],
)
def test_text_comes_back_composed(
    database: Database, organization: Organization, written: str | None, read: str | None
) -> None:
    with database.organization_session(organization.id) as session:
        kept = factories.segment(session, organization, description=written).id
    with database.reading(organization.id) as session:
        found = session.get_one(Segment, kept).description
        assert found == read
        assert found is None or unicodedata.is_normalized("NFC", found)
        if written:  # and it is found in whichever way it is typed
            assert session.scalar(sa.select(Segment.id).where(Segment.description == written)) == kept


def test_text_holds_no_nul(database: Database, organization: Organization) -> None:
    with (
        pytest.raises(sa.exc.StatementError, match="NUL"),
        database.organization_session(organization.id) as session,
    ):
        factories.tag(session, organization, name="a\x00b")


def test_text_is_ordered_by_code_point(database: Database, organization: Organization) -> None:
    words = ["a", "B", "Z", "z", "É", "é", "ß", "Ω", "_", "10", "9"]
    with database.organization_session(organization.id) as session:
        for word in words:
            factories.tag(session, organization, name=word)
    with database.reading(organization.id) as session:
        assert session.scalars(sa.select(Tag.name).order_by(Tag.name)).all() == sorted(words)
        assert session.scalars(sa.select(Tag.name).where(Tag.name < "a").order_by(Tag.name)).all() == sorted(
            word for word in words if word < "a"
        )


def test_a_moment_comes_back_in_utc(database: Database, organization: Organization) -> None:
    there = datetime(2026, 3, 29, 1, 30, 15, 123456, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    with database.organization_session(organization.id) as session:
        kept = factories.worker(session, organization, date_of_birth=there).id
    with database.reading(organization.id) as session:
        found = session.get_one(Worker, kept).date_of_birth
        assert found == there
        assert found.tzinfo is UTC
        assert session.scalar(sa.select(Worker.id).where(Worker.date_of_birth == there)) == kept
        assert session.scalar(sa.select(Worker.id).where(Worker.date_of_birth < there)) is None


def test_a_moment_without_a_zone_is_refused(database: Database, organization: Organization) -> None:
    with (
        pytest.raises(sa.exc.StatementError, match="time zone"),
        database.organization_session(organization.id) as session,
    ):
        factories.worker(session, organization, date_of_birth=datetime(2026, 3, 29))


def test_lists_and_documents_come_back_as_they_were(database: Database, organization: Organization) -> None:
    fields = {"größe": ["M", None, 1.5, True], "nested": {"b": 1, "a": {}}}
    with database.organization_session(organization.id) as session:
        kept = factories.worker(session, organization, tags=["night", "Çorlu", "a,b"], custom_fields=fields).id
        bare = factories.worker(session, organization, custom_fields=None).id
    with database.reading(organization.id) as session:
        assert session.get_one(Worker, kept).tags == ["night", "Çorlu", "a,b"]
        assert session.get_one(Worker, kept).custom_fields == fields
        assert session.get_one(Worker, bare).tags == []
        empty = sa.select(Worker.id).where(Worker.custom_fields.is_(None))  # NULL, and not the JSON word null
        assert session.scalar(empty) == bare
