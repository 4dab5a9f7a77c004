"""What Twilio refuses, counts and repeats."""

from __future__ import annotations

from typing import Any

import pytest

from bot.simulator.hooks import Answer, is_loopback, served_at
from bot.simulator.phones import Account, Phones
from bot.simulator.twilio_checks import TwilioRefused, check_send, failure
from bot.simulator.twilio_hooks import _again, twiml_messages
from bot.simulator.twilio_wire import segments

OURS, SERVICE, PHONE = "+15550000001", "MG1", "+15551230001"
ACCOUNT = Account(
    "AC1", "token", (OURS,), messaging_services={SERVICE: (OURS,), "MG2": ()}, outcomes={"+15559990001": 21614}
)
GOOD = {"To": PHONE, "From": OURS, "Body": "Hello"}


def refusal(form: dict[str, str], media: list[str] | None = None, phones: Phones | None = None) -> int:
    try:
        check_send(phones or Phones(), ACCOUNT, form, media or [])
    except TwilioRefused as refused:
        return refused.code
    return 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, 0),
        ({"Body": "x" * 1600}, 0),
        ({"From": "", "MessagingServiceSid": SERVICE}, 0),
        ({"StatusCallback": "https://bot.example/hooks#rc=5&rp=all"}, 0),
        ({"To": ""}, 21604),
        ({"To": "5551230001"}, 21211),
        ({"To": "+0551230001"}, 21211),
        ({"To": "+1555123000155555"}, 21211),
        ({"From": ""}, 21603),
        ({"From": "+15558888888"}, 21606),
        ({"To": OURS}, 21266),
        ({"From": "", "MessagingServiceSid": "MG9"}, 21701),
        ({"From": "", "MessagingServiceSid": "MG2"}, 21703),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"StatusCallback": "hooks/status"}, 21609),
        ({"StatusCallback": "ftp://bot.example"}, 21609),
        ({"To": "+15559990001"}, 21614),
    ],
)
def test_twilio_refuses_with_its_code(change: dict[str, str], code: int) -> None:
    assert refusal(GOOD | change) == code


def test_media_may_stand_for_a_body_but_not_eleven_of_them() -> None:
    assert refusal(GOOD | {"Body": ""}, ["https://x.example"] * 10) == 0
    assert refusal(GOOD, ["https://x.example"] * 11) == 21623


def test_an_opt_out_is_refused_at_once_or_with_a_service_later() -> None:
    phones = Phones()
    phones.opted_out = {(PHONE, OURS)}
    assert refusal(GOOD, phones=phones) == 21610
    assert refusal({**GOOD, "From": "", "MessagingServiceSid": SERVICE}, phones=phones) == 0
    assert failure(phones, ACCOUNT, PHONE, OURS, SERVICE) == 21610
    assert failure(phones, ACCOUNT, "+15551230002", OURS, SERVICE) is None


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("x" * 152 + "€" + "x" * 152, 3),  # the pair does not fit into the first part's last place
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("’" + "x" * 69, 1),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_segments_are_counted_as_carriers_count(body: str, parts: int) -> None:
    assert segments(body) == parts


@pytest.mark.parametrize(
    ("answer", "policy", "again"),
    [
        (Answer(0, problem="connection"), "ct", True),
        (Answer(0, problem="timeout"), "ct", False),
        (Answer(503), "ct", False),
        (Answer(503), "all", True),
        (Answer(503), "4xx,5xx", True),
        (Answer(404), "5xx", False),
        (Answer(0, problem="timeout"), "rt", True),
        (Answer(0, problem="elsewhere"), "all", False),
    ],
)
def test_the_address_says_what_is_repeated(answer: Answer, policy: str, again: bool) -> None:
    assert _again(answer, policy) is again


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("<Response/>", []),
        ("<Response><Message>Hi</Message></Response>", ["Hi"]),
        (
            "<Response><Message><Body> Hi </Body><Media>u</Media></Message><Message>Two</Message></Response>",
            ["Hi", "Two"],
        ),
        ("", []),
        ("OK", []),
    ],
)
def test_twiml_is_read(text: str, messages: list[str]) -> None:
    assert twiml_messages(text) == messages


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("http://127.0.0.1:8000/x", True),
        ("http://localhost/x", True),
        ("http://[::1]:8000/x", True),
        ("https://bot.example/x", False),
        ("http://10.0.0.1/x", False),
        ("http://127.0.0.1.example/x", False),
        ("", False),
    ],
)
def test_nothing_leaves_this_machine(url: str, ours: bool) -> None:
    assert is_loopback(url) is ours


def test_a_public_address_is_served_where_the_routes_say() -> None:
    routes = {"https://bot.example": "http://127.0.0.1:8000"}
    assert served_at(routes, "https://bot.example/hooks?a=%2F") == "http://127.0.0.1:8000/hooks?a=%2F"
    assert served_at(routes, "https://bot.example.evil/hooks") == "https://bot.example.evil/hooks"


@pytest.mark.parametrize(
    ("setting", "answers"), [(None, False), (True, True), ([OURS], True), (["MG1"], True), (["+15550000009"], False)]
)
def test_advanced_opt_out_is_for_all_or_for_some(setting: Any, answers: bool) -> None:
    given = {"account_sid": "AC1", "auth_token": "t", "numbers": [OURS], "messaging_services": {"MG1": [OURS]}}
    assert Account.read(given | {"advanced_opt_out": setting}).answers_stop(OURS) is answers
