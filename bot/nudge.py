"""Nudges: "look again soon", sent after COMMIT.

A nudge carries no truth. It may be lost or doubled without harm, because the clock sweeps for the same
work. It leaves only after the commit, so that nobody looks before the row is there, and it never
makes the caller wait: the sender that the app joins in must return at once.
"""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import event
from sqlalchemy.orm import Session

_KEY = "nudges"


class Sender(Protocol):
    """Takes a nudge away; never blocks, never raises."""

    def __call__(self, actor: str, *arguments: str | int) -> None:
        """Ask `actor` to look at `arguments`."""
        ...


def nudge(session: Session, actor: str, *arguments: str | int) -> None:
    """Have `actor` look at `arguments` once this session's transaction has committed."""
    pending = session.info.setdefault(_KEY, {})
    pending[actor, arguments] = None


def join(session: Session, sender: Sender) -> None:
    """Let `session`'s nudges leave through `sender`."""

    def committed(session: Session) -> None:
        if session.in_nested_transaction():
            return  # a released savepoint is no commit yet
        for actor, arguments in session.info.pop(_KEY, {}):
            sender(actor, *arguments)

    def rolled_back(session: Session, *_: Any) -> None:
        session.info.pop(_KEY, None)

    event.listen(session, "after_commit", committed)
    event.listen(session, "after_rollback", rolled_back)


def nobody(actor: str, *arguments: str | int) -> None:
    """The sender of a process that has no engine: the clock's sweep will find the work."""
