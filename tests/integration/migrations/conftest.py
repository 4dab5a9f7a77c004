"""What migrations begin with: an address where there is nothing yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.database import Database
from models import Base
from tests.conftest import postgresql_copy


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables; on SQLite there is no file yet, and no folder."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'not' / 'there' / 'yet.db'}"
        return
    with postgresql_copy("_bare") as url:
        yield url


@pytest.fixture
def bare(bare_url: str) -> Iterator[Database]:
    """A database at that address."""
    database = Database(bare_url)
    yield database
    database.dispose()


def count_rows(database: Database) -> dict[str, int]:
    """How many rows each table has."""
    with database.reading(None) as session:
        return {
            table.name: session.scalar(sa.select(sa.func.count()).select_from(table))
            for table in Base.metadata.sorted_tables
        }
