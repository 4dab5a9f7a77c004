"""What one message changes, as writes that are done together when all is decided.

Whoever deals with a message puts its writes into `Talk.writes`; they leave in one statement (on PostgreSQL) at the
end of the transaction. What a decision stands on is held there: a question that somebody has answered meanwhile, an
attempt whose score has moved, points that have been paid. Then nothing is written, and the message is dealt with
again.
"""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa

from bot.delivery import outbox, receipts
from bot.engagement import record
from bot.prepared import Together, Write, inserting, now, parameter, shared
from models import ChannelIdentity, Prompt, QuestionResponse, QuizAttempt, SentMessage

_identities, _prompts, _responses, _attempts, _messages = (
    cast("sa.Table", model.__table__) for model in (ChannelIdentity, Prompt, QuestionResponse, QuizAttempt, SentMessage)
)
OWN = ("organization_id", "worker_id")
"""Shared by all: whose it is. With `integration_id`, `identity_id`, `address`, `channel` and `now`."""


def _own(write: str, table: sa.Table, *columns: str) -> dict[str, Any]:
    return {column: parameter(write, table.c[column]) for column in columns}


def _transcript() -> Write:
    """The message itself."""
    common = shared(_messages, *OWN, "integration_id", "address")
    own = _own("transcript", _messages, "id", "provider_id", "body", "payload", "outcome")
    return Write(inserting(_messages, {**common, **own, **now(_messages, "at"), "direction": sa.literal("in")}))


def _identity() -> Write:
    """They are there. An address that the provider had called dead has just spoken."""
    dead = _identities.c.state == "dead"
    moved = {
        **now(_identities, "last_inbound_at"),
        "reason": sa.case((dead, sa.null()), else_=_identities.c.reason),
        "state": sa.case((dead, "verified"), else_=_identities.c.state),
        "updated_at": _identities.c.updated_at,
    }
    ours = _identities.c.id == sa.bindparam("identity_id", type_=_identities.c.id.type)
    return Write(lambda _: sa.update(_identities).where(ours).values(**moved))


def _prompt() -> Write:
    """The question is closed, or tried again; it must be as it was read."""
    column = _prompts.c
    own = _own("prompt", _prompts, "tries", "state", "answered_at", "response_id", "joins_until")
    as_read = (
        column.id == parameter("prompt", column.id),
        column.tries == parameter("prompt", column.tries, "was"),
        column.answered_at.is_(None),
    )
    return Write(lambda _: sa.update(_prompts).where(*as_read).values(**own), must=True)


def _first_answer() -> Write:
    """The attempt begins with its first answer."""
    own = _own(
        "begun", _attempts, "id", "content_id", "content_version_id", "source_kind", "source_id", "started_at",
        "deadline", "finished_at", "expired", "score", "max_score", "passed",
    )  # fmt: skip
    insert = inserting(_attempts, {**shared(_attempts, *OWN), **own})
    return Write(lambda dialect: insert(dialect).on_conflict_do_nothing(), must=True)


def _next_answer() -> Write:
    """The attempt goes on; its score must be what was read."""
    column = _attempts.c
    own = _own("attempt", _attempts, "finished_at", "expired", "score", "max_score", "passed")
    as_read = (
        column.id == parameter("attempt", column.id),
        column.score == parameter("attempt", column.score, "was_score"),
        column.max_score == parameter("attempt", column.max_score, "was_max_score"),
        column.finished_at.is_(None),
    )
    return Write(lambda _: sa.update(_attempts).where(*as_read).values(**own), must=True)


def _response() -> Write:
    """The answer."""
    own = _own(
        "response", _responses, "id", "attempt_id", "prompt_id", "source_kind", "source_id", "question_id",
        "try_number", "typed", "understood", "correct", "score", "max_score", "late",
    )  # fmt: skip
    common = {**shared(_responses, *OWN, "channel"), **now(_responses, "at")}
    return Write(inserting(_responses, {**common, **own}))


TOGETHER = Together(
    {
        "prompt": _prompt(),
        "begun": _first_answer(),
        "attempt": _next_answer(),
        "response": _response(),
        "transcript": _transcript(),
        "identity": _identity(),
        **receipts.WRITES,
        **record.WRITES,
        **outbox.WRITES,
    }
)
