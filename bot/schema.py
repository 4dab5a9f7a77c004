"""The shape of the database: bring it up, take it back, and refuse to work on the wrong one.

An upgrade is one transaction that nobody else can be in at the same time, so that two machines that are
started together don't both make the tables: PostgreSQL has an advisory lock for it, and SQLite lets one
process write at a time. Whoever comes second finds nothing left to do.

Alembic is the engine, told where its scripts are as a package, so that it works from any folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import event

from bot.database import Database
from bot.errors import BadInput, Misconfigured

LOCK = 7_451_660_316  # a number of our own among PostgreSQL's advisory locks


class SchemaMissing(Misconfigured):
    """This database has no tables yet. Run `shiftline migrate`."""

    code = "schema_missing"


class SchemaOlder(Misconfigured):
    """This database was made by an older Shiftline. Run `shiftline migrate`."""

    code = "schema_older"


class SchemaNewer(Misconfigured):
    """This database was made by a newer Shiftline: update Shiftline, or restore a backup made before."""

    code = "schema_newer"

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"This database was made by a newer Shiftline (revision {revision}): "
            "update Shiftline, or restore a backup made before."
        )


class FileUnusable(Misconfigured):
    """The SQLite file can't be used."""

    code = "database_file_unusable"


def upgrade(database_url: str) -> None:
    """Bring the database to this Shiftline's shape, from nothing or from an older one; twice does no harm.

    Makes a SQLite file's folder. SchemaNewer, DatabaseUnreachable, FileUnusable, Misconfigured.
    """
    if (path := _file(database_url)) is not None:
        _make_folder(path.parent)
    _migrate(database_url, lambda config: command.upgrade(config, "head"))


def refuse_missing_folder(database_url: str, home: Path) -> None:
    """FileUnusable where a SQLite file's folder isn't there, unless that is `home`, which may be made.

    A folder made from a typing mistake is an empty database in the wrong place, found out when the other is missed.
    """
    path = _file(database_url)
    if path is not None and not path.parent.exists() and path.parent.absolute() != home:
        raise FileUnusable(f"{path.parent.absolute()} is no folder: make it, or correct DATABASE_URL.")


def downgrade(database_url: str, revision: str) -> None:
    """Take the database back to `revision` ("base" is nothing at all), with the loss of whatever came after.

    BadInput where there is no such revision; otherwise as `upgrade`.
    """
    _migrate(database_url, lambda config: command.downgrade(config, revision))


def current(database: Database) -> str | None:
    """The revision that the database is at; None where it has none, or where there is no SQLite file."""
    path = _file(database.url)
    if path is not None and not path.exists():
        return None  # to look would make the file
    with _file_explained(path), database.reading(None) as session:
        return _revision(session.connection())


def check(database: Database) -> None:
    """Refuse any other shape than this Shiftline's: SchemaMissing, SchemaOlder, SchemaNewer; DatabaseUnreachable."""
    found = current(database)
    if found is None:
        raise SchemaMissing(_where_missing(_file(database.url)))
    scripts = ScriptDirectory.from_config(_config())
    _refuse_newer(scripts, found)
    if found != scripts.get_current_head():
        raise SchemaOlder


def _where_missing(path: Path | None) -> str | None:
    """Which file isn't there: whoever gives a command in another folder looks for another database."""
    if path is None or path.exists():
        return None
    return f"There is no database at {path} yet. Run `shiftline migrate`, or set SHIFTLINE_DATA to its folder."


def _migrate(database_url: str, run: Callable[[Config], None]) -> None:
    """Run a command of Alembic's in a transaction of our own that holds the lock."""
    database = Database(database_url)
    config = _config()
    try:
        with _file_explained(_file(database_url)), _alone(database) as connection:
            if (found := _revision(connection)) is not None:
                _refuse_newer(ScriptDirectory.from_config(config), found)
            config.attributes["connection"] = connection
            run(config)
            _refuse_broken_keys(connection)
    except CommandError as error:
        raise BadInput(f"{error}.") from None
    finally:
        database.dispose()


@contextmanager
def _alone(database: Database) -> Iterator[sa.Connection]:
    """A transaction that is the only one of its kind, on whatever machine the others run."""
    if database.on_sqlite:
        event.listen(database.engine, "connect", _without_foreign_keys)
    with database.service_session() as session:
        connection = session.connection()  # on SQLite this begins IMMEDIATE
        if not database.on_sqlite:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        yield connection


def _without_foreign_keys(connection: Any, _record: Any) -> None:
    """A batch makes a table anew and drops the old one, which would delete, by cascade, whatever points to it.

    SQLite ignores this pragma inside a transaction, so it is said on connecting.
    """
    connection.execute("PRAGMA foreign_keys=OFF")


def _refuse_broken_keys(connection: sa.Connection) -> None:
    """What SQLite didn't look at while keys were off."""
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise FileUnusable(f"The migration was undone: a row of {broken[0]} would point to nothing in {broken[2]}.")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "models:migrations")
    return config


def _revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(scripts: ScriptDirectory, found: str) -> None:
    if found not in {script.revision for script in scripts.walk_revisions()}:
        raise SchemaNewer(found)


def _file(database_url: str) -> Path | None:
    """The SQLite file; None for PostgreSQL and for a database in memory."""
    if not database_url.startswith("sqlite"):
        return None
    name = sa.make_url(database_url).database
    return Path(name) if name and name != ":memory:" else None


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileUnusable(f"{folder} can't be made ({error.strerror}): {_WAY_OUT}") from None


@contextmanager
def _file_explained(path: Path | None) -> Iterator[None]:
    """SQLite's own words name neither the file nor what to do."""
    try:
        yield
    except Exception as error:
        reason = _why_unusable(path, error)
        if reason is None:
            raise
        raise FileUnusable(f"{path} {reason}: {_WAY_OUT}") from None


def _why_unusable(path: Path | None, error: BaseException | None) -> str | None:
    """What is wrong with the file, if anything; DatabaseUnreachable may stand in front of SQLite's own error."""
    while path is not None and error is not None:
        words = str(error)
        for hint, reason in _REASONS.items():
            if hint in words:
                return reason
        error = error.__cause__
    return None


_WAY_OUT = "set SHIFTLINE_DATA to a folder of your own, or DATABASE_URL."
_REASONS = {
    "unable to open database file": "can't be opened",
    "attempt to write a readonly database": "can't be written",
    "file is not a database": "isn't an SQLite database",
    "database or disk is full": "has no room left on its disk",
}
