"""What happens when nobody says anything: windows close, and so do questions whose time is over.

After its join window a reflection's prompt forgets which response it led to. For an anonymous one that was
the last link between a person and their words.

Nobody is told that their time is over: it may be the middle of the night. Whoever answers late is told so, and
their words are kept, for `LATE` after the question's time; then it closes. An attempt ends when the time of its
quiz is over, or when a question of it closes that nobody can answer any more, because the next would only have
come after it. It is scored with what was answered.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from bot.engagement import attempts
from models import Prompt, QuizAttempt

UNDER_WAY: Final = timedelta(minutes=1)
"""How long an answer that came in time may still be dealt with."""
LATE: Final = timedelta(hours=1)
"""How long a question whose time is over still takes answers, which count nothing."""


def any_joining(session: Session, now: datetime) -> bool:
    """Say whether there is a window to close."""
    return bool(
        session.scalar(sa.select(sa.exists().where(Prompt.response_id.is_not(None), Prompt.joins_until <= now)))
    )


def close_join_windows(session: Session, now: datetime) -> None:
    """Cut the links whose time is over."""
    session.execute(
        sa.update(Prompt)
        .where(Prompt.response_id.is_not(None), Prompt.joins_until <= now)
        .values(response_id=None, joins_until=None)
    )


def any_timed_out(session: Session, now: datetime) -> bool:
    """Say whether the time of a quiz or a question is over."""
    return bool(session.scalar(sa.select(sa.or_(sa.exists().where(_over(now)), sa.exists().where(_too_late(now))))))


def close_timed_out(session: Session, now: datetime) -> None:
    """End the attempts and close the questions whose time is over.

    Attempts first, as an answer does it: the two never wait for each other crosswise.
    """
    attempts.expire(session, _over(now), now)
    attempts.expire(session, QuizAttempt.id.in_(_stuck(now)), now)
    session.execute(
        sa.update(Prompt).where(_too_late(now)).values(state="expired").execution_options(synchronize_session=False)
    )


def _over(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(QuizAttempt.finished_at.is_(None), QuizAttempt.deadline <= now - UNDER_WAY)


def _stuck(now: datetime) -> sa.Select[uuid.UUID]:
    """Attempts with a question that nobody can answer any more. An alias, so that the search begins at the prompts."""
    attempt = aliased(QuizAttempt)
    same = ("worker_id", "source_kind", "source_id", "content_version_id")
    asked = sa.and_(*(getattr(Prompt, name) == getattr(attempt, name) for name in same))
    return sa.select(attempt.id).join(Prompt, asked).where(_too_late(now))


def _too_late(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(Prompt.state == "open", Prompt.expires_at <= now - LATE)
