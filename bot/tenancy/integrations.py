"""Connections to providers, their credentials sealed with the organization's id inside the seal.

Whoever copies a sealed config into another organization's row can't open it there. The address stays
unsealed, because a hook has to find its integration before it can verify anything: `by_address` is
the one look-up that names no organization.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.channels.channel import Channel, Field
from bot.errors import BadInput, Conflict, Misconfigured, NotFound
from bot.prepared import Prepared
from models.organizations import Integration, Organization

REMOVED = "removed"
"""Kept for its transcript alone: without credentials, and without its address, which may be connected anew."""

STATUSES = ("untested", "connected", "failing", "revoked", "paused", REMOVED)
SENDING = ("untested", "connected", "failing")
"""A failing sender still tries: a provider's bad hour must not need a manager's hand to end."""


class SealBroken(Misconfigured):
    """These credentials can't be opened: another key, or another organization, sealed them. Check ENCRYPTION_KEYS."""

    code = "seal_broken"


class KeysOfAnother(SealBroken):
    """These ENCRYPTION_KEYS open none of the stored credentials: every machine needs the keys that sealed them."""

    code = "keys_of_another"


def seal(keys: Sequence[str], organization_id: uuid.UUID, config: Mapping[str, str]) -> dict[str, Any]:
    """`config` as it is stored, sealed with the newest of `keys` (Fernet keys, newest first)."""
    inside = json.dumps({"organization": str(organization_id), "config": dict(config)})
    return {"sealed": _fernet(tuple(keys)).encrypt(inside.encode()).decode()}


def unseal(keys: Sequence[str], organization_id: uuid.UUID, sealed: Mapping[str, Any]) -> dict[str, str]:
    """The config inside; SealBroken for a wrong key, a changed seal or another organization."""
    return dict(_opened(tuple(keys), organization_id, str(sealed.get("sealed", ""))))


def add(
    session: Session,
    keys: Sequence[str],
    organization: Organization,
    channel: Channel | type[Channel],
    config: Mapping[str, str],
) -> Integration:
    """Store a connection without calling the provider: status "untested", and it sends.

    `config` is checked against what the channel declares; a mistake names the field (BadInput). An
    address that is connected already, here or elsewhere, is a Conflict that doesn't say where.
    """
    checked = _checked(channel.fields, config)
    integration = Integration(
        organization_id=organization.id,
        type=channel.kind,
        channel=channel.name,
        address=_address(channel, checked),
        config=seal(keys, organization.id, checked),
        status="untested",
    )
    session.add(integration)
    try:
        session.flush()
    except IntegrityError as error:
        if "address" not in str(error.orig):
            raise
        raise Conflict(f"This {channel.kind} sender is connected already.") from None
    return integration


class Connected(NamedTuple):
    """What a hook has to know of an integration before it can verify anything."""

    id: uuid.UUID
    organization_id: uuid.UUID
    type: str
    address: str
    config: dict[str, Any]


def by_address(connection: sa.Connection, kind: str, addresses: Sequence[str]) -> Connected | None:
    """The integration that a hook's request belongs to: the first of `addresses` that is ours.

    The connection sees all organizations: whose it is, is what is being looked for.
    """
    for address in addresses:
        for row in _BY_ADDRESS.rows(connection, {"kind": kind, "address": address}):
            return Connected(*row)
    return None


def by_id(connection: sa.Connection, kind: str, id: uuid.UUID) -> Connected | None:
    """The integration that a hook's address names; one that was removed is none."""
    for row in _BY_ID.rows(connection, {"kind": kind, "id": id}):
        return Connected(*row)
    return None


def _connected(*wanted: sa.ColumnElement[bool]) -> Prepared:
    columns = (Integration.id, Integration.organization_id, Integration.type, Integration.address, Integration.config)
    return Prepared(lambda _: select(*columns).where(Integration.type == sa.bindparam("kind"), *wanted))


_BY_ADDRESS = _connected(Integration.address == sa.bindparam("address"))
_BY_ID = _connected(Integration.id == sa.bindparam("id"), Integration.status != REMOVED)


