"""What a machine can't run is named aloud, and fails where everything is asked for; dead runs leave nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.database import Database
from tests.conftest import PREFIX, postgresql_copy

ROOT = Path(__file__).parents[2]
ONE_TEST = "tests/house/test_two_databases.py::test_text_holds_no_nul"
LOUD = "!!! 1 tests NOT RUN without PostgreSQL: set SHIFTLINE_TEST_DATABASE_URL"


def run(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One test that wants both databases, in an environment that names no PostgreSQL."""
    bare = {key: value for key, value in os.environ.items() if not key.startswith(("SHIFTLINE_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, ONE_TEST]
    return subprocess.run(
        command, cwd=ROOT, env=bare | environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("options", [("-q",), ("-n", "1")])
def test_what_is_not_run_is_said(options: tuple[str, ...]) -> None:
    ran = run(*options)
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.count(LOUD) == 1
    assert "1 passed, 1 skipped" in ran.stdout


def test_what_is_not_run_fails_where_everything_is_asked_for() -> None:
    ran = run(SHIFTLINE_TEST_REQUIRED="1")
    assert ran.returncode == 1
    assert "NOT RUN without PostgreSQL" in ran.stdout


@pytest.mark.postgresql
def test_databases_of_dead_runs_are_dropped_and_others_kept(postgresql_database: Database) -> None:
    stale = f"{PREFIX}dead_{os.getpid()}"
    names = sa.text("SELECT datname FROM pg_database WHERE datname LIKE 'shiftline%'")
    with postgresql_database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {stale}")
        with postgresql_copy("_next") as url:
            there = set(connection.scalars(names))
            assert sa.make_url(url).database in there
        assert sa.make_url(postgresql_database.url).database in there
        assert stale not in there
        assert sa.make_url(url).database not in set(connection.scalars(names))
