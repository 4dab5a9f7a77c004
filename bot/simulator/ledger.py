"""What happened in this world, append-only, in one SQLite file.

Everything else that the simulator knows is a fold over these rows: a simulator that is killed
and started again on the same file still has its messages. A row is committed before the
request that caused it is answered, so a client that has an answer can be held to it. In lean
mode one thread commits every 50 ms instead; then only the death of the simulator itself loses
rows, never the death of somebody else. Even a reset is a row: readers begin after the last one.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

COMMIT_EVERY = 0.05
RESET = "control.reset"

_TABLES = """
CREATE TABLE IF NOT EXISTS ledger (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    decision TEXT NOT NULL,
    accepted INTEGER,
    fault TEXT,
    data TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS registrations (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, key)
);
"""
_INSERT = "INSERT INTO ledger (id, at, kind, key, decision, accepted, fault, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_SELECT = """
SELECT id, at, kind, key, decision, accepted, fault, data FROM ledger
WHERE id > ? AND (? = '' OR kind = ? OR substr(kind, 1, length(?) + 1) = ? || '.') ORDER BY id LIMIT ?
"""
_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class LedgerInUse(Exception):
    """Another simulator writes this ledger."""


class Row(NamedTuple):
    """One request received, webhook sent or thing that somebody did."""

    id: int
    at: float
    kind: str
    key: str  # the message's sid or ts, the event's id
    decision: str
    accepted: bool | None  # requests only: did it take effect?
    fault: str | None
    data: dict[str, Any]


class Ledger:
    """The rows, and beside them the accounts and teams that were registered."""

    def __init__(self, path: str, *, lean: bool = False) -> None:
        self._lock_file = _only_one(path)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_TABLES)
        self._held = threading.Lock()
        self._pending: deque[Row] = deque()
        self._last = int(self._db.execute("SELECT COALESCE(MAX(id), 0) FROM ledger").fetchone()[0])
        self._start = self._last_reset()
        self._stopping = threading.Event()
        self._writer = threading.Thread(target=self._write, name="ledger", daemon=True) if lean else None
        if self._writer is not None:
            self._writer.start()

    @property
    def last(self) -> int:
        """The id of the newest row."""
        return self._last

    def append(
        self,
        kind: str,
        data: dict[str, Any],
        *,
        key: str = "",
        decision: str = "",
        accepted: bool | None = None,
        fault: str | None = None,
    ) -> Row:
        """Write one row; when this returns it is committed (or, in lean mode, will be within 50 ms)."""
        self._last += 1
        row = Row(self._last, time.time(), kind, key, decision, accepted, fault, data)
        if self._writer is None:
            self._db.execute(_INSERT, _columns(row))
        else:
            self._pending.append(row)
        if kind == RESET:
            self._start = row.id
        return row

    def read(self, after: int = 0, kind: str = "", limit: int = 1000) -> list[Row]:
        """Rows since the last reset, oldest first; `kind` is a whole kind or its beginning up to a dot."""
        self._drain()
        with self._held:
            found = self._db.execute(_SELECT, (max(after, self._start), kind, kind, kind, kind, limit)).fetchall()
        return [_row(columns) for columns in found]

    def replay(self) -> Iterator[Row]:
        """Every row since the last reset: what the world is made of."""
        after, page = 0, self.read(0, limit=5000)
        while page:
            yield from page
            after = page[-1].id
            page = self.read(after, limit=5000)

    def register(self, kind: str, key: str, value: dict[str, Any]) -> None:
        """Remember an account, a team or a schedule of faults. Tokens live here and never in a row."""
        with self._held:
            self._db.execute("INSERT OR REPLACE INTO registrations VALUES (?, ?, ?)", (kind, key, _dump(value)))

    def registered(self, kind: str) -> list[dict[str, Any]]:
        """What was registered under `kind`, in the order of its keys."""
        found = self._db.execute("SELECT value FROM registrations WHERE kind = ? ORDER BY key", (kind,))
        return [json.loads(value) for (value,) in found]

    def forget_registrations(self) -> None:
        """Drop every account, team and schedule."""
        with self._held:
            self._db.execute("DELETE FROM registrations")

    def close(self) -> None:
        """Write what is pending and let go of the file."""
        self._stopping.set()
        if self._writer is not None:
            self._writer.join()
        self._drain()
        self._db.close()
        if self._lock_file is not None:
            self._lock_file.close()

    def _write(self) -> None:
        while not self._stopping.wait(COMMIT_EVERY):
            self._drain()

    def _drain(self) -> None:
        if self._writer is None:
            return
        with self._held:
            rows = []
            while self._pending:
                rows.append(_columns(self._pending.popleft()))
            if rows:
                self._db.execute("BEGIN")
                self._db.executemany(_INSERT, rows)
                self._db.execute("COMMIT")

    def _last_reset(self) -> int:
        found = self._db.execute("SELECT COALESCE(MAX(id), 0) FROM ledger WHERE kind = ?", (RESET,)).fetchone()
        return int(found[0])


def _only_one(path: str) -> IO[str] | None:
    """Hold FILE.lock: two simulators that number the same rows would refuse each other's at random."""
    if path == ":memory:":
        return None
    held = Path(f"{path}.lock").open("w", encoding="ascii")  # noqa: SIM115 - held until close()
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        raise LedgerInUse(f"Another simulator writes the ledger {path}.") from error
    Path(path).touch(mode=0o600)
    return held


def _columns(row: Row) -> tuple[Any, ...]:
    return (*row[:7], _dump(row.data))


def _row(columns: tuple[Any, ...]) -> Row:
    id_, at, kind, key, decision, accepted, fault, data = columns
    return Row(id_, at, kind, key, decision, None if accepted is None else bool(accepted), fault, json.loads(data))
