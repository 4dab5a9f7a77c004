"""`shiftline segment`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from bot import clock
from bot.audience import references, rules, segments, sync
from bot.audience.unheard import unheard
from bot.cli.desk import Desk, about, command, json_of
from bot.cli.words import counted
from bot.errors import ShiftlineError
from models import SegmentSyncJob

segment = click.Group("segment", help="Audiences by rule.")
COMMANDS = {"segment": segment}

_rule = click.option(
    "--rule", "path", required=True, type=click.Path(path_type=Path), help="A JSON file with the rule."
)


class SyncFailed(ShiftlineError):
    """The segment could not be brought in line; nothing was changed."""

    code = "sync_failed"


@click.argument("name")
@_rule
@click.option("--description", help="What it is for.")
def add(desk: Desk, name: str, path: Path, description: str | None) -> None:
    """Make a segment of everybody whom a rule means, and fill it."""
    rule = _read(path)
    with desk.writing() as session:
        warnings = _checked(session, desk.organization_id, rule, path)
        document = rules.to_json(rule)
        made = segments.add(
            session, desk.organization_id, name, document, description=description, user_id=desk.user_id
        )
        desk.note(session, "segment.added", made.id)
        segment_id = made.id
    job = _worked(sync.sync(desk.database, desk.organization_id, segment_id))
    desk.warn(*warnings)
    given = {"id": str(segment_id), "worker_count": job.match_count, **_told(warnings)}
    desk.give(
        given,
        f"{name} has {counted(job.match_count, 'worker')}: {segment_id}",
        f"Try it: shiftline broadcast preview --content ID --segment {segment_id} --org {desk.slug}",
    )


@_rule
@click.option("--ids", is_flag=True, help="List the external ids.")
def preview(desk: Desk, path: Path, *, ids: bool) -> None:
    """Say whom a rule means now, without storing anything."""
    rule = _read(path)
    with desk.reading() as session:
        warnings = _checked(session, desk.organization_id, rule, path)
        zone = segments.zone_of(session, desk.organization_id)
        found = segments.preview(session, desk.organization_id, rule, clock.now(), zone, ids=ids)
    desk.warn(*warnings)
    given = {"count": found.count, "reachable": dict(found.reachable), "external_ids": found.external_ids}
    reach = ", ".join(f"{count:,} by {channel}" for channel, count in found.reachable.items() if count) or "nobody"
    desk.give(
        given | _told(warnings), f"{counted(found.count, 'worker')}; reachable: {reach}.", *(found.external_ids or ())
    )


def _read(path: Path) -> rules.Group:
    document = json_of(path, "a rule")
    with about(path):
        return rules.parse(document)


def _checked(session: Session, organization_id: uuid.UUID, rule: rules.Group, path: Path) -> list[str]:
    """What is odd about the rule, each sentence with the file's name; BadInput where it asks for no segment of ours."""
    with about(path):
        references.pinned(session, organization_id, rule)
    return [f"{path.name}: {each}" for each in unheard(session, organization_id, rule)]


def _told(warnings: Sequence[str]) -> dict[str, list[str]]:
    return {"warnings": list(warnings)} if warnings else {}


def listed(desk: Desk) -> None:
    """The segments and how many are in each."""
    with desk.reading() as session:
        rows: list[dict[str, Any]] = [
            {
                "id": str(each.id),
                "name": each.name,
                "worker_count": each.worker_count,
                "rule": each.rule_definition is not None,
                "last_sync_at": each.last_sync_at,
            }
            for each in segments.every(session)
        ]
    lines = [f"{row['id']}  {counted(row['worker_count'], 'worker'):>15}  {row['name']}" for row in rows]
    nothing = f"No segments yet. Make one: shiftline segment add NAME --rule FILE --org {desk.slug}"
    desk.give(rows, *(lines or [nothing]))


@click.argument("segment_id", metavar="SEGMENT", required=False)
def sync_now(desk: Desk, segment_id: str | None) -> None:
    """Bring one segment, or all, in line with the rule."""
    if segment_id is None:
        jobs = sync.sync_all(desk.database, desk.organization_id)
    else:
        with desk.reading() as session:
            found = segments.find(session, segment_id).id
        jobs = [_worked(sync.sync(desk.database, desk.organization_id, found))]
    documents = [_job(job) for job in jobs]
    with desk.reading() as session:
        names = {each.id: each.name for each in segments.every(session)}
    desk.give(
        documents[0] if segment_id else documents,
        *(
            [f"{names[each['segment_id']]}: {_outcome(each)}" for each in documents]
            or ["There is no segment with a rule."]
        ),
    )


@click.argument("segment_id", metavar="SEGMENT")
def members(desk: Desk, segment_id: str) -> None:
    """Who is in it, and why."""
    with desk.reading() as session:
        found = segments.members(session, segments.find(session, segment_id).id)
    rows = [member._asdict() for member in found]
    desk.give(
        rows, *([f"{member.external_id}  {member.name}: {member.reason}" for member in found] or ["Nobody is in it."])
    )


@click.argument("segment_id", metavar="SEGMENT")
@click.argument("external_id")
def why(desk: Desk, segment_id: str, external_id: str) -> None:
    """Why a worker is in a segment or not."""
    with desk.reading() as session:
        verdict = segments.why(session, segments.find(session, segment_id), external_id, clock.now())
    wish = [] if verdict.would_match_if is None else [f"They would be in it if: {verdict.would_match_if}"]
    desk.give(asdict(verdict), f"{'Yes' if verdict.member else 'No'}: {verdict.reason}", *wish)


def _worked(job: SegmentSyncJob) -> SegmentSyncJob:
    if job.error_message:
        raise SyncFailed(f"The segment was not brought in line: {job.error_message}")
    return job


def _outcome(job: dict[str, Any]) -> str:
    return job["error_message"] or counted(job["match_count"] or 0, "worker")


def _job(job: SegmentSyncJob) -> dict[str, Any]:
    columns = ("id", "segment_id", "started_at", "completed_at", "processed_count", "match_count", "error_message")
    return {name: getattr(job, name) for name in columns}


command(segment, "add", "segment:write")(add)
command(segment, "preview", "segment:read")(preview)
command(segment, "list", "segment:read")(listed)
command(segment, "sync", "segment:write")(sync_now)
command(segment, "members", "segment:read")(members)
command(segment, "why", "segment:read")(why)
