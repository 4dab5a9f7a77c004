"""What every test may ask for: an empty database of either kind, an organization in it, a fixed moment.

A test that takes `database` runs twice, on SQLite and on PostgreSQL, because half of the product's users
have the other one. Whatever a machine lacks (PostgreSQL, RabbitMQ, Chromium) is said aloud at the end of
the run; with SHIFTLINE_TEST_REQUIRED=1, as in CI, it fails instead.

Each xdist worker has its own PostgreSQL database, named after the worker and its process. It holds an
advisory lock on that name for as long as it lives, so that the next run can tell a dead run's database
from one in use, also where the server stands on another machine.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import hypothesis
import pytest
import sqlalchemy as sa
import time_machine

from bot import nudge, schema
from bot.database import Database
from models import Base, Organization
from tests import factories
from tests.warm import Warm

PREFIX = "shiftline_test_"
MOMENT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)  # a Monday morning, far from any change of clocks
NOT_RUN = "NOT RUN without "


# A run in CI tries the same examples each time; hunting for new ones is for whoever sits in front of it.
hypothesis.settings.register_profile("ci", derandomize=True, database=None)
if os.environ.get("CI") or os.environ.get("SHIFTLINE_TEST_REQUIRED"):
    hypothesis.settings.load_profile("ci")


def chromium() -> str | None:
    """The system's Chromium, for the tests marked `browser`."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


NEEDS = {
    "postgresql": (
        "PostgreSQL: set SHIFTLINE_TEST_DATABASE_URL",
        lambda: os.environ.get("SHIFTLINE_TEST_DATABASE_URL"),
    ),
    "rabbitmq": ("RabbitMQ: set SHIFTLINE_TEST_BROKER_URL", lambda: os.environ.get("SHIFTLINE_TEST_BROKER_URL")),
    "browser": ("a browser: install Chromium", chromium),
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or in CI fail, what this machine has no means to run."""
    for marker, (need, met) in NEEDS.items():
        if item.get_closest_marker(marker) and not met():
            if os.environ.get("SHIFTLINE_TEST_REQUIRED") == "1":
                pytest.fail(f"{NOT_RUN}{need}", pytrace=False)
            pytest.skip(f"{NOT_RUN}{need}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long: at the end of the run it would keep one worker busy and the others idle."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was not run: a quiet skip reads as a pass."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = [str(report.longrepr[2]) for report in reports if isinstance(report.longrepr, tuple)]
    missing = Counter(reason.removeprefix("Skipped: ") for reason in reasons if NOT_RUN in reason)
    for reason, count in sorted(missing.items()):
        terminalreporter.write_line(f"!!! {count} tests {reason}", red=True, bold=True)


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Let all engines of a kind share what SQLAlchemy compiled.

    Its cache lives as long as an engine and asks for the very same dialect, and nearly every test has an engine
    of its own: without this half of the time of a test on SQLite went into compiling what the last one had.
    """
    first: dict[str, sa.Engine] = {}

    def alike(make: Callable[..., sa.Engine]) -> staticmethod[..., sa.Engine]:
        def made(*given: Any, **named: Any) -> sa.Engine:
            engine = make(*given, **named)
            if engine.dialect.name not in first:  # connected, so that its dialect knows what it talks to
                engine.connect().close()
            model = first.setdefault(engine.dialect.name, engine)
            engine.dialect, engine._compiled_cache = model.dialect, model._compiled_cache
            return engine

        return staticmethod(made)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("_sqlite", "_postgresql"):
            patch.setattr(Database, name, alike(getattr(Database, name)))
        yield


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """The product's commands and processes, quickly."""
    made = Warm()
    yield made
    made.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request: pytest.FixtureRequest) -> Database:
    """A database with every table and no row, of each kind in turn."""
    return request.getfixturevalue(f"{request.param}_database")


