"""The control API under /_/: how tests, the demo's page and benchmarks play the people, and look.

JSON in, JSON out, on loopback only. A mistake in a request is a 400 with a sentence in `error`;
something that is not there to be touched is a 404.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.simulator import hooks, slack_hands, twilio_hooks
from bot.simulator.faults import ScheduleWrong
from bot.simulator.hooks import Answer
from bot.simulator.ledger import Row
from bot.simulator.phones import Text
from bot.simulator.slack_elements import NotThere
from bot.simulator.state import World
from bot.simulator.twilio_wire import answer as as_json
from bot.simulator.workspaces import Post, Team

LARGEST_READING = 10_000
Given = dict[str, Any]
Act = Callable[[Given], Awaitable[Given]]


class Control:
    """The routes under /_/."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """What can be done and seen."""
        return [
            web.put("/_/twilio/accounts", self._does(self._account)),
            web.post("/_/twilio/inbound", self._does(self._inbound)),
            web.put("/_/slack/teams", self._does(self._team)),
            web.post("/_/slack/dm", self._does(self._dm)),
            web.post("/_/slack/tap", self._does(self._tap)),
            web.post("/_/slack/submit", self._does(self._submit)),
            web.post("/_/slack/event", self._does(self._event)),
            web.post("/_/slack/command", self._does(self._command)),
            web.put("/_/faults", self._does(self._faults)),
            web.put("/_/routes", self._does(self._routes)),
            web.delete("/_/all", self._does(self._forget_all)),
            web.delete("/_/messages", self._does(self._forget_messages)),
            web.get("/_/phone/{number}", self._shows(self._phone)),
            web.get("/_/slack/dm/{team}/{user}", self._shows(self._conversation)),
            web.get("/_/slack/views/{team}/{user}", self._shows(self._views)),
            web.get("/_/ledger", self._shows(self._ledger)),
            web.get("/_/health", self._shows(self._health)),
        ]

    async def _account(self, given: Given) -> Given:
        return {"account_sid": self._world.add_account(given).account_sid}

    async def _inbound(self, given: Given) -> Given:
        number = str(given["to"])
        account = self._world.phones.accounts.get(str(given.get("account_sid"))) or self._world.phones.account_of(
            number
        )
        if account is None:
            raise NotThere(f"No account has the number {number!r}.")
        if not account.messages_url:
            raise NotThere(f"The account of {number} has no messages_url.")
        sid, answers = await twilio_hooks.hear(self._world, account, given)
        return {"message_sid": sid, **_answered(answers), "reply": answers[0].text}

    async def _team(self, given: Given) -> Given:
        team = self._world.add_team(given)
        return {"team_id": team.team_id, "channels": {user: team.dm(user) for user in team.users}}

    async def _dm(self, given: Given) -> Given:
        ts, event_id, answers = await slack_hands.write(self._world, self._team_of(given), given)
        return {"ts": ts, "event_id": event_id, **_answered(answers)}

    async def _event(self, given: Given) -> Given:
        event_id, answers = await slack_hands.happen(self._world, self._team_of(given), given)
        return {"event_id": event_id, **_answered(answers)}

    async def _tap(self, given: Given) -> Given:
        action, answers = await slack_hands.tap(self._world, self._team_of(given), given)
        return {"action": action, **_answered(answers)}

    async def _submit(self, given: Given) -> Given:
        response, answers = await slack_hands.submit(self._world, self._team_of(given), given)
        return {"response": response, **_answered(answers)}

    async def _command(self, given: Given) -> Given:
        text, answers = await slack_hands.command(self._world, self._team_of(given), given)
        return {"reply": text, **_answered(answers)}

    async def _faults(self, given: Given) -> Given:
        self._world.set_faults(given)
        return {}

    async def _routes(self, given: Given) -> Given:
        for served in given.values():
            if not hooks.is_loopback(served):
                raise ScheduleWrong(f"{served} is not on this machine.")
        self._world.set_routes(given)
        return {}

    async def _forget_all(self, given: Given) -> Given:
        del given
        self._world.forget(everything=True)
        return {}

    async def _forget_messages(self, given: Given) -> Given:
        del given
        self._world.forget(everything=False)
        return {}

    async def _phone(self, request: web.Request) -> Given:
        (after, seconds), by, phone = _window(request), _newness(request), request.match_info["number"]

        def look() -> list[Text]:
            return [text for text in self._world.phones.by_phone.get(phone, ()) if getattr(text, by) > after]

        texts = await self._world.bell.until(phone, seconds, look)
        return {"messages": [_text(text) for text in texts], "cursor": max([after, *(text.changed for text in texts)])}

    async def _conversation(self, request: web.Request) -> Given:
        team, user = self._team_of({"team_id": request.match_info["team"]}), request.match_info["user"]
        (after, seconds), by, channel = _window(request), _newness(request), team.dm(user)

        def look() -> list[Post]:
            posts = self._world.workspaces.posts.get((team.team_id, channel), {})
            return [post for post in posts.values() if getattr(post, by) > after]

        posts = await self._world.bell.until(f"{team.team_id}/{channel}", seconds, look)
        return {
            "channel": channel,
            "messages": [_post(team, post) for post in posts],
            "cursor": max([after, *(post.changed for post in posts)]),
        }

    async def _views(self, request: web.Request) -> Given:
        team, user = self._team_of({"team_id": request.match_info["team"]}), request.match_info["user"]
        _, seconds = _window(request)
        workspaces, who = self._world.workspaces, (team.team_id, user)

        def look() -> list[Given | None]:
            home = workspaces.views.get(workspaces.homes.get(who, ""))
            modals = [workspaces.views[view_id] for view_id in workspaces.modals.get(who, ())]
            return [home, *modals] if home or modals else []

        views = await self._world.bell.until(f"{team.team_id}/{user}", seconds, look) or [None]
        return {"home": views[0], "modals": views[1:]}

    async def _ledger(self, request: web.Request) -> Given:
        after, seconds = _window(request)
        kind, limit = request.query.get("kind", ""), min(int(request.query.get("limit", 1000)), LARGEST_READING)
        rows = await self._world.bell.until("ledger", seconds, lambda: self._world.ledger.read(after, kind, limit))
        return {"rows": [_row(row) for row in rows], "cursor": rows[-1].id if rows else after}

    async def _health(self, request: web.Request) -> Given:
        del request
        world = self._world
        known = {"lean": world.lean, "cursor": world.ledger.last, "waiting": world.bell.waiting, "counts": world.counts}
        return {"ok": True, **known}

    def _team_of(self, given: Given) -> Team:
        team = self._world.workspaces.teams.get(str(given["team_id"]))
        if team is None:
            raise NotThere(f"There is no team {given['team_id']!r}.")
        return team

    def _does(self, act: Act) -> Callable[[web.Request], Awaitable[web.Response]]:
        """A request that changes something: a JSON object in, the mistakes out as sentences."""

        async def handle(request: web.Request) -> web.Response:
            body = await request.read()
            given = json.loads(body) if body else {}
            if not isinstance(given, dict):
                raise ScheduleWrong("The body must be a JSON object.")
            return as_json(await act(given))

        return _guarded(handle)

    def _shows(
        self, look: Callable[[web.Request], Awaitable[Given]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            return as_json(await look(request))

        return _guarded(handle)


def _guarded(
    handle: Callable[[web.Request], Awaitable[web.Response]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def guarded(request: web.Request) -> web.Response:
        if not hooks.is_loopback(
            f"//{request.remote}" if ":" not in (request.remote or "") else f"//[{request.remote}]"
        ):
            return as_json({"error": "The control API answers this machine only."}, 403)
        try:
            return await handle(request)
        except NotThere as missing:
            return as_json({"error": str(missing)}, 404)
        except KeyError as missing:
            return as_json({"error": f"{missing.args[0]} is missing."}, 400)
        except (TypeError, ValueError) as mistake:
            return as_json({"error": str(mistake)}, 400)

    return guarded


def _window(request: web.Request) -> tuple[int, float]:
    """?after= (a cursor) and ?wait= (seconds)."""
    return int(request.query.get("after", 0)), float(request.query.get("wait", 0))


def _newness(request: web.Request) -> str:
    """What `after` looks at: new messages, or with ?changes=1 also old ones that changed since."""
    return "changed" if request.query.get("changes") in {"1", "true"} else "id"


def _answered(answers: list[Answer]) -> Given:
    codes = [answer.status for answer in answers]
    return {"status_code": codes[0], "status_codes": codes, "problem": answers[0].problem}


def _text(text: Text) -> Given:
    return {
        "id": text.id,
        "changed": text.changed,
        "sid": text.sid,
        "direction": "in" if text.direction == "inbound" else "out",  # as the product sees it
        "body": text.body,
        "media": text.media,
        "status": text.status,
        "error": text.error,
        "sender": text.sender,
        "at": text.created,
    }


def _post(team: Team, post: Post) -> Given:
    return {
        "id": post.id,
        "changed": post.changed,
        "ts": post.ts,
        "who": "bot" if post.user == team.bot_user_id else "user",
        "user": post.user,
        "text": post.text,
        "blocks": post.blocks,
        "metadata": post.metadata,
        "edited": post.edited is not None,
        "chosen": post.chosen,
    }


def _row(row: Row) -> Given:
    return row._asdict()
