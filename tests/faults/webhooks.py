"""Answers as the providers deliver them, signed by us, so that the same one can be delivered as often as wanted."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bot.simulator import signatures
from tests.faults.site import ACCOUNT, NUMBER, SIGNING_SECRET, TEAM, TOKEN

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Webhook:
    """One thing that a provider has to say. Slack signs anew at each delivery, Twilio's signature knows no time."""

    path: str
    body: bytes
    signature: str | None = None

    def headers(self) -> dict[str, str]:
        """For a delivery now."""
        if self.signature is not None:
            return {"Content-Type": FORM, "X-Twilio-Signature": self.signature}
        now = int(time.time())
        signed = signatures.slack(SIGNING_SECRET, now, self.body)
        return {"Content-Type": FORM, "X-Slack-Request-Timestamp": str(now), "X-Slack-Signature": signed}


def text(url: str, phone: str, words: str, number: int) -> Webhook:
    """Somebody texts `words`; `number` makes the message's id."""
    sid, path = f"SM{number:032x}", "/hooks/twilio/messages"
    form = {"MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid, "AccountSid": ACCOUNT, "From": phone, "To": NUMBER,
            "Body": words, "NumMedia": "0", "NumSegments": "1", "SmsStatus": "received", "ApiVersion": "2010-04-01"}  # fmt: skip
    signature = signatures.twilio(TOKEN, url + path, list(form.items()))
    return Webhook(path, urlencode(form).encode(), signature)


def tap(user: str, channel: str, post: Mapping[str, Any], choice: str, number: int) -> Webhook:
    """Somebody taps the button of `choice` below a message, which is given as the ledger has it."""
    button, block = next(
        (element, block)
        for block in post["data"]["blocks"]
        for element in block.get("elements", ())
        if str(element.get("action_id", "")).endswith(f":{choice}")
    )
    action = {"type": "button", "action_id": button["action_id"], "block_id": block["block_id"],
              "text": button["text"], "value": button.get("value"), "action_ts": f"1700000000.{number:06d}"}  # fmt: skip
    payload = {
        "type": "block_actions", "team": {"id": TEAM, "domain": "proof"}, "user": {"id": user, "team_id": TEAM},
        "api_app_id": "A0PROOF", "token": "unused", "trigger_id": "1.2.3", "channel": {"id": channel},
        "container": {"type": "message", "message_ts": post["key"], "channel_id": channel},
        "message": {"ts": post["key"], "text": post["data"]["text"], "blocks": post["data"]["blocks"]},
        "state": {"values": {}}, "actions": [action],
    }  # fmt: skip
    return Webhook("/hooks/slack", urlencode({"payload": json.dumps(payload)}).encode())


def deliver(port: str, hooks: Sequence[Webhook], threads: int) -> list[int]:
    """Deliver them in this order from so many threads at once; the statuses."""
    interrupted = threading.Event()
    shares = [hooks[start::threads] for start in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        delivering = [pool.submit(_one_after_the_other, port, share, interrupted) for share in shares]
        try:
            return [status for share in delivering for status in share.result()]
        except BaseException:  # the pool waits for its threads, whoever wants to go home
            interrupted.set()
            raise


def _one_after_the_other(port: str, hooks: Sequence[Webhook], interrupted: threading.Event) -> list[int]:
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
    statuses = []
    for hook in hooks:
        if interrupted.is_set():
            break
        connection.request("POST", hook.path, hook.body, hook.headers())
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    return statuses
