"""The pieces of the fault harness, each for itself: what a run of minutes rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import pytest

from bot import clock
from bot.channels import http
from bot.channels.channel import Request
from bot.channels.slack import Slack
from bot.channels.sms import Sms
from bot.conversation import receive
from bot.delivery.dispatch import Dispatcher
from bot.delivery.timing import Timing
from tests.faults import launcher, webhooks
from tests.faults.__main__ import PAGE, REGISTRY, main
from tests.faults.processes import Process, tend
from tests.faults.site import SIGNING_SECRET, TOKEN
from tests.faults.webhooks import Webhook
from tests.integration.sending import until

URL = "http://127.0.0.1:8000"
POST = {
    "key": "1700000000.000001",
    "data": {
        "text": "First step?",
        "blocks": [
            {
                "type": "actions",
                "block_id": "b",
                "elements": [
                    {
                        "action_id": "answer:token:block",
                        "text": {"type": "plain_text", "text": "Block"},
                        "value": "block",
                    },
                    {"action_id": "answer:token:mop", "text": {"type": "plain_text", "text": "Mop"}, "value": "mop"},
                ],
            }
        ],
    },
}


def test_an_unknown_name_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["everything"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == f"prove: there is no 'everything'; there are {', '.join(REGISTRY)}.\n"


@pytest.mark.parametrize("name", ["kill", "freeze", "many"])
def test_what_a_proof_needs_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SHIFTLINE_TEST_DATABASE_URL", raising=False)
    assert main([name, "--quick"]) == 2
    assert "it needs PostgreSQL and RabbitMQ: set SHIFTLINE_TEST_DATABASE_URL" in capsys.readouterr().err


def test_each_proof_has_its_place_in_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in REGISTRY if f"<!-- {name} -->" not in page or f"<!-- /{name} -->" not in page] == []


def asked(hook: Webhook, url: str = URL) -> Request:
    form = dict(parse_qsl(hook.body.decode()))
    return Request(url + hook.path, hook.path, hook.headers(), hook.body, form, clock.now())


def test_texts_are_signed_and_read_as_the_providers_own() -> None:
    request = asked(webhooks.text(URL, "+12025550100", "2", 7))
    assert Sms().verify(request, {"auth_token": TOKEN})
    assert not Sms().verify(
        asked(webhooks.text(URL, "+12025550100", "2", 7), "http://elsewhere"), {"auth_token": TOKEN}
    )
    (inbound,) = Sms().read(request)
    assert (inbound.address, inbound.text) == ("+12025550100", "2")


def test_taps_are_signed_and_read_as_the_providers_own() -> None:
    request = asked(webhooks.tap("U0000001", "D1", POST, "mop", 7))
    assert Slack().verify(request, {"signing_secret": SIGNING_SECRET})
    assert not Slack().verify(
        replace(request, now=request.now + timedelta(hours=1)), {"signing_secret": SIGNING_SECRET}
    )
    (inbound,) = Slack().read(request)
    assert (inbound.address, inbound.tap.token, inbound.tap.values) == ("U0000001", "token", ("mop",))
    assert Slack().read(asked(webhooks.tap("U0000001", "D1", POST, "mop", 8)))[0].key != inbound.key


@pytest.mark.parametrize(
    ("part", "where", "name"),
    [
        (launcher.inbound_key, receive, "_once"),
        (launcher.freshness, http.Departure, "late"),
        (launcher.begin_first, Dispatcher, "_batch"),
    ],
)
def test_a_part_is_taken_out_where_the_product_has_it(
    part: Callable[[], None], where: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = getattr(where, name)
    monkeypatch.setattr(where, name, before)  # put back afterwards
    part()
    assert getattr(where, name) is not before


def test_spans_travel_to_the_processes() -> None:
    spans = Timing(lease=timedelta(seconds=13), fresh=timedelta(seconds=2), settle=timedelta(seconds=5))
    assert launcher.unpacked(launcher.packed(spans)) == spans


def test_a_process_is_stopped_continued_killed_and_started_again(tmp_path: Path) -> None:
    process = Process(SimpleNamespace(folder=tmp_path, environment={}), ("work",), "nothing", 0)
    process._line = ["sh", "-c", "sleep 60 & wait"]  # with a child, as the web has one
    process.start()
    until(lambda: len(process._everyone()) == 2)
    everyone = process._everyone()
    process.freeze()
    until(lambda: {state(pid) for pid in everyone} == {"T"})
    process.thaw()
    until(lambda: "T" not in {state(pid) for pid in everyone})
    assert tend([process]) == 0
    process.kill()
    assert not process.alive
    until(lambda: {state(pid) for pid in everyone} <= {"", "Z"})
    assert (tend([process]), process.starts, process.alive) == (1, 2, True)
    process.kill()


def state(pid: int) -> str:
    """What the kernel says of a process; empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
