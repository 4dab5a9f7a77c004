"""The simulator, met as the product meets it: a process of its own, called by the official clients.

What it sends is received here by a plain HTTP server and checked with the official verifiers.
Each test has its own account, phone and team, so that none needs a reset.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from bot import clock
from bot.simulator.client import Control, ControlError
from bot.simulator.process import SimulatorProcess

NUMBERS = itertools.count(1)
TEXT = {"type": "plain_text", "text": "x"}
METADATA = {"event_type": "delivery", "event_payload": {"id": 41}}


class Product:
    """Stands where the product would: keeps every webhook and answers as it was told to."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[tuple[int, bytes]] = []
        self.changed = threading.Condition()
        product = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with product.changed:
                    product.heard.append((self.path, dict(self.headers), body))
                    status, answer = product.answers.pop(0) if product.answers else (200, b"")
                    product.changed.notify_all()
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None: ...

        class Listening(ThreadingHTTPServer):
            daemon_threads = True

        self.server = Listening(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def wait(self, count: int) -> list[tuple[str, dict[str, str], bytes]]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.heard) >= count, 10), self.heard
            return list(self.heard)

    def form(self, place: int) -> dict[str, str]:
        return dict(parse_qsl(self.wait(place + 1)[place][2].decode(), keep_blank_values=True))

    def payload(self, place: int) -> dict[str, Any]:
        return json.loads(self.form(place)["payload"])


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess() as running:
        yield running


@pytest.fixture
def control(simulator: SimulatorProcess) -> Iterator[Control]:
    yield simulator.control
    simulator.control.faults()


@pytest.fixture
def product() -> Iterator[Product]:
    standing = Product()
    yield standing
    standing.server.shutdown()
    standing.server.server_close()


class Sms:
    """An account of one's own, its number, a phone, and the official client."""

    def __init__(self, control: Control, product: Product, url: str, **more: Any) -> None:
        number = next(NUMBERS)
        self.sid, self.token = f"AC{number:032x}", f"token-{number}"
        self.ours, self.phone, self.service = f"+1555{number:07d}", f"+1777{number:07d}", f"MG{number:032x}"
        self.hook = f"{product.url}/hooks/twilio/messages?a=%2Fcaf%C3%A9#rc=2&rp=all"
        services = {self.service: [self.ours]}
        more = {"callback_delay": 0.001, "retry_delay": 0.001, **more}
        control.add_account(self.sid, self.token, [self.ours], self.hook, messaging_services=services, **more)
        self.session = TwilioHttpClient(timeout=10)
        self.client = Client(self.sid, self.token, http_client=self.session)
        self.client.api.base_url = url
        self.status_url = f"{product.url}/hooks/twilio/status/7"

    def send(self, body: str = "Hello", **more: Any) -> Any:
        return self.client.messages.create(**{"to": self.phone, "from_": self.ours, "body": body, **more})

    def refused(self, **more: Any) -> TwilioRestException:
        with pytest.raises(TwilioRestException) as caught:
            self.send(**more)
        return caught.value


@pytest.fixture
def sms(control: Control, product: Product, simulator: SimulatorProcess) -> Iterator[Sms]:
    made = Sms(control, product, simulator.twilio_url)
    yield made
    made.session.session.close()


class Workspace:
    """A team of one's own with two people, and the official client."""

    def __init__(self, control: Control, product: Product, url: str, **more: Any) -> None:
        number = next(NUMBERS)
        self.id, self.token, self.secret, self.url = f"T{number:09d}", f"xoxb-{number}", f"secret-{number}", url
        self.hook = f"{product.url}/hooks/slack"
        people = [
            {"id": "U1", "name": "ann", "email": "ann@example.com", "tz": "Europe/Berlin"},
            {"id": "U2", "name": "bob", "email": "bob@example.com"},
            {"id": "U3", "name": "cyd"},
        ]
        self.more = {"signing_secret": self.secret, "hook_url": self.hook, "retry_delays": [0, 0.001, 0.001], **more}
        self.dm = control.add_team(self.id, self.token, people, **self.more)["U1"]
        self.client = WebClient(token=self.token, base_url=url, retry_handlers=[])

    def refused(self, method: str, **arguments: Any) -> SlackApiError:
        with pytest.raises(SlackApiError) as caught:
            getattr(self.client, method)(**arguments)
        return caught.value


@pytest.fixture
def slack(control: Control, product: Product, simulator: SimulatorProcess) -> Workspace:
    return Workspace(control, product, simulator.slack_url)


def actions(*elements: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "actions", "block_id": "b", "elements": list(elements)}]


def button(action_id: str = "yes", value: str = "1") -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "value": value, "text": TEXT}


def modal(**more: Any) -> dict[str, Any]:
    field = {"type": "plain_text_input", "action_id": "note"}
    block = {"type": "input", "block_id": "say", "label": TEXT, "element": field}
    return {"type": "modal", "title": TEXT, "submit": TEXT, "callback_id": "reflect", "blocks": [block], **more}


