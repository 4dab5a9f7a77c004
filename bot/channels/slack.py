"""Slack: direct messages from the workspace's app, with buttons and fields to answer by hand.

What a message looks like stands in `slack_blocks`, what Slack says to us in `slack_hooks`, what its
refusals mean in `slack_failures`; here is what the channel declares and how one message leaves.
Views and App Home are surfaces and not messages: they leave from `bot.web.slack`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.channels import slack_blocks, slack_failures, slack_hooks
from bot.channels.channel import (
    Abilities,
    Accepted,
    Config,
    Field,
    Inbound,
    Outbound,
    Person,
    Receipt,
    Request,
    SendFailed,
)
from bot.channels.http import DEADLINE, asking, once

METADATA = "shiftline_delivery"
"""The event type under which a message carries our delivery id; ids only, since the workspace can read it."""

_PAGE = 200
_PEOPLE_PAGE = 1000  # users.list allows some twenty calls a minute
_SEPARATORS = re.compile(r"[\s,]+")
_SLACKBOT = "USLACKBOT"
# At its default level slack_sdk writes every message into a debug line, whether anybody logs it or not.
_log = logging.getLogger("slack_sdk.shiftline")
_log.setLevel(logging.WARNING)


class Slack:
    """A workspace's app (or an enterprise's), writing as itself."""

    name: ClassVar[str] = "slack"
    kind: ClassVar[str] = "slack"
    hook: ClassVar[str] = "/hooks/slack"
    receipts_hook: ClassVar[str | None] = None
    api_url_setting: ClassVar[str] = "SLACK_API_URL"
    default_api_url: ClassVar[str] = "https://slack.com/api/"
    fields: ClassVar[tuple[Field, ...]] = (
        Field("team_id", "Team ID", pattern=r"[TE][A-Z0-9]{2,30}", example="T0123ABCD"),
        Field("bot_token", "Bot token", secret=True, example="a token that begins with xoxb-"),
        # Without one the app's own counts (SLACK_SIGNING_SECRET), which the web puts in.
        Field("signing_secret", "Signing secret", secret=True, required=False, pattern=r"[^\s,]+(?:[\s,]+[^\s,]+)*"),
    )
    abilities: ClassVar[Abilities] = Abilities(
        taps=True,
        max_text=10_000,  # more than anybody reads; beyond a block's limits it goes out as plain text
        media_types=slack_blocks.IMAGES,
        receipts=False,
        max_options=slack_blocks.MOST_OPTIONS,
        updates=True,
        fits=slack_blocks.fits,
    )

    def __init__(self, deadline: float = DEADLINE) -> None:
        self._deadline = deadline

    def address_of(self, config: Config) -> str:
        """The team's or the enterprise's id."""
        return config["team_id"]

    def addresses_in(self, request: Request) -> Sequence[str]:
        """See `slack_hooks.installations`."""
        return tuple(dict.fromkeys(slack_hooks.installations(request)))

    def verify(self, request: Request, config: Config) -> bool:
        """Slack's signature under any of the configured signing secrets, at most five minutes old."""
        secrets = [secret for secret in _SEPARATORS.split(config.get("signing_secret", "")) if secret]
        return any([slack_hooks.signed(request, secret) for secret in secrets])  # noqa: C419 - each, always

    def read(self, request: Request) -> Sequence[Inbound | Receipt]:
        """See `slack_hooks.read`."""
        return slack_hooks.read(request)

    def revoked(self, request: Request) -> bool:
        """See `slack_hooks.revoked`."""
        return slack_hooks.revoked(request)

    async def send(self, http: aiohttp.ClientSession, api_url: str, config: Config, out: Outbound) -> Accepted:
        """chat.postMessage to the person, or chat.update of an earlier message. `provider_id` is "<channel>:<ts>".

        An update says the same thing again when it is repeated, so it is never in doubt.
        """
        client = _client(http, api_url, config["bot_token"])
        text, blocks = slack_blocks.render(out.message)
        if out.verb == "update":
            channel, _, ts = (out.target or "").partition(":")
            if not ts:
                raise SendFailed("rejected", "An update needs the message that it changes.")
            await asking(_answer(client.chat_update(channel=channel, ts=ts, text=text, blocks=blocks)), self._deadline)
            return Accepted(f"{channel}:{ts}", "sent")
        posting = client.chat_postMessage(
            channel=out.address,
            text=text,
            blocks=blocks or None,
            metadata={"event_type": METADATA, "event_payload": {"delivery": out.delivery, "attempt": out.attempt}},
            unfurl_links=False,
            unfurl_media=False,
        )
        return await once(_posted(posting), self._deadline)

    async def find(  # noqa: PLR0917 - the protocol's
        self,
        http: aiohttp.ClientSession,
        api_url: str,
        config: Config,
        out: Outbound,
        since: datetime,
        known: frozenset[str],
    ) -> Accepted | None:
        """Look through the direct messages since then for the delivery's id, under a ts that nobody knows."""
        client = _client(http, api_url, config["bot_token"])
        return await asking(_search(client, out, since, known), 3 * self._deadline)

    async def check(self, http: aiohttp.ClientSession, api_url: str, config: Config) -> str:
        """auth.test: whose token this is. SendFailed where it is another workspace's."""
        client = _client(http, api_url, config["bot_token"])
        said = await asking(_answer(client.auth_test()), self._deadline)
        wanted, found = config["team_id"], said["team_id"]
        if wanted not in {found, said["enterprise_id"]}:
            raise SendFailed("misconfigured", f"The bot token belongs to team {found}, not {wanted}.")
        return f'Connected to Slack team "{said["team"]}" as {said["user"]}.'

    async def people(self, http: aiohttp.ClientSession, api_url: str, config: Config) -> list[Person]:
        """Everybody in the workspace but bots and deactivated accounts."""
        client = _client(http, api_url, config["bot_token"])
        team_id = config["team_id"] if config["team_id"].startswith("T") else None
        return await asking(_everybody(client, team_id), 6 * self._deadline)


