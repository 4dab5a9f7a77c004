"""Who gets a broadcast, by which identity, and why the others don't: one statement for launch and plan alike."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.channels.registry import CHANNELS
from bot.delivery import outbox
from bot.people.consent import consent_state
from bot.tenancy.integrations import REMOVED
from bot.tenancy.settings import OrganizationSettings
from bot.tenancy.settings import load as load_settings
from models import (
    Broadcast,
    BroadcastSegment,
    ChannelIdentity,
    Delivery,
    Integration,
    Organization,
    SegmentMembership,
    TemplateContent,
    Worker,
)

COLUMNS = (
    "organization_id", "source_kind", "source_id", "recipient", "step", "part", "verb", "bypass", "priority",
    "attempts", "forgiven", "search_count", "rank", "worker_id", "content_version_id", "integration_id", "identity_id",
    "channel", "address", "state", "reason", "due_at", "finished_at", "created_at",
)  # fmt: skip


def settings_of(session: Session, organization_id: uuid.UUID) -> OrganizationSettings:
    """The organization's settings, complete."""
    return load_settings(session.scalar(sa.select(Organization.settings).where(Organization.id == organization_id)))


def channels_of(session: Session, broadcast: Broadcast) -> list[str]:
    """The channels that may carry it, best first: its own choice, else the organization's; a template's own only."""
    preference = list(broadcast.channels or settings_of(session, broadcast.organization_id).delivery.channel_preference)
    only = session.scalar(sa.select(TemplateContent.channel).where(TemplateContent.content_id == broadcast.content_id))
    known = {channel.name for channel in CHANNELS}
    return [name for name in preference if name in known and only in {None, "any", name}]


def reachable(organization_id: Any, identity: Any) -> sa.ColumnElement[bool]:
    """Say whether this identity can be written to now, as far as identity and consent go."""
    consent = consent_state(organization_id, identity.channel, identity.address)
    asked = sa.case((identity.channel == "sms", consent == "granted"), else_=sa.func.coalesce(consent, "") != "revoked")
    return sa.and_(identity.state == "verified", asked)


def everybody(session: Session, broadcast: Broadcast, now: datetime) -> sa.Select[Any]:
    """A delivery for each member: to their best reachable identity, or skipped with the reason. Columns as COLUMNS."""
    channels = channels_of(session, broadcast)
    order = sa.case({name: place for place, name in enumerate(channels)} or {"": 0}, value=ChannelIdentity.channel)
    best = (
        sa.select(ChannelIdentity.id)
        .join(Integration, Integration.id == ChannelIdentity.integration_id)
        .where(
            ChannelIdentity.organization_id == broadcast.organization_id,
            ChannelIdentity.worker_id == Worker.id,
            ChannelIdentity.channel.in_(channels),
            Integration.status.not_in(("revoked", REMOVED)),
            reachable(broadcast.organization_id, ChannelIdentity),
        )
        .order_by(order, ChannelIdentity.created_at, ChannelIdentity.id)
        .limit(1)
        .correlate(Worker)
        .scalar_subquery()
    )
    chosen = sa.orm.aliased(ChannelIdentity)
    reason = sa.case(
        (Worker.is_active.is_(sa.false()), sa.literal("inactive")),
        (chosen.id.is_(None), _why_not(broadcast, channels)),
        else_=sa.null(),
    )
    goes = sa.and_(Worker.is_active, chosen.id.is_not(None))
    moment = sa.literal(now, type_=Delivery.__table__.c.created_at.type)
    table = Delivery.__table__.c
    columns: dict[str, Any] = {
        "organization_id": sa.literal(broadcast.organization_id, type_=table.organization_id.type),
        "source_kind": sa.literal("broadcast"),
        "source_id": sa.literal(broadcast.id, type_=table.source_id.type),
        "recipient": outbox.recipient_of(Worker.id),
        "step": sa.literal(0),
        "part": sa.literal(0),
        "verb": sa.literal("send"),
        "bypass": sa.false(),
        "priority": sa.literal(outbox.BULK),
        "attempts": sa.literal(0),
        "forgiven": sa.literal(0),
        "search_count": sa.literal(0),
        "rank": sa.literal(0),
        "worker_id": Worker.id,
        "content_version_id": sa.literal(broadcast.content_version_id, type_=table.content_version_id.type),
        "integration_id": chosen.integration_id,
        "identity_id": chosen.id,
        "channel": chosen.channel,
        "address": chosen.address,
        "state": sa.case((goes, sa.literal("queued")), else_=sa.literal("skipped")),
        "reason": reason,
        "due_at": sa.case((goes, moment), else_=sa.null()),
        "finished_at": sa.case((goes, sa.null()), else_=moment),
        "created_at": moment,
    }
    return (
        sa.select(*(columns[name].label(name) for name in COLUMNS))
        .select_from(Worker)
        .outerjoin(chosen, chosen.id == best)
        .where(
            Worker.organization_id == broadcast.organization_id,
            sa.exists()
            .where(
                SegmentMembership.worker_id == Worker.id,
                SegmentMembership.segment_id == BroadcastSegment.segment_id,
                BroadcastSegment.broadcast_id == broadcast.id,
            )
            .correlate(Worker),
        )
    )


def _why_not(broadcast: Broadcast, channels: Sequence[str]) -> sa.ColumnElement[str]:
    """Why none of a worker's identities would do, the most telling reason first."""

    def some(*conditions: sa.ColumnElement[bool]) -> sa.Exists:
        return (
            sa.exists()
            .where(ChannelIdentity.worker_id == Worker.id, ChannelIdentity.channel.in_(channels), *conditions)
            .correlate(Worker)
        )

    consent = consent_state(broadcast.organization_id, ChannelIdentity.channel, ChannelIdentity.address)
    return sa.case(
        (some(reachable(broadcast.organization_id, ChannelIdentity)), sa.literal("disconnected")),
        (some(ChannelIdentity.state == "verified", consent == "revoked"), sa.literal("opted_out")),
        (some(ChannelIdentity.state == "verified"), sa.literal("no_consent")),
        (some(ChannelIdentity.state == "dead"), sa.literal("address_dead")),
        (some(ChannelIdentity.state == "blocked"), sa.literal("address_blocked")),
        (some(ChannelIdentity.state == "unverified"), sa.literal("address_unverified")),
        else_=sa.literal("no_address"),
    )
