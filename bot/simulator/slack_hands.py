"""What people do in Slack: write to the bot, tap, choose, submit a view, type a command.

Nobody can tap what is not there: an element that the message does not have is refused with
what it does have, so that a test never passes on a button that was never shown.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.simulator import slack_hooks, slack_wire
from bot.simulator.hooks import Answer
from bot.simulator.ids import hex_id
from bot.simulator.slack_elements import NotThere, action, find, starting_state, state_of
from bot.simulator.state import World
from bot.simulator.workspaces import Team

Given = Mapping[str, Any]


async def write(world: World, team: Team, given: Given) -> tuple[str, str, list[Answer]]:
    """A direct message to the bot: (ts, event id, answers). `repeat` delivers the very same event again."""
    user = _person(team, given)
    channel, key = team.dm(user), str(given.get("event_id") or slack_hooks.event_id())
    ts = world.workspaces.new_ts(team.team_id, time.time())
    text = str(given["text"])
    said = {"team": team.team_id, "channel": channel, "user": user, "text": text, "blocks": [], "event_id": key}
    world.record("slack.dm", said, key=ts, decision="said")
    event = {
        "type": "message",
        "user": user,
        "ts": ts,
        "client_msg_id": hex_id(32),
        "text": text,
        "team": team.team_id,
        "channel": channel,
        "event_ts": ts,
        "channel_type": "im",
    }
    answers = await _often(given, lambda: slack_hooks.send_event(world, team, event, key))
    return ts, key, [answer for attempts in answers for answer in attempts]


async def happen(world: World, team: Team, given: Given) -> tuple[str, list[Answer]]:
    """Any other event: app_home_opened, app_uninstalled, tokens_revoked, team_join, whatever."""
    key, event = str(given.get("event_id") or slack_hooks.event_id()), dict(given["event"])
    event.setdefault("event_ts", world.workspaces.new_ts(team.team_id, time.time()))
    answers = await _often(given, lambda: slack_hooks.send_event(world, team, event, key))
    return key, [answer for attempts in answers for answer in attempts]


async def tap(world: World, team: Team, given: Given) -> tuple[dict[str, Any], list[Answer]]:
    """A hand on an element of a message or of a view: (the action, answers)."""
    user = _person(team, given)
    surface, where = (
        _message(world, team, given) if given.get("ts") else (_view(world, team, user, given), {"type": "view"})
    )
    block, element = find(surface["blocks"], str(given["action_id"]), given.get("block_id"), given.get("value"))
    done = action(block, element, given) | {"action_ts": world.workspaces.new_ts(team.team_id, time.time())}
    values = surface.pop("chosen")
    if element["type"] != "button":
        chosen = state_of(element, done)
        values.setdefault(block["block_id"], {})[element["action_id"]] = chosen
        if where["type"] == "message":
            said = {"team": team.team_id, "channel": where["channel_id"], "user": user, "state": chosen}
            said |= {"block_id": block["block_id"], "action_id": element["action_id"]}
            world.record("slack.choice", said, key=where["message_ts"], decision="chosen")
    for block_id, actions in (given.get("state") or {}).items():
        values.setdefault(block_id, {}).update(actions)
    payload = _payload(world, team, user, "block_actions") | {"actions": [done], "container": where}
    if where["type"] == "message":
        payload["channel"] = {"id": where["channel_id"], "name": "directmessage"}
        payload |= {"message": surface, "state": {"values": values}}
        payload["response_url"] = f"{world.url}/slack/response/{hex_id(16)}"
    else:
        payload["container"] = {"type": "view", "view_id": surface["id"]}
        payload["view"] = surface | {"state": {"values": values}}
    key = str(given.get("ts") or surface.get("id"))
    return done, await _often(given, lambda: slack_hooks.send_payload(world, team, "slack.action", key, payload))


async def submit(world: World, team: Team, given: Given) -> tuple[dict[str, Any], list[Answer]]:
    """Press a modal's submit button with `values` {block id: {action id: what is in it}}: (response, answers)."""
    user = _person(team, given)
    view = _view(world, team, user, given)
    values = view.pop("chosen")
    for block_id, fields in (given.get("values") or {}).items():
        for action_id, value in fields.items():
            block, element = find(view["blocks"], action_id, block_id, None)
            chosen = value if isinstance(value, dict) else state_of(element, action(block, element, {"value": value}))
            values.setdefault(block_id, {})[action_id] = chosen
    payload = _payload(world, team, user, "view_submission") | {"response_urls": []}
    payload["view"] = view | {"state": {"values": values}}
    answers = await _often(
        given, lambda: slack_hooks.send_payload(world, team, "slack.submission", view["id"], payload)
    )
    said = _response(answers[0])
    if answers[0].fine:
        _follow(world, team, user, view, said)
    return said, answers