# ---------------------------------------------------------------- Twilio


def test_a_text_is_created_fetched_and_delivered_with_callbacks(sms: Sms, product: Product, control: Control) -> None:
    sent = sms.send("Grüße €", status_callback=f"{sms.status_url}#rc=5&rp=all", media_url=["https://x.example/a.png"])
    assert (sent.status, sent.num_segments, sent.num_media, sent.direction) == ("queued", "1", "1", "outbound-api")
    assert sent.sid.startswith("SM")
    assert len(sent.sid) == 34
    assert abs(sent.date_created - clock.now()) < timedelta(minutes=1)
    for place, status in enumerate(("sent", "delivered")):
        form = product.form(place)
        assert (form["MessageSid"], form["MessageStatus"], form["SmsStatus"]) == (sent.sid, status, status)
        assert (form["To"], form["From"], form["AccountSid"]) == (sms.phone, sms.ours, sms.sid)
        assert "ErrorCode" not in form
        signature = product.heard[place][1]["X-Twilio-Signature"]
        assert RequestValidator(sms.token).validate(sms.status_url, form, signature)
    assert product.heard[0][0] == "/hooks/twilio/status/7"
    fetched = sent.fetch()
    assert (fetched.status, fetched.body, fetched.error_code) == ("delivered", "Grüße €", None)
    assert [text["body"] for text in control.phone(sms.phone)] == ["Grüße €"]


def test_a_messaging_service_chooses_its_sender_later(sms: Sms, control: Control) -> None:
    sent = sms.send(from_=None, messaging_service_sid=sms.service)
    assert (sent.status, sent.from_, sent.num_segments) == ("accepted", None, "0")
    (text,) = control.phone(sms.phone)
    while text["status"] != "delivered":
        (text,) = control.phone(sms.phone, text["changed"], 5, changes=True)
    assert sent.fetch().from_ == sms.ours


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"to": "12"}, 21211),
        ({"from_": None}, 21603),
        ({"body": None}, 21602),
        ({"body": "x" * 1601}, 21617),
        ({"media_url": ["https://x.example"] * 11}, 21623),
        ({"status_callback": "nowhere"}, 21609),
    ],
)
def test_a_refusal_reaches_the_client_as_twilio_words_it(sms: Sms, change: dict[str, Any], code: int) -> None:
    refused = sms.refused(**change)
    assert (refused.status, refused.code) == (400, code)
    assert refused.msg.startswith("Unable to create record: ")


def test_credentials_are_checked(sms: Sms, simulator: SimulatorProcess) -> None:
    sms.client.username = sms.sid
    stranger = Client(sms.sid, "wrong", http_client=sms.session)
    stranger.api.base_url = simulator.twilio_url
    with pytest.raises(TwilioRestException) as caught:
        stranger.messages.create(to=sms.phone, from_=sms.ours, body="Hello")
    assert (caught.value.status, caught.value.code) == (401, 20003)
    assert sms.client.api.accounts(sms.sid).fetch().status == "active"
    with pytest.raises(TwilioRestException) as caught:
        sms.client.messages("SM" + "0" * 32).fetch()
    assert (caught.value.status, caught.value.code) == (404, 20404)


def test_lists_are_filtered_and_paged(sms: Sms) -> None:
    sids = [sms.send(f"{number}").sid for number in range(5)]
    sms.send("elsewhere", to="+17770000000")
    first = sms.client.messages.page(to=sms.phone, page_size=2)
    assert [text.sid for text in first] == [sids[4], sids[3]]
    sms.send("a late one does not move the next page")
    assert [text.sid for text in first.next_page()] == [sids[2], sids[1]]
    assert len(sms.client.messages.list(to=sms.phone, page_size=2)) == 6
    assert len(sms.client.messages.list(from_=sms.ours)) == 7
    now = clock.now()
    since = {"date_sent_after": now - timedelta(hours=1)}
    assert len(sms.client.messages.list(to=sms.phone, **since)) == 6
    assert sms.client.messages.list(to=sms.phone, date_sent_after=now + timedelta(hours=1)) == []
    assert sms.client.messages.list(to=sms.phone, date_sent_before=now - timedelta(hours=1)) == []
    assert sms.client.messages.list(to="+17778888888") == []


def test_a_phone_that_does_not_answer(
    sms: Sms, product: Product, control: Control, simulator: SimulatorProcess
) -> None:
    dead = Sms(control, product, simulator.twilio_url, outcomes={sms.phone: 30003, "+17779999999": 21614})
    dead.send(to=sms.phone, status_callback=dead.status_url)
    assert product.form(1)["MessageStatus"] == "undelivered"
    assert product.form(1)["ErrorCode"] == "30003"
    assert dead.refused(to="+17779999999").code == 21614
    dead.session.session.close()


