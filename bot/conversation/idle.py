"""What happens when nobody says anything: windows close.

After its join window a reflection's prompt forgets which response it led to. For an anonymous one that was
the last link between a person and their words.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from models import Prompt


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
