"""The first text that opens a conversation says who speaks and how to make it stop.

US carriers (CTIA's Messaging Principles) expect the programme's name and the way out in the opening message, and
whoever gets a question from an unknown number wants to know the same. It is asked of each person and address, so
that a number which goes to somebody else introduces us anew; an attempt that didn't get there has introduced nobody.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from bot.channels.channel import Abilities, Message
from bot.content.said import block, spaced
from bot.delivery.compose import Composed, Reader
from bot.delivery.gate import OPENINGS
from bot.tenancy.settings import OrganizationSettings
from bot.wording import say
from models import Delivery

SMS = "sms"
TAKEN = ("submitted", "sent", "delivered", "read")
_WAY_OUT = re.compile(r"\bSTOP\b")


def meant(channel: str, settings: OrganizationSettings) -> bool:
    """Say whether conversations on this channel are opened with an introduction at all."""
    return channel == SMS and settings.consent.introduce_first_sms


def opened_before(organization_id: Any, worker_id: Any, address: Any, but: Any = None) -> sa.Exists:
    """Say whether an opening has reached this worker at this address, other than the delivery `but`."""
    other = aliased(Delivery)
    conditions = [
        other.organization_id == organization_id,
        other.worker_id == worker_id,
        other.address == address,
        other.channel == SMS,
        other.source_kind.in_(OPENINGS),
        other.part == 0,
        other.state.in_(TAKEN),
    ]
    if but is not None:
        conditions.append(other.id != but)
    return sa.exists().where(*conditions).correlate_except(other)


def introduced(
    composed: Composed, organization: str, reader: Reader, settings: OrganizationSettings, channel: Abilities
) -> Composed:
    """The same, and in its first message whose it is and how to stop it, as far as it doesn't say so itself.

    What would be too long with it comes after it.
    """
    first, *rest = composed.messages
    name, way_out = _words(first.text, settings.consent.legal_name or organization, reader)
    whole = replace(first, text=block(spaced(name, first.text), way_out))
    if not channel.fits(whole):
        return replace(composed, messages=(whole, *rest))
    return replace(composed, messages=(Message(spaced(name, way_out)), first, *rest))


def _words(text: str, name: str, reader: Reader) -> Sequence[str]:
    known = name.casefold() in text.casefold()
    return (
        "" if known else say("introduction.name", reader.languages, own=reader.own_wording, organization=name),
        "" if _WAY_OUT.search(text) else say("introduction.stop", reader.languages, own=reader.own_wording),
    )
