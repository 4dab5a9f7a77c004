"""Who did what to what: written in the transaction of the deed, so that neither stands without the other."""

from __future__ import annotations

import json
import uuid
from typing import Any

from sqlalchemy.orm import Session

from bot import clock
from bot.tenancy.roles import Actor
from models.organizations import AuditEvent


def record(
    session: Session, organization_id: uuid.UUID, actor: Actor | None, action: str, subject: str | None, **details: Any
) -> None:
    """Note that `actor` (None: the service itself) did `action` ("workers.import") to `subject`.

    `details` are plain facts; ids and moments are written as text. Never bodies, secrets or phone numbers.
    """
    session.add(
        AuditEvent(
            organization_id=organization_id,
            user_id=actor.user_id if actor else None,
            action=action,
            subject=subject,
            details=json.loads(json.dumps({"by": _by(actor), **details}, default=str)),
            at=clock.now(),
        )
    )


def _by(actor: Actor | None) -> str:
    if actor is None:
        return "service"
    return "operator" if actor.is_operator else "user"
