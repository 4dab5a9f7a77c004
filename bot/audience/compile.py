"""A rule as SQL: the first of its two legs, for a whole organization at once.

Each question about a satellite is an EXISTS of its own, which PostgreSQL turns into a semi-join. An
expression may be NULL on the way, which WHERE reads as no; a negation is therefore never NOT but
`IS NOT TRUE`, the exact complement. `evaluate` is the other leg and must agree on every rule and worker.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bot.audience import custom, days
from bot.audience.comparisons import PARTS, Condition, Scope, anniversary, ordered, part
from bot.audience.dialects import HasAll, HasAny, HasTags, MonthDay
from bot.audience.rules import COMPLEMENT, Group, Leaf, Node, asks_activity
from bot.audience.values import as_id
from models.base import TextList
from models.segments import Segment, SegmentMembership
from models.workers import Worker, WorkerContact, WorkerEmployment, WorkerEngagement, WorkerGamification

WORKERS: Final = cast("sa.Table", Worker.__table__)
SATELLITES: Final[Mapping[str, sa.Table]] = {
    "contact": cast("sa.Table", WorkerContact.__table__),
    "employment": cast("sa.Table", WorkerEmployment.__table__),
    "engagement": cast("sa.Table", WorkerEngagement.__table__),
    "gamification": cast("sa.Table", WorkerGamification.__table__),
}


def condition(rule: Group, *, organization_id: uuid.UUID, now: datetime, zone: ZoneInfo) -> Condition:
    """The rule as a condition on `workers`, for a statement that has that table in its FROM.

    True of the organization's members, false or NULL of everybody else. Unless the rule asks for
    `worker.is_active` itself, an inactive worker is no member.
    """
    scope = Scope(organization_id, now, zone)
    base = [WORKERS.c.organization_id == organization_id]
    if not asks_activity(rule):
        base.append(WORKERS.c.is_active.is_(sa.true()))
    return sa.and_(*base, _node(rule, scope))


def _node(node: Node, scope: Scope) -> Condition:
    if isinstance(node, Leaf):
        return _leaf(node, scope)
    join = sa.and_ if node.combinator == "and" else sa.or_
    said = join(*[_node(each, scope) for each in node.rules])
    return said.self_group().is_not(sa.true()) if node.negated else said


def _leaf(leaf: Leaf, scope: Scope) -> Condition:
    if leaf.operator not in COMPLEMENT:
        return _positive(leaf, scope)
    said = _positive(replace(leaf, operator=COMPLEMENT[leaf.operator]), scope)
    return ~said if isinstance(said, sa.Exists) else said.self_group().is_not(sa.true())


def _positive(leaf: Leaf, scope: Scope) -> Condition:
    field = leaf.field
    if field.kind == "segment":
        return _in_segment(leaf, scope)
    if field.kind == "tags":
        return _tags(leaf)
    if field.kind == "custom":
        return custom.says(leaf, WORKERS.c.custom_fields, scope)
    if field.section == "worker":
        return _column(leaf, WORKERS.c[field.key], scope)
    beside: sa.FromClause
    if field.section == "supervisor":
        beside = WORKERS.alias("supervisor")
        its_worker = beside.c.id == WORKERS.c.supervisor_id
    else:
        beside = SATELLITES[field.section]
        its_worker = beside.c.worker_id == WORKERS.c.id
    asked = _column(leaf, beside.c[field.key], scope)
    return _exists(its_worker, beside.c.organization_id == scope.organization_id, asked)


def _exists(*conditions: Condition) -> sa.Exists:
    return sa.select(sa.literal_column("1")).where(*conditions).correlate(WORKERS).exists()


def _column(leaf: Leaf, column: sa.ColumnElement[Any], scope: Scope) -> Condition:
    if leaf.operator == "notNull":
        return column.is_not(None)
    if leaf.operator == "anniversaryWithin":
        return sa.and_(column < days.midnight(scope.today), anniversary(leaf, MonthDay(column), scope))
    if leaf.field.kind in {"date", "datetime"}:
        return sa.or_(*[_spanned(column, each) for each in days.spans(leaf, scope.now, scope.zone)])
    if leaf.field.kind == "boolean":
        return column.is_(sa.true() if leaf.value else sa.false())
    if leaf.field.kind == "number":
        return ordered(leaf, sa.cast(column, sa.Double), lambda number: sa.literal(float(number), sa.Double))
    return part(leaf, column) if leaf.operator in PARTS else ordered(leaf, column)


def _spanned(column: sa.ColumnElement[Any], span: days.Span) -> Condition:
    from_start = [] if span.start is None else [column >= span.start]
    return sa.and_(*from_start, *([] if span.end is None else [column < span.end]))


def _tags(leaf: Leaf) -> Condition:
    if leaf.operator == "notNull":
        return HasTags(WORKERS.c.tags)
    wanted = sa.literal(list(cast("tuple[str, ...]", leaf.value)), TextList)
    return HasAny(WORKERS.c.tags, wanted) if leaf.operator == "hasAny" else HasAll(WORKERS.c.tags, wanted)


def _in_segment(leaf: Leaf, scope: Scope) -> Condition:
    named = [str(each) for each in cast("tuple[str, ...]", leaf.value)]
    segments = sa.select(Segment.id).where(
        Segment.organization_id == scope.organization_id,
        sa.or_(Segment.name.in_(named), Segment.id.in_([found for each in named if (found := as_id(each))])),
    )
    member = cast("sa.Table", SegmentMembership.__table__).alias("member")
    return _exists(
        member.c.worker_id == WORKERS.c.id,
        member.c.organization_id == scope.organization_id,
        member.c.segment_id.in_(segments),
    )
