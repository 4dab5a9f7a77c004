"""The roll of an organization's people, as somebody looks for a name in it.

Every word that is looked for must stand somewhere in a person's name, number, job, department, team, phone or
e-mail. Capital letters don't matter: the databases fold those of ASCII only, so words with others are
looked for in each spelling that people type.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.database import on_sqlite
from bot.tenancy.rows import Rows
from models import Worker, WorkerContact, WorkerEmployment, WorkerEngagement

MOST_WORDS = 6


class Enrolled(NamedTuple):
    """A person in the list."""

    id: uuid.UUID
    external_id: str | None
    first_name: str
    last_name: str
    is_active: bool
    job_title: str | None
    department: str | None
    phone: str | None
    slack_user_id: str | None
    texts: bool | None
    last_interaction: datetime | None

    @property
    def name(self) -> str:
        """As one says it."""
        return f"{self.first_name} {self.last_name}"


def listed(
    session: Session, rows: Rows, wanted: str = "", *, offset: int = 0, limit: int = 50
) -> tuple[Sequence[Enrolled], int]:
    """Those whom the words mean and these rows reach, by name, and how many they are in all."""
    where = [rows.workers(Worker.id), *(_mentions(session, word) for word in wanted.split()[:MOST_WORDS])]
    total = session.scalar(_joined(sa.select(sa.func.count(Worker.id))).where(*where)) or 0
    columns = (
        Worker.id, Worker.external_id, Worker.first_name, Worker.last_name, Worker.is_active,
        WorkerEmployment.job_title, WorkerEmployment.department, WorkerContact.primary_phone_number,
        WorkerContact.slack_user_id, WorkerContact.communication_consent, WorkerEngagement.last_interaction_date,
    )  # fmt: skip
    found = session.execute(
        _joined(sa.select(*columns))
        .where(*where)
        .order_by(Worker.last_name, Worker.first_name, Worker.id)
        .offset(offset)
        .limit(limit)
    )
    return [Enrolled(*row) for row in found], total


def _joined(query: Any) -> Any:
    return (
        query.select_from(Worker)
        .outerjoin(WorkerContact, WorkerContact.worker_id == Worker.id)
        .outerjoin(WorkerEmployment, WorkerEmployment.worker_id == Worker.id)
        .outerjoin(WorkerEngagement, WorkerEngagement.worker_id == Worker.id)
    )


def _mentions(session: Session, word: str) -> sa.ColumnElement[bool]:
    """Whether a word stands in what is known of a person. No LIKE: `%` and `_` are letters here."""
    said = [
        Worker.first_name, Worker.last_name, Worker.external_id, WorkerEmployment.job_title,
        WorkerEmployment.department, WorkerEmployment.team, WorkerContact.primary_phone_number,
        WorkerContact.email_address,
    ]  # fmt: skip
    text: Any = sa.func.coalesce(said[0], "")
    for column in said[1:]:
        text = text + " " + sa.func.coalesce(column, "")
    place = sa.func.instr if on_sqlite(session) else sa.func.strpos
    spellings = {word, word.lower(), word.upper(), word.title()}
    return sa.or_(place(sa.func.lower(text), word.lower()) > 0, *(place(text, each) > 0 for each in sorted(spellings)))


def among(session: Session, worker_id: uuid.UUID, rows: Rows) -> bool:
    """Whether these rows reach that person."""
    return bool(session.scalar(sa.select(sa.exists().where(Worker.id == worker_id, rows.workers(Worker.id)))))
