"""Who agreed to be messaged: an append-only proof per address, of which the newest event counts.

Consent belongs to the address and not to the worker: a STOP from a number that nobody knows holds
all the same, and still holds when that number turns up in next month's workers file. So an import
never turns a person's own STOP into a yes, and a number that goes to somebody else takes no yes along.

The projection `worker_contacts.communication_consent` is the newest SMS state of the primary phone.
Locks are always taken in one order (the contact's row, then the organization's consent), because an
import that decided on what it read a moment ago would otherwise overrule a STOP that came meanwhile.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from bot import clock
from bot.database import on_sqlite
from bot.people import bulk
from models.reach import ConsentEvent
from models.workers import Worker, WorkerContact

State = Literal["granted", "revoked"]
Key = tuple[str, str]
"""(channel, address)"""

SMS = "sms"
PERSONAL = ("stop_word", "slack_button", "provider")
"""Sources in which the person spoke: a revocation from one of these is theirs alone to take back."""
IMPORT = "import"
"""What a workers file says, "import: paper form" where the file names its own source."""
NUMBER_MOVED = "number_moved"
"""The number went to somebody else, who has not been asked yet."""

_contacts = cast("sa.Table", WorkerContact.__table__)
_events = cast("sa.Table", ConsentEvent.__table__)
_workers = cast("sa.Table", Worker.__table__)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a file says of one worker's address; `state` None says nothing, yet the address may be new to them."""

    channel: str
    address: str
    worker_id: uuid.UUID
    state: State | None = None
    source: str = IMPORT


class Newest(NamedTuple):
    """The event that counts for an address."""

    state: State
    source: str
    worker_id: uuid.UUID | None


def record(  # noqa: PLR0917 - who, where, what and how we know: the four belong together
    session: Session,
    organization_id: uuid.UUID,
    channel: str,
    address: str,
    state: State,
    source: str,
    *,
    worker_id: uuid.UUID | None = None,
    wording: str | None = None,
    user_id: uuid.UUID | None = None,
    at: datetime,
) -> None:
    """Append one yes or no of an address ("+14155550123", "U0123") and project it.

    `source` says how we know ("stop_word", "slack_button", "provider", "console", …), `wording` in which
    words; the worker may be unknown. It counts from the commit of `session`.
    """
    session.flush()
    owners = _lock_owners(session, organization_id, address) if channel == SMS else []
    _hold(session, organization_id, exclusive=False)
    values = {"channel": channel, "address": address, "state": state, "source": source, "wording": wording}
    facts = {"worker_id": worker_id, "user_id": user_id, "organization_id": organization_id, "at": at}
    session.execute(sa.insert(_events).values(**values, **facts))
    if owners:
        project(session, organization_id, owners)


def record_many(
    session: Session,
    organization_id: uuid.UUID,
    statements: Sequence[Statement],
    *,
    user_id: uuid.UUID | None = None,
    at: datetime,
) -> set[uuid.UUID]:
    """Append what a file's statements change, set-based; the workers for whom something was appended.

    The caller projects afterwards, once for all that it changed. What the person said themselves is
    never overruled (`decide`).
    """
    if not statements:
        return set()
    _hold(session, organization_id, exclusive=True)
    rows = []
    for statement, (state, source) in planned(session, organization_id, statements):
        about = {"channel": statement.channel, "address": statement.address, "worker_id": statement.worker_id}
        said = {"state": state, "source": source, "wording": None, "user_id": user_id, "at": at}
        rows.append({**about, **said, "organization_id": organization_id})
    if rows:
        bulk.insert(session, _events, rows)
    return {cast("uuid.UUID", row["worker_id"]) for row in rows}


def planned(
    session: Session, organization_id: uuid.UUID, statements: Sequence[Statement]
) -> list[tuple[Statement, tuple[State, str]]]:
    """The statements that would change something, each with the event to append."""
    newest = _newest(session, organization_id, [(each.channel, each.address) for each in statements])
    decided = ((each, decide(each, newest.get((each.channel, each.address)))) for each in statements)
    return [(each, event) for each, event in decided if event]


def decide(said: Statement, newest: Newest | None) -> tuple[State, str] | None:
    """What a file's statement appends, as (state, source), given the address's newest event. Pure.

    A yes over a no only where the no was a file's (or came from the number moving): an unknown source
    counts as the person's. A yes of the number's former owner is no yes of the new one.
    """
    if newest is None:
        return (said.state, said.source) if said.state else None
    if newest.state == "revoked":
        undoable = newest.source == NUMBER_MOVED or newest.source.split(":")[0] == IMPORT
        return ("granted", said.source) if said.state == "granted" and undoable else None
    if said.state == "revoked":
        return "revoked", said.source
    if newest.worker_id in {None, said.worker_id}:
        return None
    return ("granted", said.source) if said.state else ("revoked", NUMBER_MOVED)


