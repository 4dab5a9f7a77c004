"""views.open, views.push, views.update and views.publish.

A modal can only be opened by somebody's tap: `trigger_id` lives three seconds and works once.
"""

from __future__ import annotations

import time
from typing import Any

from bot.simulator import slack_checks, slack_wire
from bot.simulator.ids import hex_id
from bot.simulator.slack_call import Call, Method, SlackRefused

DEEPEST_STACK = 3
Reply = dict[str, Any]


def views_open(call: Call) -> Reply:
    """views.open."""
    view = _checked(call, "modal")
    return _shown(call, _by_trigger(call), view)


def push(call: Call) -> Reply:
    """views.push: another modal on top, at most three."""
    view = _checked(call, "modal")
    user = _by_trigger(call)
    stack = call.world.workspaces.modals[call.team.team_id, user]
    if not stack:
        raise SlackRefused("not_found")
    if len(stack) >= DEEPEST_STACK:
        raise SlackRefused("push_limit_reached")
    return _shown(call, user, view, root=stack[0], previous=stack[-1])


def update(call: Call) -> Reply:
    """views.update, by view_id or external_id; `hash` guards against a newer state."""
    view = _checked(call, None)
    workspaces = call.world.workspaces
    view_id, external = call.args.get("view_id"), call.args.get("external_id")
    before = workspaces.views.get(str(view_id or ""))
    if before is None and external:
        before = next((one for one in workspaces.views.values() if one.get("external_id") == external), None)
    if before is None or before["team_id"] != call.team.team_id:
        raise SlackRefused("not_found")
    _same_hash(call, before)
    return _shown(call, before["user"], view, replaced=before)


def publish(call: Call) -> Reply:
    """views.publish: a person's home tab."""
    view = _checked(call, "home")
    user = str(call.args.get("user_id") or "")
    if user not in call.team.users:
        raise SlackRefused("user_not_found")
    workspaces = call.world.workspaces
    before = workspaces.views.get(workspaces.homes.get((call.team.team_id, user), ""))
    if before is not None:
        _same_hash(call, before)
    return _shown(call, user, view, replaced=before)


def _checked(call: Call, kind: str | None) -> Reply:
    view = call.args.get("view")
    problems = slack_checks.view_problems(view)
    if not problems and isinstance(view, dict) and kind is not None and view["type"] != kind:
        problems = [f"[ERROR] must be {kind} [json-pointer:/view/type]"]
    if problems or not isinstance(view, dict):
        raise SlackRefused("invalid_arguments", problems)
    return view


def _by_trigger(call: Call) -> str:
    """Whose tap the trigger came from."""
    user, error = call.world.triggers.take(str(call.args.get("trigger_id") or ""), call.team.team_id)
    if error:
        raise SlackRefused(error)
    return user


def _same_hash(call: Call, before: Reply) -> None:
    given = call.args.get("hash")
    if given and given != before["hash"]:
        raise SlackRefused("hash_conflict")


def _shown(
    call: Call, user: str, view: Reply, *, root: str = "", previous: str = "", replaced: Reply | None = None
) -> Reply:
    view_id = replaced["id"] if replaced else f"V{hex_id(10).upper()}"
    full = {
        "id": view_id,
        "team_id": call.team.team_id,
        "app_id": call.team.app_id,
        "app_installed_team_id": call.team.team_id,
        "bot_id": call.team.bot_id,
        "user": user,
        "callback_id": "",
        "private_metadata": "",
        "external_id": "",
        "title": None,
        "submit": None,
        "close": None,
        "clear_on_close": False,
        "notify_on_close": False,
        "state": {"values": {}},
        "root_view_id": (replaced or {}).get("root_view_id") or root or view_id,
        "previous_view_id": (replaced or {}).get("previous_view_id") or previous or None,
        **view,
        "hash": f"{time.time():.6f}.{hex_id(8)}",
    }
    full["blocks"] = slack_wire.with_ids(full["blocks"])
    call.data.pop("view", None)
    call.record(key=view_id, user=user, view=full)
    return {"view": full}


METHODS: dict[str, Method] = {
    "views.open": views_open,
    "views.push": push,
    "views.update": update,
    "views.publish": publish,
}
