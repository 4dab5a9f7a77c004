"""The last broadcasts as the page lists them: how far each is, and who did not get it and why."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.engagement import report
from models import Broadcast, Worker

SHOWN = 6
NAMES = 4


def recent(session: Session) -> dict[str, Any]:
    """The newest broadcasts first."""
    rows = session.scalars(
        sa.select(Broadcast).order_by(Broadcast.created_at.desc(), Broadcast.id.desc()).limit(SHOWN)
    ).all()
    return {"broadcasts": [_shown(session, row) for row in rows]}


def _shown(session: Session, broadcast: Broadcast) -> dict[str, Any]:
    found = report.broadcast(session, broadcast.id)
    answers = found["responses"]
    return {
        "id": str(broadcast.id),
        "name": broadcast.name,
        "state": broadcast.state,
        "channels": broadcast.channels,
        "at": broadcast.created_at.isoformat(),
        "recipients": found["recipients"],
        "deliveries": found["deliveries"],
        "missed": _by_reason(session, found["skipped"]),
        "answers": len(answers),
        "correct": sum(answer["correct"] is True for answer in answers),
    }


def _by_reason(session: Session, skipped: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reason in words → how many, and the first few by name."""
    per_words: dict[str, list[str]] = defaultdict(list)
    for row in skipped:
        per_words[row["words"]].append(row["external_id"])
    return [
        {"words": words, "count": len(ids), "names": _names(session, ids[:NAMES])} for words, ids in per_words.items()
    ]


def _names(session: Session, external_ids: list[str]) -> list[str]:
    rows = session.execute(
        sa.select(Worker.first_name, Worker.last_name)
        .where(Worker.external_id.in_(external_ids))
        .order_by(Worker.external_id)
    )
    return [f"{first} {last}" for first, last in rows]
