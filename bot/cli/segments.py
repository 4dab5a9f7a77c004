"""`shiftline segment`."""

from __future__ import annotations

from pathlib import Path

import click

from bot import clock
from bot.audience import rules, segments, sync
from bot.cli.desk import Desk, command, json_of
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
    rule = json_of(path, "a rule")
    rules.parse(rule)  # a file that says null would make a segment picked by hand
    with desk.writing() as session:
        made = segments.add(session, desk.organization_id, name, rule, description=description, user_id=desk.user_id)
        desk.note(session, "segment.added", made.id)
        segment_id = made.id
    job = _worked(sync.sync(desk.database, desk.organization_id, segment_id))
    given = {"id": str(segment_id), "worker_count": job.match_count}
    desk.give(given, f"{name} has {job.match_count} workers: {segment_id}")


@_rule
@click.option("--ids", is_flag=True, help="List the external ids.")
def preview(desk: Desk, path: Path, *, ids: bool) -> None:
    """Say whom a rule means now, without storing anything."""
    rule = rules.parse(json_of(path, "a rule"))
    with desk.reading() as session:
        zone = segments.zone_of(session, desk.organization_id)
        found = segments.preview(session, desk.organization_id, rule, clock.now(), zone, ids=ids)
    given = {"count": found.count, "reachable": dict(found.reachable), "external_ids": found.external_ids}
    reach = ", ".join(f"{count} by {channel}" for channel, count in found.reachable.items()) or "nobody"
    desk.give(given, f"{found.count} workers; reachable: {reach}.", *(found.external_ids or ()))


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
    desk.give(
        documents[0] if segment_id else documents,
        *(f"{each['segment_id']}: {each['match_count']} workers" for each in documents),
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
    given = {"member": verdict.member, "reason": verdict.reason}
    desk.give(given, f"{'Yes' if verdict.member else 'No'}: {verdict.reason}")


def _worked(job: SegmentSyncJob) -> SegmentSyncJob:
    if job.error_message:
        raise SyncFailed(f"The segment was not brought in line: {job.error_message}")
    return job


def _job(job: SegmentSyncJob) -> dict[str, object]:
    columns = ("id", "segment_id", "started_at", "completed_at", "processed_count", "match_count", "error_message")
    return {name: getattr(job, name) for name in columns}


command(segment, "add", "segment:write")(add)
command(segment, "preview", "segment:read")(preview)
command(segment, "sync", "segment:write")(sync_now)
command(segment, "members", "segment:read")(members)
command(segment, "why", "segment:read")(why)
