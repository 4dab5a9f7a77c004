"""Segments that ask for other segments: by id whatever a manager wrote, never in a circle, the asked one first.

A rule is stored with ids, because a renamed or deleted segment would otherwise turn "not in segment
Night shift" into everybody without a word.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.audience.rules import Group, Leaf, Node, parse, segments_of
from bot.audience.values import as_id
from bot.errors import BadInput
from models.segments import Segment

N = TypeVar("N", bound=Node)

_segments = cast("sa.Table", Segment.__table__)


def pinned(session: Session, organization_id: uuid.UUID, rule: Group) -> tuple[Group, dict[str, str]]:
    """The rule with ids in place of segment names, and the names by those ids.

    BadInput where a segment isn't there.
    """
    asked = list(segments_of(rule))
    if not asked:
        return rule, {}
    ids = _ids(session, organization_id, {name for _, name in asked})
    for path, name in asked:
        if name not in ids:
            raise BadInput(f'{path}.value: there is no segment "{name[:60]}"')
    names = _names(session, organization_id, ids.values())
    return _with_ids(rule, ids), names


def refuse_circle(session: Session, organization_id: uuid.UUID, segment_id: uuid.UUID, rule: Group) -> None:
    """BadInput where `rule` (with ids) would make the segment ask, over however many others, for itself."""
    asking = _asking(session, organization_id) | {str(segment_id): {each for _, each in segments_of(rule)}}
    try:
        TopologicalSorter(asking).prepare()
    except CycleError:
        raise BadInput("rules: this segment would ask for itself, by way of the segments that it names") from None


def in_order(session: Session, organization_id: uuid.UUID) -> list[uuid.UUID]:
    """Every segment that has a rule, those that others ask for first."""
    asking = _asking(session, organization_id)
    try:
        return [uuid.UUID(each) for each in TopologicalSorter(asking).static_order() if each in asking]
    except CycleError:
        return [uuid.UUID(each) for each in asking]


def _asking(session: Session, organization_id: uuid.UUID) -> dict[str, set[str]]:
    """Segment id → the ids it asks for; a rule that can't be read asks for nothing."""
    rows = session.execute(
        sa.select(_segments.c.id, _segments.c.rule_definition)
        .where(_segments.c.organization_id == organization_id, _segments.c.rule_definition.is_not(None))
        .order_by(_segments.c.id)
    )
    return {str(segment_id): _asked(document) for segment_id, document in rows}


def _asked(document: Mapping[str, Any]) -> set[str]:
    try:
        return {each for _, each in segments_of(parse(document))}
    except BadInput:
        return set()


def _ids(session: Session, organization_id: uuid.UUID, asked: set[str]) -> dict[str, str]:
    ids = [found for each in asked if (found := as_id(each))]
    rows = session.execute(
        sa.select(_segments.c.id, _segments.c.name).where(
            _segments.c.organization_id == organization_id, sa.or_(_segments.c.name.in_(asked), _segments.c.id.in_(ids))
        )
    ).all()
    return {name: str(each) for each, name in rows} | {str(each): str(each) for each, _ in rows}


def _names(session: Session, organization_id: uuid.UUID, ids: Iterable[str]) -> dict[str, str]:
    rows = session.execute(
        sa.select(_segments.c.id, _segments.c.name).where(
            _segments.c.organization_id == organization_id, _segments.c.id.in_([uuid.UUID(each) for each in ids])
        )
    )
    return {str(each): name for each, name in rows}


def _with_ids(node: N, ids: Mapping[str, str]) -> N:
    if isinstance(node, Group):
        return replace(node, rules=tuple(_with_ids(each, ids) for each in node.rules))
    if isinstance(node, Leaf) and node.field.kind == "segment" and isinstance(node.value, tuple):
        return replace(node, value=tuple(dict.fromkeys(ids[str(each)] for each in node.value)))
    return node
