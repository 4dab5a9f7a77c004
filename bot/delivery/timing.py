"""How long the send protocol waits. In one place, because these spans hold only together.

A POST that starts as late as it may and takes as long as it may ends before its lease does: else another
process would ask the provider for a message that is still on its way out. They are no setting of an
installation's; the fault harness takes shorter ones, so that a proof doesn't wait for minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.channels.http import DEADLINE


@dataclass(frozen=True, slots=True)
class Timing:
    """The spans; ValueError where they don't hold together."""

    lease: timedelta = timedelta(seconds=30)
    """How long what was claimed or begun is its process's own."""
    fresh: timedelta = timedelta(seconds=12)
    """How long after its begin a POST may start: a process that stood still for longer sends nothing any more."""
    settle: timedelta = timedelta(seconds=20)
    """How long after a doubtful attempt the provider's own records are complete enough to be asked."""

    def __post_init__(self) -> None:
        latest = self.fresh + timedelta(seconds=DEADLINE)
        if latest >= self.lease:
            raise ValueError(f"A POST may end {latest} after its begin: the lease must be longer than {self.lease}.")


_used = Timing()


def used() -> Timing:
    """The spans of this process."""
    return _used


def use(timing: Timing) -> None:
    """Take other spans in this process; every process of an installation must have the same."""
    global _used  # noqa: PLW0603 - one for the process, as the seed of `chance` is
    _used = timing
