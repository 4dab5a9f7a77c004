"""users.list, users.info, users.lookupByEmail and auth.test."""

from __future__ import annotations

import base64
from typing import Any

from bot.simulator import slack_wire
from bot.simulator.slack_call import Call, Method, SlackRefused

Reply = dict[str, Any]


def auth_test(call: Call) -> Reply:
    """auth.test: whose token this is."""
    call.record()
    return {
        "url": "https://simulated.slack.com/",
        "team": call.team.team_id,
        "user": "shiftline",
        "team_id": call.team.team_id,
        "user_id": call.team.bot_user_id,
        "bot_id": call.team.bot_id,
        "is_enterprise_install": False,
    }


def users_list(call: Call) -> Reply:
    """users.list in pages, by user id."""
    limit = call.number("limit", 200, 1000)
    users = [call.team.users[user_id] for user_id in sorted(call.team.users)]
    after = _cursor(call)
    left = [user for user in users if user["id"] > after]
    call.record()
    shown = left[:limit]
    cursor = base64.b64encode(f"user:{shown[-1]['id']}".encode()).decode() if len(left) > limit else ""
    return {
        "members": [slack_wire.member(call.team, user) for user in shown],
        "cache_ts": 0,
        "response_metadata": {"next_cursor": cursor},
    }


def users_info(call: Call) -> Reply:
    """users.info."""
    user = call.team.users.get(str(call.args.get("user") or ""))
    if user is None:
        raise SlackRefused("user_not_found")
    call.record()
    return {"user": slack_wire.member(call.team, user)}


def lookup_by_email(call: Call) -> Reply:
    """users.lookupByEmail; Slack does not mind the case."""
    email = str(call.args.get("email") or "").lower()
    for user in call.team.users.values():
        if email and str(user.get("email") or "").lower() == email and not user.get("deleted"):
            call.record()
            return {"user": slack_wire.member(call.team, user)}
    raise SlackRefused("users_not_found")


def _cursor(call: Call) -> str:
    given = call.args.get("cursor")
    if not given:
        return ""
    try:
        return base64.b64decode(given, validate=True).decode().removeprefix("user:")
    except ValueError:
        raise SlackRefused("invalid_cursor") from None


METHODS: dict[str, Method] = {
    "auth.test": auth_test,
    "users.list": users_list,
    "users.info": users_info,
    "users.lookupByEmail": lookup_by_email,
}