def get(session: Session, id: uuid.UUID) -> Integration:
    """One integration, or NotFound; another organization's is not found, nor one that was removed."""
    integration = session.scalar(select(Integration).where(Integration.id == id, Integration.status != REMOVED))
    if integration is None:
        raise NotFound(f"There is no integration {id} here.")
    return integration


def sender_of(integration: Integration) -> str:
    """What a person knows it by: the sender's number or service, the workspace's id; never the account's."""
    return integration.address.split("#", 1)[0].rsplit(":", 1)[-1]


def retire(session: Session, integration: Integration) -> None:
    """Take credentials and address away from a connection whose transcript has to stay."""
    integration.status, integration.status_reason, integration.config = REMOVED, None, {}
    integration.address = f"{integration.address}#{integration.id}"
    session.flush()


def config_of(integration: Integration | Connected, keys: Sequence[str]) -> dict[str, str]:
    """What the channel needs to speak. Opened once per stored seal: each message asks for it."""
    return unseal(keys, integration.organization_id, integration.config)


def check_keys(session: Session, keys: Sequence[str]) -> None:
    """KeysOfAnother where credentials are stored and these keys open none of the newest: this machine has its own."""
    newest = session.scalars(select(Integration).order_by(Integration.created_at.desc()).limit(20)).all()
    for integration in newest:
        try:
            config_of(integration, keys)
        except SealBroken:
            continue
        return
    if newest:
        raise KeysOfAnother


def set_status(session: Session, id: uuid.UUID, status: str, reason: str | None = None) -> None:
    """What became of a connection, in the provider's own words where there are any."""
    if status not in STATUSES:
        raise ValueError(f"{status!r} is no status of an integration")
    integration = get(session, id)
    integration.status, integration.status_reason = status, reason
    session.flush()


def senders(session: Session, organization_id: uuid.UUID) -> list[Integration]:
    """The integrations that may send now, oldest first."""
    return list(
        session.scalars(
            select(Integration)
            .where(Integration.organization_id == organization_id, Integration.status.in_(SENDING))
            .order_by(Integration.created_at, Integration.id)
        )
    )


@lru_cache(maxsize=8)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


@lru_cache(maxsize=1024)
def _opened(keys: tuple[str, ...], organization_id: uuid.UUID, sealed: str) -> dict[str, str]:
    try:
        inside = json.loads(_fernet(keys).decrypt(sealed.encode()))
    except InvalidToken:
        raise SealBroken from None
    if inside["organization"] != str(organization_id):
        raise SealBroken
    config: dict[str, str] = inside["config"]
    return config


def _checked(fields: Sequence[Field], config: Mapping[str, str]) -> dict[str, str]:
    """`config` without surrounding space and without empty values; a secret is never repeated in a sentence."""
    given = {name: value.strip() for name, value in config.items() if value and value.strip()}
    known = {field.name for field in fields}
    if strange := sorted(set(given) - known):
        raise BadInput(f"{strange[0]} is not known here; this connection has {', '.join(sorted(known))}.")
    for field in fields:
        value = given.get(field.name)
        if value is None and field.required:
            raise BadInput(f"{field.label} is missing.")
        if value is not None and not re.fullmatch(field.pattern, value):
            example = f"; it looks like {field.example}" if field.example else ""
            raise BadInput(f"{field.label} is not of the right form{example}.")
    return given


def _address(channel: Channel | type[Channel], config: Mapping[str, str]) -> str:
    """The public address that `config` makes, in the channel's own rule."""
    speaker = channel() if isinstance(channel, type) else channel
    try:
        address = speaker.address_of(config)
    except (KeyError, ValueError) as error:
        raise BadInput(f"This connection has no address to be found by: {error.args[0]}.") from None
    if not address:
        raise BadInput("This connection has no address to be found by.")
    return address


def every(session: Session, organization_id: uuid.UUID) -> list[Integration]:
    """All connections of an organization but the removed ones, oldest first."""
    query = select(Integration).where(Integration.organization_id == organization_id, Integration.status != REMOVED)
    return list(session.scalars(query.order_by(Integration.created_at, Integration.id)))
