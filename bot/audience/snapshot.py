"""What is known of one worker, as plain values: what `evaluate` is asked about.

`{"worker": {column: value}, "contact": {…}, "employment": {…}, "engagement": {…}, "gamification": {…},
"supervisor": {"external_id": …}, "tags": […], "custom": {key: value}, "segments": {ids and names}}`; moments
are aware. A missing satellite is a section of Nones.
"""

from __future__ import annotations

import uuid
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.audience.compile import SATELLITES, WORKERS
from bot.audience.fields import FIELDS
from bot.errors import NotFound
from models.segments import Segment, SegmentMembership

_supervisors = WORKERS.alias("supervisor")
_sections: dict[str, sa.FromClause] = {"worker": WORKERS, **SATELLITES, "supervisor": _supervisors}
_columns = {
    (field.section, field.key): _sections[field.section].c[field.key]
    for field in FIELDS.values()
    if field.section in _sections
}


def of_worker(session: Session, organization_id: uuid.UUID, external_id: str) -> dict[str, Any]:
    """The snapshot of the worker with that external id; NotFound where there is none."""
    known = WORKERS.outerjoin(_supervisors, _beside(_supervisors, _supervisors.c.id == WORKERS.c.supervisor_id))
    for satellite in SATELLITES.values():
        known = known.outerjoin(satellite, _beside(satellite, satellite.c.worker_id == WORKERS.c.id))
    labelled = [column.label(f"{section}.{key}") for (section, key), column in _columns.items()]
    row = session.execute(
        sa.select(WORKERS.c.id, WORKERS.c.custom_fields, *labelled)
        .select_from(known)
        .where(WORKERS.c.organization_id == organization_id, WORKERS.c.external_id == external_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f'There is no worker "{external_id[:60]}".')
    found: dict[str, Any] = {section: {} for section in _sections}
    for (section, key), value in zip(_columns, row[2:], strict=True):
        found[section][key] = value
    custom = row.custom_fields if isinstance(row.custom_fields, dict) else {}
    found |= {"tags": found["worker"].pop("tags") or [], "custom": custom}
    return found | {"segments": _segments(session, organization_id, row.id)}


def _beside(table: sa.FromClause, condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.and_(condition, table.c.organization_id == WORKERS.c.organization_id)


def _segments(session: Session, organization_id: uuid.UUID, worker_id: uuid.UUID) -> set[str]:
    member, segment = (cast("sa.Table", each.__table__) for each in (SegmentMembership, Segment))
    rows = session.execute(
        sa.select(segment.c.id, segment.c.name)
        .join(member, sa.and_(member.c.segment_id == segment.c.id, member.c.organization_id == organization_id))
        .where(segment.c.organization_id == organization_id, member.c.worker_id == worker_id)
    )
    return {str(each) for row in rows for each in row}
