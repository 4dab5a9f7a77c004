"""Both providers print an example of their signature; these are those examples, or the SDK's check of ours."""

from __future__ import annotations

from twilio.request_validator import RequestValidator

from bot.simulator import signatures

SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)


def test_slack_signs_its_documented_example() -> None:
    signed = signatures.slack("8f742231b10e8888abcd99yyyzzz85a5", 1531420618, SLACK_BODY)
    assert signed == "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


def test_twilio_signs_what_its_validator_accepts_and_leaves_the_fragment_out() -> None:
    url, params = (
        "https://bot.example/hooks/caf%C3%A9?a=%2F",
        [("To", "+15550000001"), ("Body", "café 2"), ("From", "+1")],
    )
    signed = signatures.twilio("token", f"{url}#rc=5&rp=all", params)
    validator = RequestValidator("token")
    assert validator.validate(url, dict(params), signed)
    assert not validator.validate(url, dict(params) | {"Body": "other"}, signed)