async def command(world: World, team: Team, given: Given) -> tuple[str, list[Answer]]:
    """A slash command in the DM: (what was answered, answers)."""
    user = _person(team, given)
    form = {
        "token": "unused",
        "team_id": team.team_id,
        "channel_id": team.dm(user),
        "channel_name": "directmessage",
        "user_id": user,
        "command": str(given["command"]),
        "text": str(given.get("text") or ""),
        "api_app_id": team.app_id,
        "response_url": f"{world.url}/slack/response/{hex_id(16)}",
        "trigger_id": world.triggers.give(team.team_id, user, team.trigger_lifetime),
    }
    answers = await _often(given, lambda: slack_hooks.send_form(world, team, "slack.command", form["command"], form))
    return answers[0].text, answers


def _person(team: Team, given: Given) -> str:
    user = str(given["user_id"])
    if user not in team.users:
        raise NotThere(f"Nobody in {team.team_id} has the id {user!r}.")
    return user


def _message(world: World, team: Team, given: Given) -> tuple[dict[str, Any], dict[str, Any]]:
    """The message as Slack shows it, what is ticked in it, and where it stands."""
    channel, ts = str(given.get("channel") or team.dm(str(given["user_id"]))), str(given["ts"])
    post = world.workspaces.posts.get((team.team_id, channel), {}).get(ts)
    if post is None:
        raise NotThere(f"There is no message {ts!r} in {channel}.")
    chosen = starting_state(post.blocks)
    for block_id, actions in post.chosen.items():
        chosen.setdefault(block_id, {}).update(actions)
    shown = slack_wire.message(team, post) | {"blocks": post.blocks, "chosen": chosen}
    return shown, {"type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": False}


def _view(world: World, team: Team, user: str, given: Given) -> dict[str, Any]:
    """The view that is meant: by id, the home tab, or else the modal on top."""
    workspaces = world.workspaces
    stack = workspaces.modals.get((team.team_id, user)) or [""]
    home = workspaces.homes.get((team.team_id, user), "")
    view = workspaces.views.get(str(given.get("view_id") or (home if given.get("home") else stack[-1])))
    if view is None or view["user"] != user:
        raise NotThere(f"{user} has no such view open.")
    return view | {"chosen": starting_state(view["blocks"])}


def _payload(world: World, team: Team, user: str, kind: str) -> dict[str, Any]:
    name = str(team.users[user].get("name") or user.lower())
    return {
        "type": kind,
        "user": {"id": user, "username": name, "name": name, "team_id": team.team_id},
        "api_app_id": team.app_id,
        "token": "unused",
        "trigger_id": world.triggers.give(team.team_id, user, team.trigger_lifetime),
        "team": {"id": team.team_id, "domain": "simulated"},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _response(answer: Answer) -> dict[str, Any]:
    try:
        said = json.loads(answer.text) if answer.text else {}
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _follow(world: World, team: Team, user: str, view: dict[str, Any], said: dict[str, Any]) -> None:
    """Do to the modal what the answer to its submission says; no answer closes it."""
    kind = said.get("response_action")
    if kind == "errors":
        return
    if kind in {"update", "push"}:
        shown = view | said["view"]
        if kind == "push":
            shown |= {"id": f"V{hex_id(10).upper()}", "previous_view_id": view["id"]}
        shown["blocks"] = slack_wire.with_ids(shown["blocks"])
        about = {"team": team.team_id, "user": user, "view": shown}
        world.record(f"slack.views.{kind}", about, key=shown["id"], decision="answered", accepted=True)
        return
    world.record("slack.closed", {"team": team.team_id, "user": user, "all": kind == "clear"}, key=view["id"])


async def _often(given: Given, once: Callable[[], Awaitable[Any]]) -> list[Any]:
    """Do it `repeat` times, one after the other or `together`."""
    times = max(1, int(given.get("repeat") or 1))
    if given.get("together"):
        return list(await asyncio.gather(*(once() for _ in range(times))))
    return [await once() for _ in range(times)]
