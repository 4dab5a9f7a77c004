"""One send is one POST, whatever comes back, and what came back is weighed rightly."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import aiohttp
import pytest

from bot.channels import http
from bot.channels.channel import Accepted, Message, Outbound, SendFailed
from bot.channels.slack import Slack
from bot.channels.sms import Sms
from tests.channels import provider
from tests.channels.provider import Answer, says, shows

SHORT = 0.5  # seconds, for what hangs; long enough for the POST to arrive on a busy machine
SMS = {"account_sid": "AC" + "0" * 32, "auth_token": "token", "from": "+15550100001"}
SLACK = {"team_id": "T0TEAM", "bot_token": "xoxb-token"}
TEXT = Outbound(
    7, 1, "+15550109999", Message("Hello"), callback_url="https://bot.example/hooks/twilio/status/7?attempt=1"
)
POST = Outbound(7, 1, "U0ANA", Message("Hello"))
TWILIO_BUSY: dict[str, Any] = {"code": 20429, "message": "Too Many Requests", "status": 429}
SLACK_BUSY: dict[str, Any] = {"ok": False, "error": "ratelimited"}
GATEWAY = "<html><h1>502 Bad Gateway</h1></html>"

FAULTS: list[tuple[str, Answer, str]] = [
    (
        "503",
        says(503, {"code": 20503, "ok": False, "error": "service_unavailable", "message": "+15550109999"}),
        "doubt",
    ),
    ("500 with a refusal in it", says(500, {"code": 21211, "ok": False, "error": "channel_not_found"}), "doubt"),
    ("502 of a gateway", shows(502, GATEWAY), "doubt"),
    ("429 of a gateway", shows(429, GATEWAY), "retry"),
    ("400 of a gateway", shows(400, GATEWAY), "doubt"),
    ("reset", provider.resets, "doubt"),
    ("hang", provider.hangs, "doubt"),
    ("trickle", provider.trickles, "doubt"),
    ("half an answer", provider.breaks_off, "doubt"),
    ("a page instead of an answer", shows(200, GATEWAY), "doubt"),
    ("words instead of an answer", shows(200, "ok", "text/plain"), "doubt"),
    ("no JSON in JSON", shows(200, "{", "application/json"), "doubt"),
    ("nothing", shows(200, "", "application/json"), "doubt"),
    ("a list", says(200, [1]), "doubt"),
    ("an answer without an id", says(201, {}), "doubt"),
    ("a redirect", provider.redirects, "doubt"),
]


async def sent(channel: Sms | Slack, answer: Answer) -> tuple[Accepted | SendFailed, provider.Provider]:
    """What a send led to, and what the provider saw of it."""
    config, out = (SMS, TEXT) if isinstance(channel, Sms) else (SLACK, POST)
    async with provider.provider(answer) as there:
        try:
            return await channel.send(there.http, there.url, config, out), there
        except SendFailed as failure:
            return failure, there


@pytest.mark.parametrize("channel", [Sms, Slack], ids=["sms", "slack"])
@pytest.mark.parametrize(("answer", "kind"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_each_fault_is_one_post_and_the_right_kind(channel: type[Sms | Slack], answer: Answer, kind: str) -> None:
    deadline = SHORT if answer in {provider.hangs, provider.trickles} else http.DEADLINE
    outcome, there = asyncio.run(sent(channel(deadline), answer))
    assert isinstance(outcome, SendFailed)
    assert outcome.kind == kind
    assert there.posts == len(there.calls) == 1
    assert "+1555" not in outcome.reason  # reasons are logged
    assert outcome.__context__ is None or outcome.__suppress_context__  # nor does a traceback tell it


@pytest.mark.parametrize(("channel", "said"), [(Sms(), TWILIO_BUSY), (Slack(), SLACK_BUSY)], ids=["sms", "slack"])
@pytest.mark.parametrize(
    ("wish", "seconds"), [("3", 3.0), ("1.5", 1.5), (None, None), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None)]
)
def test_too_many_requests(channel: Sms | Slack, said: dict[str, Any], wish: str | None, seconds: float | None) -> None:
    outcome, there = asyncio.run(sent(channel, says(429, said, {"Retry-After": wish} if wish else None)))
    assert isinstance(outcome, SendFailed)
    assert (outcome.kind, outcome.retry_in, there.posts) == ("retry", seconds, 1)


@pytest.mark.parametrize("channel", [Sms(), Slack()], ids=["sms", "slack"])
def test_a_refused_connection_is_certainly_not_sent(channel: Sms | Slack) -> None:
    async def run() -> SendFailed:
        async with provider.provider(says(200, {})) as gone:
            closed = gone.url
        config, out = (SMS, TEXT) if isinstance(channel, Sms) else (SLACK, POST)
        async with http.session() as session:
            with pytest.raises(SendFailed) as failure:
                await channel.send(session, closed, config, out)
        return failure.value

    assert asyncio.run(run()).kind == "retry"


@pytest.mark.parametrize("channel", [Sms(), Slack()], ids=["sms", "slack"])
def test_an_address_that_is_none(channel: Sms | Slack) -> None:
    async def run() -> SendFailed:
        config, out = (SMS, TEXT) if isinstance(channel, Sms) else (SLACK, POST)
        async with http.session() as session:
            with pytest.raises(SendFailed) as failure:
                await channel.send(session, "http://", config, out)
        return failure.value

    assert asyncio.run(run()).kind == "misconfigured"


@pytest.mark.parametrize("channel", [Sms(), Slack()], ids=["sms", "slack"])
def test_a_send_that_is_cancelled_half_way_is_a_doubt(channel: Sms | Slack) -> None:
    async def run() -> SendFailed:
        config, out = (SMS, TEXT) if isinstance(channel, Sms) else (SLACK, POST)
        async with provider.provider(provider.hangs) as there:
            sending = asyncio.create_task(channel.send(there.http, there.url, config, out))
            await there.came.wait()
            sending.cancel()
            with pytest.raises(SendFailed) as failure:
                await sending
        return failure.value

    assert asyncio.run(run()).kind == "doubt"


@pytest.mark.parametrize("channel", [Sms(), Slack()], ids=["sms", "slack"])
def test_what_stood_still_while_it_was_connecting_does_not_leave(
    channel: Sms | Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of these were in time when they began, as are all of a batch when its process is stopped."""
    now = 1000.0
    monkeypatch.setattr(http, "moment", lambda: now)

    async def leave(there: provider.Provider, departures: list[http.Departure]) -> None:
        config, out = (SMS, TEXT) if isinstance(channel, Sms) else (SLACK, POST)
        departures.append(http.depart(now + 12))
        with pytest.raises(SendFailed):
            await channel.send(there.http, there.url, config, out)

    async def run() -> tuple[list[http.Departure], int]:
        nonlocal now
        departures: list[http.Departure] = []
        async with provider.provider(says(503, {"code": 20503, "ok": False})) as there:
            leaving = [asyncio.create_task(leave(there, departures)) for _ in range(20)]
            await asyncio.sleep(0)  # each as far as its connection
            now += 60
            await asyncio.gather(*leaving)
            assert all(departure.missed for departure in departures)
            assert there.posts == 0
            await leave(there, departures)  # the pool is as good as before
            return departures, there.posts

    departures, posts = asyncio.run(run())
    assert [departure.left for departure in departures] == [False] * 20 + [True]
    assert posts == 1


