"""Points and activity, in the transaction of what earned them.

The ledger is the truth; the balance moves by exactly what the ledger takes. What this module decides are writes
that the caller does together with its own. A worker who has no row for it yet gets one: points that no balance
shows would be lost to the person.

Nothing pays twice. What pays is the achievement and not the message that asked for it: a question of a
content pays a worker once for each reason, however often it is sent and in whatever version of the
content. Who had it wrong and gets it right the next time still has the points for that to come. Words
to a reflection that is sent again are new work, and pay again.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa

from bot import chance
from bot.prepared import Values, Write, inserting, now, parameter, shared
from models import PointsEntry, WorkerEngagement, WorkerGamification

_entries, _balances, _engagements = (
    cast("sa.Table", model.__table__) for model in (PointsEntry, WorkerGamification, WorkerEngagement)
)

INTERACTIONS = ("answered", "joined")
"""What a message may have led to that counts as an interaction, and not only as activity."""


@dataclass(frozen=True, slots=True)
class Award:
    """`points` for `reason` ("answered", "correct", "reflected")."""

    reason: str
    points: int


def new(awards: Sequence[Award], paid: Collection[str]) -> list[Award]:
    """Of `awards` those that are worth something and were not paid before."""
    return [award for award in awards if award.points and award.reason not in paid]


def payment(source_id: uuid.UUID, awards: Sequence[Award], *, subject_id: uuid.UUID | None = None) -> dict[str, Values]:
    """The writes that pay new `awards` for one source (a prompt) and move the balance.

    `subject_id` is what pays only once (`question_subject`); without one it is the source itself.
    """
    writes: dict[str, Values] = {
        f"points{place}": {
            "reason": award.reason,
            "subject_id": subject_id or source_id,
            "source_id": source_id,
            "points": award.points,
        }
        for place, award in enumerate(awards)
    }
    if awards:
        writes["balance"] = {"id": chance.new_id(), "paid": sum(award.points for award in awards)}
    return writes


def activity(*, interacted: bool) -> dict[str, Values]:
    """The write that says that they did something; `interacted` if it was an answer and not any message or tap."""
    return {"interacted" if interacted else "active": {"id": chance.new_id()}}


def question_subject(content_id: uuid.UUID, question_id: str) -> uuid.UUID:
    """What pays once: this question of this content."""
    return uuid.uuid5(content_id, question_id)


def _points(place: int) -> Write:
    """An entry that somebody else has just made is no second payment: the whole is done again, and sees it."""
    name = f"points{place}"
    given = {column: parameter(name, _entries.c[column]) for column in ("reason", "subject_id", "source_id", "points")}
    once = inserting(_entries, {**shared(_entries, "organization_id", "worker_id"), **given, **now(_entries, "at")})
    return Write(lambda dialect: once(dialect).on_conflict_do_nothing(), must=True)


def _balance() -> Write:
    paid = parameter("balance", _balances.c.points_balance, "paid")
    row = _satellite("balance", _balances, points_balance=paid, badges_earned_count=sa.literal(0))

    def write(dialect: str) -> Any:
        insert = inserting(_balances, row)(dialect)
        grown = {"points_balance": _balances.c.points_balance + paid, **now(_balances, "updated_at")}
        return insert.on_conflict_do_update(index_elements=["worker_id"], set_=grown)

    return Write(write)


def _activity(name: str, *columns: str) -> Write:
    moved = now(_engagements, *columns)
    row = _satellite(name, _engagements, **moved)

    def write(dialect: str) -> Any:
        insert = inserting(_engagements, row)(dialect)
        return insert.on_conflict_do_update(
            index_elements=["worker_id"], set_={**moved, **now(_engagements, "updated_at")}
        )

    return Write(write)


def _satellite(name: str, table: sa.Table, **columns: Any) -> dict[str, Any]:
    """A row beside a worker, for whoever has none yet: points that no balance shows would be lost to the person."""
    own = shared(table, "organization_id", "worker_id")
    return {"id": parameter(name, table.c.id), **own, **now(table, "created_at", "updated_at"), **columns}


MOST_AWARDS = 3
WRITES = {
    **{f"points{place}": _points(place) for place in range(MOST_AWARDS)},
    "balance": _balance(),
    "active": _activity("active", "last_active_at"),
    "interacted": _activity("interacted", "last_active_at", "last_interaction_date"),
}
"""For a `prepared.Together` whose shared values are `organization_id`, `worker_id` and `now`."""
