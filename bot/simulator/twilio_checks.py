"""What Twilio refuses before it takes a message, with the codes that it gives.

Source: https://www.twilio.com/docs/api/errors. The order is Twilio's: To, From, body, media, callback.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from bot.simulator.phones import Account, Phones

E164 = re.compile(r"\+[1-9]\d{6,14}")
LONGEST_BODY = 1600
MOST_MEDIA = 10


class TwilioRefused(Exception):
    """An error in Twilio's form."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def check_send(phones: Phones, account: Account, form: Mapping[str, str], media: list[str]) -> None:
    """Raise what Twilio would answer to this message."""
    to, sender, service = form.get("To", ""), form.get("From", ""), form.get("MessagingServiceSid", "")
    if not to:
        raise TwilioRefused(21604, "A 'To' phone number is required.")
    if not E164.fullmatch(to):
        raise TwilioRefused(21211, f"Invalid 'To' Phone Number: {to}")
    _check_sender(account, to, sender, service)
    body = form.get("Body", "")
    if not body and not media:
        raise TwilioRefused(21602, "Message body is required.")
    if len(body) > LONGEST_BODY:
        raise TwilioRefused(21617, "The concatenated message body exceeds the 1600 character limit.")
    if len(media) > MOST_MEDIA:
        raise TwilioRefused(21623, "Number of media files exceeds allowed limit.")
    callback = form.get("StatusCallback", "")
    if callback and not is_url(callback):
        raise TwilioRefused(21609, f"The 'StatusCallback' URL {callback} is not a valid URL.")
    _check_phone(phones, account, to, sender, service)


def _check_sender(account: Account, to: str, sender: str, service: str) -> None:
    if not sender and not service:
        raise TwilioRefused(21603, "A 'From' phone number is required.")
    if service and service not in account.messaging_services:
        raise TwilioRefused(21701, "The Messaging Service does not exist.", 404)
    if service and not account.messaging_services[service]:
        raise TwilioRefused(21703, "The Messaging Service does not have a phone number associated with it.")
    if sender and sender not in account.numbers:
        raise TwilioRefused(21606, f"The 'From' phone number {sender} is not a valid, message-capable number.")
    if sender == to:
        raise TwilioRefused(21266, "'To' and 'From' number cannot be the same.")


def _check_phone(phones: Phones, account: Account, to: str, sender: str, service: str) -> None:
    if sender and not service and (to, sender) in phones.opted_out:
        raise TwilioRefused(21610, "Attempt to send to unsubscribed recipient")
    code = account.outcomes.get(to, 0)
    if 20000 <= code < 30000 and not (service and code == 21610):
        raise TwilioRefused(code, f"This number is refused by arrangement ({code}).")


def failure(phones: Phones, account: Account, phone: str, sender: str, service: str) -> int | None:
    """The error code with which an accepted message ends, if it does.

    With a messaging service an opt-out is only found out later: 21610 comes by callback.
    """
    if service and ((phone, service) in phones.opted_out or (phone, sender) in phones.opted_out):
        return 21610
    return account.outcomes.get(phone)


def is_url(text: str) -> bool:
    """An absolute http or https URL."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
