"""Engines, sessions and transactions: the only way to the database.

A session sees one organization, or (`service_session`) is one of the few that serve them all: finding a
hook's integration, the clock's sweeps, the operator. Scoping is done for the ORM here; statements in
Core name the organization themselves, and row-level security is PostgreSQL's second wall.

On SQLite writers take turns by a FIFO lock of this process before they BEGIN IMMEDIATE: with polling the
slowest writer waited 2 s in a burst, with the queue 27 ms.
"""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from bot import nudge
from bot.errors import Misconfigured, ShiftlineError, Unavailable
from models.base import Owned

ANNOUNCE = "SELECT set_config('shiftline.organization', %s, true)"
_END_FROZEN = """
WITH ours AS (
  SELECT * FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user
  AND split_part(application_name, ' ', 1) = split_part(current_setting('application_name'), ' ', 1)
  AND application_name <> current_setting('application_name')
), frozen AS (
  SELECT application_name FROM ours
  WHERE wait_event = 'ClientRead' AND backend_xid IS NOT NULL AND state_change < clock_timestamp() - :span
)
SELECT count(pg_terminate_backend(pid)) FROM ours
WHERE state <> 'idle' AND application_name IN (SELECT application_name FROM frozen)
"""


class DatabaseUnreachable(Unavailable):
    """The database can't be reached. Check DATABASE_URL and that the server runs."""

    code = "database_unreachable"


class ForeignOrganization(ShiftlineError):
    """A row of one organization was about to be written in the session of another."""

    code = "foreign_organization"


