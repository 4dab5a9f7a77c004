"""What Slack POSTs to the product, and how: signed, within three seconds, events repeated up to three times.

What people do that leads here is in slack_hands.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bot.simulator import hooks, signatures
from bot.simulator.hooks import Answer
from bot.simulator.ids import hex_id
from bot.simulator.state import World
from bot.simulator.workspaces import Team

LONGEST_WAITED_RETRY = 2.0  # later repeats happen in the background
_REASONS = {"timeout": "http_timeout", "connection": "connection_failed", "elsewhere": "connection_failed"}


@dataclass(frozen=True, slots=True)
class _Errand:
    """One thing to POST, the same on every repetition but for its timestamp and signature."""

    team: Team
    kind: str
    key: str
    body: bytes
    content_type: str


def event_id() -> str:
    """An id as Slack gives events."""
    return f"Ev{hex_id(10).upper()}"


async def send_event(world: World, team: Team, event: Mapping[str, Any], key: str) -> list[Answer]:
    """Deliver one event, repeating it until something answers 2xx; the answers so far."""
    body = json.dumps(
        {
            "token": "unused",
            "team_id": team.team_id,
            "api_app_id": team.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": key,
            "event_time": int(time.time()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": team.team_id,
                    "user_id": team.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
            "event_context": f"4-{key}",
        },
        ensure_ascii=False,
    ).encode()
    errand = _Errand(team, "slack.event", key, body, "application/json")
    answers = [await _post(world, errand)]
    for number, delay in enumerate(team.retry_delays, 1):
        if answers[-1].fine:
            break
        if delay > LONGEST_WAITED_RETRY:
            world.later(_repeat_later(world, errand, number, answers[-1]))
            break
        answers.append(await _repeat(world, errand, number, answers[-1]))
    return answers


async def send_payload(world: World, team: Team, kind: str, key: str, payload: Mapping[str, Any]) -> Answer:
    """Deliver an interaction (a tap, a submitted view). Slack does not repeat these: the person sees an error."""
    return await send_form(world, team, kind, key, {"payload": json.dumps(payload, ensure_ascii=False)})


async def send_form(world: World, team: Team, kind: str, key: str, form: Mapping[str, str]) -> Answer:
    """Deliver a form once: an interaction or a slash command."""
    return await _post(world, _Errand(team, kind, key, urlencode(form).encode(), "application/x-www-form-urlencoded"))


async def _repeat_later(world: World, errand: _Errand, number: int, before: Answer) -> None:
    for later in range(number, len(errand.team.retry_delays) + 1):
        before = await _repeat(world, errand, later, before)
        if before.fine:
            return


async def _repeat(world: World, errand: _Errand, number: int, before: Answer) -> Answer:
    await asyncio.sleep(errand.team.retry_delays[number - 1])
    return await _post(world, errand, number, _REASONS.get(before.problem, "http_error"))


async def _post(world: World, errand: _Errand, number: int = 0, reason: str = "") -> Answer:
    now, team = int(time.time()), errand.team
    headers = {
        "Content-Type": errand.content_type,
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "X-Slack-Request-Timestamp": str(now),
        "X-Slack-Signature": signatures.slack(team.signing_secret, now, errand.body),
    }
    if number:
        headers |= {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
    answer = await hooks.post(world, team.hook_url, errand.body, headers, team.answer_within)
    said = {
        "team": team.team_id,
        "url": team.hook_url,
        "status": answer.status,
        "problem": answer.problem,
        "attempt": number,
        "seconds": round(answer.seconds, 4),
    }
    decision = f"answered {answer.status}" if answer.status else answer.problem
    world.record(errand.kind, said, key=errand.key, decision=decision)
    return answer
