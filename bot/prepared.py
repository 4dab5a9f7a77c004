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

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

Values = Mapping[str, Any]
Row = tuple[Any, ...]


class Overtaken(Exception):
    """Somebody else changed in between what this transaction stands on; done again, it sees the change."""


class Write(NamedTuple):
    """One write of a `Together`: its parameters are called `NAME_column`. `must` change a row, else Overtaken."""

    statement: sa.Insert | sa.Update
    must: bool = False


class Prepared:
    """A Core statement with bound parameters, ready to run."""

    def __init__(self, make: Callable[[str], sa.ClauseElement]) -> None:
        self._make = make
        self._ready: dict[str, _Ready] = {}

    def rows(self, connection: sa.Connection, values: Values) -> list[Row]:
        """Run it: the rows, each value of its column's type."""
        ready = self._for(connection.dialect)
        cursor = connection.exec_driver_sql(ready.text, ready.bound(values))
        found = [tuple(row) for row in cursor]
        return [ready.read(row) for row in found] if ready.reads else found

    def run(self, connection: sa.Connection, values: Values) -> int:
        """Run it: how many rows it changed."""
        ready = self._for(connection.dialect)
        return connection.exec_driver_sql(ready.text, ready.bound(values)).rowcount

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


class Together:
    """Writes that belong together, chosen by name each time."""

    def __init__(self, writes: Mapping[str, Write]) -> None:
        self._writes = writes
        self._combined: dict[tuple[str, ...], Prepared] = {}
        self._single = {name: Prepared(partial(_as_it_is, write.statement)) for name, write in writes.items()}

    def run(self, connection: sa.Connection, chosen: Mapping[str, Values]) -> None:
        """Do the writes `chosen` by name with their columns' values, in order. Overtaken if one that must doesn't."""
        names = tuple(chosen)
        values = {f"{name}_{column}": value for name, own in chosen.items() for column, value in own.items()}
        if connection.dialect.name == "sqlite":
            for name in names:
                if not self._single[name].run(connection, values) and self._writes[name].must:
                    raise Overtaken
            return
        if names not in self._combined:
            self._combined[names] = Prepared(lambda _: self._combine(names))
        (changed,) = self._combined[names].rows(connection, values)
        if not all(changed):
            raise Overtaken

    def _combine(self, names: Sequence[str]) -> sa.ClauseElement:
        one: sa.ColumnElement[int] = sa.literal_column("1")
        parts = {name: self._writes[name].statement.returning(one.label("done")).cte(f"do_{name}") for name in names}
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


def _as_it_is(statement: sa.ClauseElement, _: str) -> sa.ClauseElement:
    return statement


class _Ready:
    """A compiled statement with what turns values into the driver's and back."""

    def __init__(self, compiled: SQLCompiler, dialect: Dialect) -> None:
        self.text = str(compiled)
        self._processors = {
            name: processor
            for bind, name in compiled.bind_names.items()
            if (processor := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        self._constants = {
            name: bind.effective_value for bind, name in compiled.bind_names.items() if not bind.required
        }
        self._names = tuple(compiled.bind_names.values())
        self._positions = tuple(compiled.positiontup or ())
        results = [
            column.type.dialect_impl(dialect).result_processor(dialect, None)
            for column in getattr(compiled.statement, "selected_columns", ())
        ]
        self.reads = any(results)
        self._results = results

    def bound(self, values: Values) -> Any:
        """The parameters as the driver takes them."""
        given = {
            name: processor(value) if (processor := self._processors.get(name)) and value is not None else value
            for name, value in (
                (name, values[name] if name in values else self._constants[name]) for name in self._names
            )
        }
        return tuple(given[name] for name in self._positions) if self._positions else given

    def read(self, row: Row) -> Row:
        """A row in our types."""
        return tuple(value if reads is None else reads(value) for value, reads in zip(row, self._results, strict=True))
