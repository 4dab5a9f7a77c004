"""`shiftline report`."""

from __future__ import annotations

import click

from bot.broadcast import progress
from bot.cli import waits
from bot.cli.desk import Desk, command, identifier
from bot.engagement import report as reports

report = click.Group("report", help="Who got it, who answered what.")
COMMANDS = {"report": report}


@click.argument("broadcast_id")
@click.option("--private", is_flag=True, help="Also the words of private reflections (audited).")
def of_broadcast(desk: Desk, broadcast_id: str, *, private: bool) -> None:
    """Who got a broadcast, who did not and why, who answered what and what they scored."""
    found = identifier(broadcast_id, "broadcast")
    with desk.writing() as session:
        progress.look(session, found)
        document = reports.broadcast(session, found, private=private)
        if private:
            desk.note(session, "report.private_read", found)
        clock = waits.zone(desk, session)
    lines = [
        f"{document['recipients']} recipients: "
        + ", ".join(f"{n} {state}" for state, n in document["deliveries"].items())
    ]
    lines += [f"  {row['external_id']}: not reached, {row['words']}" for row in document["skipped"]]
    lines += waits.lines(document, clock)
    lines += [
        f"  {row['external_id']} ({row['channel']}) {row['question']}: {row['typed']!r}"
        + ("" if row["correct"] is None else f" → {'right' if row['correct'] else 'wrong'}, {row['score']:g}")
        for row in document["responses"]
    ]
    desk.give(document, *lines)


command(report, "broadcast", "report:read")(of_broadcast)
