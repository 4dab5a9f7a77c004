"""`shiftline report`."""

from __future__ import annotations

from typing import Any

import click

from bot.audience import segments
from bot.broadcast import progress
from bot.cli import waits
from bot.cli.desk import Desk, command, identifier
from bot.cli.words import counted
from bot.engagement import report as reports
from bot.errors import Forbidden

report = click.Group("report", help="Who got it, who answered what.")
COMMANDS = {"report": report}


@click.argument("broadcast_id")
@click.option("--private", is_flag=True, help="Also the words that were promised to few eyes (audited).")
def of_broadcast(desk: Desk, broadcast_id: str, *, private: bool) -> None:
    """Who got a broadcast, who did not and why, who answered what and what they scored."""
    found = identifier(broadcast_id, "broadcast")
    may_read = desk.may("response:read")
    if private and not may_read:
        raise Forbidden("You may not read single answers.")
    with desk.writing() as session:
        state = progress.look(session, found).state
        document = reports.broadcast(session, found, private=private)
        if not may_read:
            document["responses"] = []
        if private:
            desk.note(session, "report.private_read", found)
        clock = segments.zone_of(session, desk.organization_id)
    lines = [_people(document, state)]
    lines += [f"  {row['external_id']}: not reached, {row['words']}" for row in document["skipped"]]
    lines += waits.lines(document, clock)
    lines += [
        f"  {row['external_id'] or 'somebody'} ({row['channel']}) {row['question']}: "
        + ("(words not shown)" if row["typed"] is None else repr(row["typed"]))
        + ("" if row["correct"] is None else f" → {'right' if row['correct'] else 'wrong'}, {row['score']:g}")
        for row in document["responses"]
    ]
    desk.give(document, *lines, *([] if may_read else ["Single answers aren't shown: your role may not read them."]))


def _people(document: dict[str, Any], state: str) -> str:
    if not document["recipients"]:
        before = {"scheduled", "draft", "awaiting_approval", "paused"}
        return f"No recipients{' yet' if state in before else ''}: the broadcast is {state}."
    states = ", ".join(f"{count:,} {name}" for name, count in document["deliveries"].items())
    return f"{counted(document['recipients'], 'recipient')}: {states}"


command(report, "broadcast", "report:read")(of_broadcast)
