"""Slack's doors: signature before shape, shape before Bolt, and a 200 for whatever we don't listen to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models import Delivery, QuestionResponse
from tests import factories
from tests.integration.web.conftest import APP_SECRET, OWN_SECRET, House, joined


def test_words_are_taken_in_once(house: House) -> None:
    assert [house.event(house.dm("hello")).status_code for _ in range(4)] == [200] * 4
    assert house.heard() == ["hello"]


@pytest.mark.parametrize(("age", "status"), [(0, 200), (299, 200), (-299, 200), (301, 403), (-301, 403), (86_400, 403)])
def test_the_window_of_five_minutes(house: House, age: int, status: int) -> None:
    assert house.event(house.dm("hello"), age=age).status_code == status
    assert house.heard() == (["hello"] if status == 200 else [])


@pytest.mark.parametrize("headers", [
    {}, {"X-Slack-Signature": "v0=abc"}, {"X-Slack-Request-Timestamp": "x", "X-Slack-Signature": "v0=" + "0" * 64},
    {"X-Slack-Request-Timestamp": "9" * 400, "X-Slack-Signature": "v0=" + "0" * 64},
])  # fmt: skip
def test_unsigned(house: House, headers: dict[str, str]) -> None:
    body = json.dumps(
        {"type": "event_callback", "team_id": "T0APP", "event_id": "Ev1", "event": house.dm("x")}
    ).encode()
    assert house.post("/hooks/slack", body, headers={"Content-Type": "application/json", **headers}).status_code == 403
    assert house.heard() == []


def test_forged(house: House) -> None:
    assert house.event(house.dm("x"), secret="not-the-secret").status_code == 403
    assert house.heard() == []


@pytest.mark.parametrize(
    "body",
    [b"", b"[1]", b"null", b"1", b"x", b"\xff\xfe", b'{"type": "event_callback", "event": null}', b"[" * 100_000,
     b'{"type": "event_callback", "team_id": "T0APP", "event_id": "Ev1", "event": null}',
     b'{"type": "event_callback", "team_id": "T0APP", "event_id": 7, "event": {"type": "message"}}',
     b'{"team_id": "T0APP"}', b'{"type": 7, "team_id": ["T0APP"]}', b'{"type": "event_callback", "team_id": "T0APP"}'],
)  # fmt: skip
@pytest.mark.parametrize("form", [False, True])
def test_genuine_nonsense_is_never_a_500(house: House, body: bytes, form: bool) -> None:
    answer = house.slack(body, form=form)
    assert answer.status_code in {400, 404}
    assert house.heard() == []


@pytest.mark.parametrize("payload", [[1], None, 7, "x", {}, {"type": "block_actions"},
    {"type": "block_actions", "team": {"id": "T0APP"}}, {"type": "block_actions", "team": {"id": "T0APP"}, "actions": None},
    {"type": "block_actions", "team": {"id": "T0APP"}, "user": {"id": "U1"}, "actions": [1]}])  # fmt: skip
@pytest.mark.parametrize("path", ["/hooks/slack", "own"])
def test_genuine_nonsense_in_a_form(house: House, payload: Any, path: str) -> None:
    path = f"/hooks/slack/{house.ids['slack']}" if path == "own" else path
    assert house.tap(payload, path=path).status_code in {400, 404}


def test_nonsense_at_an_integrations_own_address_is_a_400(house: House) -> None:
    path = f"/hooks/slack/{house.ids['own']}"
    for body in (b"[1]", b'{"event": null, "type": "event_callback"}', b"payload=[1]"):
        answer = house.slack(body, path, OWN_SECRET, form=body.startswith(b"payload"))
        assert (answer.status_code, answer.get_json()["error"]) == (400, "misshapen")


@pytest.mark.parametrize(
    "event",
    [
        {"type": "app_home_opened", "user": "U1"}, {"type": "reaction_added"}, {"type": "tomorrows_invention"},
        {"type": "message", "channel_type": "channel", "user": "U1", "text": "x"},
        {"type": "message", "channel_type": "im", "subtype": "message_changed"},
        {"type": "message", "channel_type": "im", "subtype": "bot_message", "text": "x"},
        {"type": "message", "channel_type": "im", "bot_id": "B1", "user": "U1", "text": "x"},
    ],
)  # fmt: skip
def test_what_nobody_listens_to_is_a_200(house: House, event: dict[str, Any]) -> None:
    assert house.event(event).status_code == 200
    assert house.heard() == []


@pytest.mark.parametrize("payload", [
    {"type": "view_submission", "view": {}}, {"type": "view_closed"}, {"type": "shortcut", "callback_id": "x"},
    {"type": "block_actions", "actions": [{"action_id": "pick:x", "action_ts": "1.0"}]}, {"type": "block_suggestion"},
])  # fmt: skip
def test_interactions_that_nobody_listens_to(house: House, payload: dict[str, Any]) -> None:
    said = {"team": {"id": "T0APP"}, "user": {"id": house.slack_user}, **payload}
    assert house.tap(said).status_code == 200


def test_a_command_that_we_do_not_have(house: House) -> None:
    assert house.slack(b"command=%2Fx&team_id=T0APP&user_id=U1&text=", form=True).status_code == 200


def test_the_handshake_with_the_apps_own_secret(house: House, tmp_path) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a", "token": "x"}).encode()
    answer = house.slack(body)
    assert (answer.status_code, answer.data) == (200, b"3eZbrw1a")
    assert house.slack(body, secret="not-the-secret").status_code == 403
    house.app = joined(house.database, tmp_path, SLACK_SIGNING_SECRET="")
    assert house.slack(body).status_code == 403


def test_the_handshake_of_a_customers_own_app(house: House) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()
    answer = house.slack(body, f"/hooks/slack/{house.ids['own']}", OWN_SECRET)
    assert answer.status_code == 200
    assert b"abc" in answer.data


@pytest.mark.parametrize("challenge", [None, 7, ["x"], {"a": 1}])
def test_an_odd_handshake(house: House, challenge: Any) -> None:
    assert house.slack(json.dumps({"type": "url_verification", "challenge": challenge}).encode()).status_code == 404


def test_a_workspace_that_nobody_has_connected(house: House) -> None:
    assert house.event(house.dm("x"), team="T0NOBODY").status_code == 404


def test_an_own_app_at_its_own_address(house: House) -> None:
    path = f"/hooks/slack/{house.ids['own']}"
    assert house.event(house.dm("x"), path, "T0OWN", secret=OWN_SECRET).status_code == 200
    assert house.event(house.dm("x"), path, "T0OWN", secret=APP_SECRET).status_code == 403
    assert house.heard() == ["x"]


@pytest.mark.parametrize("name", ["own", "other", "twilio", "nobody", "no-id"])
def test_the_address_of_another_organization(house: House, name: str) -> None:
    """Also with the right secret: `other` is verified by the same app's secret as `slack` is."""
    named = {**house.ids, "nobody": "0198c6d2-0000-7000-8000-000000000000"}.get(name, name)
    answer = house.event(house.dm("x"), f"/hooks/slack/{named}", "T0APP")
    assert answer.status_code in {403, 404}
    assert house.heard() == []


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ({"type": "app_uninstalled"}, "revoked"),
        ({"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": ["U0BOT"]}}, "revoked"),
        ({"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}}, "untested"),
    ],
)
def test_the_end_of_an_installation(house: House, event: dict[str, Any], status: str) -> None:
    assert house.event(event).status_code == 200
    assert house.status("slack") == status
    assert house.status("other") == house.status("own") == "untested"


