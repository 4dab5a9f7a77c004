"""What has to be known to answer one message, in two statements.

The first takes the message (or finds that it was taken), says who speaks and makes their messages take turns; the
second reads their open questions with everything that an answer to one of them touches. They are two because the
second must see what the message before, for which the first waited, has changed.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from bot.prepared import Prepared
from models import (
    ChannelIdentity,
    ContentVersion,
    Delivery,
    InboundKey,
    Organization,
    PointsEntry,
    Prompt,
    QuizAttempt,
    SentMessage,
    WorkerContact,
)

_keys = cast("sa.Table", InboundKey.__table__)


class Speaker(NamedTuple):
    """Where a message came in and who it is from; an address of nobody's has no identity."""

    first: int  # 0: this message has been taken before
    organization_name: str
    settings: dict[str, Any] | None
    identity_id: uuid.UUID | None
    worker_id: uuid.UUID | None
    language: str | None


class Asked(NamedTuple):
    """A question in front of somebody, as it is stored, with what an answer to it touches."""

    id: uuid.UUID
    token: str
    delivery_id: int
    content_id: uuid.UUID
    content_version_id: uuid.UUID
    source_kind: str
    source_id: uuid.UUID
    position: int | None
    option_order: list[Any] | None
    first_label: int
    tries: int
    state: str
    asked_at: datetime
    expires_at: datetime | None
    answered_at: datetime | None
    response_id: uuid.UUID | None
    joins_until: datetime | None
    attempt_id: uuid.UUID | None
    attempt_score: float | None
    attempt_max_score: float | None
    attempt_deadline: datetime | None
    attempt_finished_at: datetime | None
    earned: int  # points for all that was asked together with it
    paid: str | None  # the reasons for which this question of this content has paid already, with commas
    provider_id: str | None
    payload: dict[str, Any] | None  # the message that asked it, where its buttons can be taken away


def take(session: Session, values: dict[str, Any]) -> Speaker:
    """Take the message `key` that came from `address` at `integration_id`, and lock whose it is."""
    connection = session.connection()
    if connection.dialect.name == "sqlite" and not _FIRST.rows(connection, values):
        return Speaker(0, "", None, None, None, None)
    (row,) = _SPEAKER.rows(connection, values)
    return Speaker(*row)


def asked(session: Session, values: dict[str, Any], *, updates: bool) -> list[Asked]:
    """The open questions of `identity_id` at `now`, those that may still be added to, and those that are named.

    Named by a tap's `token` or by the `delivery_id` of a thread's first message, whatever their state.
    """
    return [Asked(*row) for row in _questions(updates).rows(session.connection(), values)]


def _first(dialect: str) -> Any:
    insert: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
    names = {"organization_id": "organization_id", "integration_id": "integration_id", "key": "key"}
    values = {name: sa.bindparam(param, type_=_keys.c[name].type) for name, param in names.items()}
    received = sa.bindparam("now", type_=_keys.c.received_at.type)
    statement = insert(_keys).values(**values, received_at=received).on_conflict_do_nothing()
    return statement.returning(sa.literal_column("1").label("taken"))


def _speaker(dialect: str) -> Any:
    """The lock lets foreign keys point to the row.

    Else a webhook would wait for every batch that is being sent to the same person, and the batch for it.
    """
    identity = (
        sa.select(ChannelIdentity.id, ChannelIdentity.worker_id)
        .where(
            ChannelIdentity.integration_id == sa.bindparam("integration_id"),
            ChannelIdentity.address == sa.bindparam("address"),
            ChannelIdentity.state != "replaced",
        )
        .with_for_update(key_share=True)
        .cte("identity")
    )
    taken: Any = sa.literal_column("1")
    if dialect != "sqlite":
        taken = sa.select(sa.func.count()).select_from(_first(dialect).cte("first")).scalar_subquery()
    return (
        sa.select(
            taken.label("first"),
            Organization.name,
            Organization.settings,
            identity.c.id,
            identity.c.worker_id,
            WorkerContact.preferred_language,
        )
        .select_from(Organization)
        .outerjoin(identity, sa.true())
        .outerjoin(WorkerContact, WorkerContact.worker_id == identity.c.worker_id)
        .where(Organization.id == sa.bindparam("organization_id"))
    )


