"""Settling what an interruption left open: leases that ran out, and attempts that may have gone out.

A claimed row whose lease ran out is certainly not sent and goes back. A `sending` one is in doubt: the
provider is asked for it, and only a complete search that finds nothing leads to one new attempt. Where the
provider can't be asked, the organization's setting decides; the default is to flag it for a human.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import aiohttp
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import clock
from bot.channels.channel import Accepted, Message, Outbound, SendFailed
from bot.delivery import outbox, parts, receipts, retries, timing
from bot.delivery.dispatch import Dispatcher, Line
from bot.delivery.facts import database_now
from bot.delivery.outcomes import locked, named_elsewhere
from bot.log import Log
from bot.nudge import nudge
from bot.tenancy import integrations
from models import Delivery, Integration, SentMessage

log = Log(__name__)

MARGIN = timedelta(minutes=2)
"""By so much a provider's clock may be behind ours. Too little, and a message that arrived looks as if it hadn't and
goes out again; too much costs nothing: what we know by its id is never taken for another."""
MOST_SEARCHES = 10  # with the pauses between them some forty minutes
BATCH = 50
AT_ONCE = 10
POSTPONED = timedelta(minutes=10)
MOST_RESENT = 3
"""Attempts of which each may have arrived: beyond these not even an organization that wishes it gets another."""
WORDLESS = SendFailed("rejected", "its words are no longer kept, and nothing can be recognised by them")

Outcome = Accepted | SendFailed | None


@dataclass(frozen=True, slots=True)
class Doubt:
    """What to search for: an attempt's words, when it was made, and the provider's ids that are accounted for.

    Words that are no longer kept can't be searched for: that is an outcome, and no reason to look for ever.
    """

    out: Outbound
    since: datetime
    known: frozenset[str]
    wordless: bool = False


def expire_leases(session: Session, now: datetime) -> int:
    """Give claimed rows back and put `sending` rows in doubt where the lease ran out. Returns how many.

    An interrupted edit goes back too: it says the same thing again.
    """
    judged = database_now(session, now)
    rows = session.execute(
        sa.select(Delivery.id, Delivery.state, Delivery.verb, Delivery.integration_id, Delivery.attempts)
        .where(Delivery.state.in_(("claimed", "sending")), Delivery.lease_until <= judged)
        .limit(5000)
        .with_for_update(skip_locked=True)
    ).all()
    doubtful = [row.id for row in rows if row.state == "sending" and row.verb == "send"]
    back = [row.id for row in rows if row.state == "claimed" or row.verb == "update"]
    free: dict[str, Any] = {"lease": None, "lease_until": None}
    if back:
        session.execute(sa.update(Delivery).where(Delivery.id.in_(back)).values(state="queued", **free))
    for row in rows:
        if row.state == "sending" and row.verb == "send":
            told = {"attempt": row.attempts, "integration": str(row.integration_id)}
            log.warning("delivery_in_doubt", delivery=row.id, reason="interrupted", **told)
    if doubtful:
        doubt = {"state": "in_doubt", "reason": "interrupted", "settle_at": now + timing.used().settle}
        session.execute(sa.update(Delivery).where(Delivery.id.in_(doubtful)).values(**doubt, **free))
    for integration_id in {row.integration_id for row in rows}:
        nudge(session, "dispatch", str(integration_id))
    return len(rows)


def settle_doubts(dispatcher: Dispatcher) -> int:
    """Ask the providers for attempts in doubt whose settle time has come. Returns how many were settled."""
    now = clock.now()
    with dispatcher.database.reading(None) as session:
        due = session.execute(
            sa.select(Delivery.id, Delivery.integration_id)
            .where(Delivery.state == "in_doubt", Delivery.settle_at <= now, Delivery.integration_id.is_not(None))
            .order_by(Delivery.settle_at)
            .limit(BATCH)
        ).all()
    by_sender: dict[uuid.UUID, list[int]] = defaultdict(list)
    for delivery_id, integration_id in due:
        by_sender[cast("uuid.UUID", integration_id)].append(delivery_id)
    return sum(_settle_sender(dispatcher, integration_id, ids, now) for integration_id, ids in by_sender.items())


def _settle_sender(dispatcher: Dispatcher, integration_id: uuid.UUID, ids: Sequence[int], now: datetime) -> int:
    """The doubts of one sender. One that can't even be asked about must not keep the others from it."""
    try:
        line = dispatcher.line(integration_id, even_if_paused=True)
        if line is not None:
            return _settle(dispatcher, line, ids)
    except Exception:  # noqa: BLE001 - a seal that can't be opened, a database that is away
        log.failure("doubts_not_settled", integration=str(integration_id))
    with dispatcher.database.service_session() as session:
        session.execute(
            sa.update(Delivery)
            .where(Delivery.id.in_(ids), Delivery.state == "in_doubt", Delivery.settle_at <= now)
            .values(settle_at=now + POSTPONED)
        )
    return 0


