"""A Twilio and a Slack of the test's own, on one loopback port.

Written from the providers' documents and not from our code, so that a misunderstanding which the product and its
simulator share shows here. It knows what one way through the product needs and refuses everything else.

What was accepted stands in `sent`, in order; whoever waits for something does so on `changed`, without sleeping.
`fate` decides about each new message: "answer" it, "hold" the answer back although the message is accepted (the
provider's reply is lost), or "lose" the request before it is accepted.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

ACCOUNT = "AC" + "5f" * 16
AUTH_TOKEN = "b6c1-a-twilio-token"
SENDER = "+15550100200"
TEAM = "T0OUTSIDE"
BOT_TOKEN = "xoxb-outside-1"
SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"

Fate = Literal["answer", "hold", "lose"]
Answer = tuple[int, dict[str, Any]]


@dataclass(slots=True)
class Sent:
    """A message that a provider has accepted. `id` is Twilio's sid or Slack's ts."""

    provider: Literal["twilio", "slack"]
    id: str
    to: str
    text: str
    at: float
    callback: str = ""
    channel: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    edits: list[dict[str, Any]] = field(default_factory=list)

    @property
    def buttons(self) -> dict[str, dict[str, Any]]:
        """What can be tapped, as posted: words on the button → the button."""
        rows = [block["elements"] for block in self.blocks if block["type"] == "actions"]
        return {each["text"]["text"]: each for row in rows for each in row if each["type"] == "button"}


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it came. `name` is Slack's method, or Twilio's resource."""

    name: str
    params: dict[str, Any]
    at: float


