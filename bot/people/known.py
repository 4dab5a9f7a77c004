"""What the database already says of the people in a file: a few questions by the thousand, none by the row."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.people import bulk
from bot.people.rows import WorkerRow
from bot.people.screening import Known
from models.workers import Worker, WorkerContact

PAGE = 5_000

_workers = cast("sa.Table", Worker.__table__)
_contacts = cast("sa.Table", WorkerContact.__table__)


def known_of(session: Session, organization_id: uuid.UUID, rows: Sequence[WorkerRow]) -> Known:
    """The workers, phones, Slack ids and lines of supervisors that `rows` touch."""
    names = {row.external_id for row in rows} | {row.supervisor for row in rows if row.supervisor}
    ids = _found(session, organization_id, _workers.c.external_id, _workers.c.id, names)
    phones = {row.phone for row in rows if row.phone}
    slack = {row.slack_user_id for row in rows if row.slack_user_id}
    return Known(
        ids,
        _found(session, organization_id, _contacts.c.primary_phone_number, _contacts.c.worker_id, phones),
        _found(session, organization_id, _contacts.c.slack_user_id, _contacts.c.worker_id, slack),
        _supervisors(session, organization_id, rows, ids),
    )


def _supervisors(
    session: Session, organization_id: uuid.UUID, rows: Sequence[WorkerRow], ids: dict[str, uuid.UUID]
) -> dict[uuid.UUID, uuid.UUID]:
    """Who supervises the file's workers and supervisors, and those, and so on to the top."""
    named = {name for row in rows if row.supervisor for name in (row.external_id, row.supervisor)}
    found: dict[uuid.UUID, uuid.UUID] = {}
    asked: set[uuid.UUID] = set()
    level = {ids[name] for name in named if name in ids}
    while level:
        above = _found(session, organization_id, _workers.c.id, _workers.c.supervisor_id, level)
        found |= {worker: supervisor for worker, supervisor in above.items() if supervisor}
        asked |= level
        level = set(above.values()) - asked - {None}
    return found


def _found(
    session: Session,
    organization_id: uuid.UUID,
    key: sa.Column[Any],
    value: sa.Column[Any],
    wanted: Collection[Any],
) -> dict[Any, Any]:
    """What is `value` by `key`, for those of `wanted` that are there."""
    found: dict[Any, Any] = {}
    for page in _pages(wanted):
        mine = (key.table.c.organization_id == organization_id, bulk.among(session, key, page))
        found.update((each[0], each[1]) for each in session.execute(sa.select(key, value).where(*mine)))
    return found


def _pages(items: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(items)
    while page := list(islice(rest, PAGE)):
        yield page
