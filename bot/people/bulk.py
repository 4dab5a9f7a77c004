"""Thousands of rows in one statement, on either database.

PostgreSQL gets them as one JSON document: row by row, the protocol alone cost more than the import's
minute. SQLite has no protocol, and there the time goes into preparing each row; so the columns' own
rules are looked up once per statement. Long lists of ids travel as one value for the same reason.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from bot.database import on_sqlite
from models.base import Base

Columned = dict[str, Any]


def insert(session: Session, table: sa.Table, rows: Sequence[Columned], *, ignore_conflicts: bool = False) -> None:
    """Insert `rows`, all with the same columns and every column without a server's default among them."""
    if not rows:
        return
    names = list(rows[0])
    listed = ", ".join(names)
    end = "ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    if on_sqlite(session):
        statement = f"INSERT INTO {table.name} ({listed}) VALUES ({', '.join('?' * len(names))}) {end}"
        session.connection().exec_driver_sql(statement, _tuples(session, table, names, rows))
        return
    source = _recordset(session, table, names)
    statement = f"INSERT INTO {table.name} ({listed}) SELECT {listed} FROM {source} {end}"
    session.execute(sa.text(statement), {"rows": _document(rows)})


def update(session: Session, table: sa.Table, key: str, rows: Sequence[Columned]) -> None:
    """Set every other column of `rows` where `key` is the row's. Keys are ids, so they name no foreign rows."""
    if not rows:
        return
    names = [name for name in rows[0] if name != key]
    if on_sqlite(session):
        told = ", ".join(f"{name} = ?" for name in names)
        values = _tuples(session, table, [*names, key], rows)
        session.connection().exec_driver_sql(f"UPDATE {table.name} SET {told} WHERE {key} = ?", values)
        return
    told = ", ".join(f"{name} = told.{name}" for name in names)
    source = _recordset(session, table, [key, *names])
    statement = f"UPDATE {table.name} SET {told} FROM {source} WHERE {table.name}.{key} = told.{key}"
    session.execute(sa.text(statement), {"rows": _document(rows)})


def among(session: Session, column: sa.ColumnElement[Any], values: Collection[Any]) -> sa.ColumnElement[bool]:
    """`column`, of ids or text, is one of `values`; as cheap for five thousand of them as for one."""
    if on_sqlite(session):
        return column.in_(sa.select(listed(session, column, values)))
    return column == sa.func.any(_array(column, values))


def refresh_statistics(session: Session, *tables: type[Base]) -> None:
    """Tell PostgreSQL how full these tables are by now.

    It finds out by itself within a minute; until then it plans for empty ones, and each further batch
    of an import reads all the batches before it.
    """
    if not on_sqlite(session):
        session.execute(sa.text("ANALYZE " + ", ".join(table.__tablename__ for table in tables)))


def listed(session: Session, column: sa.ColumnElement[Any], values: Collection[Any]) -> sa.ColumnElement[Any]:
    """`values` of the kind of `column`, as the one column of a table to select from."""
    if on_sqlite(session):
        keep = _way(column.type, session)
        table = sa.func.json_each(json.dumps([keep(value) for value in values])).table_valued("value")
    else:
        table = sa.func.unnest(_array(column, values)).table_valued("value").render_derived()
    return table.c.value


def _array(column: sa.ColumnElement[Any], values: Collection[Any]) -> sa.BindParameter[Any]:
    plain = sa.Text() if isinstance(column.type, sa.types.TypeDecorator) else column.type
    return sa.bindparam(None, list(values), type_=postgresql.ARRAY(plain))


def _recordset(session: Session, table: sa.Table, names: Sequence[str]) -> str:
    dialect = session.get_bind().dialect
    columns = ", ".join(f"{name} {table.c[name].type.compile(dialect)}" for name in names)
    return f"jsonb_to_recordset(CAST(:rows AS jsonb)) AS told ({columns})"


def _document(rows: Sequence[Columned]) -> str:
    return json.dumps(rows, default=_plain, ensure_ascii=False)


@lru_cache(maxsize=4096)  # the organization and the moment come with every row, a worker's id with six
def _plain(value: object) -> str:
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} can't be written in bulk")


def _tuples(session: Session, table: sa.Table, names: Sequence[str], rows: Sequence[Columned]) -> list[tuple[Any, ...]]:
    ways = [(name, _remembering(_way(table.c[name].type, session))) for name in names]
    return [tuple([way(row[name]) for name, way in ways]) for row in rows]


def _way(kind: sa.types.TypeEngine[Any], session: Session) -> Callable[[Any], Any]:
    """How a value is kept. Asked of the dialect's own type: the general one doesn't know SQLite's format of moments."""
    dialect = session.get_bind().dialect
    return kind.dialect_impl(dialect).bind_processor(dialect) or _as_it_is


def _remembering(way: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`way`, without working out again what the row before had, too."""
    last: Any = _as_it_is
    result: Any = None

    def keep(value: Any) -> Any:
        nonlocal last, result
        if value is not last:
            last, result = value, way(value)
        return result

    return keep


def _as_it_is(value: Any) -> Any:
    return value
