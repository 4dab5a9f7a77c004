"""What somebody outside has in hand: the command line, an address to post to, and nothing else.

`Outsider` runs `shiftline` as a process of its own for every command (a warm one: tests/warm.py), signs webhooks as
Twilio and Slack document it, and starts, stops and kills `shiftline up`, the script as it is installed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import itertools
import json
import os
import queue
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.integration.outside.stand_in import (
    ACCOUNT,
    AUTH_TOKEN,
    BOT_TOKEN,
    SENDER,
    SIGNING_SECRET,
    TEAM,
    Sent,
    StandIn,
    direct,
)
from tests.warm import Answer, Warm

SHIFTLINE = Path(sys.executable).with_name("shiftline")
OURS = ("SHIFTLINE_", "DATABASE_", "BROKER_", "PUBLIC_", "SECRET_", "ENCRYPTION_", "TWILIO_", "SLACK_", "MEDIA_",
        "SMTP_", "LOG_")  # fmt: skip
READY = "Shiftline is ready: "
AUTHOR, APPROVER = "mia@harbor.example", "max@harbor.example"
PATIENCE = 60.0  # seconds, for a machine that has much else to do


class Service:
    """One start of `shiftline up`."""

    def __init__(self, environment: dict[str, str], folder: Path, port: int) -> None:
        self._said = folder / "up.stderr"
        self._errors = self._said.open("ab")
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.process = subprocess.Popen(
            [SHIFTLINE, "up", "--port", str(port)], env=environment, cwd=folder, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors, start_new_session=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, name="up's stdout")
        self._reader.start()

    def ready(self) -> str:
        """The address, once it says that it is ready."""
        line = self._lines.get(timeout=PATIENCE)
        assert line is not None, f"shiftline up ended before it was ready: {self._said.read_text()[-500:]}"
        assert line.startswith(READY), line
        return line.removeprefix(READY).strip()

    def terminate(self) -> int:
        """Ask it to end, and its exit code."""
        self.process.terminate()
        code = self.process.wait(PATIENCE)
        self._close()
        return code

    def kill(self) -> None:
        """Kill -9 for every process of it, at once: the parent must not have the time to start another worker."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGSTOP)
            for child in _children(self.process.pid):
                _kill(child)
            self.process.kill()
            self.process.wait(PATIENCE)
        self._close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _close(self) -> None:
        self._reader.join(PATIENCE)  # the pipe ends with the last process that holds it
        assert not self._reader.is_alive(), "a process of it still runs"
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()


