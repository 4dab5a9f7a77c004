"""SMS and MMS by Twilio.

Twilio's client speaks (`sms_client`), its codes are weighed in `sms_failures`, its webhooks are read
in `sms_hooks`; here is what the channel declares, how a webhook is verified and how one message leaves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import aiohttp
from twilio.request_validator import (  # type: ignore[import-untyped]
    HMAC_SHA1,
    HMAC_SHA256,
    RequestValidator,
    get_signature_algorithm,
)

from bot.channels import sms_client, sms_hooks
from bot.channels.channel import (
    Abilities,
    Accepted,
    Config,
    Field,
    Inbound,
    Message,
    Outbound,
    Person,
    Receipt,
    Request,
    SendFailed,
)
from bot.channels.http import DEADLINE, asking, once
from bot.channels.markup import plain
from bot.channels.sms_text import LIMIT, gsm_safe, utf16

KEYWORDS = frozenset({
    "STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT",
    "START", "YES", "UNSTOP",
    "HELP", "INFO",
})  # fmt: skip
"""Whole messages that carriers and Twilio act on before or instead of us; never an answer to a question."""

MOST_MEDIA = 10  # Twilio error 21623
_LONGEST_VALID = 36_000  # seconds; Twilio's own limit of ValidityPeriod
_OUT = frozenset({"sent", "delivered", "read", "partially_delivered"})
_SEPARATORS = re.compile(r"[\s,]+")


def _problems(message: Message) -> list[str]:
    """What Twilio would refuse in this message; empty if it can go."""
    words, problems = _words(message), []
    if len(words) > LIMIT // 2 and (length := utf16(words)) > LIMIT:
        problems.append(f"The text has {length} characters and an SMS carries {LIMIT}: shorten or split it.")
    if not words.strip() and not message.media:
        problems.append("The message is empty: give it a text or a picture.")
    if len(message.media) > MOST_MEDIA:
        problems.append(f"The message has {len(message.media)} files and an MMS carries {MOST_MEDIA}: split it.")
    return problems


def _words(message: Message) -> str:
    return plain(message.text) if message.markup else message.text


class Sms:
    """Twilio's Programmable Messaging, with a number or a messaging service as the sender."""

    name: ClassVar[str] = "sms"
    kind: ClassVar[str] = "twilio"
    hook: ClassVar[str] = "/hooks/twilio/messages"
    receipts_hook: ClassVar[str | None] = "/hooks/twilio/status/<int:delivery>"
    api_url_setting: ClassVar[str] = "TWILIO_API_URL"
    default_api_url: ClassVar[str] = "https://api.twilio.com"
    fields: ClassVar[tuple[Field, ...]] = (
        Field("account_sid", "Account SID", pattern=r"AC[0-9a-fA-F]{32}", example="AC and 32 of 0–9 and a–f"),
        Field("auth_token", "Auth token", secret=True, pattern=r"[^\s,]+(?:[\s,]+[^\s,]+)*"),
        Field(
            "from",
            "Sender number",
            required=False,
            pattern=r"\+1[2-9]\d{9}|\+[2-9]\d{6,14}|\d{5,6}",  # North American numbers have one length
            example="+13125550100, or a short code such as 24273",
        ),
        Field(
            "messaging_service",
            "Messaging service",
            required=False,
            pattern=r"MG[0-9a-fA-F]{32}",
            example="MG and 32 of 0–9 and a–f",
        ),
    )
    abilities: ClassVar[Abilities] = Abilities(
        taps=False,
        max_text=LIMIT,
        media_types=("image/jpeg", "image/png", "image/gif"),
        receipts=True,
        max_options=26,
        keywords=KEYWORDS,
        fits=_problems,
    )

    def __init__(self, deadline: float = DEADLINE) -> None:
        self._deadline = deadline

    def address_of(self, config: Config) -> str:
        """The account and its sender, "AC…:+1…" or "AC…:MG…". ValueError unless there is exactly one sender."""
        senders = [config[name] for name in ("from", "messaging_service") if config.get(name)]
        if len(senders) != 1:
            raise ValueError("give either a sender number (from) or a messaging service")
        return f"{config['account_sid']}:{senders[0]}"

    def addresses_in(self, request: Request) -> Sequence[str]:
        """See `sms_hooks.addresses`."""
        return tuple(sms_hooks.addresses(request))

    def verify(self, request: Request, config: Config) -> bool:
        """Hold the signature against every token, old and new. Twilio's validator raises on odd input; this never."""
        signature = request.header("X-Twilio-Signature")
        algorithm = get_signature_algorithm(request.header("X-Twilio-Webhooks-Signature-Settings"))
        tokens = tokens_of(config)
        if not signature or algorithm.upper() not in {HMAC_SHA1, HMAC_SHA256}:
            return False
        try:
            said = _signed_content(request)
            # All of them, always: how long a refusal takes tells nothing about the tokens.
            held = [RequestValidator(token).validate(request.url, said, signature, algorithm) for token in tokens]
        except Exception:  # noqa: BLE001 - an odd port, a body that is no text, whatever comes next
            return False
        return any(held)

    def read(self, request: Request) -> Sequence[Inbound | Receipt]:
        """See `sms_hooks.read`."""
        return sms_hooks.read(request)

    async def send(self, http: aiohttp.ClientSession, api_url: str, config: Config, out: Outbound) -> Accepted:
        """One Messages.create. Twilio's id comes back as `provider_id`; whether it arrives, a report tells later."""
        messages = _account(http, api_url, config).messages
        created = await once(messages.create_async(**_wanted(config, out)), self._deadline)
        if not created.sid:
            raise SendFailed("doubt", "Twilio took the message without giving it an id.")
        return Accepted(created.sid)

    async def find(  # noqa: PLR0917 - the protocol's
        self,
        http: aiohttp.ClientSession,
        api_url: str,
        config: Config,
        out: Outbound,
        since: datetime,
        known: frozenset[str],
    ) -> Accepted | None:
        """The oldest text to this phone, made since then, of the same words and under an id that nobody knows.

        The list is not narrowed by DateSent: a message that waits in Twilio's queue (for up to ten
        hours) has none yet, and overlooking it would send it twice. A phone has few messages.
        """
        listing = _account(http, api_url, config).messages.list_async(to=out.address, page_size=1000)
        records = await asking(listing, 3 * self._deadline)
        fitting = [record for record in records if record.sid not in known and _is_it(record, config, out, since)]
        if not fitting:
            return None
        first = min(fitting, key=lambda record: record.date_created)
        return Accepted(first.sid, "sent" if first.status in _OUT else "submitted")

    async def check(self, http: aiohttp.ClientSession, api_url: str, config: Config) -> str:
        """Fetch the account: its name, or SendFailed where it can't send."""
        account = await asking(_account(http, api_url, config).fetch_async(), self._deadline)
        if not account.status:
            raise SendFailed("retry", "What came back is not a Twilio account.")
        if account.status != "active":
            raise SendFailed("misconfigured", f'The Twilio account "{account.friendly_name}" is {account.status}.')
        return f'Connected to Twilio account "{account.friendly_name}" (active).'

    async def people(self, http: aiohttp.ClientSession, api_url: str, config: Config) -> list[Person]:
        """Nobody: a carrier has no directory."""
        del http, api_url, config
        return []


