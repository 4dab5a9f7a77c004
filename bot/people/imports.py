"""The import of a workers file: all of it is read and screened first, then the good rows go in.

Nothing is written for a file that can't be read. A bad row is reported with its number and reason and
changes nothing; the others go in, in batches of one transaction each, so that a hundred thousand rows
neither hold the database for a minute nor are lost when the last one fails. Importing the same file
again changes nothing.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import chance
from bot.database import Database
from bot.errors import BadInput, Forbidden, NotFound
from bot.nudge import nudge
from bot.people import batches, bulk, screening, sheets
from bot.people.columns import columns_of
from bot.people.known import known_of
from bot.people.rows import RowRefused, WorkerRow, kinds_of, read_row
from bot.tenancy import audit, roles
from bot.tenancy.roles import Actor
from bot.tenancy.settings import load
from models.organizations import Organization
from models.workers import ImportJob

BATCH = 2_000
BREATH = 0.05
"""Seconds between batches on SQLite, which has one writer: without them a webhook waits 0.6 s, with them 8 ms."""
GROWN = (1, 4, 16, 64)
"""After which batches the database should look again how much it holds."""
TRIES = 3

Progress = Callable[[int, int], None]
"""Called with (rows done, rows in all) after each batch."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of a file; `job_id` None for a dry run.

    `rejected` and `warnings` are {"row", "reason"} in the order of the file; a row with a warning went in.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    job_id: uuid.UUID | None = None

    def as_json(self) -> dict[str, Any]:
        """The document that the command line and the API show; `warnings` only where there are some."""
        left_out = {"job_id"} | (set() if self.warnings else {"warnings"})
        return {name: value for name, value in asdict(self).items() if name not in left_out}


def import_workers(
    database: Database,
    organization_id: uuid.UUID,
    source: Path | str | BinaryIO,
    *,
    file_name: str,
    mapping: Mapping[str, str | None] | None = None,
    dry_run: bool = False,
    actor: Actor,
    progress: Progress | None = None,
) -> ImportResult:
    """Create and update workers from a file (formats.md § Workers file), by their external_id.

    `mapping` names the file's own columns ({"Emp #": "external_id"}). BadInput where the file as a
    whole can't be read; Forbidden where `actor` may not import.
    """
    if roles.require(actor, "worker:import").type != "organization":
        raise Forbidden("You may only import workers for the whole organization.")
    rows, refused = _read(_content(source), mapping)
    empty = not rows and not refused
    run, screened = _screened(database, organization_id, rows, actor)
    refused |= screened.refused
    work = _Work(database, run, screened.rows, refused, progress, empty=empty)
    return work.look() if dry_run else work.do(file_name, actor)


