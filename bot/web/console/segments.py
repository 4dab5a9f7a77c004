"""Segments: the list, one with its rule in words and its members, what its syncs did, and a sync right now."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, Response, flash, make_response, redirect, request, url_for
from sqlalchemy.orm import Session

from bot import clock
from bot.audience import roster
from bot.audience.roster import Run
from bot.errors import Forbidden
from bot.nudge import nudge
from bot.tenancy import audit
from bot.web.console import paging
from bot.web.console.page import show
from bot.web.security import permission
from bot.web.visitor import reading, visitor, writing
from models import Segment

PATIENCE = timedelta(minutes=1)
"""How long a page waits for a sync that was asked for: the engine may be busy, or not there at all."""


def install(app: Flask) -> None:
    """The addresses under /segments."""
    one = "/segments/<uuid:segment_id>"
    app.add_url_rule("/segments", "segments", listed)
    app.add_url_rule(one, "segment", segment)
    app.add_url_rule(f"{one}/runs", "segment_runs", runs)
    app.add_url_rule(f"{one}/sync", "segment_sync", sync, methods=("POST",))


@permission("segment:read")
def listed() -> Response:
    """?page=."""
    asked = paging.asked(50)
    with reading() as session:
        rows = visitor().rows(session, "segment:read")
        page = asked.of(roster.listed(session, rows, offset=asked.offset, limit=asked.size))
    return show("segments/list.html", page=page)


@permission("segment:read")
def segment(segment_id: uuid.UUID) -> Response:
    """The rule, the members (?page=), the syncs; ?asked= since when somebody waits for one."""
    asked = paging.asked(50)
    with reading() as session:
        rows = visitor().rows(session, "segment:read")
        found, by = roster.shown(session, segment_id, rows)
        page = asked.of(roster.members(session, segment_id, rows, offset=asked.offset, limit=asked.size))
        return show(
            "segments/segment.html", segment=found, by=by, outline=roster.outline(session, found), page=page,
            may_sync=found.rule_definition is not None and _may_sync(session, segment_id), **_runs(session, found),
        )  # fmt: skip


@permission("segment:read")
def runs(segment_id: uuid.UUID) -> Response:
    """What the page asks for again while a sync is under way; when it is done, the page as a whole."""
    with reading() as session:
        found, _ = roster.shown(session, segment_id, visitor().rows(session, "segment:read"))
        context = _runs(session, found)
    response = show("segments/runs.html", segment=found, **context)
    if not context["waits"]:
        response.headers["HX-Redirect"] = url_for("segment", segment_id=segment_id)
    return response


@permission("segment:write")
def sync(segment_id: uuid.UUID) -> Response:
    """Ask the engine for a sync; the page then waits for it."""
    who, now = visitor(), clock.now()
    with writing() as session:
        found, _ = roster.shown(session, segment_id, who.rows(session, "segment:write"))
        if not _may_sync(session, segment_id):
            raise Forbidden("This segment also holds people who are not in your care, so you can't sync it.")
        if found.rule_definition is None:
            flash("Everybody in this segment is picked by hand: there is no rule to follow.", "warning")
            return make_response(redirect(url_for("segment", segment_id=segment_id), 303))
        audit.record(session, who.organization_id, who.actor, "segment.synced", str(segment_id))
        nudge(session, "sync_segment", str(segment_id))
    return make_response(redirect(url_for("segment", segment_id=segment_id, asked=int(now.timestamp())), 303))


def _may_sync(session: Session, segment_id: uuid.UUID) -> bool:
    """A sync moves everybody in it, so a grant for some of them is not enough."""
    who = visitor()
    if not who.may("segment:write"):
        return False
    rows = who.rows(session, "segment:write")
    return rows.whole or segment_id in rows.segments


def _runs(session: Session, found: Segment) -> dict[str, Any]:
    shown, since = roster.runs(session, found.id), _asked()
    return {"runs": shown, "waits": _waits(shown, since), "asked": request.args.get("asked", "") if since else ""}


def _waits(shown: list[Run], since: datetime | None) -> bool:
    """Whether a sync is under way, or asked for and not begun."""
    if since is None or clock.now() - since > PATIENCE:
        return False
    newest = shown[0].job if shown else None
    return newest is None or newest.created_at < since or newest.completed_at is None


def _asked() -> datetime | None:
    text = request.args.get("asked", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 11):
        return None
    return datetime.fromtimestamp(int(text), UTC)
