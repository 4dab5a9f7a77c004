"""Nudges: "look again soon", sent after COMMIT.

A nudge carries no truth. It may be lost or doubled without harm, because the clock sweeps for the same
work. It leaves only after the commit, so that nobody looks before the row is there, and it never
makes the caller wait: the sender that the app joins in must return at once.
"""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import event
from sqlalchemy.orm import Session

_KEY = "nudges"
SENDER = "sender of nudges"


class Sender(Protocol):
    """Takes a nudge away; never blocks, never raises."""

    def __call__(self, actor: str, *arguments: str | int) -> None:
        """Ask `actor` to look at `arguments`."""
        ...


def nudge(session: Session, actor: str, *arguments: str | int) -> None:
    """Have `actor` look at `arguments` once this session's transaction has committed."""
    pending = session.info.setdefault(_KEY, {})
    pending[actor, arguments] = None


def listen(kind: type[Session]) -> None:
    """Let the nudges of all sessions of this class leave, each through what stands in its `info[SENDER]`."""
    event.listen(kind, "after_commit", _committed)
    event.listen(kind, "after_rollback", _rolled_back)


def _committed(session: Session) -> None:
    if session.in_nested_transaction():
        return  # a released savepoint is no commit yet
    for actor, arguments in session.info.pop(_KEY, {}):
        session.info[SENDER](actor, *arguments)


def _rolled_back(session: Session) -> None:
    session.info.pop(_KEY, None)


def nobody(actor: str, *arguments: str | int) -> None:
    """The sender of a process that has no engine: the clock's sweep will find the work."""