def test_a_sender_has_a_rate(sms: Sms, product: Product, control: Control, simulator: SimulatorProcess) -> None:
    slow = Sms(control, product, simulator.twilio_url, rate=0.25, burst=2)
    slow.send()
    slow.send()
    refused = slow.refused()
    assert (refused.status, refused.code) == (429, 20429)
    path = f"{simulator.twilio_url}/2010-04-01/Accounts/{slow.sid}/Messages.json"
    form = {"To": slow.phone, "From": slow.ours, "Body": "x"}
    with requests.post(path, form, auth=(slow.sid, slow.token), timeout=5) as answer:
        assert int(answer.headers["Retry-After"]) in {3, 4}
    slow.session.session.close()


def test_a_person_texts_and_the_webhook_is_twilios(sms: Sms, product: Product, control: Control) -> None:
    product.answers = [(200, b"<Response><Message>Thank you</Message></Response>")]
    media = [{"url": "http://127.0.0.1/a.jpg", "content_type": "image/jpeg"}]
    said = control.text(sms.phone, sms.ours, "Zwei & größer", media=media)
    assert (said["status_code"], said["reply"][:10]) == (200, "<Response>")
    form = product.form(0)
    assert (form["From"], form["To"], form["Body"]) == (sms.phone, sms.ours, "Zwei & größer")
    assert (form["NumMedia"], form["MediaUrl0"], form["MediaContentType0"]) == (
        "1",
        "http://127.0.0.1/a.jpg",
        "image/jpeg",
    )
    assert (form["MessageSid"], form["MessagingServiceSid"]) == (said["message_sid"], sms.service)
    assert "OptOutType" not in form
    path, headers, _ = product.heard[0]
    assert path == "/hooks/twilio/messages?a=%2Fcaf%C3%A9"
    assert RequestValidator(sms.token).validate(product.url + path, form, headers["X-Twilio-Signature"])
    assert [(text["direction"], text["body"]) for text in control.phone(sms.phone)] == [
        ("in", "Zwei & größer"),
        ("out", "Thank you"),
    ]


@pytest.mark.parametrize("together", [False, True])
def test_the_very_same_webhook_comes_again(sms: Sms, product: Product, control: Control, together: bool) -> None:
    said = control.text(sms.phone, sms.ours, "2", repeat=4, together=together)
    assert said["status_codes"] == [200] * 4
    assert {body for _, _, body in product.heard} == {product.heard[0][2]}
    assert len(product.heard) == 4
    assert len(control.phone(sms.phone)) == 1


def test_the_address_asks_for_repetition(sms: Sms, product: Product, control: Control) -> None:
    product.answers = [(503, b""), (503, b"")]
    assert control.text(sms.phone, sms.ours, "STOP")["status_codes"] == [200]
    assert len(product.heard) == 3


def test_stop_is_ours_to_hear_by_default(sms: Sms, product: Product, control: Control) -> None:
    control.text(sms.phone, sms.ours, "STOP")
    assert "OptOutType" not in product.form(0)
    assert sms.send("Confirmed").status == "queued"


def test_advanced_opt_out_answers_and_remembers(
    product: Product, control: Control, simulator: SimulatorProcess
) -> None:
    sms = Sms(control, product, simulator.twilio_url, advanced_opt_out=True)
    control.text(sms.phone, sms.ours, " stop ")
    assert product.form(0)["OptOutType"] == "STOP"
    assert [text["direction"] for text in control.phone(sms.phone)] == ["in", "out"]
    assert sms.refused().code == 21610
    sms.send(from_=None, messaging_service_sid=sms.service, status_callback=sms.status_url)
    assert (product.form(1)["MessageStatus"], product.form(1)["ErrorCode"]) == ("failed", "21610")
    control.text(sms.phone, sms.ours, "START")
    assert product.form(2)["OptOutType"] == "START"
    assert sms.send().status == "queued"
    sms.session.session.close()


def test_a_public_address_is_signed_as_public(sms: Sms, product: Product, control: Control) -> None:
    public = f"https://bot{sms.sid[-3:]}.example"
    control.routes({public: product.url})
    sms.send(status_callback=f"{public}/hooks/twilio/status/7")
    path, headers, _ = product.wait(1)[0]
    assert headers["Host"] == public.removeprefix("https://")
    assert headers["X-Forwarded-Proto"] == "https"
    assert RequestValidator(sms.token).validate(public + path, product.form(0), headers["X-Twilio-Signature"])
    with pytest.raises(ControlError, match="not on this machine"):
        control.routes({public: "http://10.0.0.1"})