class StandIn:
    """Both providers; a context manager that listens from `with` on."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.calls: list[Call] = []
        self.strange: list[str] = []
        self.fate: Callable[[int], Fate] = lambda _number: "answer"
        self.fates: list[Fate] = []
        self.changed = threading.Condition()
        self._released = threading.Event()
        self._numbers = itertools.count(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"stand_in": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="stand-in")
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def release(self) -> None:
        """Let every held answer go, and decide about what comes from now on as if nothing had been."""
        self.fate = lambda _number: "answer"
        self._released.set()

    def wait(self, condition: Callable[[], Any], seconds: float = 60.0) -> Any:
        """Wait until `condition` is true of what came in; its value. AssertionError when it takes too long."""
        with self.changed:
            met = self.changed.wait_for(condition, seconds)
        assert met, f"waited {seconds} s in vain; last came {[(each.to, each.text) for each in self.sent[-9:]]}"
        return met

    def to(self, address: str) -> list[Sent]:
        """What this person was sent, in order."""
        return [each for each in list(self.sent) if each.to == address]

    def named(self, name: str) -> list[Call]:
        """The calls of one method."""
        return [call for call in list(self.calls) if call.name == name]

    def twilio(self, method: str, path: str, params: dict[str, Any], authorization: str) -> Answer | None:
        """What Twilio answers; None: not at all."""
        proof = base64.b64encode(f"{ACCOUNT}:{AUTH_TOKEN}".encode()).decode()
        if authorization != f"Basic {proof}":
            return 401, {"code": 20003, "message": "Authenticate", "status": 401}
        resource = path.removeprefix(f"/2010-04-01/Accounts/{ACCOUNT}").lstrip("/")
        self._note(f"{method} {resource}", params)
        match method, resource:
            case "GET", ".json":
                return 200, {"sid": ACCOUNT, "friendly_name": "Harbor Foods", "status": "active", "type": "Full"}
            case "POST", "Messages.json":
                return self._created(params)
            case "GET", "Messages.json":
                found = [_resource(each) for each in reversed(self.to(params["To"])) if each.provider == "twilio"]
                return 200, {"messages": found, "page": 0, "page_size": 1000, "next_page_uri": None}
        return self._unknown(f"{method} {path}", 404, {"code": 20404, "message": "Not found", "status": 404})

    def slack(self, name: str, params: dict[str, Any], authorization: str) -> Answer | None:  # noqa: PLR0911 - a method a line
        """What Slack answers; None: not at all."""
        if authorization != f"Bearer {BOT_TOKEN}":
            return 200, {"ok": False, "error": "invalid_auth"}
        self._note(name, params)
        match name:
            case "auth.test":
                names = {"team": "Harbor Foods", "user": "shiftline", "user_id": "U0BOT", "bot_id": "B0BOT"}
                return 200, {"ok": True, "url": "https://harbor.slack.example/", "team_id": TEAM, **names}
            case "chat.postMessage":
                return self._posted(params)
            case "chat.update":
                return self._edited(params)
            case "conversations.open":
                return 200, {"ok": True, "channel": {"id": direct(params["users"])}}
            case "conversations.history":
                return 200, {"ok": True, "messages": self._history(params), "has_more": False}
        return self._unknown(name, 200, {"ok": False, "error": "unknown_method"})

    def _created(self, params: dict[str, Any]) -> Answer | None:
        if not re.fullmatch(r"\+[1-9]\d{7,14}", params.get("To", "")):
            return 400, {"code": 21211, "message": "Invalid 'To' Phone Number", "status": 400}
        if params.get("From") != SENDER or not 0 < len(params.get("Body", "")) <= 1600:
            return self._unknown(f"text {params}", 400, {"code": 21602, "message": "Message body", "status": 400})
        message = Sent("twilio", "", params["To"], params["Body"], 0.0, callback=params.get("StatusCallback", ""))
        return (201, _resource(message)) if self._taken(message) else None

    def _posted(self, params: dict[str, Any]) -> Answer | None:
        if not re.fullmatch(r"U[A-Z0-9]+", params.get("channel", "")):
            return 200, {"ok": False, "error": "channel_not_found"}
        blocks, metadata = _json(params.get("blocks")) or [], _json(params.get("metadata")) or {}
        if not params.get("text"):
            return self._unknown("a post without text", 200, {"ok": False, "error": "no_text"})
        to, channel = params["channel"], direct(params["channel"])
        message = Sent("slack", "", to, _unescaped(params["text"]), 0.0, "", channel, blocks, metadata)
        taken = self._taken(message)
        return (200, {"ok": True, "channel": channel, "ts": message.id, "message": {}}) if taken else None

    def _edited(self, params: dict[str, Any]) -> Answer:
        wanted = (params.get("channel"), params.get("ts"))
        found = next((each for each in list(self.sent) if (each.channel, each.id) == wanted), None)
        if found is None:
            return self._unknown(f"an edit of {wanted}", 200, {"ok": False, "error": "message_not_found"})
        with self.changed:
            found.edits.append({**params, "blocks": _json(params.get("blocks")) or []})
            self.changed.notify_all()
        return 200, {"ok": True, "channel": found.channel, "ts": found.id, "text": params.get("text")}

    def _history(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        oldest = float(params.get("oldest") or 0)
        there = [each for each in list(self.sent) if each.channel == params["channel"] and float(each.id) >= oldest]
        told = params.get("include_all_metadata") in {True, "1", "true", "True"}
        return [
            {"type": "message", "ts": each.id, "text": each.text, "bot_id": "B0BOT"}
            | ({"metadata": each.metadata} if told else {})
            for each in reversed(there)
        ]

    def _taken(self, message: Sent) -> bool:
        """Accept `message`, unless fate has something else in mind; False if no answer is to be given."""
        with self.changed:
            number = next(self._numbers)
            fate = self.fate(number)
            if fate != "lose":
                message.at = time.time()
                sid = f"SM{number:032x}"
                message.id = sid if message.provider == "twilio" else f"{int(message.at)}.{number:06d}"
                self.sent.append(message)
            self.fates.append(fate)
            self.changed.notify_all()
        if fate != "answer":
            self._released.wait(120)
        return fate != "lose"

    def _note(self, name: str, params: dict[str, Any]) -> None:
        with self.changed:
            self.calls.append(Call(name, params, time.time()))
            self.changed.notify_all()

    def _unknown(self, what: str, status: int, answer: dict[str, Any]) -> Answer:
        self.strange.append(what)
        return status, answer


def direct(user: str) -> str:
    """The conversation of the app with one person."""
    return f"D{user[1:]}"


def _resource(message: Sent) -> dict[str, Any]:
    moment = formatdate(message.at, usegmt=True).replace("GMT", "+0000")
    return {
        "sid": message.id, "account_sid": ACCOUNT, "api_version": "2010-04-01", "body": message.text,
        "date_created": moment, "date_updated": moment, "date_sent": None, "direction": "outbound-api",
        "error_code": None, "error_message": None, "from": SENDER, "messaging_service_sid": None, "num_media": "0",
        "num_segments": "1", "price": None, "price_unit": "USD", "status": "queued", "subresource_uris": {},
        "to": message.to, "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{message.id}.json",
    }  # fmt: skip


def _json(given: Any) -> Any:
    return json.loads(given) if isinstance(given, str) else given


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


class _Handler(BaseHTTPRequestHandler):
    """One connection, one request: HTTP/1.0 leaves no connection open that the test would have to close."""

    stand_in: StandIn

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, method: str) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        params: dict[str, Any] = dict(parse_qsl(url.query))
        if "json" in (self.headers.get("Content-Type") or ""):
            params |= json.loads(body)
        else:
            params |= dict(parse_qsl(body.decode()))
        authorization = self.headers.get("Authorization") or ""
        if url.path.startswith("/api/"):
            told = self.stand_in.slack(url.path.removeprefix("/api/"), params, authorization)
        else:
            told = self.stand_in.twilio(method, url.path, params, authorization)
        try:
            if told is not None:
                self._write(*told)
        except OSError:
            pass  # whoever asked is gone: that is what some of these tests are about

    def _write(self, status: int, answer: dict[str, Any]) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
