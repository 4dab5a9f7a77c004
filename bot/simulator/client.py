"""A small client for the simulator's control API: standard library only, blocking, safe in threads."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection
from typing import Any, Literal, TypedDict
from urllib.parse import quote, urlencode, urlsplit

MARGIN = 30.0


class PhoneText(TypedDict):
    """One text in a phone's conversation. "in" came from the phone, "out" went to it; `id` is a cursor."""

    id: int
    changed: int
    sid: str
    direction: Literal["in", "out"]
    body: str
    media: list[dict[str, str]]
    status: str
    error: int | None
    sender: str
    at: float


class SlackPost(TypedDict):
    """One message in a DM. `chosen` is what is ticked in it: block id -> action id -> state."""

    id: int
    changed: int
    ts: str
    who: Literal["bot", "user"]
    user: str
    text: str
    blocks: list[dict[str, Any]]
    metadata: dict[str, Any] | None
    edited: bool
    chosen: dict[str, dict[str, Any]]


class LedgerRow(TypedDict):
    """One request received, webhook sent or thing that somebody did."""

    id: int
    at: float
    kind: str
    key: str
    decision: str
    accepted: bool | None
    fault: str | None
    data: dict[str, Any]


class ControlError(Exception):
    """The simulator refused; its sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Control:
    """Plays the people on the other end of a running simulator, and looks at what they see."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80

    def add_account(
        self, account_sid: str, auth_token: str, numbers: Sequence[str], messages_url: str = "", **more: Any
    ) -> None:
        """Register a Twilio account and where its inbound texts are POSTed. `more`: see phones.Account."""
        given = {"account_sid": account_sid, "auth_token": auth_token, "numbers": list(numbers)}
        self._ask("PUT", "/_/twilio/accounts", {**given, "messages_url": messages_url, **more})

    def add_team(
        self, team_id: str, bot_token: str, users: Sequence[Mapping[str, Any]] = (), **more: Any
    ) -> dict[str, str]:
        """Register a Slack workspace; the DM channel of each user. `more`: see workspaces.Team."""
        given = {"team_id": team_id, "bot_token": bot_token, "users": [dict(user) for user in users], **more}
        channels: dict[str, str] = self._ask("PUT", "/_/slack/teams", given)["channels"]
        return channels

    def text(self, from_: str, to: str, body: str, repeat: int = 1, **more: Any) -> dict[str, Any]:
        """Somebody texts: {"message_sid", "status_code", "status_codes", "reply"}. `more`: media, message_sid."""
        return self._ask("POST", "/_/twilio/inbound", {"from": from_, "to": to, "body": body, "repeat": repeat, **more})

    def dm(self, team_id: str, user_id: str, text: str, repeat: int = 1, **more: Any) -> dict[str, Any]:
        """Somebody writes to the bot: {"ts", "event_id", "status_code", "status_codes"}."""
        given = {"team_id": team_id, "user_id": user_id, "text": text, "repeat": repeat, **more}
        return self._ask("POST", "/_/slack/dm", given)

    def tap(self, team_id: str, user_id: str, ts: str, action_id: str, **more: Any) -> dict[str, Any]:
        """Somebody taps: {"action", "status_code", "status_codes"}.

        `more`: value | selected_option | selected_options, block_id, channel, state, repeat, together.
        With ts="" the tap is on a view: view_id, home=True, or else the modal on top.
        """
        given = {"team_id": team_id, "user_id": user_id, "ts": ts, "action_id": action_id, **more}
        return self._ask("POST", "/_/slack/tap", given)

    def submit(
        self, team_id: str, user_id: str, values: Mapping[str, Mapping[str, Any]], **more: Any
    ) -> dict[str, Any]:
        """Somebody submits the modal on top: {"response", "status_code", "status_codes"}."""
        given = {"team_id": team_id, "user_id": user_id, "values": values, **more}
        return self._ask("POST", "/_/slack/submit", given)

    def event(self, team_id: str, event: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Any other Slack event: {"event_id", "status_code", "status_codes"}."""
        return self._ask("POST", "/_/slack/event", {"team_id": team_id, "event": dict(event), **more})

    def command(self, team_id: str, user_id: str, command: str, text: str = "", **more: Any) -> dict[str, Any]:
        """A slash command: {"reply", "status_code", "status_codes"}."""
        given = {"team_id": team_id, "user_id": user_id, "command": command, "text": text, **more}
        return self._ask("POST", "/_/slack/command", given)

    def phone(self, number: str, after: int = 0, wait: float = 0, *, changes: bool = False) -> list[PhoneText]:
        """A phone's conversation in order. With `wait`, as soon as there is something after the cursor."""
        found: list[PhoneText] = self._look(f"/_/phone/{quote(number)}", after, wait, changes=changes)["messages"]
        return found

    def slack_dm(
        self, team_id: str, user_id: str, after: int = 0, wait: float = 0, *, changes: bool = False
    ) -> list[SlackPost]:
        """A person's DM with the bot in order."""
        found: list[SlackPost] = self._look(f"/_/slack/dm/{team_id}/{user_id}", after, wait, changes=changes)[
            "messages"
        ]
        return found

    def views(self, team_id: str, user_id: str, wait: float = 0) -> dict[str, Any]:
        """What a person has open: {"home": view or None, "modals": [deepest first]}."""
        return self._look(f"/_/slack/views/{team_id}/{user_id}", 0, wait)

    def await_text(self, number: str, containing: str, after: int = 0, wait: float = 10) -> PhoneText:
        """The first text to this phone that contains some words. ControlError if none comes."""
        end = time.monotonic() + wait
        seen: list[str] = []
        while (left := end - time.monotonic()) > 0:
            for text in self.phone(number, after, left):
                after = text["id"]
                seen.append(text["body"])
                if text["direction"] == "out" and containing in text["body"]:
                    return text
        raise ControlError(408, f"No text with {containing!r} came to {number} within {wait} s; there were {seen}.")

    def await_post(self, team_id: str, user_id: str, containing: str, after: int = 0, wait: float = 10) -> SlackPost:
        """The first message of the bot's to this person that contains some words (in its text)."""
        end = time.monotonic() + wait
        seen: list[str] = []
        while (left := end - time.monotonic()) > 0:
            for post in self.slack_dm(team_id, user_id, after, left):
                after = post["id"]
                seen.append(post["text"])
                if post["who"] == "bot" and containing in post["text"]:
                    return post
        raise ControlError(408, f"No message with {containing!r} came to {user_id} within {wait} s; there were {seen}.")

    def ledger(self, after: int = 0, kind: str = "", limit: int = 1000, wait: float = 0) -> list[LedgerRow]:
        """Rows since the last reset, oldest first; `kind` may be a beginning ("twilio", "slack.chat")."""
        found: list[LedgerRow] = self._look("/_/ledger", after, wait, kind=kind, limit=limit)["rows"]
        return found

    def all_rows(self, kind: str = "") -> list[LedgerRow]:
        """Every row since the last reset, page by page."""
        rows = page = self.ledger(kind=kind, limit=10_000)
        while page:
            page = self.ledger(page[-1]["id"], kind, 10_000)
            rows = rows + page
        return rows

    def faults(
        self, *, seed: int = 0, twilio: Mapping[str, Any] | None = None, slack: Mapping[str, Any] | None = None
    ) -> None:
        """Begin a schedule of faults; without any, end it."""
        self._ask("PUT", "/_/faults", {"seed": seed, "twilio": dict(twilio or {}), "slack": dict(slack or {})})

    def routes(self, served: Mapping[str, str]) -> None:
        """Where webhooks to public addresses are really POSTed: {"https://bot.example": "http://127.0.0.1:8000"}."""
        self._ask("PUT", "/_/routes", dict(served))

    def health(self) -> dict[str, Any]:
        """{"ok", "lean", "cursor", "waiting", "counts": {kind: {decision: n}}}."""
        return self._ask("GET", "/_/health")

    def reset(self, *, everything: bool = True) -> None:
        """Forget the messages and faults, and with `everything` the accounts and teams too."""
        self._ask("DELETE", "/_/all" if everything else "/_/messages")

    def _look(self, path: str, after: int, wait: float, **more: Any) -> dict[str, Any]:
        query = {
            "after": after,
            "wait": wait,
            **{name: int(value) if value is True else value for name, value in more.items()},
        }
        return self._ask("GET", f"{path}?{urlencode(query)}", timeout=wait + MARGIN)

    def _ask(self, verb: str, path: str, given: Any = None, timeout: float = MARGIN) -> dict[str, Any]:
        connection = HTTPConnection(self._host, self._port, timeout=timeout)
        try:
            body = None if given is None else json.dumps(given)
            connection.request(verb, path, body, {"Content-Type": "application/json"} if body else {})
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        try:
            said: dict[str, Any] = json.loads(text)
        except ValueError:
            raise ControlError(response.status, text[:200]) from None
        if response.status != 200:
            raise ControlError(response.status, str(said.get("error")))
        return said
