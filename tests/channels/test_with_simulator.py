"""Both channels against the simulator: sent, lost, found again, answered by hand and read."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from bot import clock
from bot.channels import http
from bot.channels.channel import (
    Accepted,
    Ask,
    Channel,
    Inbound,
    Media,
    Message,
    Option,
    Outbound,
    Receipt,
    Request,
    SendFailed,
    Tap,
)
from bot.channels.slack import Slack
from bot.channels.sms import Sms
from bot.simulator.client import Control
from bot.simulator.process import SimulatorProcess
from tests.channels.provider import Provider, provider, shows

ACCOUNT, OURS, THEIRS = "AC" + "0" * 32, "+15550100001", "+15550109999"
TEAM, USER = "T0TEAM", "U0ANA"
SMS = {"account_sid": ACCOUNT, "auth_token": "token", "from": OURS}
SLACK = {"team_id": TEAM, "bot_token": "xoxb-token", "signing_secret": "signing"}
OPTIONS = tuple(Option(value, label, f"Choice {label}") for value, label in (("a", "1"), ("b:x", "2"), ("c", "3")))
MANY = tuple(Option(f"o{number}", str(number), f"Choice {number}") for number in range(1, 13))
DEADLINE = 1.0  # for what hangs


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    path: Path = tmp_path_factory.mktemp("simulator") / "ledger.sqlite3"
    with SimulatorProcess(ledger=path) as running:
        yield running


@pytest.fixture
def control(simulator: SimulatorProcess) -> Control:
    control = simulator.control
    control.reset()
    control.add_account(ACCOUNT, "token", [OURS], callback_delay=0)
    control.add_team(
        TEAM, "xoxb-token", [{"id": USER, "name": "ana", "email": "ana@x.example", "tz": "America/Chicago"}]
    )
    return control


def line(name: str, simulator: SimulatorProcess) -> tuple[Channel, str, dict[str, str], Outbound]:
    """A channel with all that a send takes."""
    if name == "sms":
        return Sms(DEADLINE), simulator.twilio_url, SMS, Outbound(7, 1, THEIRS, Message("Hello"))
    return Slack(DEADLINE), simulator.slack_url, SLACK, Outbound(7, 1, USER, Message("Hello"))


def sends(control: Control, name: str) -> list[bool | None]:
    """Every POST that the simulator saw: was it accepted?"""
    kind = {"sms": "twilio.send", "slack": "slack.chat.postMessage"}[name]
    return [row["accepted"] for row in control.all_rows(kind)]


def after(fault: str | None, name: str, simulator: SimulatorProcess) -> tuple[Accepted | SendFailed, Accepted | None]:
    """A send that meets a fault, and the search for it afterwards."""
    channel, url, config, out = line(name, simulator)
    provider_name = {"sms": "twilio", "slack": "slack"}[name]
    simulator.control.faults(**{provider_name: {"script": [fault], "hang_seconds": 30}})  # type: ignore[arg-type]
    since = datetime.fromtimestamp(int(clock.now().timestamp()), UTC)

    async def run() -> tuple[Accepted | SendFailed, Accepted | None]:
        async with http.session() as session:
            try:
                outcome: Accepted | SendFailed = await channel.send(session, url, config, out)
            except SendFailed as failure:
                outcome = failure
            return outcome, await channel.find(session, url, config, out, since, frozenset())

    return asyncio.run(run())


both = pytest.mark.parametrize("name", ["sms", "slack"])


@both
def test_what_is_accepted_is_there(name: str, simulator: SimulatorProcess, control: Control) -> None:
    outcome, found = after(None, name, simulator)
    assert isinstance(outcome, Accepted)
    assert found is not None
    assert found.provider_id == outcome.provider_id
    assert sends(control, name) == [True]


@both
@pytest.mark.parametrize(
    ("fault", "kind", "is_there"),
    [
        ("rate_limited", "retry", False),
        ("error_before", "doubt", False),
        ("html_502", "doubt", False),
        ("reset", "doubt", False),
        ("hang", "doubt", False),
        ("error_after", "doubt", True),
        ("html_502_after", "doubt", True),
        ("drop_after_accept", "doubt", True),
        ("hang_after", "doubt", True),
    ],
)
def test_only_the_search_tells_what_became_of_it(
    fault: str, kind: str, is_there: bool, name: str, simulator: SimulatorProcess, control: Control
) -> None:
    outcome, found = after(fault, name, simulator)
    assert isinstance(outcome, SendFailed)
    assert outcome.kind == kind
    assert sends(control, name) == [is_there]
    assert (found is not None) == is_there


def test_what_twilio_refuses(simulator: SimulatorProcess, control: Control) -> None:
    control.add_account(ACCOUNT, "token", [OURS], outcomes={THEIRS: 21610})
    outcome, found = after(None, "sms", simulator)
    assert isinstance(outcome, SendFailed)
    assert (outcome.kind, outcome.code, found) == ("opted_out", "21610", None)


def test_checks_and_people(simulator: SimulatorProcess, control: Control) -> None:
    async def run() -> None:
        sms, slack = Sms(), Slack()
        async with http.session() as session:
            assert "active" in await sms.check(session, simulator.twilio_url, SMS)
            assert "shiftline" in await slack.check(session, simulator.slack_url, SLACK)
            (ana,) = await slack.people(session, simulator.slack_url, SLACK)
            assert (ana.address, ana.email, ana.time_zone) == (USER, "ana@x.example", "America/Chicago")
            for channel, url, config in ((sms, simulator.twilio_url, SMS), (slack, simulator.slack_url, SLACK)):
                wrong = {**config, "auth_token": "x", "bot_token": "x"}
                with pytest.raises(SendFailed) as failure:
                    await channel.check(session, url, wrong)
                assert failure.value.kind == "misconfigured"

    asyncio.run(run())


def heard(hook: Provider, channel: Channel, config: dict[str, str]) -> list[Inbound | Receipt]:
    """What the last webhook says, after it was verified."""
    call = hook.calls[-1]
    query = "?" + "&".join(f"{name}={value}" for name, value in call.query.items()) if call.query else ""
    is_form = "urlencoded" in call.headers["Content-Type"]
    request = Request(
        url=hook.url + call.path + query,
        path=call.path,
        headers=call.headers,
        body=call.body,
        form=dict(parse_qsl(call.body.decode(), keep_blank_values=True)) if is_form else {},
        now=clock.now(),
    )
    assert channel.address_of(config) in channel.addresses_in(request)
    assert channel.verify(request, config)
    return list(channel.read(request))


@pytest.mark.parametrize(
    ("ask", "touches", "values"),
    [
        (Ask("buttons", "tok", OPTIONS), [{"action_id": "answer:tok:b:x"}], ("b:x",)),
        (
            Ask("buttons", "tok", MANY),
            [{"action_id": "pick:tok", "value": "o12"}, {"action_id": "submit:tok"}],
            ("o12",),
        ),
        (
            Ask("buttons", "tok", MANY[:9]),
            [{"action_id": "pick:tok", "value": "o9"}, {"action_id": "submit:tok"}],
            ("o9",),
        ),
        (
            Ask("checkboxes", "tok", OPTIONS),
            [{"action_id": "pick:tok", "value": ["a", "c"]}, {"action_id": "submit:tok"}],
            ("a", "c"),
        ),
        (
            Ask("checkboxes", "tok", MANY),
            [{"action_id": "pick:tok", "value": ["o1"]}, {"action_id": "submit:tok"}],
            ("o1",),
        ),
        (Ask("checkboxes", "tok", OPTIONS), [{"action_id": "submit:tok"}], ()),
        (Ask("number", "tok"), [{"action_id": "typed:tok", "value": "5,5"}, {"action_id": "submit:tok"}], ("5,5",)),
        (
            Ask("long_text", "tok"),
            [{"action_id": "typed:tok", "value": "a & <b>"}, {"action_id": "submit:tok"}],
            ("a & <b>",),
        ),
    ],
)
def test_answers_by_hand(
    ask: Ask, touches: list[dict[str, Any]], values: tuple[str, ...], simulator: SimulatorProcess, control: Control
) -> None:
    channel, url, config, out = line("slack", simulator)

    async def run() -> tuple[Accepted, list[list[Inbound | Receipt]], list[list[Inbound | Receipt]]]:
        async with provider(shows(200, "")) as hook:
            control.add_team(
                TEAM, "xoxb-token", [{"id": USER}], signing_secret="signing", hook_url=f"{hook.url}/hooks/slack"
            )
            sent = await channel.send(hook.http, url, config, replace(out, message=Message("Well?", "Well?", ask=ask)))
            ts = sent.provider_id.partition(":")[2]
            answers = []
            for touch in touches:
                await asyncio.to_thread(control.tap, TEAM, USER, ts, **touch)
                answers.append(heard(hook, channel, config))
            await asyncio.to_thread(control.dm, TEAM, USER, "a < b & c")
            words = heard(hook, channel, config)
            edit = replace(out, verb="update", target=sent.provider_id, message=Message("Thanks"))
            assert await channel.send(hook.http, url, config, edit) == Accepted(sent.provider_id, "sent")
        return sent, answers, [words]

    sent, (*earlier, last), ((words,),) = asyncio.run(run())
    assert earlier == [[]] * len(earlier)
    (answer,) = last
    assert isinstance(answer, Inbound)
    assert isinstance(words, Inbound)
    assert answer.tap == Tap("tok", values, sent.provider_id)
    assert (answer.address, words.address, words.text) == (USER, USER, "a < b & c")
    (post, _) = control.slack_dm(TEAM, USER)
    assert (post["text"], post["edited"]) == ("Thanks", True)
    assert [block["type"] for block in post["blocks"]] == ["section"]


def test_texts_and_reports(simulator: SimulatorProcess, control: Control) -> None:
    channel, url, config, out = line("sms", simulator)

    async def run() -> tuple[Accepted, list[Inbound | Receipt], list[Inbound | Receipt]]:
        async with provider(shows(200, "<Response/>", "text/xml")) as hook:
            control.add_account(
                ACCOUNT, "token", [OURS], f"{hook.url}/hooks/twilio/messages", callback_delay=0, advanced_opt_out=True
            )
            await asyncio.to_thread(control.text, THEIRS, OURS, "Stop")
            stop = heard(hook, channel, config)
            await asyncio.to_thread(control.text, THEIRS, OURS, "Start")
            hook.calls.clear()
            hook.came.clear()
            callback = f"{hook.url}/hooks/twilio/status/7?attempt=1"
            media = (Media("http://127.0.0.1:1/1.jpg", "image/jpeg"),)
            sent = await channel.send(
                hook.http, url, config, replace(out, message=Message("Hi", media=media), callback_url=callback)
            )
            await asyncio.wait_for(hook.came.wait(), 10)
            return sent, stop, heard(hook, channel, config)

    sent, (stop,), (report,) = asyncio.run(run())
    assert isinstance(stop, Inbound)
    assert (stop.address, stop.text, stop.keyword, stop.answered_by_provider) == (THEIRS, "Stop", "stop", True)
    assert isinstance(report, Receipt)
    assert (report.delivery, report.attempt, report.provider_id, report.failure) == (7, 1, sent.provider_id, None)
    assert report.status in {"sent", "delivered"}
