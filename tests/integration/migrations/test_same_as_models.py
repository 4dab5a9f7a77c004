"""A migrated database is the one that the models describe, to the last constraint.

Alembic's own comparison comes first, because its words are the better ones. It doesn't look at checks,
collations, partial indexes and foreign keys' consequences; the databases' own catalogues hold those.
"""

from __future__ import annotations

import re

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from bot import schema
from bot.database import Database
from models import Base

COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, l.collname,
           pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
"""
CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
"""
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"


def test_alembic_finds_no_difference(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_catalogues_are_the_same(bare: Database, bare_url: str) -> None:
    schema.upgrade(bare_url)
    migrated = catalogue(bare)
    schema.downgrade(bare_url, "base")
    Base.metadata.create_all(bare.engine)
    assert migrated == catalogue(bare)


def catalogue(database: Database) -> set[tuple[object, ...]]:
    """Everything that the database knows about its tables, but for Alembic's own."""
    with database.engine.connect() as connection:
        if database.on_sqlite:
            rows = connection.exec_driver_sql("SELECT tbl_name, name, sql FROM sqlite_master").all()
            found = {(row.tbl_name, row.name, part) for row in rows for part in _parts(row.sql)}
        else:
            found = {
                tuple(row) for query in (COLUMNS, CONSTRAINTS, INDEXES) for row in connection.exec_driver_sql(query)
            }
    assert len(found) > 500
    return {row for row in found if row[0] != "alembic_version"}


def _parts(sql: str | None) -> list[str]:
    """A CREATE statement's lines: a table's constraints may be told in any order."""
    return [re.sub(r"\s+", " ", line).strip(" ,") for line in (sql or "").splitlines()]
