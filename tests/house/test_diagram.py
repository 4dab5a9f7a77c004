"""The user's own diagram stands: every table and column of it is there, of its type, empty only where it may be.

`diagram.json` holds the diagram as it was drawn, in snake_case; a question mark is the diagram's mark `PK`,
which means that NULL is allowed. Tables and columns may be added, none may go.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from bot.database import Database

DIAGRAM = json.loads((Path(__file__).parent / "diagram.json").read_text(encoding="utf-8"))
TABLES: dict[str, dict[str, str]] = DIAGRAM["tables"]

MAY_BE_EMPTY_ALL_THE_SAME = {
    ("worker_contacts", "primary_phone_number"): "a worker who is reached on Slack alone may have no phone",
}
OF_ANOTHER_TYPE = {
    ("segment_memberships", "id"): "filled by INSERT … SELECT: the database makes the ids, so they are numbers",
}
TYPES = {
    "sqlite": {
        "String": (sa.Text, sa.CHAR),  # CHAR(32) is a UUID
        "String[]": (sa.JSON,),
        "DateTime": (sa.DateTime,),
        "Json": (sa.JSON,),
        "Boolean": (sa.Boolean,),
        "Int": (sa.Integer,),
        "Float": (sa.Float,),
    },
    "postgresql": {
        "String": (sa.Text, sa.Uuid),
        "String[]": (postgresql.ARRAY,),
        "DateTime": (postgresql.TIMESTAMP,),
        "Json": (postgresql.JSONB,),
        "Boolean": (sa.Boolean,),
        "Int": (sa.Integer,),
        "Float": (sa.Float,),
    },
}


@pytest.fixture
def inspector(database: Database) -> sa.Inspector:
    return sa.inspect(database.engine)


def test_the_diagram_is_whole() -> None:
    assert len(TABLES) == 29
    assert sum(len(columns) for columns in TABLES.values()) == 208


def test_every_table_is_there(inspector: sa.Inspector) -> None:
    assert set(TABLES) <= set(inspector.get_table_names())


def test_every_column_is_there(inspector: sa.Inspector) -> None:
    gone = [
        f"{table}.{name}"
        for table, columns in TABLES.items()
        for name in columns.keys() - {column["name"] for column in inspector.get_columns(table)}
    ]
    assert gone == []


def test_every_column_is_of_its_type(inspector: sa.Inspector) -> None:
    types = TYPES[inspector.dialect.name]
    for table, name, drawn, found in drawn_and_found(inspector):
        wanted = (sa.Integer,) if (table, name) in OF_ANOTHER_TYPE else types[drawn.rstrip("?")]
        assert isinstance(found["type"], wanted), f"{table}.{name} is {found['type']!r}"


def test_every_column_is_empty_only_where_it_may_be(inspector: sa.Inspector) -> None:
    for table, name, drawn, found in drawn_and_found(inspector):
        may_be_empty = drawn.endswith("?") or (table, name) in MAY_BE_EMPTY_ALL_THE_SAME
        assert found["nullable"] is may_be_empty, f"{table}.{name}"


def drawn_and_found(inspector: sa.Inspector) -> Iterator[tuple[str, str, str, Any]]:
    """Each column: its table, its name, as it was drawn, as it is."""
    for table, columns in TABLES.items():
        found = {column["name"]: column for column in inspector.get_columns(table)}
        yield from ((table, name, drawn, found[name]) for name, drawn in columns.items())


def test_the_id_is_the_key(inspector: sa.Inspector) -> None:
    keys = {table: tuple(inspector.get_pk_constraint(table)["constrained_columns"]) for table in TABLES}
    assert set(keys.values()) == {("id",)}


def test_moments_know_their_zone_on_postgresql(inspector: sa.Inspector, database: Database) -> None:
    moments = [
        column["type"]
        for table in inspector.get_table_names()
        for column in inspector.get_columns(table)
        if isinstance(column["type"], sa.DateTime)
    ]
    assert len(moments) > 60
    assert database.on_sqlite or all(moment.timezone for moment in moments)


def test_every_reference_is_held(inspector: sa.Inspector) -> None:
    held = {
        (table, column): key["referred_table"]
        for table in TABLES
        for key in inspector.get_foreign_keys(table)
        for column in key["constrained_columns"]
        if column != "organization_id" or len(key["constrained_columns"]) == 1
    }
    for reference, target in DIAGRAM["references"].items():
        assert held.get(tuple(reference.split("."))) == target, reference


def test_what_is_drawn_once_is_once(inspector: sa.Inspector) -> None:
    for reference in DIAGRAM["one_to_one"]:
        table, column = reference.split(".")
        assert [column] in [unique["column_names"] for unique in inspector.get_unique_constraints(table)], reference


def test_no_exception_is_idle(inspector: sa.Inspector) -> None:
    for table, name in MAY_BE_EMPTY_ALL_THE_SAME:
        column = next(column for column in inspector.get_columns(table) if column["name"] == name)
        assert column["nullable"]
        assert not TABLES[table][name].endswith("?")
