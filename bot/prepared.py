"""Statements of the hot path, compiled once.

What passes with every webhook must not be put together, looked up in caches and compiled with every webhook:
SQLAlchemy takes 0.1 to 1 ms of CPU for a statement that PostgreSQL runs in 0.05 ms. Here a Core statement is
compiled when it is first used on a kind of database, and from then on only its values are bound; its types keep
their meaning on both databases.

`Together` makes one statement of several writes: on PostgreSQL each is a CTE, so that they travel, are planned and
are run together; SQLite, which has no writing CTEs and no journey, runs them one after another. `Bulk` is one write
for many rows: on PostgreSQL they travel as an array for each column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

Values = Mapping[str, Any]
Row = tuple[Any, ...]


class Overtaken(Exception):
    """Somebody else changed in between what this transaction stands on; done again, it sees the change."""


class Write(NamedTuple):
    """One write of a `Together`, made for a kind of database. It `must` change a row, else Overtaken."""

    make: Callable[[str], Any]
    must: bool = False


def parameter(write: str, column: sa.Column[Any], name: str = "") -> sa.BindParameter[Any]:
    """A value of one write's own: of `column`'s type, and called by it unless it has a `name`."""
    return sa.bindparam(f"{write}_{name or column.name}", type_=column.type)


def shared(table: sa.Table, *names: str) -> dict[str, sa.BindParameter[Any]]:
    """Columns whose values all writes of a `Together` share."""
    return {name: sa.bindparam(name, type_=table.c[name].type) for name in names}


def now(table: sa.Table, *names: str) -> dict[str, sa.BindParameter[Any]]:
    """Columns that take the one moment of a `Together`."""
    return {name: sa.bindparam("now", type_=table.c[name].type) for name in names}


def inserting(table: sa.Table, values: Mapping[str, Any]) -> Callable[[str], Any]:
    """An insert of one row, in either database's form, to which what happens on a conflict can be added."""
    if left_out := [column.name for column in table.c if column.default is not None and column.name not in values]:
        raise ValueError(f"{table.name}: {', '.join(left_out)} has a default that only the ORM would give")

    def make(dialect: str) -> Any:
        insert: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
        return insert(table).values(dict(values)).inline()

    return make


class Prepared:
    """A Core statement with bound parameters, ready to run."""

    def __init__(self, make: Callable[[str], sa.ClauseElement]) -> None:
        self._make = make
        self._ready: dict[str, _Ready] = {}

    def rows(self, connection: sa.Connection, values: Values) -> list[Row]:
        """Run it: the rows, each value of its column's type."""
        ready = self._for(connection.dialect)
        cursor = _execute(connection, ready.text, ready.bound(values))
        try:
            return ready.read(cursor)
        finally:
            cursor.close()

    def run(self, connection: sa.Connection, values: Values) -> int:
        """Run it: how many rows it changed."""
        ready = self._for(connection.dialect)
        cursor = _execute(connection, ready.text, ready.bound(values))
        changed: int = cursor.rowcount
        cursor.close()
        return changed

    def many(self, connection: sa.Connection, rows: Sequence[Values]) -> None:
        """Run it for each of `rows`."""
        ready = self._for(connection.dialect)
        connection.exec_driver_sql(ready.text, [ready.bound(row) for row in rows])

    def _for(self, dialect: Dialect) -> _Ready:
        ready = self._ready.get(dialect.name)
        if ready is None:
            compiled = self._make(dialect.name).compile(dialect=dialect)
            ready = self._ready[dialect.name] = _Ready(cast("SQLCompiler", compiled), dialect)
        return ready


def _execute(connection: sa.Connection, text: str, values: Sequence[Any]) -> Any:
    """A cursor of the driver's after it ran `text`; its errors come as SQLAlchemy's.

    psycopg's own cursor would translate the names of parameters with each execution (longer statements than 4 kB
    are not kept): its raw one takes PostgreSQL's numbers.
    """
    driver: Any = connection.connection.driver_connection
    cursor = psycopg.RawCursor(driver) if connection.dialect.name == "postgresql" else driver.cursor()
    try:
        if isinstance(cursor, psycopg.RawCursor):
            cursor.execute(cast("Any", text), values, prepare=True)
        else:
            cursor.execute(text, values)
    except connection.dialect.loaded_dbapi.Error as error:
        cursor.close()
        dialect = connection.dialect
        gone = dialect.is_disconnect(error, driver, None)
        if gone:
            connection.invalidate(error)
        base: Any = dialect.loaded_dbapi.Error
        raise sa.exc.DBAPIError.instance(
            text, None, error, base, hide_parameters=True, connection_invalidated=gone, dialect=dialect
        ) from error
    return cursor


