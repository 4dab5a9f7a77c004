"""Twilio's official client on our own connections.

The HTTP client that comes with it ignores its timeout, repeats POSTs and mixes up answers when it
is shared. The one here does a request once, on the shared pool, against whatever address stands
for https://api.twilio.com; every answer but a 2xx leaves as `SendFailed`, so that the SDK's own
exceptions (which hold phone numbers) are never made.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import aiohttp
from twilio.http import AsyncHttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]
from yarl import URL

from bot.channels import sms_failures

_log = logging.getLogger("twilio.unused")  # the base class wants one; nothing is logged


class PooledClient(AsyncHttpClient):  # type: ignore[misc]
    """What the SDK calls for each request. Deadlines are the caller's (`http.once`)."""

    def __init__(self, http: aiohttp.ClientSession, api_url: str, account_sid: str, auth_token: str) -> None:
        super().__init__(_log, is_async=True)
        self._http = http
        self._base = api_url.rstrip("/") + "/"
        self._authorization = aiohttp.encode_basic_auth(account_sid, auth_token)

    async def request(  # noqa: PLR0917 - the SDK's
        self,
        method: str,
        uri: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: object = None,  # noqa: ARG002 - made once, above
        timeout: object = None,  # noqa: ARG002, ASYNC109 - see the class
        allow_redirects: object = None,  # noqa: ARG002 - never
    ) -> Response:
        """One request, once. SendFailed for every status but 2xx; aiohttp's errors and TimeoutError as they come."""
        url = self._base + uri.partition("://")[2].partition("/")[2]
        if params:
            url += "?" + urlencode(params, doseq=True)
        async with self._http.request(
            method,
            URL(url, encoded=True),
            data=None if data is None else urlencode(data, doseq=True).encode(),
            headers={**(headers or {}), "Authorization": self._authorization},
            allow_redirects=False,
        ) as answer:
            text = await answer.text(errors="replace")
            if not 200 <= answer.status < 300:
                raise sms_failures.refused(answer.status, text, answer.headers)
            return Response(answer.status, text, answer.headers)


@lru_cache(maxsize=1024)
def account(http: aiohttp.ClientSession, api_url: str, account_sid: str, auth_token: str) -> Any:
    """The SDK's account, with `messages` in it. Kept, since making one takes as long as a send."""
    client = Client(account_sid, auth_token, http_client=PooledClient(http, api_url, account_sid, auth_token))
    return client.api.v2010.accounts(account_sid)
