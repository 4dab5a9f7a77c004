"""A worker on an integration: the address by which we know who speaks, and the lock that orders what they say.

Identities follow from the contacts: a phone on every SMS sender, a Slack user id on every workspace.
They are kept when a phone changes (as "replaced"), because what was said there stays said by that
person; and an address that goes to somebody else gets a new identity, so that the newcomer can't
answer the former owner's questions.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any, Literal, cast

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot import chance, clock
from bot.people import bulk
from bot.tenancy.integrations import REMOVED
from models.organizations import Integration
from models.reach import ChannelIdentity
from models.workers import WorkerContact

Contact = tuple[uuid.UUID, str]
"""(worker, address)"""

State = Literal["verified", "unverified", "blocked", "dead", "replaced"]
PAGE = 5_000
CHANGED = "the worker has another address now"

ADDRESSES: dict[str, InstrumentedAttribute[Any]] = {
    "sms": WorkerContact.primary_phone_number,
    "slack": WorkerContact.slack_user_id,
}
"""Channel → the contact's column that holds a worker's address on it."""

_identities = cast("sa.Table", ChannelIdentity.__table__)
_contacts = cast("sa.Table", WorkerContact.__table__)


def link(session: Session, organization_id: uuid.UUID, workers: Collection[uuid.UUID] | None = None) -> int:
    """Give every contact its identity on every integration of its channel; how many were made.

    To be called after an import (with the `workers` it changed) and after an integration is added.
    Repeating it changes nothing.
    """
    session.flush()
    made = 0
    found = sa.select(Integration.id, Integration.channel).where(
        Integration.organization_id == organization_id,
        Integration.channel.in_(ADDRESSES),
        Integration.status != REMOVED,
    )
    for integration_id, channel in session.execute(found.order_by(Integration.id)).all():
        place = _Place(session, organization_id, integration_id, channel, workers)
        place.retire()
        place.vacate()
        place.revive()
        made += place.fill()
    return made


def by_address(
    session: Session, integration_id: uuid.UUID, address: str, *, lock: bool = True
) -> ChannelIdentity | None:
    """Who speaks from `address`, locked until the commit so that their messages take turns.

    None for a stranger, and for a number that its worker has given up. A dead or blocked one is found:
    it has just spoken.
    """
    wanted = sa.select(ChannelIdentity).where(
        ChannelIdentity.integration_id == integration_id,
        ChannelIdentity.address == address,
        ChannelIdentity.state != "replaced",
    )
    if lock:
        wanted = wanted.with_for_update(key_share=True)
    return session.scalar(wanted.execution_options(populate_existing=True))


def mark(session: Session, identity_id: uuid.UUID, state: State, reason: str | None = None) -> None:
    """Note what became of an address, in the provider's words where there are any."""
    session.execute(
        sa.update(ChannelIdentity).where(ChannelIdentity.id == identity_id).values(state=state, reason=reason)
    )


def give_up(session: Session, integration_id: uuid.UUID) -> None:
    """Nobody is reached by this connection any more; what was said there stays theirs."""
    session.execute(
        sa.update(ChannelIdentity)
        .where(ChannelIdentity.integration_id == integration_id)
        .values(state="replaced", reason="the connection was removed")
    )


class _Place:
    """One integration and the contacts that belong on it; each method is one step of `link`."""

    def __init__(
        self,
        session: Session,
        organization_id: uuid.UUID,
        integration_id: uuid.UUID,
        channel: str,
        workers: Collection[uuid.UUID] | None,
    ) -> None:
        self.session = session
        self.organization_id, self.integration_id, self.channel = organization_id, integration_id, channel
        self.workers = workers
        self.address = _contacts.c[ADDRESSES[channel].key]
        self.here = _identities.c.integration_id == integration_id
        self.ours = [_contacts.c.organization_id == organization_id]
        self.theirs = [self.here, _identities.c.organization_id == organization_id]
        if workers is not None:
            self.ours.append(bulk.among(session, _contacts.c.worker_id, workers))
            self.theirs.append(bulk.among(session, _identities.c.worker_id, workers))
        self.same_worker = _contacts.c.worker_id == _identities.c.worker_id
        self.same_address = self.address == _identities.c.address

    def retire(self) -> None:
        """Mark as replaced what the worker's contact no longer says.

        A phone that was taken away counts; a Slack id that isn't in the contact doesn't, because Slack
        people are also found by e-mail or by a code.
        """
        gone = self.same_worker & (self.address != _identities.c.address)
        if self.channel == "sms":
            gone = self.same_worker & sa.func.coalesce(self.address != _identities.c.address, sa.true())
        self._update([*self.theirs, _identities.c.state != "replaced"], gone, state="replaced", reason=CHANGED)

    def vacate(self) -> None:
        """Free an address that a former owner's identity still holds; the id keeps the old row unique."""
        other = self.same_address & (_contacts.c.worker_id != _identities.c.worker_id)
        former = _identities.c.address + "#" + sa.cast(_identities.c.id, sa.String)
        wanted = _identities.c.address.in_(sa.select(self.address).where(*self.ours))
        self._update([self.here, _identities.c.state == "replaced", wanted], other, address=former)

    def revive(self) -> None:
        """Take up an identity again whose worker came back to the old address."""
        back = self.same_worker & self.same_address
        self._update([*self.theirs, _identities.c.state == "replaced"], back, state="verified", reason=None)

    def fill(self) -> int:
        """Make the identities that are missing, page by page."""
        made = 0
        last: uuid.UUID | None = None
        while page := self._missing(last):
            made += self._insert(page)
            last = page[-1][0]
        return made

    def _update(self, which: Sequence[sa.ColumnElement[bool]], contact: sa.ColumnElement[bool], **values: Any) -> None:
        told = sa.exists().where(*self.ours, contact).correlate(_identities)
        self.session.execute(sa.update(_identities).where(*which, told).values(updated_at=clock.now(), **values))

    def _missing(self, after: uuid.UUID | None) -> Sequence[Contact]:
        taken = sa.exists().where(self.here, self.same_address).correlate(_contacts)
        missing = sa.select(_contacts.c.worker_id, self.address).where(*self.ours, self.address.is_not(None), ~taken)
        if after is not None:
            missing = missing.where(_contacts.c.worker_id > after)
        page = self.session.execute(missing.order_by(_contacts.c.worker_id).limit(PAGE))
        return [(worker_id, address) for worker_id, address in page]

    def _insert(self, page: Sequence[Contact]) -> int:
        now = clock.now()
        about = {
            "organization_id": self.organization_id,
            "integration_id": self.integration_id,
            "channel": self.channel,
            "state": "verified",
            "created_at": now,
            "updated_at": now,
        }
        rows = [about | {"id": chance.new_id(), "worker_id": worker, "address": address} for worker, address in page]
        # another `link` may run at the same moment, and two workers may claim one Slack id: the first one stays
        bulk.insert(self.session, _identities, rows, ignore_conflicts=True)
        return len(rows)
