"""What the phone and Slack show, new or changed since the page last looked, and what the person does there."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.errors import BadInput
from bot.simulator.client import Control
from bot.web.parts import parts
from bot.web.simulator import people, world
from bot.web.simulator.people import Reach

LONGEST_WAIT = 4.0
TURN = 0.25  # two conversations, one thread: each is waited for in turn
LONGEST_SMS, LONGEST_DM = 1600, 4000

NOT_REACHED = {"sms": "This worker has no phone number.", "slack": "This worker is not in Slack."}


@dataclass(frozen=True, slots=True)
class Seen:
    """How far the page has read each of the two."""

    sms: int
    slack: int


def news(worker_id: uuid.UUID, seen: Seen, wait: float) -> dict[str, Any]:
    """Messages that are new or changed since `seen`; with `wait`, as soon as there are any.

    `waited` false asks the page to wait a moment itself: too many are waiting here already.
    """
    reach = _reach(worker_id)
    may_wait = wait > 0 and world.WAITING.acquire(blocking=False)
    try:
        with world.control() as control:
            found = _awaited(control, reach, seen, min(wait, LONGEST_WAIT) if may_wait else 0)
    finally:
        if may_wait:
            world.WAITING.release()
    shown = {
        channel: {
            "address": reach[channel].address,
            "other_end": reach[channel].other_end,
            "messages": messages,
            "cursor": max([getattr(seen, channel), *(message["changed"] for message in messages)]),
        }
        for channel, messages in found.items()
    }
    return {"sms": shown.get("sms"), "slack": shown.get("slack"), "waited": may_wait}


def text(worker_id: uuid.UUID, words: str) -> None:
    """The worker texts."""
    phone = _one(worker_id, "sms")
    with world.acting() as control:
        world.taken(control.text(phone.address, phone.other_end, words))


def dm(worker_id: uuid.UUID, words: str) -> None:
    """The worker writes to the bot in Slack."""
    member = _one(worker_id, "slack")
    with world.acting() as control:
        world.taken(control.dm(member.other_end, member.address, words))


def tap(worker_id: uuid.UUID, ts: str, action_id: str, more: Mapping[str, Any]) -> None:
    """The worker taps an element of a message; `more` as for `Control.tap`."""
    member = _one(worker_id, "slack")
    with world.acting() as control:
        world.taken(control.tap(member.other_end, member.address, ts, action_id, **more))


def _reach(worker_id: uuid.UUID) -> dict[str, Reach]:
    service = parts()
    with service.database.reading(None) as session:
        organization_id = people.organization(session).id
    with service.database.reading(organization_id) as session:
        return people.reach(session, worker_id, service.settings.encryption_keys)


def _one(worker_id: uuid.UUID, channel: str) -> Reach:
    found = _reach(worker_id).get(channel)
    if found is None:
        raise BadInput(NOT_REACHED[channel])
    return found


def _awaited(control: Control, reach: Mapping[str, Reach], seen: Seen, wait: float) -> dict[str, Sequence[Any]]:
    end = time.monotonic() + wait
    found = {channel: _look(control, channel, reach[channel], seen, 0) for channel in reach}
    while not any(found.values()) and time.monotonic() < end:
        for channel in reach:
            found[channel] = _look(control, channel, reach[channel], seen, TURN)
            if found[channel]:
                break
    return found


def _look(control: Control, channel: str, at: Reach, seen: Seen, wait: float) -> Sequence[Any]:
    if channel == "sms":
        return control.phone(at.address, seen.sms, wait, changes=True)
    return control.slack_dm(at.other_end, at.address, seen.slack, wait, changes=True)
