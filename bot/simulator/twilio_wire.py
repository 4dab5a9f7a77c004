"""Twilio's JSON: resources, pages, errors. Its dates are RFC 2822, its numbers are strings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from email.utils import formatdate
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.simulator.phones import Account, Text

API_VERSION = "2010-04-01"
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€\f")
_GSM_ALL = _GSM | _GSM_TWICE
dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def answer(value: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON response."""
    return web.Response(
        body=dump(value).encode(), status=status, content_type="application/json", charset="utf-8", headers=headers
    )


def refusal(code: int, message: str, status: int, retry_after: int | None = None) -> web.Response:
    """An error in Twilio's form."""
    said = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return answer(said, status, None if retry_after is None else {"Retry-After": str(retry_after)})


@lru_cache(maxsize=64)
def date(second: int) -> str:
    """RFC 2822, as Twilio writes it."""
    return formatdate(second).replace("-0000", "+0000")


def segments(body: str) -> int:
    """How many parts a carrier makes of a text: 160/153 in GSM-7, 70/67 in UCS-2. An escape pair is never torn."""
    if _GSM_ALL.issuperset(body):
        units, single, several = [2 if char in _GSM_TWICE else 1 for char in body], 160, 153
    else:
        units, single, several = [2 if ord(char) > 0xFFFF else 1 for char in body], 70, 67
    if len(body) * 2 <= single or sum(units) <= single:
        return 1
    parts, used = 1, 0
    for unit in units:
        if used + unit > several:
            parts, used = parts + 1, 0
        used += unit
    return parts


def message(text: Text) -> dict[str, Any]:
    """A Message resource."""
    uri = f"/{API_VERSION}/Accounts/{text.account}/Messages/{text.sid}"
    inbound = text.direction == "inbound"
    undecided = bool(text.service) and not text.sender
    return {
        "account_sid": text.account,
        "api_version": API_VERSION,
        "body": text.body,
        "date_created": date(int(text.created)),
        "date_sent": None if text.sent is None else date(int(text.sent)),
        "date_updated": date(int(text.updated)),
        "direction": text.direction,
        "error_code": text.error,
        "error_message": None,
        "from": text.phone if inbound else text.sender or None,
        "messaging_service_sid": text.service or None,
        "num_media": str(len(text.media)),
        "num_segments": "0" if undecided else str(segments(text.body)),
        "price": None,
        "price_unit": "USD",
        "sid": text.sid,
        "status": text.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": text.sender if inbound else text.phone,
        "uri": f"{uri}.json",
    }


def page(account: Account, texts: Sequence[Text], query: Mapping[str, str], number: int, size: int) -> dict[str, Any]:
    """One page of a list, newest first. The token in next_page_uri keeps pages still while messages come in."""
    path = f"/{API_VERSION}/Accounts/{account.account_sid}/Messages.json"
    kept = {name: value for name, value in query.items() if name not in {"Page", "PageSize", "PageToken"}}

    def uri(of: int, token: str = "") -> str:
        turn = {"PageToken": f"PA{token}"} if token else {}
        return f"{path}?{urlencode({**kept, 'PageSize': size, 'Page': of, **turn})}"

    shown = texts[:size]
    return {
        "messages": [message(text) for text in shown],
        "page": number,
        "page_size": size,
        "start": number * size,
        "end": number * size + max(0, len(shown) - 1),
        "uri": uri(number),
        "first_page_uri": uri(0),
        "previous_page_uri": None,
        "next_page_uri": uri(number + 1, shown[-1].sid) if len(texts) > size else None,
    }


def account_resource(account: Account) -> dict[str, Any]:
    """An Account resource, without the token that the real one carries."""
    uri = f"/{API_VERSION}/Accounts/{account.account_sid}"
    return {
        "sid": account.account_sid,
        "friendly_name": "Simulated account",
        "status": "active",
        "type": "Full",
        "owner_account_sid": account.account_sid,
        "date_created": date(0),
        "date_updated": date(0),
        "subresource_uris": {"messages": f"{uri}/Messages.json"},
        "uri": f"{uri}.json",
    }
