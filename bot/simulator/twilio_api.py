"""Twilio's REST API: what `TWILIO_API_URL` leads to in place of https://api.twilio.com.

Create, fetch and list messages, fetch the account; basic authentication; Twilio's refusals.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from bot.simulator import faults, twilio_checks, twilio_hooks, twilio_wire
from bot.simulator.ids import hex_id
from bot.simulator.phones import Account, Text
from bot.simulator.state import World
from bot.simulator.twilio_checks import TwilioRefused

LARGEST_PAGE = 1000
_TOO_MANY = "Too Many Requests"


class TwilioApi:
    """The routes under /2010-04-01."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Where the official client calls."""
        base = "/2010-04-01/Accounts"
        return [
            web.post(base + "/{account}/Messages.json", self.create),
            web.get(base + "/{account}/Messages.json", self._reads("twilio.list", self._list)),
            web.get(base + "/{account}/Messages/{sid}.json", self._reads("twilio.fetch", self._fetch)),
            web.get(base + "/{account}.json", self._reads("twilio.account", self._account)),
        ]

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST Messages.json: one message to one phone."""
        world = self._world
        schedule = world.faults.schedules["twilio"]
        pairs = parse_qsl((await request.read()).decode("utf-8", "replace"), keep_blank_values=True)
        form = dict(pairs)
        media = [value for name, value in pairs if name == "MediaUrl" and value]
        said: dict[str, Any] = {
            "account": request.match_info["account"],
            "phone": form.get("To", ""),
            "sender": form.get("From", ""),
            "service": form.get("MessagingServiceSid", ""),
            "body": form.get("Body", ""),
            "media": [{"url": url} for url in media],
            "callback": form.get("StatusCallback", ""),
        }
        fault = schedule.draw(send=True)
        said["drawn"] = schedule.count
        try:
            account = self._account_of(request)
            if not faults.accepts(fault):
                world.record("twilio.send", said, decision="broken before", accepted=False, fault=fault)
                answer = twilio_wire.refusal(20429, _TOO_MANY, 429, schedule.retry_after)
            else:
                answer = self._accept(account, form, media, said, fault)
        except TwilioRefused as refused:
            said["code"] = refused.code
            world.record("twilio.send", said, decision=f"refused {refused.code}", accepted=False, fault=fault)
            answer = twilio_wire.refusal(refused.code, refused.message, refused.status)
        return await faults.play(request, schedule, fault, answer, _unavailable)

    def _accept(
        self, account: Account, form: dict[str, str], media: list[str], said: dict[str, Any], fault: str | None
    ) -> web.Response:
        world = self._world
        twilio_checks.check_send(world.phones, account, form, media)
        sender = form.get("From", "") or form["MessagingServiceSid"]
        wait = world.rates.take(f"twilio:{sender}", account.rate, account.burst)
        if wait:
            world.record("twilio.send", said, decision="refused 20429", accepted=False, fault=fault)
            return twilio_wire.refusal(20429, _TOO_MANY, 429, wait)
        said["status"] = "queued" if form.get("From") else "accepted"
        sid = f"SM{hex_id(32)}"
        world.record("twilio.send", dict(said), key=sid, decision="accepted", accepted=True, fault=fault)
        text = world.phones.texts[sid]
        answer = twilio_wire.answer(twilio_wire.message(text), 201)
        if not world.lean:
            world.later(twilio_hooks.deliver(world, account, text))
        return answer

    def _reads(
        self, kind: str, read: Callable[[Account, web.Request], web.Response]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """A GET: authenticated, written down, and broken where the schedule says so."""

        async def handle(request: web.Request) -> web.StreamResponse:
            schedule = self._world.faults.schedules["twilio"]
            fault = schedule.draw(send=False)
            said = {"path": request.path_qs, "drawn": schedule.count}
            try:
                account = self._account_of(request)
                limited = fault == "rate_limited"
                answer = (
                    twilio_wire.refusal(20429, _TOO_MANY, 429, schedule.retry_after)
                    if limited
                    else read(account, request)
                )
            except TwilioRefused as refused:
                answer = twilio_wire.refusal(refused.code, refused.message, refused.status)
            self._world.record(kind, said, decision=f"answered {answer.status}", fault=fault)
            return await faults.play(request, schedule, fault, answer, _unavailable)

        return handle

    def _account_of(self, request: web.Request) -> Account:
        """The account that the request has the token of, which must be the one in the path."""
        scheme, _, coded = request.headers.get("Authorization", "").partition(" ")
        try:
            sid, _, token = base64.b64decode(coded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            sid = token = ""
        account = self._world.phones.accounts.get(sid)
        if scheme.lower() != "basic" or account is None or account.auth_token != token:
            raise TwilioRefused(20003, "Authenticate", 401)
        if request.match_info["account"] != sid:
            raise _not_found(request)
        return account

    def _fetch(self, account: Account, request: web.Request) -> web.Response:
        text = self._world.phones.texts.get(request.match_info["sid"])
        if text is None or text.account != account.account_sid:
            raise _not_found(request)
        return twilio_wire.answer(twilio_wire.message(text))

    def _list(self, account: Account, request: web.Request) -> web.Response:
        query = request.query
        size = min(LARGEST_PAGE, max(1, _number(query.get("PageSize"), 50)))
        number = max(0, _number(query.get("Page"), 0))
        token = query.get("PageToken", "").removeprefix("PA")
        texts = self._matching(account, query, token)
        if not token:
            texts = texts[number * size :]
        return twilio_wire.answer(twilio_wire.page(account, texts[: size + 1], query, number, size))

    def _matching(self, account: Account, query: Mapping[str, str], token: str) -> list[Text]:
        phones = self._world.phones
        to, sender = query.get("To"), query.get("From")
        since, until = _moment(query.get("DateSent>")), _moment(query.get("DateSent<"))
        day = _moment(query.get("DateSent"))
        if day is not None:
            since, until = day, day + 86_400
        narrow = to if to in phones.by_phone else sender if sender in phones.by_phone else None
        texts = phones.by_phone[narrow] if narrow is not None else phones.by_account[account.account_sid]
        found = []
        for text in reversed(texts):
            ends = (text.sender, text.phone) if text.direction == "inbound" else (text.phone, text.sender)
            at = text.sent or text.created
            if (
                text.account == account.account_sid
                and (to is None or ends[0] == to)
                and (sender is None or ends[1] == sender)
                and (since is None or at >= since)
                and (until is None or at < until)
            ):
                found.append(text)
        if token:
            places = [place for place, text in enumerate(found) if text.sid == token]
            found = found[places[0] + 1 :] if places else []
        return found

    def _account(self, account: Account, request: web.Request) -> web.Response:
        del request
        return twilio_wire.answer(twilio_wire.account_resource(account))


def _unavailable() -> web.Response:
    return twilio_wire.refusal(20503, "Service unavailable", 503)


def _not_found(request: web.Request) -> TwilioRefused:
    return TwilioRefused(20404, f"The requested resource {request.path} was not found", 404)


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and text.isdigit() else otherwise


def _moment(text: str | None) -> float | None:
    """A date (its first second) or a date and time, both UTC; None for what Twilio would ignore."""
    if not text or not re.match(r"\d{4}-\d\d-\d\d", text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