def consent_state(
    organization_id: sa.ColumnElement[uuid.UUID] | Any,
    channel: sa.ColumnElement[str] | Any,
    address: sa.ColumnElement[str] | Any,
) -> sa.ScalarSelect[str]:
    """The state that counts for an address, as a correlated subquery: "granted", "revoked" or NULL (never asked).

    The arguments are columns of the statement around it, or values.
    """
    event = aliased(ConsentEvent)
    return (
        sa.select(event.state)
        .where(event.organization_id == organization_id, event.channel == channel, event.address == address)
        .order_by(event.id.desc())
        .limit(1)
        .correlate_except(event)
        .scalar_subquery()
    )


def project(
    session: Session, organization_id: uuid.UUID, workers: Collection[uuid.UUID] | None = None, *, touch: bool = True
) -> int:
    """Make `communication_consent` of these workers (None: of all) say what the events say; how many changed.

    Segments find changed workers by `workers.updated_at`; `touch` false leaves that to the caller.
    """
    state = consent_state(_contacts.c.organization_id, SMS, _contacts.c.primary_phone_number)
    granted = sa.func.coalesce(state, "revoked") == "granted"
    outdated = [_contacts.c.organization_id == organization_id, _contacts.c.communication_consent != granted]
    if workers is not None:
        outdated.append(bulk.among(session, _contacts.c.worker_id, workers))
    now = clock.now()
    changed = session.scalars(
        sa.update(_contacts)
        .where(*outdated)
        .values(communication_consent=granted, updated_at=now)
        .returning(_contacts.c.worker_id)
    ).all()
    if changed and touch:
        mine = (_workers.c.organization_id == organization_id, bulk.among(session, _workers.c.id, changed))
        session.execute(sa.update(_workers).where(*mine).values(updated_at=now))
    return len(changed)


def states(session: Session, organization_id: uuid.UUID, addresses: Mapping[str, str | None]) -> dict[str, str]:
    """For each channel of {channel: address}: "granted", "revoked", or "none" where nobody was ever asked."""
    asked = [(channel, address) for channel, address in addresses.items() if address]
    newest = _newest(session, organization_id, asked)
    found = {channel: newest.get((channel, address or "")) for channel, address in addresses.items()}
    return {channel: each.state if each else "none" for channel, each in found.items()}


def _newest(session: Session, organization_id: uuid.UUID, keys: Sequence[Key]) -> dict[Key, Newest]:
    found: dict[Key, Newest] = {}
    for channel in {channel for channel, _ in keys}:
        addresses = [address for each, address in keys if each == channel]
        wanted = bulk.listed(session, _events.c.address, addresses)
        of_address = (_events.c.organization_id == organization_id, _events.c.channel == channel)
        # one look into the index per address: grouped, PostgreSQL reads the events of the whole organization
        last = sa.select(sa.func.max(_events.c.id)).where(*of_address, _events.c.address == wanted)
        newest = sa.select(last.correlate(wanted.table).scalar_subquery()).select_from(wanted.table)
        columns = (_events.c.address, _events.c.state, _events.c.source, _events.c.worker_id)
        for address, *event in session.execute(sa.select(*columns).where(_events.c.id.in_(newest))):
            found[channel, address] = Newest(*event)
    return found


def _lock_owners(session: Session, organization_id: uuid.UUID, address: str) -> list[uuid.UUID]:
    """The worker whose primary phone this is, their contact locked: two events of one number take turns."""
    contact = sa.select(_contacts.c.worker_id).where(
        _contacts.c.organization_id == organization_id, _contacts.c.primary_phone_number == address
    )
    return list(session.scalars(contact.with_for_update(key_share=True)))


def _hold(session: Session, organization_id: uuid.UUID, *, exclusive: bool) -> None:
    """Keep imports (exclusive) and single events (shared) of one organization from overtaking each other.

    A row lock can't do this: the STOP of a number that has no worker yet has no row to lock.
    On SQLite there is only one writer anyway.
    """
    if on_sqlite(session):
        return
    kind = "pg_advisory_xact_lock" if exclusive else "pg_advisory_xact_lock_shared"
    key = sa.func.hashtextextended(f"consent:{organization_id}", 0)
    session.execute(sa.select(getattr(sa.func, kind)(key)))
