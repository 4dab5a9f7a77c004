"""`shiftline workers`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from bot.audience import sync
from bot.cli.desk import Desk, about, command, json_of
from bot.errors import BadInput
from bot.people import directory, imports

workers = click.Group("workers", help="The people on the floor.")
COMMANDS = {"workers": workers}

SHOWN = 20


@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option(
    "--map", "mapping", type=click.Path(path_type=Path), help="A JSON object: the file's header → our column."
)
def import_file(desk: Desk, path: Path, *, dry_run: bool, mapping: Path | None) -> None:
    """Create and update workers from a CSV file."""
    assert desk.actor is not None, "the command has an organization"
    told = _mapping(mapping) if mapping else None
    with desk.progress("Importing") as moved, about(path):
        result = imports.import_workers(
            desk.database, desk.organization_id, path, file_name=path.name,
            mapping=told, dry_run=dry_run, actor=desk.actor, progress=moved,
        )  # fmt: skip
    if not dry_run and (result.created or result.updated):
        sync.sync_all(desk.database, desk.organization_id)
    done = "Nothing was changed. It would be: created" if dry_run else "Created"
    desk.give(
        result.as_json(),
        f"{done} {result.created:,}, updated {result.updated:,}, "
        f"unchanged {result.unchanged:,}, rejected {len(result.rejected):,}.",
        *(f"  row {each['row']}: {each['reason']}" for each in result.rejected),
        *_odd(result.warnings),
    )


def _mapping(path: Path) -> dict[str, Any]:
    told = json_of(path, "a mapping")
    if not isinstance(told, dict):
        raise BadInput(f'{path} must be an object, header → our column, such as {{"Emp #": "external_id"}}.')
    return told


def _odd(warnings: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The first of what is odd; the other four thousand have the same cause as a rule."""
    if warnings:
        yield "Not refused, but look at:"
    yield from (f"  row {each['row']}: {each['reason']}" for each in warnings[:SHOWN])
    if len(warnings) > SHOWN:
        yield f"  and {len(warnings) - SHOWN:,} more; --json has them all."


@click.argument("external_id")
def show(desk: Desk, external_id: str) -> None:
    """Everything about one worker."""
    with desk.reading() as session:
        desk.give(directory.show(session, external_id))


command(workers, "import", "worker:import")(import_file)
command(workers, "show", "worker:read")(show)
