"""What Twilio tells us: texts that people send, and what became of ours. Pure: a request in, facts out.

Twilio sends statuses twice and in any order, so each carries a rank; the highest that came is the truth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from bot.channels.channel import Inbound, Media, Receipt, Request, SendFailed
from bot.channels.sms_failures import by_code

RANKS: Mapping[str, int] = {
    "accepted": 10,
    "scheduled": 10,
    "queued": 20,
    "sending": 30,
    "sent": 40,
    "partially_delivered": 45,
    "undelivered": 50,
    "failed": 50,
    "canceled": 50,
    "delivered": 60,  # a carrier that takes back "undelivered" is right: the phone has it
    "read": 70,
}
"""A status that is not here (receiving, or one that Twilio invents tomorrow) changes nothing: rank 0."""

FAILED = frozenset({"undelivered", "failed", "canceled"})
MOST_MEDIA = 10
_KEYWORDS: Mapping[str, Literal["stop", "start", "help"]] = {"STOP": "stop", "START": "start", "HELP": "help"}
_PLACES = {"city": "FromCity", "region": "FromState", "postal_code": "FromZip", "country": "FromCountry"}
_REPORT = re.compile(r"/hooks/twilio/status/(\d{1,18})", re.ASCII)
_SID = re.compile(r"[A-Za-z0-9]{2,64}", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_STATUS = re.compile(r"[a-z_]{1,40}", re.ASCII)
_PHONE = re.compile(r"\+?\d{3,16}", re.ASCII)
_ADDRESS = re.compile(r"AC[0-9a-fA-F]{32}:(?:\+?\d{3,16}|MG[0-9a-fA-F]{32})", re.ASCII)


def addresses(request: Request) -> Iterator[str]:
    """The integration addresses that a webhook may belong to: a service's before its number's.

    They are looked up before anything is verified, so what has not the form of an address is left out.
    """
    form = request.form
    ours = "From" if _REPORT.fullmatch(request.path) else "To"
    for sender in (form.get("MessagingServiceSid"), form.get(ours)):
        address = f"{form.get('AccountSid')}:{sender}"
        if _ADDRESS.fullmatch(address):
            yield address


def read(request: Request) -> list[Inbound | Receipt]:
    """One text or one report; nothing for a sender that is no phone. ValueError for any other shape."""
    report = _REPORT.fullmatch(request.path)
    if report:
        return [_receipt(request, int(report[1]))]
    sender = request.form.get("From")
    if not sender:
        raise ValueError("a text has a sender")
    # WhatsApp, Messenger and RCS come with a prefix ("whatsapp:+1…"); answering them is another channel's business.
    return [_inbound(request.form, sender)] if _PHONE.fullmatch(sender) else []


def _inbound(form: Mapping[str, str], sender: str) -> Inbound:
    opt_out = form.get("OptOutType", "")
    return Inbound(
        key=_sid(form, "MessageSid", "SmsMessageSid", "SmsSid"),
        address=sender,
        text=form.get("Body", "").replace("\0", ""),  # PostgreSQL would refuse the row, and Twilio repeat the text
        media=tuple(_media(form)),
        keyword=_KEYWORDS.get(opt_out.upper()),
        answered_by_provider=bool(opt_out),  # only Advanced Opt-Out sends it, and that has answered already
        places={name: form[field] for name, field in _PLACES.items() if form.get(field)},
    )


def _media(form: Mapping[str, str]) -> Iterator[Media]:
    count = _whole(form.get("NumMedia") or "0")
    for place in range(min(count, MOST_MEDIA)):
        url = form.get(f"MediaUrl{place}", "")
        if url.startswith(("https://", "http://")):
            yield Media(url, form.get(f"MediaContentType{place}", ""))


def _receipt(request: Request, delivery: int) -> Receipt:
    form = request.form
    status = (form.get("MessageStatus") or form.get("SmsStatus") or "").lower()
    if not _STATUS.fullmatch(status):
        raise ValueError("a report has a status")
    attempt = parse_qs(urlsplit(request.url).query).get("attempt")
    return Receipt(
        delivery=delivery,
        attempt=_whole(attempt[0]) if attempt else None,
        provider_id=_sid(form, "MessageSid", "SmsSid"),
        status=status,
        rank=RANKS.get(status, 0),
        failure=_failure(status, form.get("ErrorCode", "")) if status in FAILED else None,
    )


def _failure(status: str, code: str) -> SendFailed:
    if _NUMBER.fullmatch(code):
        return by_code(int(code))
    return SendFailed("rejected", f"Twilio reports it as {status}, without a reason.")


def _sid(form: Mapping[str, str], *names: str) -> str:
    found = next((form[name] for name in names if form.get(name)), "")
    if not _SID.fullmatch(found):
        raise ValueError("a message has an id")
    return found


def _whole(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError("a count is a whole number")
    return int(text)