class Turns:
    """A lock that serves in the order of asking."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._taken = False

    def __enter__(self) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        mine.acquire()

    def __exit__(self, *_: object) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


class Database:
    """One database: its writing engine, its reading engine, and the nudges that leave after commits."""

    def __init__(self, url: str, *, pool: int = 12) -> None:
        self.url = url
        self.on_sqlite = url.startswith("sqlite")
        self.sender: nudge.Sender = nudge.nobody
        self._turns = Turns() if self.on_sqlite else nullcontext()
        try:
            self.engine = self._sqlite(url, readonly=False) if self.on_sqlite else self._postgresql(url, pool)
            self.reader = self._sqlite(url, readonly=True) if self.on_sqlite else self.engine
            alone = {} if self.on_sqlite else {"isolation_level": "AUTOCOMMIT"}
            self._looker = self.reader.execution_options(**alone)
        except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ValueError):
            raise Misconfigured("DATABASE_URL can't be understood: see the README for its two forms.") from None

    @contextmanager
    def organization_session(self, organization_id: uuid.UUID) -> Iterator[Session]:
        """A transaction that sees one organization; commits at the end, rolls back on any error."""
        with self._session(organization_id) as session:
            yield session

    @contextmanager
    def service_session(self) -> Iterator[Session]:
        """A transaction over all organizations, for what serves them all."""
        with self._session(None) as session:
            yield session

    @contextmanager
    def reading(self, organization_id: uuid.UUID | None) -> Iterator[Session]:
        """A session that only reads, and on SQLite never waits for a writer."""
        with (
            _told(),
            _Scoped(self.reader, expire_on_commit=False, info={"organization_id": organization_id}) as session,
        ):
            yield session

    def end_frozen(self, span: timedelta) -> int:
        """End the transactions of other processes of ours that have locked rows and then said nothing for `span`.

        A process that is stopped in the middle of a claim, or a machine that has lost its power, would else keep
        everybody else from that sender for as long as it pleases. All its transactions go at once: those that wait
        for a lock would get it, one after the other, and hold it as long. PostgreSQL's own limit
        (idle_in_transaction_session_timeout) ends them singly, and not after psycopg's executemany and its Flush.
        """
        if self.on_sqlite:
            return 0
        with self.service_session() as session:
            ended: int = session.execute(sa.text(_END_FROZEN), {"span": span}).scalar_one()
        return ended

    @contextmanager
    def looking_up(self) -> Iterator[sa.Connection]:
        """For one look over all organizations, without a transaction around it: one round trip, not three."""
        with _told(), self._looker.connect() as connection:
            yield connection

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()
        self.reader.dispose()

    @contextmanager
    def _session(self, organization_id: uuid.UUID | None) -> Iterator[Session]:
        info = {"organization_id": organization_id, nudge.SENDER: self.sender}
        with (
            _told(),
            _Scoped(self.engine, expire_on_commit=False, info=info) as session,
            self._turns,
            session.begin(),
        ):
            yield session

    @staticmethod
    def _postgresql(url: str, pool: int) -> sa.Engine:
        return sa.create_engine(
            url,
            pool_size=pool,
            max_overflow=4,
            pool_pre_ping=False,
            connect_args={"connect_timeout": 5, "application_name": _application_name(url)},
        )

    @staticmethod
    def _sqlite(url: str, *, readonly: bool) -> sa.Engine:
        engine = sa.create_engine(url, connect_args={"timeout": 15}, pool_size=12, max_overflow=20)
        event.listen(engine, "connect", _prepare_reader if readonly else _prepare_writer)
        event.listen(engine, "begin", _begin if readonly else _begin_immediate)
        return engine


def _application_name(url: str) -> str:
    """Which of our processes a connection belongs to, for `end_frozen` and for whoever looks at pg_stat_activity."""
    given = sa.make_url(url).query.get("application_name", "shiftline")
    return f"{given} {_process()}"[:63]  # PostgreSQL's limit


def _process() -> str:
    return f"{os.getpid()}@{socket.gethostname()}"


def on_sqlite(session: Session) -> bool:
    """Which of the two databases this session talks to."""
    return session.get_bind().dialect.name == "sqlite"


def deadlocked(error: sa.exc.DBAPIError) -> bool:
    """Whether PostgreSQL ended this transaction because two waited for each other (SQLSTATE 40P01)."""
    return getattr(error.orig, "sqlstate", None) == "40P01"


@contextmanager
def _told() -> Iterator[None]:
    """An unreachable database as one plain sentence."""
    try:
        yield
    except sa.exc.OperationalError as error:
        if error.connection_invalidated or error.statement is None:
            raise DatabaseUnreachable from error
        raise


def _pragmas(connection: Any, *statements: str) -> None:
    connection.isolation_level = None  # SQLAlchemy's events decide when to BEGIN
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()


def _prepare_writer(connection: Any, _record: Any) -> None:
    _pragmas(
        connection,
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=NORMAL",
        "PRAGMA foreign_keys=ON",
        "PRAGMA busy_timeout=15000",
    )


def _prepare_reader(connection: Any, _record: Any) -> None:
    _pragmas(connection, "PRAGMA query_only=ON", "PRAGMA busy_timeout=15000")


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class _Scoped(Session):
    """A session that sees one organization only, or all where `info` names none.

    Its listeners hang on the class: hung on each session, they cost as much as three statements.
    """


def _reads(state: ORMExecuteState) -> None:
    organization_id = state.session.info["organization_id"]
    if organization_id is None or not state.is_orm_statement:
        return
    if not state.is_column_load and not state.is_relationship_load:
        criteria = state.session.info.get("criteria")
        if criteria is None:
            criteria = state.session.info["criteria"] = with_loader_criteria(
                Owned, lambda owned: owned.organization_id == organization_id, include_aliases=True
            )
        state.statement = state.statement.options(criteria)


def _writes(session: Session, *_: Any) -> None:
    organization_id = session.info["organization_id"]
    for row in (*session.new, *session.dirty, *session.deleted) if organization_id is not None else ():
        if isinstance(row, Owned) and cast("Any", row).organization_id != organization_id:
            raise ForeignOrganization


def _announce(session: Session, _transaction: Any, connection: sa.Connection) -> None:
    """Tell PostgreSQL's row-level security whose session this is, until the transaction ends."""
    organization_id = session.info["organization_id"]
    if organization_id is not None and connection.dialect.name != "sqlite":
        connection.exec_driver_sql(ANNOUNCE, (str(organization_id),))


event.listen(_Scoped, "do_orm_execute", _reads)
event.listen(_Scoped, "before_flush", _writes)
event.listen(_Scoped, "after_begin", _announce)
nudge.listen(_Scoped)
