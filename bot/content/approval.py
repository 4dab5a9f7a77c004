"""A template's way to approval: draft → pending → approved or rejected.

Approval names a version: whoever edits the text afterwards has a new draft, and what was approved still
goes out unchanged. Nobody approves their own words unless the organization allows it.
"""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import clock
from bot.content import write
from bot.errors import Forbidden, Refused
from models import Content, ContentVersion, TemplateContent


class NoTemplate(Refused):
    """Only templates are approved; this content may be sent as it is."""

    code = "no_template"


class OutOfOrder(Refused):
    """A template is submitted first and decided then."""

    code = "out_of_order"


class OwnTemplate(Forbidden):
    """Nobody approves their own text here: ask a colleague who may approve."""

    code = "own_template"


def submit(session: Session, content_id: uuid.UUID) -> ContentVersion:
    """Ask for approval of the newest version."""
    version = _newest(session, content_id)
    if version.approval_status not in {"draft", "rejected"}:
        raise OutOfOrder(f"This template is {version.approval_status} already.")
    return _move(session, version, "pending")


def approve(
    session: Session, content_id: uuid.UUID, user_id: uuid.UUID, *, own_allowed: bool = False
) -> ContentVersion:
    """Let the pending version go out."""
    version = _pending(session, content_id)
    if version.created_by_id == user_id and not own_allowed:
        raise OwnTemplate
    return _move(session, version, "approved", user_id)


def reject(session: Session, content_id: uuid.UUID, user_id: uuid.UUID, reason: str) -> ContentVersion:
    """Refuse the pending version, with a reason for its author."""
    if not reason.strip():
        raise Refused("A rejection needs a reason: its author has to know what to change.")
    return _move(session, _pending(session, content_id), "rejected", user_id, reason.strip())


def _newest(session: Session, content_id: uuid.UUID) -> ContentVersion:
    content = write.find(session, content_id)
    if content.kind != "template":
        raise NoTemplate
    return write.newest(session, content)


def _pending(session: Session, content_id: uuid.UUID) -> ContentVersion:
    version = _newest(session, content_id)
    if version.approval_status != "pending":
        raise OutOfOrder(f"This template is {version.approval_status}, not waiting for a decision: submit it first.")
    return version


def _move(
    session: Session,
    version: ContentVersion,
    status: str,
    user_id: uuid.UUID | None = None,
    reason: str | None = None,
) -> ContentVersion:
    version.approval_status, version.approval_reason = status, reason
    if status != "pending":
        version.decided_by_id, version.decided_at = user_id, clock.now()
    session.execute(
        sa.update(TemplateContent)
        .where(TemplateContent.content_id == version.content_id)
        .values(approval_status=status)
    )
    session.execute(sa.update(Content).where(Content.id == version.content_id).values(updated_at=clock.now()))
    session.flush()
    return version
