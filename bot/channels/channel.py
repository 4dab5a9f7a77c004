"""The whole vocabulary between us and a channel.

A channel is how the world talks to us. It knows no table, no page and no organization: it turns
a provider's request into `Inbound` and `Receipt`, and an `Outbound` into one provider call.
Everything that differs between providers is declared by the channel's class, and the web's
routes, the settings and the CLI's options are built from what it declares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal, Protocol

import aiohttp

FailureKind = Literal["retry", "rejected", "address_dead", "opted_out", "misconfigured", "content_refused", "doubt"]


class SendFailed(Exception):
    """A provider call that did not end in acceptance.

    `kind` decides what happens next; only "doubt" means that the message may have gone out.
    `retry_in` is the provider's own wish in seconds, where it gave one.
    """

    def __init__(
        self, kind: FailureKind, reason: str, *, retry_in: float | None = None, code: str | None = None
    ) -> None:
        super().__init__(reason)
        self.kind: FailureKind = kind
        self.reason = reason
        self.retry_in = retry_in
        self.code = code


@dataclass(frozen=True, slots=True)
class Media:
    """A file that travels with a message, reachable under `url` for some hours."""

    url: str
    mime_type: str
    name: str = ""
    alt_text: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to tap. `value` is the choice's id, `label` what a typed answer would be ("2")."""

    value: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Ask:
    """The part of a message that can be answered by hand.

    `token` names the prompt; it comes back in the tap. Lengths are those of what is typed, in characters.
    """

    kind: Literal["buttons", "checkboxes", "number", "text", "long_text"]
    token: str
    options: tuple[Option, ...] = ()
    submit: str = "OK"
    placeholder: str = ""
    max_length: int | None = None
    min_length: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What a person is to see: one provider call's worth, free of any channel's syntax.

    `text` is the whole message as plain words (on SMS that is all there is; in Slack it is what a
    screen reader reads). `body` is the same without the options that `ask` shows as buttons;
    `markup` says that text and body hold **bold**, _italic_ and [links](https://…).
    """

    text: str
    body: str = ""
    media: tuple[Media, ...] = ()
    ask: Ask | None = None
    markup: bool = False


@dataclass(frozen=True, slots=True)
class Outbound:
    """One provider call: `message` to `address`, known to us as `delivery`, attempt `attempt`."""

    delivery: int
    attempt: int
    address: str
    message: Message
    verb: Literal["send", "update"] = "send"
    target: str | None = None  # what an update changes: the provider's id of the earlier message
    callback_url: str | None = None
    valid_for: int | None = None  # seconds after which the provider may drop it


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it, under this id."""

    provider_id: str
    status: Literal["submitted", "sent"] = "submitted"


@dataclass(frozen=True, slots=True)
class Tap:
    """A hand on a button or a submitted form element of a prompt.

    `values` are the choices' ids or the words typed into a field, empty where nothing was chosen or typed.
    `message_id` is the provider's id of the message, as `Accepted` had it, so that an update can aim at it.
    """

    token: str
    values: tuple[str, ...]
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """Something that a person said or tapped; `key` is the provider's id of it, the same on every retry."""

    key: str
    address: str
    text: str = ""
    tap: Tap | None = None
    media: tuple[Media, ...] = ()
    keyword: Literal["stop", "start", "help"] | None = None  # the provider recognised it...
    answered_by_provider: bool = False  # ...and answered it itself: we stay silent
    places: Mapping[str, str] = field(default_factory=dict)
    in_reply_to: str | None = None  # the message of ours under which it was written, as `Accepted` had its id


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivery, as the provider tells it later."""

    delivery: int
    attempt: int | None
    provider_id: str
    status: str
    rank: int
    failure: SendFailed | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A webhook as it came: exact bytes, exact URL as the provider sees it."""

    url: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    form: Mapping[str, str]
    now: datetime

    def header(self, name: str) -> str:
        """One header's value, whatever its capitals; "" if it isn't there."""
        found = self.headers.get(name)
        if found is None:
            found = next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")
        return found


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that an integration of this channel needs. `secret` ones are read from a file and sealed."""

    name: str
    label: str
    secret: bool = False
    required: bool = True
    pattern: str = r"\S+"
    example: str = ""


def _everything(_message: Message) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Abilities:
    """What the channel can carry: asked when a content is written, and once more of each message before it goes.

    `fits` says what the provider would refuse in a message, a sentence each with the way out.
    """

    taps: bool
    max_text: int
    media_types: tuple[str, ...]
    receipts: bool
    max_options: int
    updates: bool = False
    keywords: frozenset[str] = frozenset()
    fits: Callable[[Message], Sequence[str]] = field(default=_everything, compare=False)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the provider knows: for matching people of a workspace to workers."""

    address: str
    name: str
    email: str | None = None
    time_zone: str | None = None


Config = Mapping[str, str]


class Channel(Protocol):
    """One provider. Instances hold no state but the pooled HTTP session that they are given."""

    name: ClassVar[str]  # "sms", "slack": what a manager calls it
    kind: ClassVar[str]  # "twilio", "slack": the integration's type
    fields: ClassVar[tuple[Field, ...]]
    abilities: ClassVar[Abilities]
    hook: ClassVar[str]  # where the provider posts messages
    receipts_hook: ClassVar[str | None]  # where it posts receipts; ends in <delivery>
    api_url_setting: ClassVar[str]
    default_api_url: ClassVar[str]

    def address_of(self, config: Config) -> str:
        """The integration's public address, unique per kind, by which a hook finds it."""
        ...

    def addresses_in(self, request: Request) -> Sequence[str]:
        """The integration addresses that this request may belong to, most likely first."""
        ...

    def verify(self, request: Request, config: Config) -> bool:
        """Did the provider send this? Never raises: anything odd is False."""
        ...

    def read(self, request: Request) -> Sequence[Inbound | Receipt]:
        """What a verified request says. ValueError if its shape is not the provider's."""
        ...

    async def send(self, http: aiohttp.ClientSession, api_url: str, config: Config, out: Outbound) -> Accepted:
        """One POST, no retries, within the total deadline. SendFailed if it was not accepted."""
        ...

    async def find(  # noqa: PLR0917 - what a search needs to know
        self,
        http: aiohttp.ClientSession,
        api_url: str,
        config: Config,
        out: Outbound,
        since: datetime,
        known: frozenset[str],
    ) -> Accepted | None:
        """Look whether a doubtful send arrived. None: searched completely, not there. SendFailed: can't tell."""
        ...

    async def check(self, http: aiohttp.ClientSession, api_url: str, config: Config) -> str:
        """Call the provider with these credentials; a sentence about whom they belong to, or SendFailed."""
        ...

    async def people(self, http: aiohttp.ClientSession, api_url: str, config: Config) -> list[Person]:
        """Everybody whom the provider can name; empty where it has no directory."""
        ...
