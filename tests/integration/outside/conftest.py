"""An outsider on each of the two databases, with providers of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.integration.outside.outsider import Outsider
from tests.integration.outside.stand_in import StandIn
from tests.warm import Warm


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """Twilio and Slack, listening."""
    with StandIn() as listening:
        yield listening


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def outsider(request: pytest.FixtureRequest, tmp_path: Path, stand_in: StandIn, warm: Warm) -> Iterator[Outsider]:
    """Nothing is there yet: no organization, no table, on PostgreSQL an empty database."""
    if request.param == "sqlite":
        yield Outsider(tmp_path, stand_in, warm)
        return
    with bare_postgresql() as url:
        yield Outsider(tmp_path, stand_in, warm, database_url=url)


@contextmanager
def bare_postgresql() -> Iterator[str]:
    """A database of this test's own. Its name's lock is held, so that the house's sweep lets it live."""
    base = sa.make_url(os.environ["SHIFTLINE_TEST_DATABASE_URL"]).set(drivername="postgresql+psycopg")
    name = f"shiftline_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}_outside"
    engine = sa.create_engine(base, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as keeper:
        keeper.execute(sa.text("SELECT pg_advisory_lock(hashtext(:name))"), {"name": name})
        keeper.exec_driver_sql(f"CREATE DATABASE {name}")
        try:
            yield base.set(database=name).render_as_string(hide_password=False)
        finally:
            keeper.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
