"""What an attempt at a quiz came to, told by its answers alone.

The answer that comes in moves its attempt's score along by itself; this is for the attempts that no answer
ends (their time is over), and for whoever checks the books. Both are set-based: what a quiz can pay at most
stands in its version, so a statement serves all attempts at one version.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.content import worth
from bot.content.documents import QuizDocument
from bot.content.versions import DOCUMENTS
from models import Prompt, QuestionResponse, QuizAttempt

_HAIR: Final = 1e-9  # sums of thirds differ by the order in which they were added

_attempts = cast("sa.Table", QuizAttempt.__table__)
_prompts = cast("sa.Table", Prompt.__table__)
_responses = cast("sa.Table", QuestionResponse.__table__)
_later = _responses.alias("later")


def expire(session: Session, over: sa.ColumnElement[bool], now: datetime) -> int:
    """End the attempts of which `over` is true: scored with what was answered, the rest unanswered. How many.

    A last try that was wrong counts as it stands, although another was left.
    """
    wanted = sa.and_(_attempts.c.finished_at.is_(None), over)
    ended = 0
    for version_id, document in _versions(session, wanted):
        values = {**_final(document), "finished_at": now, "expired": True}
        mine = _attempts.c.content_version_id == version_id
        ended += _update(session, sa.and_(wanted, mine), values)
    return ended


def rebuild(session: Session, organization_id: uuid.UUID) -> int:
    """Make every attempt of an organization say what its answers say; how many had been wrong."""
    mine = _attempts.c.organization_id == organization_id
    return sum(
        _mend(session, sa.and_(mine, _attempts.c.content_version_id == version_id, state), values)
        for version_id, document in _versions(session, mine)
        for state, values in (
            (_attempts.c.finished_at.is_(None), {"score": _answered("score"), "max_score": _answered("max_score")}),
            (_attempts.c.finished_at.is_not(None), _final(document)),
        )
    )


def _versions(session: Session, wanted: sa.ColumnElement[bool]) -> Iterator[tuple[uuid.UUID, QuizDocument]]:
    found = session.scalars(sa.select(_attempts.c.content_version_id).where(wanted).distinct()).all()
    for version_id, document in DOCUMENTS.load(session, found).items():
        if isinstance(document, QuizDocument):
            yield version_id, document


def _final(document: QuizDocument) -> dict[str, Any]:
    """The columns of an attempt that is over. Whatever single questions cost, it is never below nought."""
    most, said = worth.total(document), _sum("score", _last_try())
    score = sa.case((said < 0, 0.0), else_=said)
    graded = document.passing_score is not None and most > 0
    passed = score >= (cast("float", document.passing_score) - _HAIR) * most if graded else sa.null()
    return {"score": score, "max_score": sa.literal(most, sa.Double), "passed": passed}


def _answered(column: str) -> sa.ColumnElement[float]:
    """While it runs, only questions that are closed count: another try may be under way."""
    closed = (
        sa.exists().where(_prompts.c.id == _responses.c.prompt_id, _prompts.c.state == "answered").correlate(_responses)
    )
    return _sum(column, sa.and_(_last_try(), closed))


def _last_try() -> sa.ColumnElement[bool]:
    later = sa.and_(_later.c.prompt_id == _responses.c.prompt_id, _later.c.try_number > _responses.c.try_number)
    return ~sa.exists().where(later).correlate(_responses)


def _sum(column: str, counted: sa.ColumnElement[bool]) -> sa.ColumnElement[float]:
    said = sa.select(sa.func.coalesce(sa.func.sum(_responses.c[column]), 0.0))
    return said.where(_responses.c.attempt_id == _attempts.c.id, counted).correlate(_attempts).scalar_subquery()


def _mend(session: Session, wanted: sa.ColumnElement[bool], values: dict[str, Any]) -> int:
    wrong = [sa.func.abs(_attempts.c[name] - values[name]) > _HAIR for name in ("score", "max_score")]
    if "passed" in values:
        wrong.append(_attempts.c.passed.is_distinct_from(values["passed"]))
    return _update(session, sa.and_(wanted, sa.or_(*wrong)), values)


def _update(session: Session, wanted: sa.ColumnElement[bool], values: dict[str, Any]) -> int:
    return session.connection().execute(sa.update(_attempts).where(wanted).values(**values)).rowcount
