"""What really happened, by the provider's ledger, laid beside what the database says of it. Pure.

Everybody was to get one message. Whoever got none or several must be told of in the database: by a state
that says so, or by a flag for a human.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bot.simulator.client import Control
from models import Delivery
from tests.faults.site import Site

ARRIVED = frozenset({"submitted", "sent", "delivered", "read"})
GIVEN_UP = frozenset({"failed", "skipped", "cancelled", "expired"})


@dataclass(frozen=True)
class Message:
    """One that the provider took, whatever it answered."""

    address: str
    provider_id: str


@dataclass(frozen=True)
class Told:
    """What the database says of one person's delivery."""

    address: str
    state: str
    provider_id: str | None = None
    reason: str | None = None
    flagged: str | None = None
    attempts: int = 1


@dataclass(frozen=True)
class Verdict:
    """Addresses by what is the matter with them; all empty is as promised.

    `lost`: no message, and nothing says so. `doubled`: more than one. `unflagged`: of these the ones that nobody
    is told of. `untrue`: the database says something else than what happened. `unfinished`: it says nothing yet.
    """

    lost: Sequence[str] = ()
    doubled: Sequence[str] = ()
    unflagged: Sequence[str] = ()
    untrue: Sequence[str] = ()
    unfinished: Sequence[str] = ()
    owned_up: Sequence[str] = field(default=(), compare=False)  # not exactly one, and the database says so


def judge(everybody: Iterable[str], told: Iterable[Told], messages: Iterable[Message]) -> Verdict:
    """Compare."""
    rows = {row.address: row for row in told}
    taken = defaultdict(set)
    for message in messages:
        taken[message.address].add(message.provider_id)
    found: dict[str, list[str]] = defaultdict(list)
    for address in sorted({*everybody, *taken}):
        for what in _matters(rows.get(address), taken[address]):
            found[what].append(address)
    return Verdict(**found)


def _matters(row: Told | None, taken: set[str]) -> Iterable[str]:
    if row is None:
        yield "doubled" if taken else "lost"  # a message that nobody ordered, or an order that nobody wrote down
        return
    finished = row.state in ARRIVED | GIVEN_UP or bool(row.flagged)
    if len(taken) > 1:
        yield "doubled"
        yield "owned_up" if row.flagged else "unflagged"
    elif not finished:
        yield "unfinished"
    elif not taken:
        yield "lost" if row.state in ARRIVED and not row.flagged else "owned_up"
    elif row.flagged:
        yield "owned_up"
    elif row.state in GIVEN_UP or row.provider_id not in taken:
        yield "untrue"


def told(site: Site, broadcast_id: uuid.UUID) -> list[Told]:
    """Every delivery of a broadcast."""
    columns = (
        Delivery.address,
        Delivery.state,
        Delivery.provider_id,
        Delivery.reason,
        Delivery.flagged,
        Delivery.attempts,
    )
    return [Told(*row) for row in site.reading(sa.select(*columns).where(Delivery.source_id == broadcast_id))]


def messages(site: Site) -> list[Message]:
    """Every message that the two providers took."""
    control = site.simulator.control
    people = {channel: user for user, channel in site.channels.items()}
    texts = [Message(row["data"]["phone"], row["key"]) for row in _taken(control, "twilio.send")]
    posts = _taken(control, "slack.chat.postMessage")
    return texts + [Message(people[channel := row["data"]["channel"]], f"{channel}:{row['key']}") for row in posts]


def _taken(control: Control, kind: str) -> list[Any]:
    return [row for row in control.all_rows(kind) if row["accepted"]]