# ---------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("fault", "status", "arrives"),
    [("error_before", 503, False), ("error_after", 503, True), ("html_502", 502, False), ("html_502_after", 502, True)],
)
def test_an_error_tells_nothing_about_arrival(
    sms: Sms, control: Control, fault: str, status: int, arrives: bool
) -> None:
    control.faults(twilio={"script": [fault]})
    cursor = control.health()["cursor"]
    assert sms.refused().status == status
    assert len(control.phone(sms.phone)) == arrives
    (row,) = control.ledger(cursor, "twilio.send")
    assert (row["fault"], row["accepted"]) == (fault, arrives)
    assert sms.send().status == "queued"


@pytest.mark.parametrize(
    ("fault", "arrives"), [("reset", False), ("drop_after_accept", True), ("hang", False), ("hang_after", True)]
)
def test_a_broken_connection_is_one_post(
    sms: Sms, control: Control, simulator: SimulatorProcess, fault: str, arrives: bool
) -> None:
    control.faults(twilio={"script": [fault], "hang_seconds": 0.02}, slack={"script": [fault], "hang_seconds": 0.02})
    cursor = control.health()["cursor"]
    with pytest.raises(requests.ConnectionError):
        sms.send()
    assert len(control.phone(sms.phone)) == arrives
    assert [row["accepted"] for row in control.ledger(cursor, "twilio.send")] == [arrives]


def test_a_rate_limit_by_dice(sms: Sms, slack: Workspace, control: Control) -> None:
    control.faults(twilio={"rate_limited": 1, "retry_after": 7}, slack={"rate_limited": 1, "retry_after": 9})
    assert (sms.refused().status, sms.refused().code) == (429, 20429)
    refused = slack.refused("chat_postMessage", channel="U1", text="x")
    assert (refused.response.status_code, refused.response["error"]) == (429, "ratelimited")
    assert refused.response.headers["Retry-After"] == "9"
    assert slack.client.auth_test()["ok"]
    assert control.phone(sms.phone) == []


def test_the_same_seed_hits_the_same_requests(sms: Sms, control: Control) -> None:
    def run(seed: int) -> list[int]:
        control.faults(seed=seed, twilio={"error_before": 0.3, "error_after": 0.3})
        statuses = []
        for _ in range(20):
            try:
                sms.send()
                statuses.append(201)
            except TwilioRestException as refused:
                statuses.append(refused.status)
        return statuses

    assert run(1) == run(1) != run(2)


def test_callbacks_are_doubled_and_shuffled(sms: Sms, product: Product, control: Control) -> None:
    control.faults(twilio={"callbacks": {"double": 1, "shuffle": 1}})
    sent = sms.send(status_callback=sms.status_url)
    product.wait(4)
    assert [product.form(n)["MessageStatus"] for n in range(4)] == ["delivered", "sent", "delivered", "sent"]
    assert sent.fetch().status == "delivered"


def test_a_lost_callback_is_in_the_ledger_only(sms: Sms, product: Product, control: Control) -> None:
    control.faults(twilio={"callbacks": {"lose": 1}})
    cursor = control.health()["cursor"]
    sms.send(status_callback=sms.status_url)
    rows = control.ledger(cursor, "twilio.callback", wait=5)
    assert (rows[0]["decision"], rows[0]["fault"]) == ("lost", "lose")
    assert product.heard == []


def test_a_schedule_that_is_not_understood_is_refused(control: Control) -> None:
    with pytest.raises(ControlError, match="no fault called 'explode'"):
        control.faults(twilio={"explode": 1})


# ---------------------------------------------------------------- Slack


def test_a_post_to_a_person_opens_the_dm(slack: Workspace, control: Control) -> None:
    sent = slack.client.chat_postMessage(channel="U1", text="Question", blocks=actions(button()), metadata=METADATA)
    assert sent["channel"] == slack.dm
    assert sent["message"]["text"] == "Question"
    assert slack.client.conversations_open(users=["U1"])["channel"]["id"] == slack.dm
    assert slack.client.chat_postMessage(channel=slack.dm, text="again")["ts"] > sent["ts"]
    first, second = control.slack_dm(slack.id, "U1")
    assert (first["who"], first["ts"], first["metadata"], first["edited"]) == ("bot", sent["ts"], METADATA, False)
    assert second["text"] == "again"


def test_the_async_client_and_forms_work_too(slack: Workspace, control: Control) -> None:
    async def post() -> Any:
        client = AsyncWebClient(token=slack.token, base_url=slack.url, retry_handlers=[])
        return await client.chat_postMessage(channel="U1", text="async", blocks=actions(button()), metadata=METADATA)

    assert asyncio.run(post())["ok"]
    form = {"channel": "U1", "text": "form", "blocks": json.dumps(actions(button())), "metadata": json.dumps(METADATA)}
    assert slack.client.api_call("chat.postMessage", data=form)["ok"]
    with requests.post(f"{slack.url}chat.postMessage", form | {"token": slack.token}, timeout=5) as answer:
        assert answer.json()["ok"]
    assert [post["metadata"] for post in control.slack_dm(slack.id, "U1")] == [METADATA] * 3


