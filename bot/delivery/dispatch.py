"""Dispatch: claim a batch of one sender, and for each 64 of it begin, POST, note.

No transaction is open while a provider is called. Whatever is interrupted here is found again by its lease.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
import sqlalchemy as sa

from bot import clock
from bot.channels.channel import Accepted, Channel, Config, Outbound, SendFailed
from bot.channels.http import depart, moment
from bot.channels.registry import by_kind
from bot.content.media import Store
from bot.database import Database
from bot.delivery import begin, claim, results, timing
from bot.delivery.begin import Sender
from bot.delivery.results import Result
from bot.delivery.wire import Wire
from bot.errors import BadInput
from bot.log import Log
from bot.nudge import nudge
from bot.settings import Settings
from bot.tenancy import integrations
from bot.tenancy import settings as tenancy_settings
from models import Integration, Organization

log = Log(__name__)

UNWRITABLE = (ValueError, TypeError, LookupError, BadInput, sa.exc.DataError, sa.exc.IntegrityError)
"""What something in a row can be at fault for; a database that is away is nobody's fault, and passes."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sender, ready: its channel, credentials and address at the provider."""

    sender: Sender
    config: Config
    api_url: str


class Dispatcher:
    """Sends what is due."""

    def __init__(self, database: Database, settings: Settings, wire: Wire, store: Store) -> None:
        self.database = database
        self.settings = settings
        self.wire = wire
        self.store = store
        self.ending = threading.Event()
        """Set when this process is to end: what has begun is finished, what was only claimed is given back."""

    def dispatch(self, integration_id: uuid.UUID) -> int:
        """Send one batch of this integration; nudges itself if more is due. Returns how many were claimed."""
        line = self.line(integration_id)
        if line is None:
            return 0
        sender = line.sender
        with self.database.organization_session(sender.organization_id) as session:
            claimed = claim.claim(
                session, sender.organization_id, integration_id, sender.channel.name, sender.settings, clock.now()
            )
            if claimed.more:
                nudge(session, "dispatch", str(integration_id))
        for start in range(0, len(claimed.ids), begin.MOST):
            ids = claimed.ids[start : start + begin.MOST]
            if self.ending.is_set() or not self._batch(line, claimed.lease, ids):
                self._give_back(line, claimed.lease)
                break
        return len(claimed.ids)

    def line(self, integration_id: uuid.UUID, *, even_if_paused: bool = False) -> Line | None:
        """The sender behind an integration's id; None if there is none or it may not send."""
        with self.database.reading(None) as session:
            integration = session.get(Integration, integration_id)
            if integration is None or (integration.status not in integrations.SENDING and not even_if_paused):
                return None
            organization = session.get_one(Organization, integration.organization_id)
            config = integrations.config_of(integration, self.settings.encryption_keys)
            settings = tenancy_settings.load(organization.settings)
        channel = by_kind(integration.type)
        sender = Sender(
            integration.organization_id, integration.id, channel, settings, self.store, self.settings.public_url
        )
        return Line(sender, config, api_url_of(channel, self.settings))

    def _batch(self, line: Line, lease: uuid.UUID, ids: Sequence[int]) -> bool:
        """Begin, POST and note up to 64; False if the sender has to stop for now."""
        sender = line.sender
        begun = moment()  # before the transaction: the lease runs from its first statement
        outbound = self._begin(sender, lease, ids)
        if not outbound:
            return True
        ended = self.wire.run(lambda http: _post_all(http, line, outbound, begun))
        for tries_left in (2, 1, 0):
            try:
                return self._note(line, lease, ended)
            except sa.exc.OperationalError:  # a deadlock or a broken connection; noting twice changes nothing
                if not tries_left:
                    raise
                log.failure("note_again", integration=str(sender.integration_id))
        return False

    def _begin(self, sender: Sender, lease: uuid.UUID, ids: Sequence[int]) -> list[Outbound]:
        """Begin them together. If that can't be written, halve by halve, until the one that is at fault ends alone.

        Left in the queue it would come back with its neighbours, ahead of everybody else, for ever.
        """
        try:
            with self.database.organization_session(sender.organization_id) as session:
                return begin.begin(session, sender, lease, ids, clock.now())
        except UNWRITABLE as error:
            log.failure("begin_broke", integration=str(sender.integration_id), deliveries=len(ids))
            if len(ids) == 1:
                with self.database.organization_session(sender.organization_id) as session:
                    begin.give_up(session, sender, lease, ids[0], f"cannot be sent: {type(error).__name__}")
                return []
        half = len(ids) // 2
        return [*self._begin(sender, lease, ids[:half]), *self._begin(sender, lease, ids[half:])]

    def _note(self, line: Line, lease: uuid.UUID, ended: Sequence[Result]) -> bool:
        with self.database.organization_session(line.sender.organization_id) as session:
            return results.note(session, line.sender.integration_id, lease, ended, clock.now())

    def _give_back(self, line: Line, lease: uuid.UUID) -> None:
        with self.database.organization_session(line.sender.organization_id) as session:
            claim.give_back(session, lease)
            if self.ending.is_set():
                nudge(session, "dispatch", str(line.sender.integration_id))  # another process takes it up


def api_url_of(channel: Channel, settings: Settings) -> str:
    """Where this channel's provider is."""
    return settings.api_urls.get(channel.api_url_setting, channel.default_api_url)


async def _post_all(
    http: aiohttp.ClientSession, line: Line, outbound: Sequence[Outbound], begun: float
) -> list[Result]:
    return await asyncio.gather(*(_post(http, line, out, begun) for out in outbound))


async def _post(http: aiohttp.ClientSession, line: Line, out: Outbound, begun: float) -> Result:
    """One POST. A process that stood still since the begin must not send: others may have taken over."""
    outcome: Accepted | SendFailed | None
    departure = depart(begun + timing.used().fresh.total_seconds())
    if departure.missed:
        return Result(out.delivery, out.attempt, None)
    try:
        outcome = await line.sender.channel.send(http, line.api_url, line.config, out)
    except SendFailed as failure:
        outcome = None if departure.missed else failure
    except Exception as error:  # noqa: BLE001 - an unforeseen end of a POST is a doubt, never a loss
        log.failure("send_broke", delivery=out.delivery)
        outcome = SendFailed("doubt", f"unforeseen: {type(error).__name__}")
    return Result(out.delivery, out.attempt, outcome)
