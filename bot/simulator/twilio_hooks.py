"""What Twilio POSTs to the product: texts that people send, and what became of the product's own.

Signed with the account's token. A webhook that cannot be delivered is repeated once, and only
where the connection failed, unless the address asks for more in its fragment (`#rc=5&rp=all`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree as ET

from bot.simulator import hooks, signatures, twilio_checks, twilio_wire
from bot.simulator.hooks import Answer
from bot.simulator.ids import hex_id
from bot.simulator.phones import FINAL, Account, Text
from bot.simulator.state import World

Params = list[tuple[str, str]]

READ_TIMEOUT = 15.0
_STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
_START = frozenset({"START", "YES", "UNSTOP"})
_HELP = frozenset({"HELP", "INFO"})
_SAYS = {
    "STOP": "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}


async def deliver(world: World, account: Account, text: Text) -> None:
    """What happens to a text after it was accepted: sent, then delivered or not, with a callback each."""
    sender = text.sender or next(iter(account.messaging_services.get(text.service, ())), "")
    code = twilio_checks.failure(world.phones, account, text.phone, sender, text.service)
    if code is not None and code < 30000:
        statuses = ["failed"]
    else:
        statuses = ["sent", "delivered" if code is None else "undelivered"]
    if text.status in statuses:  # a restarted world goes on where it was
        statuses = statuses[statuses.index(text.status) + 1 :]
    for status, lost in world.faults.schedules["twilio"].distort(text.number, statuses):
        await asyncio.sleep(account.callback_delay)
        error = code if status in {"failed", "undelivered"} else None
        if text.status not in FINAL:  # callbacks may be out of order, what happened is not
            said = {"status": status, "error": error, "sender": sender}
            world.record("twilio.status", said, key=text.sid, decision=status)
        if text.callback:
            await _call_back(world, account, text, status, error, lost=lost)


async def _call_back(world: World, account: Account, text: Text, status: str, error: int | None, *, lost: bool) -> None:
    params = [
        ("MessageSid", text.sid),
        ("SmsSid", text.sid),
        ("MessageStatus", status),
        ("SmsStatus", status),
        ("To", text.phone),
        ("From", text.sender),
        ("AccountSid", account.account_sid),
        ("ApiVersion", "2010-04-01"),
    ]
    if text.service:
        params.append(("MessagingServiceSid", text.service))
    if error is not None:
        params.append(("ErrorCode", str(error)))
    if lost:
        said = {"url": text.callback, "status": status}
        world.record("twilio.callback", said, key=text.sid, decision="lost", fault="lose")
        return
    await _post(world, account, text.callback, params, kind="twilio.callback", key=text.sid)


async def hear(world: World, account: Account, given: dict[str, Any]) -> tuple[str, list[Answer]]:
    """A person texts one of the account's numbers: the signed webhook, as often as asked. The sid and the answers."""
    phone, number, body = str(given["from"]), str(given["to"]), str(given.get("body") or "")
    media: list[dict[str, str]] = given.get("media") or []
    sid = str(given.get("message_sid") or ("MM" if media else "SM") + hex_id(32))
    said = {"account": account.account_sid, "phone": phone, "sender": number, "body": body, "media": media}
    if sid not in world.phones.texts:
        world.record("phone.text", said, key=sid, decision="said")
    params = _inbound(account, sid, phone, number, said)
    keyword = _keyword(body) if account.answers_stop(number) else None
    if keyword is not None:
        params.append(("OptOutType", keyword))
        _obey(world, account, phone, number, keyword)
    repeat = max(1, int(given.get("repeat") or 1))
    posts = [_post(world, account, account.messages_url, params, kind="twilio.inbound", key=sid) for _ in range(repeat)]
    answers = list(await asyncio.gather(*posts)) if given.get("together") else [await one for one in posts]
    for answer in answers:
        for reply in twiml_messages(answer.text) if answer.fine else ():
            _reply(world, account, phone, number, reply)
    return sid, answers