def _settle(dispatcher: Dispatcher, line: Line, ids: Sequence[int]) -> int:
    database, organization_id = dispatcher.database, line.sender.organization_id
    with database.reading(organization_id) as session:
        doubts = [doubt for delivery_id in ids if (doubt := _doubt(session, delivery_id))]
    outcomes = dispatcher.wire.run(lambda http: _search_all(http, line, doubts))
    settled = 0
    for doubt, outcome in zip(doubts, outcomes, strict=True):
        with database.organization_session(organization_id) as session:
            settled += _conclude(session, line, doubt.out, outcome)
    return settled


async def _search_all(http: aiohttp.ClientSession, line: Line, doubts: Sequence[Doubt]) -> list[Outcome]:
    """Search side by side, a few at a time. An edit isn't searched for: it may be repeated."""
    room = asyncio.Semaphore(AT_ONCE)

    async def search(doubt: Doubt) -> Outcome:
        if doubt.out.verb == "update":
            return None
        if doubt.wordless:
            return WORDLESS
        async with room:
            try:
                return await line.sender.channel.find(
                    http, line.api_url, line.config, doubt.out, doubt.since, doubt.known
                )
            except SendFailed as failure:
                return failure
            except Exception as error:  # noqa: BLE001 - one odd answer must not keep the others from theirs
                log.failure("search_broke", delivery=doubt.out.delivery)
                return SendFailed("retry", f"unforeseen: {type(error).__name__}")

    return await asyncio.gather(*(search(doubt) for doubt in doubts))


def _doubt(session: Session, delivery_id: int) -> Doubt | None:
    row = session.execute(
        sa.select(
            Delivery.address,
            Delivery.verb,
            Delivery.integration_id,
            Delivery.attempts,
            SentMessage.payload,
            SentMessage.at,
        )
        .outerjoin(
            SentMessage, sa.and_(SentMessage.delivery_id == Delivery.id, SentMessage.attempt == Delivery.attempts)
        )
        .where(Delivery.id == delivery_id, Delivery.state == "in_doubt")
    ).first()
    if row is None:
        return None
    if row.payload is None:
        out = Outbound(delivery_id, row.attempts, row.address, Message(""), row.verb)
        return Doubt(out, clock.now(), frozenset(), wordless=True)
    since = row.at - MARGIN
    known = session.scalars(
        sa.select(SentMessage.provider_id).where(
            SentMessage.integration_id == row.integration_id,
            SentMessage.address == row.address,
            SentMessage.at >= since - timedelta(hours=1),
            SentMessage.provider_id.is_not(None),
        )
    )
    out = Outbound(delivery_id, row.attempts, row.address, outbox.unpack(row.payload), row.verb)
    return Doubt(out, since, frozenset(filter(None, known)))


def _conclude(session: Session, line: Line, out: Outbound, outcome: Outcome) -> bool:
    """Write down what the search showed. False if a report, an answer or another clock was quicker."""
    now = clock.now()
    row: Any = session.execute(locked([out.delivery])).first()
    if row is None or row.state != "in_doubt" or row.attempts != out.attempt:
        return False
    match outcome:
        case Accepted() if _anothers(session, row, out, outcome):
            _postpone(session, row, now)  # another's, or it may be: looked at again when that one is known
            return False
        case Accepted():
            receipts.found(session, row, outcome, now)
            nudge(session, "dispatch", str(row.integration_id))
        case None:
            _again(session, row, now)
        case SendFailed():
            _unsearchable(session, line, row, outcome, now)
    return True