@dataclass(slots=True)
class Outsider:
    """Everything by which the product is reached, in a folder of its own."""

    folder: Path
    stand_in: StandIn
    warm: Warm
    database_url: str | None = None
    org: str = "harbor"
    port: int = field(default_factory=lambda: free_port())  # noqa: PLW0108 - it is defined below
    slack_hook: str = "/hooks/slack"
    integrations: dict[str, str] = field(default_factory=dict)
    slowest: float = 0.0  # seconds that a command took: how busy this machine is
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def environment(self) -> dict[str, str]:
        """The process's own without anything that is meant for us, and our settings."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        given = {
            "SHIFTLINE_DATA": str(self.folder / "data"),
            "PUBLIC_URL": self.url,
            "TWILIO_API_URL": self.stand_in.url,
            "SLACK_API_URL": f"{self.stand_in.url}/api/",
        }
        return plain | given | ({"DATABASE_URL": self.database_url} if self.database_url else {})

    @property
    def url(self) -> str:
        """Where the service listens, and how providers know it."""
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def up(self) -> Iterator[Service]:
        """`shiftline up`, ready; whatever is left of it at the end is killed."""
        service = Service(self.environment, self.folder, self.port)
        try:
            assert service.ready() == self.url
            yield service
        finally:
            service.kill()

    def connect(self, **pace: Any) -> None:
        """Quiet hours and caps off, people who sign in, and both providers connected and tested."""
        fast = {"sms": {"segments_per_second": 200, "per_day": None}, "slack": {"per_minute": 6000}}
        settings = {
            "locale": {"supported_languages": ["en", "es"]},
            "delivery": {"quiet_hours": None, "holidays": None, "caps": None, "pace": fast | pace},
        }
        password = self.file("password", "correct horse battery\n")
        twilio = ("--account-sid", ACCOUNT, "--auth-token-file", self.file("token", AUTH_TOKEN), "--from", SENDER)
        slack = ("--team-id", TEAM, "--bot-token-file", self.file("bot", f"{BOT_TOKEN}\n"),
                 "--signing-secret-file", self.file("secret", f"{SIGNING_SECRET}\n"))  # fmt: skip
        *_, by_sms, by_slack = together(
            [
                partial(self.json, "org", "set", "--file", self.file("settings.json", settings)),
                partial(self.json, "user", "add", AUTHOR, "--role", "admin", "--password-file", password),
                partial(self.json, "user", "add", APPROVER, "--role", "approver", "--password-file", password),
                partial(self.json, "integration", "add", "twilio", *twilio),
                partial(self.json, "integration", "add", "slack", *slack),
            ]
        )
        self.integrations = {"twilio": by_sms["id"], "slack": by_slack["id"]}
        tested = together([partial(self.json, "integration", "test", each) for each in self.integrations.values()])
        assert [each["status"] for each in tested] == ["connected"] * 2

    def file(self, name: str, content: Any) -> Path:
        """A file of the outsider's, as text or as JSON."""
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    def run(self, *arguments: Any, org: bool = True) -> Answer:
        """A command's code, stdout and stderr; its errors must be sentences, never tracebacks."""
        command = [*map(str, arguments), *(("--org", self.org) if org else ())]
        begun = time.monotonic()
        done = self.warm.run(command, self.environment, self.folder, PATIENCE)
        self.slowest = max(self.slowest, time.monotonic() - begun)
        assert "Traceback" not in done.err, done.err
        return done

    def json(self, *arguments: Any, org: bool = True) -> Any:
        """What a command that has to succeed prints with `--json`."""
        answer = self.run(*arguments, "--json", org=org)
        assert answer.code == 0, f"shiftline {' '.join(map(str, arguments))}: {answer.code} {answer.err}"
        return answer.json

    def refused(self, *arguments: Any) -> str:
        """The one sentence by which a command refuses, with exit 2."""
        answer = self.run(*arguments)
        assert (answer.code, answer.out) == (2, ""), answer
        assert answer.err.count("\n") == 1, answer.err
        assert answer.err.rstrip().endswith((".", '"')), answer.err
        return answer.err.strip()

    def until(self, condition: Callable[[Any], bool], *arguments: Any) -> Any:
        """Ask the command again and again (each takes its second) until its document fulfils `condition`."""
        end = time.monotonic() + PATIENCE
        while not condition(document := self.json(*arguments)):
            assert time.monotonic() < end, f"shiftline {arguments} still says {document}"
        return document

    def text(self, sender: str, words: str) -> Hook:
        """Somebody texts the organization's number."""
        form = {
            "ToCountry": "US", "SmsMessageSid": (sid := f"SM{next(self._numbers) + (1 << 120):032x}"), "NumMedia": "0", "SmsSid": sid,
            "SmsStatus": "received", "Body": words, "To": SENDER, "NumSegments": "1", "MessageSid": sid,
            "AccountSid": ACCOUNT, "From": sender, "ApiVersion": "2010-04-01",
        }  # fmt: skip
        return self._twilio(f"{self.url}/hooks/twilio/messages", form)

    def status(self, message: Sent, status: str, error: int | None = None) -> Hook:
        """Twilio reports on a text, to the address that came with it."""
        assert message.callback.startswith(f"{self.url}/hooks/twilio/status/"), message.callback
        form = {
            "SmsSid": message.id, "SmsStatus": status, "MessageStatus": status, "To": message.to, "MessageSid": message.id,
            "AccountSid": ACCOUNT, "From": SENDER, "ApiVersion": "2010-04-01",
        } | ({"ErrorCode": str(error)} if error else {})  # fmt: skip
        return self._twilio(message.callback.partition("#")[0], form)  # what follows the # is Twilio's own

    def say(self, user: str, words: str) -> Hook:
        """Somebody writes to the app in Slack."""
        event = {
            "type": "message", "channel_type": "im", "user": user, "text": words, "channel": direct(user), "team": TEAM,
            "ts": self._ts(), "client_msg_id": f"c-{next(self._numbers)}",
        }  # fmt: skip
        envelope = {
            "token": "old", "team_id": TEAM, "api_app_id": "A0OUTSIDE", "type": "event_callback", "event": event,
            "event_id": f"Ev{next(self._numbers):08X}", "event_time": int(time.time()),
            "authorizations": [{"enterprise_id": None, "team_id": TEAM, "user_id": "U0BOT", "is_bot": True}],
        }  # fmt: skip
        return self.slack(json.dumps(envelope).encode(), "application/json")

    def tap(self, message: Sent, words: str) -> Hook:
        """Somebody taps the button with these words, below the message as it was posted."""
        button = message.buttons[words]
        action = {
            "type": "button", "action_id": button["action_id"], "value": button["value"], "text": button["text"],
            "block_id": next(b["block_id"] for b in message.blocks if button in b.get("elements", ())),
            "action_ts": self._ts(),
        }  # fmt: skip
        payload = {
            "type": "block_actions", "team": {"id": TEAM, "domain": "harbor"}, "user": {"id": message.to, "team_id": TEAM},
            "api_app_id": "A0OUTSIDE", "token": "old", "trigger_id": "1.2.3", "channel": {"id": message.channel},
            "container": {"type": "message", "message_ts": message.id, "channel_id": message.channel},
            "message": {"type": "message", "ts": message.id, "text": message.text, "blocks": message.blocks},
            "state": {"values": {}}, "response_url": f"{self.stand_in.url}/never", "actions": [action],
        }  # fmt: skip
        return self.slack(urlencode({"payload": json.dumps(payload)}).encode(), "application/x-www-form-urlencoded")

    def slack(self, body: bytes, kind: str, *, secret: str = SIGNING_SECRET, age: int = 0) -> Hook:
        """Any request of Slack's: v0 over the moment and the raw body."""
        moment = str(int(time.time()) - age)
        made = hmac.new(secret.encode(), b"v0:" + moment.encode() + b":" + body, hashlib.sha256).hexdigest()
        signed = {"X-Slack-Signature": f"v0={made}", "X-Slack-Request-Timestamp": moment}
        return Hook(self.url + self.slack_hook, body, {"Content-Type": kind, **signed})

    def _twilio(self, url: str, form: dict[str, str], token: str = AUTH_TOKEN) -> Hook:
        """HMAC-SHA1 over the address and the sorted parameters, each name before its value."""
        said = url + "".join(name + form[name] for name in sorted(form))
        made = base64.b64encode(hmac.new(token.encode(), said.encode(), hashlib.sha1).digest()).decode()
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", "X-Twilio-Signature": made}
        return Hook(url, urlencode(form).encode(), headers)

    def _ts(self) -> str:
        return f"{int(time.time())}.{next(self._numbers):06d}"


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook, signed and not yet delivered."""

    url: str
    body: bytes
    headers: dict[str, str]

    def forged(self) -> Hook:
        """The same from somebody who doesn't know the secret: one character of the signature is another."""
        name = next(name for name in self.headers if name.endswith("Signature"))
        made = self.headers[name]
        other = made[:-2] + ("A" if made[-2] != "A" else "B") + made[-1] if "Twilio" in name else made[:-1] + _hex(made)
        return Hook(self.url, self.body, {**self.headers, name: other})

    def without_signature(self) -> Hook:
        """The same, unsigned."""
        kept = {name: value for name, value in self.headers.items() if not name.endswith("Signature")}
        return Hook(self.url, self.body, kept)

    def post(self) -> tuple[int, str]:
        """Deliver it once; status and body."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
        try:
            connection.request("POST", f"{parts.path}?{parts.query}".rstrip("?"), self.body, self.headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def deliver(self) -> None:
        """As providers do when they are unsure: twice at the same time, then twice more."""
        statuses = [status for status, _ in together([self.post, self.post])]
        statuses += [self.post()[0], self.post()[0]]
        assert statuses == [200] * 4, statuses


def together(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """All of them at once, each in a thread; their results in order."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [done.result() for done in [pool.submit(call) for call in calls]]


def free_port() -> int:
    """A port on which nobody listens now; below those that systems give to outgoing connections, so that it stays so."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _hex(made: str) -> str:
    return "0" if made[-1] != "0" else "1"


def _children(parent: int) -> list[int]:
    """The processes that this one has started; by /proc, or where there is none by ps."""
    if not Path("/proc/self/stat").exists():
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        return [int(pid) for pid, owner in map(str.split, listed.splitlines()) if int(owner) == parent]
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if int(fields[1]) == parent:
            found.append(int(stat.parent.name))
    return found


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
