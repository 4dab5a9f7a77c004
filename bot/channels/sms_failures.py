"""What Twilio's refusals mean for a delivery: one table, for answers to a send and for later reports.

Codes: https://www.twilio.com/docs/api/errors. The sentences are ours, because Twilio's hold the
phone numbers and end up in logs. A code that isn't listed is a refusal of this one message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from bot.channels.channel import FailureKind, SendFailed
from bot.channels.http import retry_after

_HOURS = 4 * 3600.0
_TOMORROW = 24 * 3600.0  # the same time of day, so surely inside the hours in which one may send


class Meaning(NamedTuple):
    """What to do about a code, and why, in words for a manager."""

    kind: FailureKind
    words: str
    retry_in: float | None = None


MEANINGS: Mapping[int, Meaning] = {
    # The number itself.
    21211: Meaning("address_dead", "This is not a phone number."),
    21217: Meaning("address_dead", "This phone number does not seem to exist."),
    21614: Meaning("address_dead", "This is not a mobile number."),
    21635: Meaning("address_dead", "This is a landline."),
    30006: Meaning("address_dead", "This is a landline, or its carrier can't be reached."),
    # The person's own will.
    21610: Meaning("opted_out", "This number has opted out."),
    63014: Meaning("opted_out", "This person has blocked the sender."),
    # Later.
    14107: Meaning("retry", "Twilio takes no more messages for the moment."),
    20429: Meaning("retry", "Twilio takes no more messages for the moment."),
    21611: Meaning("retry", "The sender's queue at Twilio is full."),
    21730: Meaning("retry", "Twilio is under maintenance."),
    30001: Meaning("retry", "The sender's queue at Twilio was full."),
    30003: Meaning("retry", "The phone is switched off or out of reach.", _HOURS),
    30005: Meaning("retry", "The carrier does not know this number; told so twice, it is unusable.", _HOURS),
    30008: Meaning("retry", "The carrier gave no reason."),
    30017: Meaning("retry", "The carrier's network is congested."),
    30022: Meaning("retry", "The carrier's rate for this sender is used up."),
    30023: Meaning("retry", "The carrier's daily cap for this sender is used up.", _TOMORROW),
    30027: Meaning("retry", "The carrier's daily cap for this brand is used up.", _TOMORROW),
    30410: Meaning("retry", "The carrier did not answer in time."),
    # The connection, for its owner to repair.
    20003: Meaning("misconfigured", "Twilio does not accept the account SID and auth token."),
    20005: Meaning("misconfigured", "The Twilio account is not active."),
    20404: Meaning("misconfigured", "Twilio does not know this account."),
    21212: Meaning("misconfigured", "The sender's number is not valid."),
    21408: Meaning("misconfigured", "The Twilio account may not send to this country."),
    21603: Meaning("misconfigured", "The sender is missing."),
    21606: Meaning("misconfigured", "The sender's number can't send messages."),
    21609: Meaning("misconfigured", "Twilio can't reach PUBLIC_URL with its reports."),
    21659: Meaning("misconfigured", "The sender's number does not belong to Twilio."),
    21660: Meaning("misconfigured", "The sender's number belongs to another Twilio account."),
    21701: Meaning("misconfigured", "The messaging service does not exist."),
    21703: Meaning("misconfigured", "The messaging service has no sender."),
    21704: Meaning("misconfigured", "The messaging service has no sender."),
    21705: Meaning("misconfigured", "The messaging service's SID is not valid."),
    30002: Meaning("misconfigured", "The Twilio account is suspended."),
    30032: Meaning("misconfigured", "The toll-free sender is not verified."),
    30033: Meaning("misconfigured", "The sender's campaign is suspended."),
    30034: Meaning("misconfigured", "The sender is not registered for texting in the US (10DLC)."),
    30035: Meaning("misconfigured", "The sender's registration is still being set up."),
    # The words or the files.
    21602: Meaning("content_refused", "The message is empty."),
    21617: Meaning("content_refused", "The text is longer than 1,600 characters."),
    21619: Meaning("content_refused", "The message is empty."),
    21620: Meaning("content_refused", "The file's address can't be used."),
    21623: Meaning("content_refused", "There are more than 10 files."),
    30007: Meaning("content_refused", "The carrier filtered this text as unwanted."),
    30019: Meaning("content_refused", "The files are too large for this carrier."),
    # This one message.
    21266: Meaning("rejected", "The sender and the recipient are the same number."),
    21608: Meaning("rejected", "A trial account of Twilio's sends to verified numbers only."),
    21612: Meaning("rejected", "This sender has no route to this number."),
    30004: Meaning("rejected", "The carrier blocks messages to this number."),
    30010: Meaning("rejected", "The message would have cost more than the account allows."),
    30011: Meaning("rejected", "This number can't receive pictures."),
    30036: Meaning("rejected", "The message waited too long and was dropped."),
}


def refused(status: int, body: str, headers: Mapping[str, str]) -> SendFailed:
    """What an answer that is not a 2xx means; the HTTP status goes before the code.

    A 5xx may have sent, even with a code of Twilio's in it, and so may a 4xx without one: that is
    not Twilio speaking but something on the way.
    """
    code = _code_in(body)
    if status == 429:
        meaning = MEANINGS.get(code or 20429, MEANINGS[20429])
        return SendFailed("retry", meaning.words, retry_in=retry_after(headers), code=str(code or 20429))
    if status >= 500 or status < 400:
        return SendFailed("doubt", f"Twilio answered with HTTP {status}.", code=str(status))
    if status in {401, 403} and code not in MEANINGS:
        return SendFailed("misconfigured", MEANINGS[20003].words, code=str(code or status))
    if code is None:
        return SendFailed("doubt", f"HTTP {status} came back, but not from Twilio.", code=str(status))
    return by_code(code)


def by_code(code: int) -> SendFailed:
    """What one of Twilio's codes means, whether it came at once or in a later report."""
    meaning = MEANINGS.get(code, Meaning("rejected", f"Twilio refused it (error {code})."))
    return SendFailed(meaning.kind, meaning.words, retry_in=meaning.retry_in, code=str(code))


def _code_in(body: str) -> int | None:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    code = said.get("code") if isinstance(said, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) else None