def _anothers(session: Session, row: Any, out: Outbound, accepted: Accepted) -> bool:
    """Say whether what the search found is another delivery's, or may be.

    Two searches side by side may find the same message; and the same words may be just on their way to the same
    person, under an id that nobody has written down yet.
    """
    line = (out.delivery, out.attempt)
    if named_elsewhere(session, row.integration_id, {line: accepted.provider_id}):
        return True
    flying = sa.exists().where(
        Delivery.integration_id == row.integration_id, Delivery.address == row.address, Delivery.state == "sending"
    )
    return bool(session.scalar(sa.select(flying)))


def _postpone(session: Session, row: Any, now: datetime) -> None:
    session.execute(sa.update(Delivery).where(Delivery.id == row.id).values(settle_at=now))


def _again(session: Session, row: Any, now: datetime) -> None:
    """Searched completely and not there: it was not sent."""
    last = row.attempts - row.forgiven >= retries.MOST_ATTEMPTS
    values = {"state": "failed", "finished_at": now} if last else {"state": "queued", "due_at": now}
    session.execute(
        sa.update(Delivery)
        .where(Delivery.id == row.id)
        .values(**values, settle_at=None, reason="not_found_at_provider")
    )
    if last:
        told = {"attempt": row.attempts, "integration": str(row.integration_id)}
        log.warning("delivery_failed", delivery=row.id, reason="not_found_at_provider", **told)
        parts.drop_later(session, [row.id], now)
        parts.withdraw_questions(session, [row.id])
    nudge(session, "dispatch", str(row.integration_id))


def _unsearchable(session: Session, line: Line, row: Any, failure: SendFailed, now: datetime) -> None:
    """Try the search a few times; then do what the organization wants."""
    searches = row.search_count + 1
    if failure.kind == "retry" and searches < MOST_SEARCHES:
        wait = retries.wait(searches, failure.retry_in)
        values: dict[str, Any] = {"settle_at": now + wait, "search_count": searches}
    elif line.sender.settings.delivery.in_doubt == "resend" and _doubtful_attempts(session, row) < MOST_RESENT:
        values = {"state": "queued", "due_at": now, "settle_at": None}
        values |= {"flagged": "possibly_twice", "reason": "resent_unsearched"}
        nudge(session, "dispatch", str(row.integration_id))
    else:
        # A human decides about this one; what follows it is in no doubt and isn't kept back.
        values = {"settle_at": None, "flagged": "maybe_lost", "reason": f"can't be searched: {failure.reason}"[:500]}
        log.warning("doubt_flagged", delivery=row.id, reason=failure.kind)
        parts.release_next(session, [row.id], now)
    session.execute(sa.update(Delivery).where(Delivery.id == row.id).values(**values))


def _doubtful_attempts(session: Session, row: Any) -> int:
    """How many attempts may have arrived, for all we know: unlike those that were refused, each is perhaps a copy."""
    unknown = sa.or_(SentMessage.outcome.is_(None), SentMessage.outcome == "doubt")
    query = sa.select(sa.func.count()).where(
        SentMessage.delivery_id == row.id, SentMessage.attempt > row.forgiven, unknown
    )
    return session.scalar(query) or 0


def due_integrations(session: Session, now: datetime) -> Sequence[uuid.UUID]:
    """Ids of the senders for which something is due: the sweep that finds what a lost nudge left."""
    waiting = sa.exists().where(
        Delivery.integration_id == Integration.id, Delivery.state == "queued", Delivery.due_at <= now
    )
    return session.scalars(sa.select(Integration.id).where(Integration.status.in_(integrations.SENDING), waiting)).all()


def any_leased(session: Session) -> bool:
    """Say whether there is a lease that could have run out."""
    return bool(session.scalar(sa.select(sa.exists().where(Delivery.state.in_(("claimed", "sending"))))))
