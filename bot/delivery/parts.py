"""The parts of one message (media, text, question): each a row, and the next is due when the one before it is out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Delivery, Prompt

FAILED = "earlier_part_failed"
_former = sa.orm.aliased(Delivery)
_SAME_MESSAGE = sa.and_(
    _former.source_kind == Delivery.source_kind,
    _former.source_id == Delivery.source_id,
    _former.recipient == Delivery.recipient,
    _former.step == Delivery.step,
)


def release_next(session: Session, ids: Sequence[int], now: datetime) -> None:
    """The part after each of these, which were accepted, is due now."""
    waiting = sa.and_(_former.part == Delivery.part - 1, Delivery.due_at.is_(None))
    _update(session, ids, waiting, due_at=now)


def drop_later(session: Session, ids: Sequence[int], now: datetime) -> None:
    """These never arrived, and what would follow them makes no sense. Left alone, it would wait for ever."""
    _update(session, ids, _former.part < Delivery.part, state="cancelled", reason=FAILED, finished_at=now)


def withdraw_questions(session: Session, ids: Sequence[int]) -> None:
    """The questions of these, which nobody has seen, take no answers and block no labels."""
    if ids:
        session.execute(
            sa.update(Prompt).where(Prompt.delivery_id.in_(ids), Prompt.state == "open").values(state="withdrawn")
        )


def revive(session: Session, ids: Sequence[int]) -> None:
    """These arrive after all, or are tried again: what was dropped with them waits for them once more."""
    dropped = sa.and_(_former.part < Delivery.part, Delivery.reason == FAILED)
    values = {"state": "queued", "reason": None, "due_at": None, "finished_at": None}
    _update(session, ids, dropped, among="cancelled", **values)


def reopen_questions(session: Session, ids: Sequence[int]) -> None:
    """Somebody has these questions in front of them after all."""
    if ids:
        session.execute(
            sa.update(Prompt).where(Prompt.delivery_id.in_(ids), Prompt.state == "withdrawn").values(state="open")
        )


def arrived_after_all(session: Session, delivery_id: int, state: str) -> None:
    """This one, in `state` until now, is in front of somebody: its question takes answers, its rest may follow.

    Only what was dropped for its sake comes back: what was cancelled or came too late stays so.
    """
    if state in {"sending", "in_doubt", "submitted", "sent"}:
        return
    if state == "failed":
        revive(session, [delivery_id])
    reopen_questions(session, [delivery_id])


def _update(
    session: Session, ids: Sequence[int], place: sa.ColumnElement[bool], *, among: str = "queued", **values: Any
) -> None:
    if not ids:
        return
    session.execute(
        sa.update(Delivery)
        .where(
            Delivery.part > 0,
            Delivery.state == among,
            sa.exists().where(_former.id.in_(ids), _SAME_MESSAGE, place).correlate(Delivery),
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
