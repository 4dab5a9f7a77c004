"""Every migration goes up and down, on both databases, with a row in each table."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from bot import schema
from bot.database import Database
from models import Base
from tests import factories
from tests.integration.migrations.conftest import count_rows

SCRIPTS = list(ScriptDirectory.from_config(schema._config()).walk_revisions())


def test_there_is_one_line_of_migrations() -> None:
    assert len(ScriptDirectory.from_config(schema._config()).get_heads()) == 1
    assert [script.revision for script in reversed(SCRIPTS)] == [f"{n:04}" for n in range(1, len(SCRIPTS) + 1)]


def test_up_filled_down_and_up_again(bare: Database, bare_url: str) -> None:
    schema.upgrade(bare_url)
    fill(bare)
    schema.downgrade(bare_url, "base")
    assert left(bare) == {"alembic_version"}
    schema.upgrade(bare_url)
    assert set(count_rows(bare).values()) == {0}
    fill(bare)


def test_an_upgrade_leaves_the_rows_alone(bare: Database, bare_url: str) -> None:
    schema.upgrade(bare_url)
    fill(bare)
    before = count_rows(bare)
    schema.upgrade(bare_url)
    assert count_rows(bare) == before


@pytest.mark.parametrize("revision", [script.revision for script in SCRIPTS])
def test_each_step_back_can_be_taken_forward_with_rows(bare: Database, bare_url: str, revision: str) -> None:
    schema.upgrade(bare_url)
    fill(bare)
    organizations = count_rows(bare)["organizations"]
    schema.downgrade(bare_url, revision)
    assert schema.current(bare) == revision
    schema.upgrade(bare_url)
    schema.check(bare)
    assert count_rows(bare)["organizations"] == organizations


def fill(database: Database) -> None:
    """Two organizations with a row in every table."""
    with database.service_session() as session:
        for _ in range(2):
            factories.everything(session, factories.organization(session))
    counts = count_rows(database)
    assert set(counts) == set(Base.metadata.tables)
    assert min(counts.values()) >= 2


def left(database: Database) -> set[str]:
    """What is still there, of any kind."""
    if database.on_sqlite:
        query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view', 'trigger') AND name NOT LIKE 'sqlite_%'"
    else:
        query = (
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i'"
            " UNION SELECT polname FROM pg_policy"
            " UNION SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'"
        )
    with database.reading(None) as session:
        return set(session.scalars(sa.text(query)))
