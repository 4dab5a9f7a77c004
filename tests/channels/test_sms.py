"""What Twilio gets to see of a message, what its codes mean, and how a lost one is found again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.channels import sms_failures, sms_hooks
from bot.channels.channel import Accepted, Media, Message, Outbound, SendFailed
from bot.channels.sms import Sms, tokens_of
from tests.channels.provider import Answer, Provider, provider, says

ACCOUNT, OURS, THEIRS, SERVICE = "AC" + "0" * 32, "+15550100001", "+15550109999", "MG" + "1" * 32
CONFIG = {"account_sid": ACCOUNT, "auth_token": "token", "from": OURS}
AS_SERVICE = {"account_sid": ACCOUNT, "auth_token": "token, older", "messaging_service": SERVICE}
OUT = Outbound(7, 1, THEIRS, Message("Hello"))
AT = datetime(2026, 3, 2, 9, 30, 0, 700_000, tzinfo=UTC)
LISTED = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
CREATED = says(201, {"sid": "SM1", "status": "queued"})


def sent(out: Outbound, config: dict[str, str] = CONFIG, path: str = "") -> tuple[Accepted, Provider]:
    async def run() -> tuple[Accepted, Provider]:
        async with provider(CREATED) as there:
            return await Sms().send(there.http, there.url + path, config, out), there

    return asyncio.run(run())


def test_a_message_as_twilio_gets_it() -> None:
    accepted, there = sent(replace(OUT, callback_url="https://bot.example/s/7?attempt=1#rc=5&rp=all", valid_for=600))
    (call,) = there.calls
    assert accepted == Accepted("SM1", "submitted")
    assert (call.method, call.path) == ("POST", LISTED)
    assert call.headers["Authorization"].startswith("Basic ")
    assert call.form == {
        "To": [THEIRS],
        "From": [OURS],
        "Body": ["Hello"],
        "StatusCallback": ["https://bot.example/s/7?attempt=1#rc=5&rp=all"],
        "ValidityPeriod": ["600"],
    }


def test_a_service_a_path_and_the_first_token() -> None:
    _, there = sent(OUT, AS_SERVICE, "/under/here/")
    (call,) = there.calls
    assert call.path == f"/under/here{LISTED}"
    assert call.form == {"To": [THEIRS], "MessagingServiceSid": [SERVICE], "Body": ["Hello"]}
    assert tokens_of(AS_SERVICE) == ["token", "older"]


@pytest.mark.parametrize(
    ("text", "markup", "body"),
    [
        ("5*3*2 = **30**", False, "5*3*2 = **30**"),
        (
            "**Bold**, _soft_ and [rules](https://x.example/a_b_c)",
            True,
            "Bold, soft and rules: https://x.example/a_b_c",
        ),
        ("é ñ 👩‍🍳 & = + %\n“ok”", False, "é ñ 👩‍🍳 & = + %\n“ok”"),
    ],
)
def test_the_words(text: str, markup: bool, body: str) -> None:
    _, there = sent(replace(OUT, message=Message(text, markup=markup)))
    assert there.calls[0].form["Body"] == [body]


def test_pictures_without_words() -> None:
    media = (Media("https://x.example/a b.jpg?c=%2F", "image/jpeg"), Media("https://x.example/2.png", "image/png"))
    _, there = sent(replace(OUT, message=Message("", media=media)))
    form = there.calls[0].form
    assert "Body" not in form
    assert form["MediaUrl"] == [media[0].url, media[1].url]


@pytest.mark.parametrize(("seconds", "period"), [(-5, "1"), (0, "1"), (36_000, "36000"), (90_000, "36000")])
def test_twilio_keeps_a_message_for_ten_hours_at_most(seconds: int, period: str) -> None:
    _, there = sent(replace(OUT, valid_for=seconds))
    assert there.calls[0].form["ValidityPeriod"] == [period]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 21211, "address_dead"),
        (400, 21614, "address_dead"),
        (400, 21635, "address_dead"),
        (400, 21610, "opted_out"),
        (400, 21611, "retry"),
        (429, 20429, "retry"),
        (429, 99999, "retry"),
        (400, 21408, "misconfigured"),
        (400, 21606, "misconfigured"),
        (400, 21703, "misconfigured"),
        (401, 20003, "misconfigured"),
        (401, 77777, "misconfigured"),
        (403, 77777, "misconfigured"),
        (403, 21610, "opted_out"),
        (404, 20404, "misconfigured"),
        (400, 21617, "content_refused"),
        (400, 21999, "rejected"),
        (500, 20500, "doubt"),
        (503, 21610, "doubt"),
        (400, None, "doubt"),
        (400, "21610", "doubt"),
        (400, True, "doubt"),
        (304, 1, "doubt"),
    ],
)
def test_what_a_refusal_means(status: int, code: Any, kind: str) -> None:
    async def run() -> SendFailed:
        async with provider(says(status, {"code": code, "message": f"no {THEIRS}", "status": status})) as there:
            with pytest.raises(SendFailed) as failure:
                await Sms().send(there.http, there.url, CONFIG, OUT)
            assert there.posts == 1
        return failure.value

    failure = asyncio.run(run())
    assert failure.kind == kind
    assert THEIRS not in str(failure)


def test_a_refusal_that_is_no_json() -> None:
    for body in ("[" * 100_000, "[1]", "21610", "null", ""):
        assert sms_failures.refused(400, body, {}).kind == "doubt"
        assert sms_failures.refused(401, body, {}).kind == "misconfigured"


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        ((21211, 21614, 21635, 30006), "address_dead"),
        ((21610, 63014), "opted_out"),
        ((20429, 30001, 30003, 30005, 30008, 30017, 30022, 30023, 30027, 30410, 21611), "retry"),
        ((30034, 30032, 21408, 21606, 21703), "misconfigured"),
        ((30007,), "content_refused"),
    ],
)
def test_the_table_of_the_platform_notes(codes: tuple[int, ...], kind: str) -> None:
    assert {sms_failures.by_code(code).kind for code in codes} == {kind}
    assert all(sms_failures.by_code(code).code == str(code) for code in codes)


def test_waits_that_are_known_to_be_long() -> None:
    assert (sms_failures.by_code(30003).retry_in or 0) >= 3600
    assert sms_failures.by_code(30023).retry_in == 86_400
    assert sms_failures.by_code(30001).retry_in is None


def test_a_later_status_never_ranks_below_an_earlier_one() -> None:
    ranks = [
        sms_hooks.RANKS[status] for status in ("accepted", "queued", "sending", "sent", "failed", "delivered", "read")
    ]
    assert ranks == sorted(set(ranks))


@pytest.mark.parametrize(
    "config",
    [
        {"account_sid": ACCOUNT},
        {"account_sid": ACCOUNT, "from": OURS, "messaging_service": SERVICE},
    ],
)
def test_one_sender_it_must_be(config: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="either"):
        Sms().address_of(config)


def test_the_address_of_a_number_and_of_a_service() -> None:
    assert Sms().address_of(CONFIG) == f"{ACCOUNT}:{OURS}"
    assert Sms().address_of(AS_SERVICE) == f"{ACCOUNT}:{SERVICE}"


def record(sid: str, **changed: Any) -> dict[str, Any]:
    """A message as Twilio lists it; made in the very second of AT."""
    return {
        "sid": sid, "body": "Hello", "from": OURS, "to": THEIRS, "status": "queued", "num_media": "0", "date_sent": None,
        "date_created": "Mon, 02 Mar 2026 09:30:00 +0000", **changed,
    }  # fmt: skip


def listed(*records: dict[str, Any], more: str | None = None) -> dict[str, Any]:
    return {"messages": list(records), "next_page_uri": more, "page": 0, "page_size": 1000, "uri": LISTED}


def found(
    *pages: dict[str, Any], out: Outbound = OUT, known: frozenset[str] = frozenset(), config: dict[str, str] = CONFIG
) -> tuple[Accepted | None, Provider]:
    given = iter(pages)

    async def run() -> tuple[Accepted | None, Provider]:
        async def answer(request: Any) -> Any:
            return await says(200, next(given))(request)

        async with provider(answer) as there:
            return await Sms().find(there.http, there.url, config, out, AT, known), there

    return asyncio.run(run())


def test_a_lost_message_is_found_though_it_was_not_sent_yet() -> None:
    accepted, there = found(listed(record("SM9")))
    assert accepted == Accepted("SM9", "submitted")
    (call,) = there.calls
    assert (call.method, call.path) == ("GET", LISTED)
    assert call.query == {"To": THEIRS, "PageSize": "1000"}  # DateSent would hide what waits in the queue


@pytest.mark.parametrize(
    "other",
    [
        record("SM9", date_created="Mon, 02 Mar 2026 09:29:59 +0000"),
        record("SM9", body="Hello?"),
        record("SM9", body=None),
        record("SM9", **{"from": "+15550100002"}),
        record("SM9", date_created=None),
        record("SM8"),
    ],
)
def test_others_are_left_alone(other: dict[str, Any]) -> None:
    assert found(listed(other), known=frozenset({"SM8"}))[0] is None


def test_the_search_goes_to_the_last_page() -> None:
    accepted, there = found(
        listed(record("SM1", body="x"), more=f"{LISTED}?Page=1&PageToken=PA1"), listed(record("SM2"))
    )
    assert accepted == Accepted("SM2", "submitted")
    assert [call.query.get("PageToken") for call in there.calls] == [None, "PA1"]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Hello", "Sent from your Twilio trial account - Hello"),
        ("“Hi” – there…", '"Hi" - there...'),
        ("Hello\n", "Hello"),
    ],
)
def test_twilio_may_have_changed_the_spelling(ours: str, theirs: str) -> None:
    out = replace(OUT, message=Message(ours))
    assert found(listed(record("SM9", body=theirs, status="delivered")), out=out)[0] == Accepted("SM9", "sent")


def test_the_oldest_of_two_that_fit_is_the_one() -> None:
    later = record("SM2", date_created="Mon, 02 Mar 2026 09:31:00 +0000")
    assert found(listed(later, record("SM1")))[0] == Accepted("SM1", "submitted")


def test_a_picture_alone_is_no_empty_message() -> None:
    out = replace(OUT, message=Message("", media=(Media("https://x.example/1.jpg", "image/jpeg"),)))
    assert found(listed(record("SM1", body="")), out=out)[0] is None
    assert found(listed(record("SM1", body="", num_media="1")), out=out)[0] == Accepted("SM1", "submitted")


def test_a_service_may_send_from_any_number() -> None:
    assert found(listed(record("SM1", **{"from": None})), config=AS_SERVICE)[0] == Accepted("SM1", "submitted")
    assert found(listed(record("SM1", **{"from": "+15550100009"})), config=AS_SERVICE)[0] == Accepted(
        "SM1", "submitted"
    )


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (says(503, {}), "retry"),
        (says(429, {}), "retry"),
        (says(200, {"x": 1}), "retry"),
        (says(401, {"code": 20003}), "misconfigured"),
    ],
)
def test_a_search_that_failed_found_nothing_out(answer: Answer, kind: str) -> None:
    async def run() -> str:
        async with provider(answer) as there:
            with pytest.raises(SendFailed) as failure:
                await Sms().find(there.http, there.url, CONFIG, OUT, AT - timedelta(minutes=1), frozenset())
            with pytest.raises(SendFailed) as checked:
                await Sms().check(there.http, there.url, CONFIG)
            assert checked.value.kind == failure.value.kind
            assert there.posts == 0
        return failure.value.kind

    assert asyncio.run(run()) == kind


@pytest.mark.parametrize(
    ("status", "sentence"), [("active", 'Connected to Twilio account "Ana\'s" (active).'), ("suspended", None)]
)
def test_check(status: str, sentence: str | None) -> None:
    async def run() -> str | None:
        async with provider(says(200, {"friendly_name": "Ana's", "status": status})) as there:
            assert await Sms().people(there.http, there.url, CONFIG) == []
            if sentence:
                return await Sms().check(there.http, there.url, CONFIG)
            with pytest.raises(SendFailed, match="is suspended") as failure:
                await Sms().check(there.http, there.url, CONFIG)
            assert failure.value.kind == "misconfigured"
            return None

    assert asyncio.run(run()) == sentence