@lru_cache(maxsize=1024)
def _client(http: aiohttp.ClientSession, api_url: str, bot_token: str) -> AsyncWebClient:
    """Slack's own client on the shared session, repeating nothing: its default handler posts twice."""
    client = AsyncWebClient(bot_token, base_url=api_url, session=http, retry_handlers=[], logger=_log)
    client.proxy = None  # its constructor takes HTTPS_PROXY from the environment, whatever it is given
    return client


async def _answer(call: Awaitable[AsyncSlackResponse]) -> AsyncSlackResponse:
    """Await one call; SendFailed where Slack answered anything but `"ok": true`."""
    try:
        return await call
    except SlackApiError as refusal:
        raise _refused(refusal) from None


def _refused(refusal: SlackApiError) -> SendFailed:
    answer: Any = refusal.response
    if isinstance(answer, aiohttp.ClientResponse):  # what came is no JSON
        return slack_failures.refused(answer.status, None, answer.headers)
    return slack_failures.refused(answer.status_code, answer.data, answer.headers)


async def _posted(posting: Awaitable[AsyncSlackResponse]) -> Accepted:
    said = await _answer(posting)
    channel, ts = said["channel"], said["ts"]
    if not channel or not ts:
        raise SendFailed("doubt", "Slack took the message without giving it an id.")
    return Accepted(f"{channel}:{ts}", "sent")  # Slack never tells more than this


async def _search(client: AsyncWebClient, out: Outbound, since: datetime, known: frozenset[str]) -> Accepted | None:
    opened = await _answer(client.conversations_open(users=out.address))
    channel = opened["channel"]["id"]
    history = client.conversations_history(
        channel=channel, oldest=f"{since.timestamp():.6f}", inclusive=True, include_all_metadata=True, limit=_PAGE
    )
    async for page in _pages(await _answer(history)):
        for message in page["messages"]:
            metadata = message.get("metadata") or {}
            ours = metadata.get("event_type") == METADATA
            if ours and metadata.get("event_payload", {}).get("delivery") == out.delivery:
                provider_id = f"{channel}:{message['ts']}"
                if provider_id not in known:
                    return Accepted(provider_id, "sent")
    return None


async def _everybody(client: AsyncWebClient, team_id: str | None) -> list[Person]:
    first = await _answer(client.users_list(limit=_PEOPLE_PAGE, team_id=team_id))
    return [_person(user) async for page in _pages(first) for user in page["members"] if _is_person(user)]


async def _pages(first: AsyncSlackResponse) -> Any:
    """This page and those after it."""
    try:
        async for page in first:
            yield page
    except SlackApiError as refusal:
        raise _refused(refusal) from None


def _is_person(user: dict[str, Any]) -> bool:
    return not user.get("deleted") and not user.get("is_bot") and user["id"] != _SLACKBOT


def _person(user: dict[str, Any]) -> Person:
    profile = user.get("profile") or {}
    name = profile.get("real_name") or user.get("real_name") or user.get("name") or user["id"]
    return Person(user["id"], name, profile.get("email") or None, user.get("tz") or None)
