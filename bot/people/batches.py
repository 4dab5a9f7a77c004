"""One batch of an import: what is there is read once, compared, and only what differs is written.

Set-based, because a hundred thousand workers are six hundred thousand rows. A worker is written with
all five satellites or not at all; `workers.updated_at` moves only when something about them changed,
since that is how segments find whom to look at again.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import chance, clock
from bot.people import bulk, consent, identities
from bot.people.rows import Kind, WorkerRow, typed
from models.reach import ChannelIdentity, ConsentEvent
from models.workers import (
    Worker,
    WorkerContact,
    WorkerEmployment,
    WorkerEngagement,
    WorkerGamification,
    WorkerWellbeing,
)

Columned = dict[str, Any]

_workers = cast("sa.Table", Worker.__table__)
_contacts = cast("sa.Table", WorkerContact.__table__)
_employments = cast("sa.Table", WorkerEmployment.__table__)
_BESIDE: Sequence[tuple[sa.Table, Columned]] = (
    (cast("sa.Table", WorkerEngagement.__table__), {}),
    (cast("sa.Table", WorkerWellbeing.__table__), {}),
    (cast("sa.Table", WorkerGamification.__table__), {"points_balance": 0, "badges_earned_count": 0}),
)

TABLES = (Worker, WorkerContact, WorkerEmployment, ChannelIdentity, ConsentEvent)
"""What a large import fills and each batch looks things up in."""
WORKER = (
    "first_name", "last_name", "date_of_birth", "tags", "custom_fields", "supervisor_id", "is_active", "time_zone",
)  # fmt: skip
CONTACT = (
    "location_city", "location_state_province", "location_country", "primary_phone_number",
    "preferred_language", "email_address", "slack_user_id",
)  # fmt: skip
EMPLOYMENT = ("job_title", "department", "team", "hire_date")


@dataclass(frozen=True, slots=True)
class Import:
    """What is the same for every batch of one import."""

    organization_id: uuid.UUID
    language: str
    """For new workers whose row tells none: the organization's."""
    ids: Mapping[str, uuid.UUID]
    kinds: Mapping[str, Kind]
    user_id: uuid.UUID | None = None


@dataclass(slots=True)
class Counts:
    """How many workers a batch made, changed and left alone."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def add(self, other: Counts) -> None:
        """Count another batch, too."""
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged


@dataclass(slots=True)
class _Plan:
    """Per table the rows to write. `touched`: workers of whom anything changed."""

    made: list[Columned] = field(default_factory=list)
    workers: dict[uuid.UUID, Columned] = field(default_factory=dict)
    contacts: dict[uuid.UUID, Columned] = field(default_factory=dict)
    employments: dict[uuid.UUID, Columned] = field(default_factory=dict)
    statements: list[consent.Statement] = field(default_factory=list)
    new: set[uuid.UUID] = field(default_factory=set)
    touched: set[uuid.UUID] = field(default_factory=set)


def write(session: Session, run: Import, rows: Sequence[WorkerRow]) -> Counts:
    """Write a batch in the transaction of `session`; IntegrityError where somebody else was quicker."""
    now = clock.now()
    plan = _planned(_existing(session, run, rows, lock=True), run, rows)
    _insert(session, run, plan, now)
    _update(session, run, plan, now)
    reached = plan.new | plan.contacts.keys()
    if reached:
        identities.link(session, run.organization_id, reached)
    said = consent.record_many(session, run.organization_id, plan.statements, user_id=run.user_id, at=now)
    if reached | said:
        consent.project(session, run.organization_id, reached | said, touch=False)
    _touch(session, run, said - plan.touched - plan.new, now)
    return _counted(plan, said, len(rows))


def compare(session: Session, run: Import, rows: Sequence[WorkerRow]) -> Counts:
    """What `write` would do, without doing it."""
    plan = _planned(_existing(session, run, rows, lock=False), run, rows)
    said = consent.planned(session, run.organization_id, plan.statements)
    return _counted(plan, {statement.worker_id for statement, _ in said}, len(rows))


def _counted(plan: _Plan, said: set[uuid.UUID], rows: int) -> Counts:
    updated = len((plan.touched | said) - plan.new)
    return Counts(len(plan.new), updated, rows - len(plan.new) - updated)


def _existing(session: Session, run: Import, rows: Sequence[WorkerRow], *, lock: bool) -> dict[uuid.UUID, Columned]:
    """What is there of the batch's workers; in the order of their ids, so that two imports don't lock crosswise."""
    columns = [*(_workers.c[name] for name in WORKER), *(_contacts.c[name] for name in CONTACT)]
    wanted = (
        sa.select(_workers.c.id, *columns, *(_employments.c[name] for name in EMPLOYMENT))
        .join(_contacts, _contacts.c.worker_id == _workers.c.id)
        .join(_employments, _employments.c.worker_id == _workers.c.id)
        .where(
            _workers.c.organization_id == run.organization_id,
            bulk.among(session, _workers.c.id, [run.ids[row.external_id] for row in rows]),
        )
        .order_by(_workers.c.id)
    )
    if lock:
        wanted = wanted.with_for_update(key_share=True)
    return {found["id"]: dict(found) for found in session.execute(wanted).mappings()}


def _planned(existing: Mapping[uuid.UUID, Columned], run: Import, rows: Sequence[WorkerRow]) -> _Plan:
    plan = _Plan()
    for row in rows:
        worker_id = run.ids[row.external_id]
        before = existing.get(worker_id)
        after = _after(before or _nobody(run), row, run)
        if before is None:
            plan.new.add(worker_id)
            plan.made.append({"worker_id": worker_id, "external_id": row.external_id, **after})
        else:
            _note_changes(plan, worker_id, before, after)
        plan.statements.extend(_statement(row, worker_id, before, after))
    return plan


def _nobody(run: Import) -> Columned:
    nothing = dict.fromkeys((*WORKER, *CONTACT, *EMPLOYMENT))
    return nothing | {"tags": [], "is_active": True, "preferred_language": run.language}


def _after(before: Columned, row: WorkerRow, run: Import) -> Columned:
    """The worker as they are to be."""
    after = before | row.worker | row.contact | row.employment
    if set(after["tags"]) == set(before["tags"]):
        after["tags"] = before["tags"]
    if row.supervisor:
        after["supervisor_id"] = run.ids[row.supervisor]
    if row.custom:
        known = before["custom_fields"] or {}
        after["custom_fields"] = known | {name: _value(run, known, name, cell) for name, cell in row.custom.items()}
    return after


def _value(run: Import, known: Mapping[str, Any], name: str, cell: str) -> Any:
    """A custom cell, typed; what is kept as text stays text, though this month's file may hold only digits."""
    return cell if isinstance(known.get(name), str) else typed(cell, run.kinds[name])