@pytest.fixture
def sqlite_database(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    """`database` where only SQLite is meant: a copy of the template."""
    database = Database(f"sqlite:///{shutil.copyfile(sqlite_template, tmp_path / 'shiftline.db')}")
    yield database
    database.dispose()


@pytest.fixture
def postgresql_database(postgresql_shared: Database) -> Iterator[Database]:
    """`database` where only PostgreSQL is meant (mark the test `postgresql`): the worker's own, emptied."""
    try:
        empty(postgresql_shared)
    except sa.exc.OperationalError:  # the last test broke the connection that was kept for this one
        postgresql_shared.dispose()
        empty(postgresql_shared)
    postgresql_shared.sender = nudge.nobody
    yield postgresql_shared
    pool = cast("sa.QueuePool", postgresql_shared.engine.pool)
    if pool.checkedout() or pool.checkedin() > 1:
        postgresql_shared.dispose()  # one that the test left open is not the next test's


@pytest.fixture
def organization(database: Database) -> Organization:
    """A saved organization, readable after its session."""
    with database.service_session() as session:
        saved = factories.organization(session)
        session.expunge(saved)
    return saved


@pytest.fixture
def moment() -> Iterator[time_machine.Traveller]:
    """Time stands still at MOMENT; `moment.shift(...)` and `moment.move_to(...)` let it go on."""
    with time_machine.travel(MOMENT, tick=False) as traveller:
        yield traveller


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, made once per worker."""
    path = tmp_path_factory.mktemp("template") / "shiftline.db"
    schema.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_shared() -> Iterator[Database]:
    """A migrated PostgreSQL database, made once per worker and dropped at the end."""
    with postgresql_copy() as url:
        schema.upgrade(url)
        database = Database(url)
        yield database
        database.dispose()


@contextmanager
def postgresql_copy(suffix: str = "") -> Iterator[str]:
    """The URL of a new, bare PostgreSQL database that goes away afterwards."""
    base = sa.make_url(os.environ["SHIFTLINE_TEST_DATABASE_URL"]).set(drivername="postgresql+psycopg")
    name = f"{PREFIX}{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}{suffix}"
    engine = sa.create_engine(base, isolation_level="AUTOCOMMIT")
    with engine.connect() as keeper:
        keeper.execute(sa.text("SELECT pg_advisory_lock(hashtext(:name))"), {"name": name})
        _drop_stale(keeper)
        keeper.exec_driver_sql(f"CREATE DATABASE {name}")
        keeper.exec_driver_sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
        held = sa.create_engine(base.set(database=name))
        try:
            with held.connect():  # whoever looks for stale databases sees that somebody is in it
                yield base.set(database=name).render_as_string(hide_password=False)
        finally:
            held.dispose()
            keeper.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


def _drop_stale(keeper: sa.Connection) -> None:
    """Drop the databases of runs that died: nobody holds their lock, and nobody is connected to them.

    Advisory locks are seen only from the same base database, so the lock alone would not tell.
    """
    pattern = PREFIX.replace("_", r"\_") + "%"
    for name in keeper.scalars(sa.text("SELECT datname FROM pg_database WHERE datname LIKE :p"), {"p": pattern}).all():
        if keeper.scalar(sa.text("SELECT pg_try_advisory_lock(hashtext(:name))"), {"name": name}):
            with suppress(sa.exc.OperationalError):  # somebody is connected
                keeper.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
            keeper.execute(sa.text("SELECT pg_advisory_unlock(hashtext(:name))"), {"name": name})


def empty(database: Database) -> None:
    """Delete every row. One look finds the tables that have any: TRUNCATE of all of them takes 20 times as long."""
    tables = list(reversed(Base.metadata.sorted_tables))
    look = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("RESET ALL")  # it may have served another test before
        connection.exec_driver_sql(
            "SET LOCAL lock_timeout = '5s'"
        )  # a transaction left open by a test is named, not waited for
        full = set(connection.exec_driver_sql(look).scalars())
        for table in tables:
            if table.name in full:
                connection.execute(table.delete())
