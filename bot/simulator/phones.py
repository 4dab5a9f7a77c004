"""The world on Twilio's side: accounts, phones and the texts between them.

Nothing here decides or sends; it is the fold over the ledger's rows that concern texts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.simulator.ledger import Row

FINAL = frozenset({"delivered", "undelivered", "failed", "received", "canceled"})


@dataclass(frozen=True, slots=True)
class Account:
    """What Twilio knows about a customer, and how this world treats it."""

    account_sid: str
    auth_token: str
    numbers: tuple[str, ...] = ()
    messages_url: str = ""
    messaging_services: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    advanced_opt_out: bool | tuple[str, ...] = False  # all senders, or these numbers and services
    country: str = "US"
    outcomes: Mapping[str, int] = field(default_factory=dict)  # phone -> error code: 2xxxx refused, 3xxxx undelivered
    rate: float = 0.0  # messages per second and sender; 0 is no limit
    burst: float = 1.0
    callback_delay: float = 0.05  # between two status callbacks
    retry_delay: float = 0.1  # before a webhook is repeated

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Account:
        """An account from its JSON. TypeError for a field that does not exist, KeyError for one that is missing."""
        values = dict(given)
        values["numbers"] = tuple(values.get("numbers") or ())
        services = values.get("messaging_services") or {}
        values["messaging_services"] = {sid: tuple(numbers) for sid, numbers in services.items()}
        values["outcomes"] = {phone: int(code) for phone, code in (values.get("outcomes") or {}).items()}
        opt_out = values.get("advanced_opt_out") or False
        values["advanced_opt_out"] = opt_out if isinstance(opt_out, bool) else tuple(opt_out)
        return cls(**values)

    def answers_stop(self, number: str) -> bool:
        """Say whether Advanced Opt-Out answers STOP at this sender."""
        if isinstance(self.advanced_opt_out, bool):
            return self.advanced_opt_out
        services = [sid for sid, numbers in self.messaging_services.items() if number in numbers]
        return any(sender in self.advanced_opt_out for sender in (number, *services))


@dataclass(slots=True)
class Text:
    """One message, either way. `changed` is the ledger id of its last change, `number` the nth send of this world."""

    id: int
    changed: int
    sid: str
    account: str
    phone: str
    sender: str  # our end; empty while a messaging service has not chosen
    service: str
    direction: str
    body: str
    media: list[dict[str, str]]
    status: str
    created: float
    updated: float
    sent: float | None = None
    error: int | None = None
    callback: str = ""
    number: int = 0


class Phones:
    """Every text, by sid and by phone."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.texts: dict[str, Text] = {}
        self.by_phone: dict[str, list[Text]] = defaultdict(list)
        self.by_account: dict[str, list[Text]] = defaultdict(list)
        self.opted_out: set[tuple[str, str]] = set()

    def account_of(self, number: str) -> Account | None:
        """Whose number this is."""
        return next((account for account in self.accounts.values() if number in account.numbers), None)

    def senders(self, number: str) -> set[str]:
        """The number and the messaging services that it belongs to: an opt-out holds for all of them."""
        account = self.account_of(number)
        if account is None:
            return {number}
        return {number, *(sid for sid, numbers in account.messaging_services.items() if number in numbers)}

    def apply(self, row: Row) -> str | None:
        """Let a row happen; the phone whose conversation changed, if one did."""
        data = row.data
        if row.kind == "twilio.send":
            return self._add(row, "outbound-api", str(data["status"])) if row.accepted else None
        if row.kind == "twilio.reply":
            return self._add(row, "outbound-reply", "delivered")
        if row.kind == "phone.text":
            return self._add(row, "inbound", "received")
        if row.kind == "twilio.status":
            text = self.texts.get(row.key)
            if text is None:  # forgotten while it was under way
                return None
            text.status, text.error, text.changed, text.updated = data["status"], data.get("error"), row.id, row.at
            text.sender = data.get("sender") or text.sender
            if text.sent is None and text.status != "failed":
                text.sent = row.at
            return text.phone
        if row.kind == "twilio.opt_out":
            pair = (data["phone"], data["sender"])
            (self.opted_out.add if data["out"] else self.opted_out.discard)(pair)
        return None

    def _add(self, row: Row, direction: str, status: str) -> str:
        data = row.data
        phone = str(data["phone"])
        text = Text(
            id=row.id,
            changed=row.id,
            sid=row.key,
            account=data["account"],
            phone=phone,
            sender=data["sender"],
            service=data.get("service", ""),
            direction=direction,
            body=data["body"],
            media=data["media"],
            status=status,
            created=row.at,
            updated=row.at,
            sent=row.at if status in FINAL else None,
            callback=data.get("callback", ""),
            number=data.get("drawn", 0),
        )
        self.texts[text.sid] = text
        self.by_phone[phone].append(text)
        self.by_account[text.account].append(text)
        return phone