def test_a_session_keeps_no_cookies_and_many_connections() -> None:
    async def run() -> None:
        async with http.session() as session:
            assert isinstance(session.cookie_jar, aiohttp.DummyCookieJar)
            assert isinstance(session.connector, aiohttp.TCPConnector)
            assert (session.connector.limit, session.connector.limit_per_host) == (128, 0)
            assert not session.trust_env

    asyncio.run(run())


KEY: Any = aiohttp.client_reqrep.ConnectionKey(
    "x", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None
)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (aiohttp.ClientConnectorDNSError(KEY, OSError("no such host")), "retry"),
        (aiohttp.ClientConnectorError(KEY, OSError("refused")), "retry"),
        (aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError("bad")), "retry"),
        (aiohttp.ClientConnectorCertificateError(KEY, ssl.CertificateError("bad")), "retry"),
        (aiohttp.ConnectionTimeoutError("no place in the pool"), "retry"),
        (aiohttp.InvalidURL("x"), "misconfigured"),
        (TimeoutError(), "doubt"),
        (aiohttp.SocketTimeoutError(), "doubt"),
        (aiohttp.ServerDisconnectedError(), "doubt"),
        (aiohttp.ClientOSError(104, "reset"), "doubt"),
        (ConnectionResetError(), "doubt"),
        (aiohttp.ClientPayloadError(), "doubt"),
        (KeyError("sid"), "doubt"),
        (SendFailed("opted_out", "asked for"), "opted_out"),
    ],
)
def test_what_an_exception_means(error: Exception, kind: str) -> None:
    assert http.lost(error).kind == kind