def test_a_tap_answers_a_question(house: House) -> None:
    with house.database.organization_session(house.organization.id) as session:
        sent = factories.delivery(
            session, house.organization, state="submitted", identity_id=_identity(session, house.slack_user),
            content_version_id=_quiz(session, house),
        )  # fmt: skip
        factories.sent_message(
            session, house.organization, direction="out", delivery_id=sent.id, attempt=1, address=house.slack_user,
            integration_id=house.ids["slack"], payload={"text": "First step?"},
        )  # fmt: skip
        prompt = factories.prompt(session, house.organization, delivery_id=sent.id)
        token = prompt.token
    tapped = {
        "type": "block_actions", "team": {"id": "T0APP"}, "user": {"id": house.slack_user},
        "container": {"channel_id": "D1", "message_ts": "5.0"},
        "actions": [{"action_id": f"answer:{token}:b", "action_ts": "17.5", "type": "button"}],
    }  # fmt: skip
    assert [house.tap(tapped).status_code for _ in range(3)] == [200] * 3
    with house.database.reading(None) as session:
        [given] = session.query(QuestionResponse).all()
        assert (given.understood, given.channel) == (["b"], "slack")
        [update] = session.query(Delivery).filter(Delivery.verb == "update").all()
        assert update.body["target"] == "D1:5.0"
    assert house.heard() == ["b"]


def _identity(session: Any, address: str) -> Any:
    from models import ChannelIdentity

    return session.query(ChannelIdentity).filter(ChannelIdentity.address == address).one().id


def _quiz(session: Any, house: House) -> Any:
    head = factories.content(session, house.organization, kind="quiz")
    return factories.content_version(session, house.organization, content_id=head.id).id