def _content(source: Path | str | BinaryIO) -> bytes:
    if not isinstance(source, Path | str):
        return source.read(sheets.MOST_BYTES + 1)
    try:
        with Path(source).open("rb") as file:
            return file.read(sheets.MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise BadInput(f"{source} can't be read: {getattr(error, 'strerror', None) or error}.") from None


def _read(content: bytes, mapping: Mapping[str, str | None] | None) -> tuple[list[WorkerRow], dict[int, str]]:
    """Every row that is right by itself, and what is wrong with the others."""
    sheet = sheets.read(content)
    columns = columns_of(sheet.header, mapping)
    rows, refused = [], {}
    for number, cells in sheet.rows:
        try:
            rows.append(read_row(number, cells, columns))
        except RowRefused as error:
            refused[number] = str(error)
    return rows, refused


def _screened(
    database: Database, organization_id: uuid.UUID, rows: Sequence[WorkerRow], actor: Actor
) -> tuple[batches.Import, screening.Screened]:
    with database.reading(organization_id) as session:
        organization = session.get(Organization, organization_id)
        if organization is None:
            raise NotFound("There is no such organization.")
        language = load(organization.settings).locale.default_language
        known = known_of(session, organization_id, rows)
    screened = screening.screen(rows, known, chance.new_id)
    kinds = kinds_of(screened.rows)
    return batches.Import(organization_id, language, screened.ids, kinds, actor.user_id), screened


@dataclass(slots=True)
class _Work:
    """The rows that go in, and how far they have come."""

    database: Database
    run: batches.Import
    rows: Sequence[WorkerRow]
    refused: dict[int, str]
    progress: Progress | None
    empty: bool = False
    counts: batches.Counts = field(default_factory=batches.Counts)
    job_id: uuid.UUID | None = None

    def look(self) -> ImportResult:
        """What would happen."""
        with self.database.reading(self.run.organization_id) as session:
            for batch in self._batches():
                self.counts.add(batches.compare(session, self.run, batch))
        return self._result()

    def do(self, file_name: str, actor: Actor) -> ImportResult:
        """Write batch by batch, and keep the job's record true whatever happens."""
        with self._session() as session:
            job = ImportJob(
                organization_id=self.run.organization_id, file_name=file_name, created_by_id=actor.user_id, rejected=[]
            )
            session.add(job)
            session.flush()
            self.job_id = job.id
        try:
            for number, batch in enumerate(self._batches(), 1):
                self._write(batch)
                if number in GROWN:
                    with self._session() as session:
                        bulk.refresh_statistics(session, *batches.TABLES)
        except BaseException as error:
            self._close("failed", actor, f"Stopped by {type(error).__name__}; the batches before it are in.")
            raise
        self._close("finished", actor)
        return self._result()

    def _batches(self) -> Iterator[Sequence[WorkerRow]]:
        for start in range(0, len(self.rows), BATCH):
            if start and self.database.on_sqlite and self.job_id:
                time.sleep(BREATH)
            yield self.rows[start : start + BATCH]
            if self.progress:
                self.progress(min(start + BATCH, len(self.rows)), len(self.rows))

    def _write(self, batch: Sequence[WorkerRow], tries: int = TRIES) -> None:
        """One batch, one transaction.

        Somebody may have taken a phone or made a worker since the screening. Then the batch is halved
        until the row in question stands alone and can be refused without the others.
        """
        try:
            with self._session() as session:
                counts = batches.write(session, self.run, batch)
                self._note(session, counts)
        except sa.exc.IntegrityError:
            if len(batch) == 1:
                self.refused[batch[0].number] = "somebody changed the same worker or phone just now: import it again"
                return
            for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
                self._write(half)
        except sa.exc.OperationalError as error:
            if tries == 1 or getattr(error.orig, "sqlstate", None) != "40P01":
                raise
            self._write(batch, tries - 1)  # a deadlock: the other one has gone through meanwhile
        else:
            self.counts.add(counts)

    def _note(self, session: Session, counts: batches.Counts) -> None:
        """Count the batch on the job, in the batch's own transaction."""
        so_far = replace(self.counts)
        so_far.add(counts)
        session.execute(sa.update(ImportJob).where(ImportJob.id == self.job_id).values(**asdict(so_far)))

    def _close(self, state: str, actor: Actor, error: str | None = None) -> None:
        result = self._result()
        with self._session() as session:
            job = session.get_one(ImportJob, self.job_id)
            job.state, job.error_message, job.rejected = state, error, result.rejected
            facts = {"file": job.file_name, "state": state, **asdict(self.counts), "rejected": len(result.rejected)}
            audit.record(session, job.organization_id, actor, "workers.import", str(job.id), **facts)
            if self.counts.created or self.counts.updated:
                nudge(session, "sync_segments", str(job.organization_id))

    def _session(self) -> Any:
        return self.database.organization_session(self.run.organization_id)

    def _result(self) -> ImportResult:
        rejected = [{"row": number, "reason": reason} for number, reason in sorted(self.refused.items())]
        return ImportResult(**asdict(self.counts), rejected=rejected, warnings=self._warnings(), job_id=self.job_id)

    def _warnings(self) -> list[dict[str, Any]]:
        if self.empty:
            return [{"row": 1, "reason": "there is no row below the header"}]
        odd = sorted((row for row in self.rows if row.remarks), key=lambda row: row.number)
        return [{"row": row.number, "reason": "; ".join(row.remarks)} for row in odd if row.number not in self.refused]