def tokens_of(config: Config) -> list[str]:
    """The auth tokens, separated by commas or lines: the first sends, any of them verifies (rotation)."""
    return [token for token in _SEPARATORS.split(config.get("auth_token", "")) if token]


def _signed_content(request: Request) -> Mapping[str, str] | str:
    """What Twilio signs beside the URL: the form, or for JSON the hash of the body that stands in the URL."""
    if request.form or not request.body:
        return request.form
    if "bodySHA256=" not in request.url:
        raise ValueError("nothing vouches for this body")
    return request.body.decode()


def _account(http: aiohttp.ClientSession, api_url: str, config: Config) -> Any:
    return sms_client.account(http, api_url, config["account_sid"], tokens_of(config)[0])


def _wanted(config: Config, out: Outbound) -> dict[str, Any]:
    """The arguments of Messages.create; what is not given is left out."""
    wanted: dict[str, Any] = {"to": out.address}
    if config.get("messaging_service"):
        wanted["messaging_service_sid"] = config["messaging_service"]
    else:
        wanted["from_"] = config["from"]
    words = _words(out.message)
    if words:
        wanted["body"] = words
    if out.message.media:
        wanted["media_url"] = [media.url for media in out.message.media]
    if out.callback_url:
        wanted["status_callback"] = out.callback_url
    if out.valid_for is not None:
        wanted["validity_period"] = max(1, min(out.valid_for, _LONGEST_VALID))
    return wanted


def _is_it(record: Any, config: Config, out: Outbound, since: datetime) -> bool:
    """Could this be the message? Twilio's times are whole seconds, so `since` is taken down to its own."""
    if not record.date_created or record.date_created < since.replace(microsecond=0):
        return False
    if config.get("from") and record.from_ not in {None, config["from"]}:
        return False
    # A trial account writes a line before the text, and Smart Encoding respells it.
    ours, theirs = gsm_safe(_words(out.message)).strip(), gsm_safe(record.body or "").strip()
    return theirs.endswith(ours) if ours else not theirs and record.num_media not in {None, "0"}