_FIRST, _SPEAKER = Prepared(_first), Prepared(_speaker)


@cache
def _questions(updates: bool) -> Prepared:
    return Prepared(lambda dialect: _asked(dialect, updates=updates))


def _asked(dialect: str, *, updates: bool) -> sa.Select[Any]:
    now = sa.bindparam("now", type_=Prompt.asked_at.type)
    meant = sa.or_(Prompt.token == sa.bindparam("token"), Prompt.delivery_id == sa.bindparam("delivery_id"))
    wanted = sa.or_(
        Prompt.state == "open",
        sa.and_(Prompt.response_id.is_not(None), Prompt.joins_until > now),
        sa.and_(meant, Prompt.state != "withdrawn"),
    )
    attempt = sa.and_(
        QuizAttempt.worker_id == Prompt.worker_id,
        QuizAttempt.source_kind == Prompt.source_kind,
        QuizAttempt.source_id == Prompt.source_id,
        QuizAttempt.content_id == ContentVersion.content_id,
    )
    return (
        sa.select(
            Prompt.id, Prompt.token, Prompt.delivery_id, ContentVersion.content_id, Prompt.content_version_id,
            Prompt.source_kind, Prompt.source_id, Prompt.position, Prompt.option_order, Prompt.first_label,
            Prompt.tries, Prompt.state, Prompt.asked_at, Prompt.expires_at, Prompt.answered_at, Prompt.response_id,
            Prompt.joins_until, QuizAttempt.id, QuizAttempt.score, QuizAttempt.max_score, QuizAttempt.deadline,
            QuizAttempt.finished_at, _earned(), _paid(dialect), *_shown(updates=updates),
        )
        .join(ContentVersion, ContentVersion.id == Prompt.content_version_id)
        .outerjoin(QuizAttempt, attempt)
        .where(Prompt.identity_id == sa.bindparam("identity_id"), wanted)
    )  # fmt: skip


def _earned() -> sa.ScalarSelect[int]:
    """What was earned by all that was asked together: a quiz, a reflection with its follow-ups."""
    beside = aliased(Prompt)
    return (
        sa.select(sa.func.coalesce(sa.func.sum(PointsEntry.points), 0))
        .join(beside, beside.id == PointsEntry.source_id)
        .where(
            PointsEntry.worker_id == Prompt.worker_id,
            beside.source_kind == Prompt.source_kind,
            beside.source_id == Prompt.source_id,
            beside.content_version_id == Prompt.content_version_id,
        )
        .correlate(Prompt)
        .scalar_subquery()
    )


def _paid(dialect: str) -> sa.ScalarSelect[str]:
    """For what this question of this content has paid this person, whichever broadcast brought it."""
    earlier, version = aliased(Prompt), aliased(ContentVersion)
    join = sa.func.group_concat if dialect == "sqlite" else sa.func.string_agg
    return (
        sa.select(join(PointsEntry.reason, sa.literal_column("','")))
        .join(earlier, earlier.id == PointsEntry.source_id)
        .join(version, version.id == earlier.content_version_id)
        .where(
            PointsEntry.worker_id == Prompt.worker_id,
            earlier.question_id == Prompt.question_id,
            version.content_id == ContentVersion.content_id,
        )
        .correlate(Prompt, ContentVersion)
        .scalar_subquery()
    )


def _shown(*, updates: bool) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]:
    """The provider's id and the words of the message that asked, where the channel can change it."""
    if not updates:
        return sa.null().label("provider_id"), sa.null().label("payload")
    provider_id = sa.select(Delivery.provider_id).where(Delivery.id == Prompt.delivery_id).correlate(Prompt)
    payload = (
        sa.select(SentMessage.payload)
        .where(SentMessage.delivery_id == Prompt.delivery_id)
        .order_by(SentMessage.attempt.desc())
        .limit(1)
        .correlate(Prompt)
    )
    return provider_id.scalar_subquery(), payload.scalar_subquery()