def test_an_update_changes_the_message_that_is_there(slack: Workspace, control: Control) -> None:
    sent = slack.client.chat_postMessage(channel="U1", text="1 of 3", blocks=actions(button()))
    (before,) = control.slack_dm(slack.id, "U1")
    slack.client.chat_update(channel=slack.dm, ts=sent["ts"], text="2 of 3")
    (after,) = control.slack_dm(slack.id, "U1", before["changed"], 5, changes=True)
    assert (after["ts"], after["text"], after["blocks"], after["edited"]) == (sent["ts"], "2 of 3", [], True)
    missing = slack.refused("chat_update", channel=slack.dm, ts="1.000000", text="x")
    assert missing.response["error"] == "message_not_found"
    assert control.dm(slack.id, "U1", "mine")["status_code"] == 200
    ts = control.slack_dm(slack.id, "U1")[-1]["ts"]
    assert slack.refused("chat_update", channel=slack.dm, ts=ts, text="x").response["error"] == "cant_update_message"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "", "text": "x"}, "channel_not_found"),
        ({"channel": "U9", "text": "x"}, "channel_not_found"),
        ({"channel": "D0000000000", "text": "x"}, "channel_not_found"),
        ({"channel": "U1", "text": ""}, "no_text"),
        ({"channel": "U1", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "U1", "text": "x", "blocks": "nonsense"}, "invalid_blocks_format"),
        ({"channel": "U1", "text": "x", "blocks": actions({"type": "slider"})}, "invalid_blocks"),
        ({"channel": "U1", "text": "x", "blocks": [{"type": "section", "text": TEXT | {"text": "x" * 2900}}] * 5}, "msg_blocks_too_long"),
        ({"channel": "U1", "text": "x", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:The top-level `text` argument is missing")
def test_a_post_is_refused_as_slack_words_it(
    slack: Workspace, control: Control, arguments: dict[str, Any], error: str
) -> None:
    refused = slack.refused("chat_postMessage", **arguments)
    assert (refused.response.status_code, refused.response["error"]) == (200, error)
    assert control.slack_dm(slack.id, "U1") == []


def test_the_place_of_a_problem_is_named(slack: Workspace) -> None:
    refused = slack.refused("chat_postMessage", channel="U1", text="x", blocks=actions(button(value="v" * 2001)))
    said = "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]"
    assert refused.response["response_metadata"]["messages"] == [f"[ERROR] {said}"]
    assert refused.response["errors"] == [said]


def test_tokens_are_checked(slack: Workspace) -> None:
    for token, error in (("", "not_authed"), ("xoxb-wrong", "invalid_auth")):
        slack.client.token = token
        assert slack.refused("chat_postMessage", channel="U1", text="x").response["error"] == error


def test_a_channel_has_a_rate_and_a_burst(control: Control, product: Product, simulator: SimulatorProcess) -> None:
    slack = Workspace(control, product, simulator.slack_url, per_channel=0.25, burst=2)
    for _ in range(2):
        slack.client.chat_postMessage(channel="U1", text="x")
    refused = slack.refused("chat_postMessage", channel="U1", text="x")
    assert (refused.response.status_code, refused.response["error"]) == (429, "ratelimited")
    assert int(refused.response.headers["Retry-After"]) in {3, 4}
    assert slack.client.chat_postMessage(channel="U2", text="x")["ok"]


def test_history_is_paged_and_keeps_metadata_for_those_who_ask(slack: Workspace) -> None:
    stamps = [slack.client.chat_postMessage(channel="U1", text=f"{n}", metadata=METADATA)["ts"] for n in range(5)]
    client = slack.client
    page = client.conversations_history(channel=slack.dm, limit=2, include_all_metadata=True)
    assert [message["ts"] for message in page["messages"]] == [stamps[4], stamps[3]]
    assert page["has_more"]
    assert page["messages"][0]["metadata"] == METADATA
    more = client.conversations_history(channel=slack.dm, limit=5, cursor=page["response_metadata"]["next_cursor"])
    assert [message["ts"] for message in more["messages"]] == stamps[2::-1]
    assert not more["has_more"]
    assert "metadata" not in more["messages"][0]
    between = client.conversations_history(channel=slack.dm, oldest=stamps[1], latest=stamps[3])
    assert [message["ts"] for message in between["messages"]] == [stamps[2]]
    with_ends = client.conversations_history(channel=slack.dm, oldest=stamps[1], latest=stamps[3], inclusive=True)
    assert [message["ts"] for message in with_ends["messages"]] == stamps[3:0:-1]
    assert slack.refused("conversations_history", channel="C404").response["error"] == "channel_not_found"


def test_people_are_listed_in_pages_and_found(slack: Workspace) -> None:
    seen = [user["id"] for page in slack.client.users_list(limit=2) for user in page["members"]]
    assert seen == ["U1", "U2", "U3"]
    ann = slack.client.users_lookupByEmail(email="Ann@example.com")["user"]
    assert (ann["id"], ann["tz"], ann["profile"]["email"]) == ("U1", "Europe/Berlin", "ann@example.com")
    assert slack.refused("users_lookupByEmail", email="no@example.com").response["error"] == "users_not_found"
    assert slack.client.users_info(user="U2")["user"]["name"] == "bob"
    assert slack.refused("users_info", user="U9").response["error"] == "user_not_found"
    assert slack.client.auth_test()["team_id"] == slack.id


def test_a_person_writes_and_the_event_is_slacks(slack: Workspace, product: Product, control: Control) -> None:
    said = control.dm(slack.id, "U1", "größer", repeat=2, event_id="Ev7")
    assert said["status_codes"] == [200, 200]
    path, headers, body = product.heard[0]
    assert path == "/hooks/slack"
    assert SignatureVerifier(slack.secret).is_valid_request(body, headers)
    assert "X-Slack-Retry-Num" not in headers
    given = json.loads(body)
    assert (given["type"], given["team_id"], given["event_id"]) == ("event_callback", slack.id, "Ev7")
    event = given["event"]
    assert (event["type"], event["channel_type"], event["user"], event["text"]) == ("message", "im", "U1", "größer")
    assert (event["ts"], event["channel"]) == (said["ts"], slack.dm)
    assert json.loads(product.heard[1][2])["event"] == event
    assert [(post["who"], post["text"]) for post in control.slack_dm(slack.id, "U1")] == [("user", "größer")]


def test_events_are_repeated_three_times_until_one_is_taken(
    slack: Workspace, product: Product, control: Control
) -> None:
    product.answers = [(500, b""), (404, b"")]
    assert control.dm(slack.id, "U1", "hello")["status_codes"] == [500, 404, 200]
    numbers = [headers.get("X-Slack-Retry-Num") for _, headers, _ in product.heard]
    assert numbers == [None, "1", "2"]
    assert product.heard[1][1]["X-Slack-Retry-Reason"] == "http_error"
    product.answers = [(500, b"")] * 9
    assert control.dm(slack.id, "U1", "hello")["status_codes"] == [500] * 4


def test_a_tap_carries_what_slack_sends(slack: Workspace, product: Product, control: Control) -> None:
    options = [{"text": TEXT, "value": "a"}, {"text": TEXT, "value": "b"}]
    ticks = {"type": "checkboxes", "action_id": "ticks", "options": options}
    blocks = actions(ticks, button("send", "41"))
    ts = slack.client.chat_postMessage(channel="U1", text="Question", blocks=blocks, metadata=METADATA)["ts"]
    control.tap(slack.id, "U1", ts, "ticks", selected_options=["b"])
    assert product.payload(0)["actions"][0]["selected_options"] == [options[1]]
    assert control.tap(slack.id, "U1", ts, "send", repeat=2)["status_codes"] == [200, 200]
    payload = product.payload(1)
    assert SignatureVerifier(slack.secret).is_valid_request(product.heard[1][2], product.heard[1][1])
    assert (payload["type"], payload["user"]["id"], payload["team"]["id"]) == ("block_actions", "U1", slack.id)
    assert (payload["channel"]["id"], payload["container"]["message_ts"]) == (slack.dm, ts)
    assert (payload["message"]["ts"], payload["message"]["metadata"]) == (ts, METADATA)
    assert (payload["actions"][0]["action_id"], payload["actions"][0]["value"]) == ("send", "41")
    assert payload["state"]["values"] == {"b": {"ticks": {"type": "checkboxes", "selected_options": [options[1]]}}}
    assert product.payload(2) == payload
    assert control.slack_dm(slack.id, "U1")[0]["chosen"]["b"]["ticks"]["selected_options"] == [options[1]]


def test_nobody_can_tap_what_is_not_there(slack: Workspace, product: Product, control: Control) -> None:
    ts = slack.client.chat_postMessage(channel="U1", text="x", blocks=actions(button("yes")))["ts"]
    for arguments, sentence in (
        ((ts, "no"), "no element 'no' to touch here; there is b/yes"),
        (("1.000000", "yes"), "no message"),
    ):
        with pytest.raises(ControlError, match=sentence) as caught:
            control.tap(slack.id, "U1", *arguments)
        assert caught.value.status == 404
    slack.client.chat_update(channel=slack.dm, ts=ts, text="answered", blocks=[])
    with pytest.raises(ControlError, match="there is nothing"):
        control.tap(slack.id, "U1", ts, "yes")
    assert product.heard == []


def test_a_modal_is_opened_by_a_tap_and_submitted(slack: Workspace, product: Product, control: Control) -> None:
    ts = slack.client.chat_postMessage(channel="U1", text="x", blocks=actions(button()))["ts"]
    control.tap(slack.id, "U1", ts, "yes")
    trigger = product.payload(0)["trigger_id"]
    view = slack.client.views_open(trigger_id=trigger, view=modal(private_metadata="41"))["view"]
    assert slack.refused("views_open", trigger_id=trigger, view=modal()).response["error"] == "exchanged_trigger_id"
    assert slack.refused("views_open", trigger_id="1.2.3", view=modal()).response["error"] == "invalid_trigger_id"
    slack.client.views_update(view_id=view["id"], hash=view["hash"], view=modal(private_metadata="42"))
    stale = slack.refused("views_update", view_id=view["id"], hash=view["hash"], view=modal())
    assert stale.response["error"] == "hash_conflict"
    product.answers = [(200, b'{"response_action": "errors", "errors": {"say": "Too short"}}')]
    said = control.submit(slack.id, "U1", {"say": {"note": "Hm"}})
    assert said["response"]["errors"] == {"say": "Too short"}
    control.submit(slack.id, "U1", {"say": {"note": "I learnt a lot"}})
    payload = product.payload(2)
    assert (payload["type"], payload["view"]["callback_id"]) == ("view_submission", "reflect")
    assert payload["view"]["private_metadata"] == "42"
    assert payload["view"]["state"]["values"]["say"]["note"] == {"type": "plain_text_input", "value": "I learnt a lot"}
    assert control.views(slack.id, "U1")["modals"] == []
    with pytest.raises(ControlError, match="no such view"):
        control.submit(slack.id, "U1", {})


def test_a_trigger_comes_too_late(control: Control, product: Product, simulator: SimulatorProcess) -> None:
    slack = Workspace(control, product, simulator.slack_url, trigger_lifetime=0)
    ts = slack.client.chat_postMessage(channel="U1", text="x", blocks=actions(button()))["ts"]
    control.tap(slack.id, "U1", ts, "yes")
    late = slack.refused("views_open", trigger_id=product.payload(0)["trigger_id"], view=modal())
    assert late.response["error"] == "expired_trigger_id"


def test_modals_are_pushed_and_closed(slack: Workspace, product: Product, control: Control) -> None:
    ts = slack.client.chat_postMessage(channel="U1", text="x", blocks=actions(button()))["ts"]

    def trigger() -> str:
        control.tap(slack.id, "U1", ts, "yes")
        return product.payload(len(product.heard) - 1)["trigger_id"]

    assert slack.refused("views_push", trigger_id=trigger(), view=modal()).response["error"] == "not_found"
    root = slack.client.views_open(trigger_id=trigger(), view=modal())["view"]
    top = slack.client.views_push(trigger_id=trigger(), view=modal())["view"]
    assert (top["root_view_id"], top["previous_view_id"]) == (root["id"], root["id"])
    slack.client.views_push(trigger_id=trigger(), view=modal())
    assert slack.refused("views_push", trigger_id=trigger(), view=modal()).response["error"] == "push_limit_reached"
    product.answers = [(200, b'{"response_action": "clear"}')]
    control.submit(slack.id, "U1", {"say": {"note": "x"}})
    assert control.views(slack.id, "U1")["modals"] == []


def test_a_home_tab_is_published_and_tapped(slack: Workspace, product: Product, control: Control) -> None:
    home = {"type": "home", "blocks": actions(button("more", "5"))}
    slack.client.views_publish(user_id="U1", view=home)
    assert control.views(slack.id, "U1")["home"]["blocks"][0]["block_id"] == "b"
    control.tap(slack.id, "U1", "", "more", home=True)
    payload = product.payload(0)
    assert (payload["view"]["type"], payload["actions"][0]["value"]) == ("home", "5")
    assert payload["container"] == {"type": "view", "view_id": payload["view"]["id"]}
    refused = slack.refused("views_publish", user_id="U1", view=modal())
    assert refused.response["error"] == "invalid_arguments"


def test_other_events_and_commands(slack: Workspace, product: Product, control: Control) -> None:
    control.event(slack.id, {"type": "app_home_opened", "user": "U1", "tab": "home"})
    assert json.loads(product.heard[0][2])["event"]["type"] == "app_home_opened"
    product.answers = [(200, b"Paused")]
    assert control.command(slack.id, "U1", "/shiftline", "pause")["reply"] == "Paused"
    form = product.form(1)
    assert (form["command"], form["text"], form["user_id"], form["team_id"]) == ("/shiftline", "pause", "U1", slack.id)


# ---------------------------------------------------------------- waiting, restarting, running


def test_who_waits_gets_the_text_when_it_comes(sms: Sms, control: Control) -> None:
    found: list[str] = []
    waiting = threading.Thread(target=lambda: found.append(control.await_text(sms.phone, "there")["body"]))
    waiting.start()
    sms.send("Hello")
    sms.send("Are you there?")
    waiting.join(10)
    assert found == ["Are you there?"]
    with pytest.raises(ControlError, match="there were \\['Hello', 'Are you there\\?'\\]"):
        control.await_text(sms.phone, "nothing", wait=0.05)


def test_a_killed_simulator_keeps_its_messages_and_goes_on(tmp_path: Path, product: Product) -> None:
    simulator = SimulatorProcess(ledger=tmp_path / "ledger.sqlite3").start()
    sms = Sms(simulator.control, product, simulator.twilio_url, callback_delay=60)
    slack = Workspace(simulator.control, product, simulator.slack_url)
    sid = sms.send("Hello", status_callback=sms.status_url).sid
    slack.client.chat_postMessage(channel="U1", text="Hello", blocks=actions(button()))
    simulator.control.add_account(sms.sid, sms.token, [sms.ours], sms.hook, callback_delay=0.001)
    simulator.kill()
    simulator.start()
    control = simulator.control
    assert [text["sid"] for text in control.phone(sms.phone)] == [sid]
    (post,) = control.slack_dm(slack.id, "U1")
    assert control.tap(slack.id, "U1", post["ts"], "yes")["status_code"] == 200
    heard = [body.decode() for path, _, body in product.wait(3) if "status" in path]
    assert [dict(parse_qsl(body))["MessageStatus"] for body in heard] == ["sent", "delivered"]
    simulator.stop()
    sms.session.session.close()


def test_lean_mode_sends_no_callbacks_and_loses_nothing(tmp_path: Path, product: Product) -> None:
    with SimulatorProcess(ledger=tmp_path / "ledger.sqlite3", lean=True) as simulator:
        sms = Sms(simulator.control, product, simulator.twilio_url)
        for number in range(20):
            sms.send(f"{number}", status_callback=sms.status_url)
        bodies = [row["data"]["body"] for row in simulator.control.all_rows("twilio.send")]
        assert bodies == [f"{number}" for number in range(20)]
        assert simulator.control.health()["counts"] == {"twilio.send": {"accepted": 20}}
        sms.session.session.close()
    assert product.heard == []


def test_a_configuration_file_registers_and_a_reset_forgets(product: Product) -> None:
    account = {"account_sid": "AC1", "auth_token": "t", "numbers": ["+15550000001"], "messages_url": product.url}
    team = {"team_id": "T1", "bot_token": "xoxb", "hook_url": product.url, "users": [{"id": "U1"}]}
    with SimulatorProcess(config={"twilio": [account], "slack": [team], "faults": {"seed": 1}}) as simulator:
        control = simulator.control
        assert control.text("+17770000001", "+15550000001", "Hi")["status_code"] == 200
        assert control.dm("T1", "U1", "Hi")["status_code"] == 200
        control.reset(everything=False)
        assert control.phone("+17770000001") == []
        assert control.slack_dm("T1", "U1") == []
        control.reset()
        with pytest.raises(ControlError, match="No account has the number"):
            control.text("+17770000001", "+15550000001", "Hi")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"auth_token": "t"}, "account_sid"),
        ({"account_sid": "AC1", "auth_token": "t", "nummbers": []}, "nummbers"),
    ],
)
def test_a_mistake_in_a_registration_is_a_sentence(control: Control, given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ControlError, match=sentence) as caught:
        control._ask("PUT", "/_/twilio/accounts", given)
    assert caught.value.status == 400


