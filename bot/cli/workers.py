"""`shiftline workers`."""

from __future__ import annotations

from pathlib import Path

import click

from bot.audience import sync
from bot.cli.desk import Desk, command, json_of
from bot.people import directory, imports

workers = click.Group("workers", help="The people on the floor.")
COMMANDS = {"workers": workers}


@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option(
    "--map", "mapping", type=click.Path(path_type=Path), help="A JSON object: the file's header → our column."
)
def import_file(desk: Desk, path: Path, *, dry_run: bool, mapping: Path | None) -> None:
    """Create and update workers from a CSV file."""
    assert desk.actor is not None, "the command has an organization"
    with desk.progress("Importing") as moved:
        result = imports.import_workers(
            desk.database, desk.organization_id, path, file_name=path.name,
            mapping=json_of(mapping, "a mapping") if mapping else None,
            dry_run=dry_run, actor=desk.actor, progress=moved,
        )  # fmt: skip
    if not dry_run and (result.created or result.updated):
        sync.sync_all(desk.database, desk.organization_id)
    document = {
        "created": result.created,
        "updated": result.updated,
        "unchanged": result.unchanged,
        "rejected": result.rejected,
    }
    verb = "Would be" if dry_run else "Were"
    desk.give(
        document,
        f"{verb} created {result.created}, updated {result.updated}, unchanged {result.unchanged}, "
        f"rejected {len(result.rejected)}.",
        *(f"  row {each['row']}: {each['reason']}" for each in result.rejected),
    )


@click.argument("external_id")
def show(desk: Desk, external_id: str) -> None:
    """Everything about one worker."""
    with desk.reading() as session:
        desk.give(directory.show(session, external_id))


command(workers, "import", "worker:import")(import_file)
command(workers, "show", "worker:read")(show)