class Together:
    """Writes that belong together, chosen by name each time."""

    def __init__(self, writes: Mapping[str, Write]) -> None:
        self._writes = writes
        self._combined: dict[tuple[str, ...], Prepared] = {}
        self._single = {name: Prepared(write.make) for name, write in writes.items()}

    def run(self, connection: sa.Connection, common: Values, chosen: Mapping[str, Values]) -> None:
        """Do the writes `chosen` by name with their own values, in order. Overtaken if one that must doesn't."""
        names = tuple(chosen)
        own = {f"{name}_{column}": value for name, values in chosen.items() for column, value in values.items()}
        values = {**common, **own}
        if connection.dialect.name == "sqlite":
            for name in names:
                if not self._single[name].run(connection, values) and self._writes[name].must:
                    raise Overtaken
            return
        if names not in self._combined:
            self._combined[names] = Prepared(partial(self._combine, names))
        (changed,) = self._combined[names].rows(connection, values)
        if not all(changed):
            raise Overtaken

    def _combine(self, names: Sequence[str], dialect: str) -> sa.ClauseElement:
        one: sa.ColumnElement[int] = sa.literal_column("1")
        parts = {
            name: self._writes[name].make(dialect).returning(one.label("done")).cte(f"do_{name}") for name in names
        }
        must: list[sa.ColumnElement[int]] = [
            sa.select(sa.func.count()).select_from(parts[name]).scalar_subquery()
            for name in names
            if self._writes[name].must
        ]
        return sa.select(*(must or [one])).add_cte(*parts.values())


class Bulk:
    """One write for many rows of `columns`. `make` gets what stands for each column's value."""

    def __init__(
        self, columns: Mapping[str, sa.types.TypeEngine[Any]], make: Callable[[Mapping[str, Any]], sa.ClauseElement]
    ) -> None:
        self._columns = dict(columns)
        self._make = make
        self._prepared = Prepared(self._over)

    @classmethod
    def insert(
        cls, table: sa.Table, names: Sequence[str], otherwise: Callable[[Any], sa.ClauseElement] = lambda insert: insert
    ) -> Bulk:
        """Insert rows with these columns; `otherwise` says what happens to those that are there already."""
        left_out = [column.name for column in table.c if column.default is not None and column.name not in names]
        if left_out:
            raise ValueError(f"{table.name}: {', '.join(left_out)} has a default that only the ORM would give")

        def make(given: Mapping[str, Any]) -> sa.ClauseElement:
            arrays = isinstance(next(iter(given.values())), sa.Column | sa.ColumnClause)
            insert: Any = postgresql.insert(table) if arrays else sqlite.insert(table)
            if arrays:
                insert = insert.from_select(list(names), sa.select(*given.values()), include_defaults=False)
            return otherwise(insert if arrays else insert.values(dict(given)).inline())

        return cls({name: table.c[name].type for name in names}, make)

    def run(self, connection: sa.Connection, rows: Sequence[Values]) -> None:
        """Write all of `rows`, each with every column."""
        if not rows:
            return
        if connection.dialect.name == "sqlite":
            self._prepared.many(connection, rows)
        else:
            self._prepared.run(connection, {name: [row[name] for row in rows] for name in self._columns})

    def _over(self, dialect: str) -> sa.ClauseElement:
        if dialect == "sqlite":
            return self._make({name: sa.bindparam(name, type_=kind) for name, kind in self._columns.items()})
        arrays = [
            sa.bindparam(name, type_=postgresql.ARRAY(kind, dimensions=1)) for name, kind in self._columns.items()
        ]
        columns = [sa.column(name, kind) for name, kind in self._columns.items()]
        given = sa.func.unnest(*arrays).table_valued(*columns, name="given").render_derived()
        return self._make({name: given.c[name] for name in self._columns})


class _Ready:
    """A compiled statement with what turns values into the driver's and back."""

    def __init__(self, compiled: SQLCompiler, dialect: Dialect) -> None:
        kept = {name: bind for bind, name in compiled.bind_names.items()}
        if compiled.positiontup is None:
            self.text, self._names = _numbered(str(compiled), kept)
        else:
            self.text, self._names = str(compiled), tuple(compiled.positiontup)
        self._processors = {
            name: processor
            for name, bind in kept.items()
            if (processor := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        self._constants = {name: bind.effective_value for name, bind in kept.items() if not bind.required}
        statement: Any = compiled.statement
        columns: Any = getattr(statement, "selected_columns", None) or getattr(statement, "exported_columns", ())
        self._columns = [column.type for column in columns]
        self._dialect = dialect
        self._results: list[Any] = []

    def bound(self, values: Values) -> tuple[Any, ...]:
        """The parameters as the driver takes them."""
        return tuple(
            processor(value) if (processor := self._processors.get(name)) and value is not None else value
            for name, value in (
                (name, values[name] if name in values else self._constants[name]) for name in self._names
            )
        )

    def read(self, cursor: Any) -> list[Row]:
        """The rows in our types. What a driver's number type needs is known only once it has answered."""
        found = cast("list[Row]", cursor.fetchall())
        results = self._results = self._results or self._processors_of(cursor)
        if not any(results):
            return found
        return [
            tuple(value if reads is None else reads(value) for value, reads in zip(row, results, strict=True))
            for row in found
        ]

    def _processors_of(self, cursor: Any) -> list[Any]:
        codes = [column[1] for column in cursor.description]
        return [
            kind.dialect_impl(self._dialect).result_processor(self._dialect, code)
            for kind, code in zip(self._columns, codes, strict=True)
        ]


def _numbered(text: str, names: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """Psycopg's `%(name)s` as PostgreSQL's `$1`, and the names in that order; a value that comes twice is sent once."""
    order: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return f"${order.setdefault(found[1], len(order) + 1)}"

    numbered = re.sub(r"%\((\w+)\)s", number, text).replace("%%", "%")
    if missing := order.keys() - set(names):
        raise ValueError(f"no such parameters: {missing}")
    return numbered, tuple(order)