def test_a_port_in_use_is_one_sentence_and_exit_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "bot.simulator", "--port", str(port)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2
    assert ended.stderr == f"Port {port} on 127.0.0.1 is taken by another program.\n"


def test_sigterm_ends_it_cleanly_even_while_somebody_waits(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bot.simulator", "--port", "0", "--ledger", str(tmp_path / "ledger")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        control = Control(process.stdout.readline().split()[-1])
        answers: list[object] = []
        waiting = threading.Thread(target=lambda: answers.append(control.phone("+17770000001", wait=20)))
        waiting.start()
        while not control.health()["waiting"]:
            pass
        process.send_signal(signal.SIGTERM)
        _, complaints = process.communicate(timeout=5)
        waiting.join(5)
    assert (process.returncode, complaints, answers) == (0, "", [[]])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is Linux's")
def test_it_dies_with_its_parent() -> None:
    story = (
        "import os, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-m', 'bot.simulator', '--port', '0', '--die-with-parent'],"
        " stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    parent = subprocess.run([sys.executable, "-c", story], capture_output=True, text=True, timeout=20, check=False)
    pid = int(parent.stdout)
    handle = os.pidfd_open(pid) if Path(f"/proc/{pid}").exists() else -1
    try:
        if handle >= 0:
            import select

            assert select.select([handle], [], [], 5)[0], "it lives on"
    finally:
        if handle >= 0:
            os.close(handle)