def _inbound(account: Account, sid: str, phone: str, number: str, said: Mapping[str, Any]) -> Params:
    media = said["media"]
    params = [
        ("ToCountry", account.country),
        ("FromCountry", account.country),
        ("SmsMessageSid", sid),
        ("NumMedia", str(len(media))),
        ("SmsSid", sid),
        ("SmsStatus", "received"),
        ("Body", said["body"]),
        ("To", number),
        ("NumSegments", str(twilio_wire.segments(said["body"]))),
        ("MessageSid", sid),
        ("AccountSid", account.account_sid),
        ("From", phone),
        ("ApiVersion", "2010-04-01"),
    ]
    params += [
        ("MessagingServiceSid", sid_) for sid_, numbers in account.messaging_services.items() if number in numbers
    ]
    for place, item in enumerate(media):
        params.append((f"MediaUrl{place}", item["url"]))
        params.append((f"MediaContentType{place}", item.get("content_type", "image/jpeg")))
    return params


def _keyword(body: str) -> str | None:
    """What Advanced Opt-Out makes of a text: only a whole message counts."""
    word = body.strip().upper()
    for name, words in (("STOP", _STOP), ("START", _START), ("HELP", _HELP)):
        if word in words:
            return name
    return None


def _obey(world: World, account: Account, phone: str, number: str, keyword: str) -> None:
    if keyword != "HELP":
        for sender in sorted(world.phones.senders(number)):
            said = {"phone": phone, "sender": sender, "out": keyword == "STOP"}
            world.record("twilio.opt_out", said, decision=keyword.lower())
    _reply(world, account, phone, number, _SAYS[keyword])


def _reply(world: World, account: Account, phone: str, number: str, body: str) -> None:
    said = {"account": account.account_sid, "phone": phone, "sender": number, "body": body, "media": []}
    world.record("twilio.reply", said, key=f"SM{hex_id(32)}", decision="delivered")


async def _post(world: World, account: Account, url: str, params: Params, *, kind: str, key: str) -> Answer:
    """POST a signed form, repeating it where Twilio would; the last answer."""
    wishes = dict(parse_qsl(url.partition("#")[2]))
    tries = min(5, int(wishes["rc"])) if wishes.get("rc", "").isdigit() else 1
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "User-Agent": "TwilioProxy/1.1",
        "X-Twilio-Signature": signatures.twilio(account.auth_token, url, params),
        "I-Twilio-Idempotency-Token": hex_id(32),
    }
    body = urlencode(params).encode()
    attempt = 0
    while True:
        answer = await hooks.post(world, url, body, headers, READ_TIMEOUT)
        said = {
            "url": url,
            "params": dict(params),
            "status": answer.status,
            "problem": answer.problem,
            "attempt": attempt,
            "seconds": round(answer.seconds, 4),
        }
        world.record(kind, said, key=key, decision=f"answered {answer.status}" if answer.status else answer.problem)
        if answer.fine or attempt >= tries or not _again(answer, wishes.get("rp", "ct")):
            return answer
        attempt += 1
        await asyncio.sleep(account.retry_delay)


def _again(answer: Answer, policy: str) -> bool:
    """Does the retry policy cover this failure? ct: connection, rt: no answer in time, 4xx, 5xx, all."""
    policies = set(policy.split(","))
    met = {
        "connection": "ct",
        "timeout": "rt",
        "elsewhere": "never",
        "": f"{answer.status // 100}xx",
    }[answer.problem]
    return met in policies or ("all" in policies and met != "never")


def twiml_messages(text: str) -> list[str]:
    """The texts that a TwiML answer sends: <Message>Hello</Message> or <Message><Body>Hello</Body></Message>."""
    try:
        root = ET.fromstring(text)  # noqa: S314 - from the product under test, on loopback
    except ET.ParseError:
        return []
    bodies = [(message.findtext("Body") or message.text or "").strip() for message in root.iter("Message")]
    return [body for body in bodies if body]
