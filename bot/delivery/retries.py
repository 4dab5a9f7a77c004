"""What follows a failure, as a pure table: try again, later, never, or find out first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import chance
from bot.channels.channel import SendFailed
from bot.delivery import timing

MOST_ATTEMPTS = 14
"""With the growing pauses between them about five hours: a provider's outage of an afternoon loses nobody."""
MOST_REPORTED = 4
"""Where the provider took it and the carrier gave up: each of these attempts was paid for."""
FIRST_WAIT = 5.0  # seconds; doubles with each attempt
LONGEST_WAIT = 3600.0
LONGEST_ASKED = 24 * 3600.0
"""A provider that asks for more is looked at again tomorrow: a slip of its clock must not silence us for a week."""
WHOLE_SENDER = frozenset({"30023", "30027"})
"""Codes that come by report and mean every message of the sender: its or its brand's daily cap is used up."""
DEAD_WHEN_REPEATED = frozenset({"30005"})
"""Codes that make an address unusable when a second message meets them."""


@dataclass(frozen=True, slots=True)
class Step:
    """The delivery's next state; `due_at` when it waits, `settle_at` when it is in doubt."""

    state: str
    reason: str
    due_at: datetime | None = None
    settle_at: datetime | None = None


def after(
    failure: SendFailed, attempts: int, now: datetime, *, reported: bool = False, repeatable: bool = False
) -> Step:
    """The step after the `attempts`-th attempt failed so. Only "doubt" may have reached the person.

    `reported`: the provider had taken it. `repeatable`: an edit, which says the same thing again.
    """
    most = MOST_REPORTED if reported else MOST_ATTEMPTS
    match failure.kind:
        case "doubt" if not repeatable:
            return Step("in_doubt", failure.reason, settle_at=now + timing.used().settle)
        case "retry" | "doubt" if attempts < most:
            return Step("queued", failure.reason, due_at=now + wait(attempts, failure.retry_in))
        case "misconfigured":  # the sender is paused; the row waits for its repair
            return Step("queued", failure.reason, due_at=now)
        case _:
            return Step("failed", failure.reason)


def wait(attempts: int, asked: float | None) -> timedelta:
    """Growing pauses with jitter; never shorter than the provider asked for."""
    grown = min(FIRST_WAIT * 2 ** max(attempts - 1, 0), LONGEST_WAIT)
    return timedelta(seconds=max(chance.jitter(grown), min(asked or 0.0, LONGEST_ASKED)))
