"""Slack's Web API: what `SLACK_API_URL` leads to in place of https://slack.com/api/.

This is the door: it reads arguments as slack_sdk sends them (JSON body, form or query), checks the
token, plays faults, and answers 200 with `ok: false` where Slack refuses. The methods themselves
are in slack_chat, slack_people and slack_views.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from bot.simulator import faults, slack_chat, slack_people, slack_views
from bot.simulator.slack_call import Args, Call, Method, SlackRefused
from bot.simulator.state import World
from bot.simulator.twilio_wire import answer as as_json
from bot.simulator.workspaces import Team

METHODS: dict[str, Method] = {**slack_chat.METHODS, **slack_people.METHODS, **slack_views.METHODS}
SENDS = frozenset({"chat.postMessage"})


class SlackApi:
    """The routes under /slack/api/."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Every method, by GET or POST."""
        return [web.post("/slack/api/{method}", self.call), web.get("/slack/api/{method}", self.call)]

    async def call(self, request: web.Request) -> web.StreamResponse:
        """One method call."""
        world, name = self._world, request.match_info["method"]
        schedule = world.faults.schedules["slack"]
        fault = schedule.draw(send=name in SENDS)
        said: dict[str, Any] = {"drawn": schedule.count}
        try:
            args = await _arguments(request)
            call = Call(world, name, self._team(request, args), args, said, fault, request.content_length or 0)
            said |= call.said()
            answer = as_json({"ok": True, **_method(name, schedule, fault)(call)})
        except SlackRefused as refused:
            world.record(f"slack.{name}", said, decision=f"refused {refused.error}", accepted=False, fault=fault)
            answer = _refusal(refused)
        return await faults.play(request, schedule, fault, answer, _unavailable)

    def _team(self, request: web.Request, args: Args) -> Team:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            token = ""
        token = token or args.pop("token", "")
        if not token:
            raise SlackRefused("not_authed")
        team = self._world.workspaces.by_token.get(token)
        if team is None:
            raise SlackRefused("invalid_auth")
        return team


def _method(name: str, schedule: faults.Schedule, fault: str | None) -> Method:
    if fault == "rate_limited":
        raise SlackRefused("ratelimited", retry_after=schedule.retry_after)
    if not faults.accepts(fault):
        return _broken
    if name not in METHODS:
        raise SlackRefused("unknown_method")
    return METHODS[name]


def _broken(call: Call) -> dict[str, Any]:
    """Take no notice: what the fault makes of the answer is all that the client sees."""
    call.record(decision="broken before", accepted=False)
    return {}


async def _arguments(request: web.Request) -> Args:
    """Arguments from the query and the body; those that a form can only carry as JSON text are read."""
    args: Args = dict(request.query)
    body = await request.read()
    if body and request.content_type == "application/json":
        try:
            given = json.loads(body)
        except ValueError:
            raise SlackRefused("invalid_json") from None
        if not isinstance(given, dict):
            raise SlackRefused("json_not_object")
        args |= given
    elif body:
        args |= dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    for name, error in (("blocks", "invalid_blocks_format"), ("metadata", "invalid_metadata_format"), ("view", "")):
        if isinstance(args.get(name), str):
            try:
                args[name] = json.loads(args[name])
            except ValueError:
                raise SlackRefused(error or "invalid_arguments") from None
    return args


def _refusal(refused: SlackRefused) -> web.Response:
    said: dict[str, Any] = {"ok": False, "error": refused.error}
    if refused.messages:
        said |= {"errors": refused.plain, "response_metadata": {"messages": refused.messages}}
    if refused.retry_after is not None:
        return as_json(said, 429, {"Retry-After": str(refused.retry_after)})
    return as_json(said)


def _unavailable() -> web.Response:
    return as_json({"ok": False, "error": "service_unavailable"}, 503)
