"""The sample organization's people: a workers file as any customer would bring one, made to stay young.

The file's dates are those of one day. Read as they stand, next year nobody would be a new hire and every
forklift certificate would have run out, so the dates move along with the calendar: by whole weeks, which
leaves everybody's first day on the weekday it was.
"""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path

FILE = Path(__file__).with_name("people.csv")
WRITTEN = date(2026, 3, 2)
"""The day for which the file's dates were written."""
MOVING = ("hire_date", "forklift_cert_until")


def as_of(day: date) -> bytes:
    """The workers file (CSV, UTF-8), its dates as they would stand there on `day`."""
    weeks = timedelta(weeks=(day - WRITTEN).days // 7)
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        written = io.StringIO()
        writer = csv.DictWriter(written, rows.fieldnames or (), lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, **_moved(row, weeks)} for row in rows)
    return written.getvalue().encode()


def _moved(row: dict[str, str], weeks: timedelta) -> dict[str, str]:
    return {name: (date.fromisoformat(row[name]) + weeks).isoformat() for name in MOVING if row[name]}