def _note_changes(plan: _Plan, worker_id: uuid.UUID, before: Columned, after: Columned) -> None:
    for names, changes in ((WORKER, plan.workers), (CONTACT, plan.contacts), (EMPLOYMENT, plan.employments)):
        if any(not _same(before[name], after[name]) for name in names):
            changes[worker_id] = {name: after[name] for name in names}
            plan.touched.add(worker_id)


def _same(before: Any, after: Any) -> bool:
    """Equal and of the same kind inside: to Python, 1 and true are equal, to a segment's rule they aren't."""
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(_same(before[name], after[name]) for name in before)
    return bool(before == after) and isinstance(before, bool) == isinstance(after, bool)


def _statement(
    row: WorkerRow, worker_id: uuid.UUID, before: Columned | None, after: Columned
) -> list[consent.Statement]:
    """What the row says of the phone: a yes, a no, or only that the phone is another one."""
    phone = after["primary_phone_number"]
    moved = before is None or before["primary_phone_number"] != phone
    if not phone or (row.consent is None and not moved):
        return []
    state: consent.State | None = None
    if row.consent is not None:
        state = "granted" if row.consent else "revoked"
    source = f"{consent.IMPORT}: {row.consent_source}" if row.consent_source else consent.IMPORT
    return [consent.Statement(consent.SMS, phone, worker_id, state, source)]


def _insert(session: Session, run: Import, plan: _Plan, now: datetime) -> None:
    if not plan.made:
        return
    own = {"organization_id": run.organization_id, "created_at": now, "updated_at": now}

    def rows(names: Sequence[str], **more: Any) -> list[Columned]:
        beside = own | more
        told = ("worker_id", *names)
        return [beside | {"id": chance.new_id()} | {name: made[name] for name in told} for made in plan.made]

    told = ("external_id", *WORKER)
    workers = [own | {"id": made["worker_id"]} | {name: made[name] for name in told} for made in plan.made]
    bulk.insert(session, _workers, workers)
    bulk.insert(session, _contacts, rows(CONTACT, communication_consent=False))
    bulk.insert(session, _employments, rows(EMPLOYMENT))
    for table, columns in _BESIDE:
        bulk.insert(session, table, rows((), **columns))


def _update(session: Session, run: Import, plan: _Plan, now: datetime) -> None:
    stamp = {"updated_at": now}
    bulk.update(session, _workers, "id", [{"id": worker_id} | row | stamp for worker_id, row in plan.workers.items()])
    for table, changes in ((_contacts, plan.contacts), (_employments, plan.employments)):
        rows = [{"worker_id": worker_id} | row | stamp for worker_id, row in changes.items()]
        bulk.update(session, table, "worker_id", rows)
    _touch(session, run, plan.touched - plan.workers.keys(), now)


def _touch(session: Session, run: Import, workers: set[uuid.UUID], now: datetime) -> None:
    if workers:
        mine = (_workers.c.organization_id == run.organization_id, bulk.among(session, _workers.c.id, workers))
        session.execute(sa.update(_workers).where(*mine).values(updated_at=now))
