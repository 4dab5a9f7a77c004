"""The page's JSON views by themselves: who may post, what is refused and in which words. No browser, no simulator."""

from __future__ import annotations

import re
import socket
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from bot import settings as configuration
from bot.channels.registry import CHANNELS
from bot.content.media import Store
from bot.database import Database
from bot.delivery.dispatch import Dispatcher
from bot.delivery.wire import Wire
from bot.engagement.report import REASONS
from bot.settings import Settings
from bot.tenancy import integrations
from bot.web import build
from bot.web.simulator import world
from models import Broadcast
from tests import factories

ROOT = "/simulator/api"
FROM_THE_PAGE = {"X-Requested-With": "shiftline"}
NOBODY = str(uuid.UUID(int=7))
POSTS = ("/broadcasts", "/text", "/dm", "/tap")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A demonstration whose simulator has gone away: its port is closed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{probe.getsockname()[1]}"
    loaded = configuration.load({"SHIFTLINE_DATA": str(tmp_path), "PUBLIC_URL": "http://demo.localhost"})
    return replace(loaded, demo=True, simulator_url=gone)


def app_of(settings: Settings, database: Database) -> Flask:
    store = Store(settings.data / "media", settings.public_url, settings.secret_key)
    return build(settings, database, Dispatcher(database, settings, Wire(), store), store, CHANNELS)


@pytest.fixture
def client(settings: Settings, sqlite_database: Database) -> FlaskClient:
    return app_of(settings, sqlite_database).test_client()


@pytest.fixture
def worker(settings: Settings, sqlite_database: Database) -> str:
    """Ana, who has a phone and said yes, and is in the segment "Everybody"; her organization has a text."""
    twilio = next(channel for channel in CHANNELS if channel.kind == "twilio")
    with sqlite_database.service_session() as session:
        organization = factories.organization(session, name="Harbor & Pine")
        config = {"account_sid": "AC" + "1" * 32, "auth_token": "2" * 32, "from": "+12125550100"}
        sender = integrations.add(session, settings.encryption_keys, organization, twilio, config)
        ana = factories.worker(session, organization, first_name="Ana", last_name="Ruiz")
        identity = factories.channel_identity(
            session, organization, worker_id=ana.id, integration_id=sender.id, channel="sms", address="+12125550123"
        )
        factories.consent_event(
            session, organization, worker_id=ana.id, channel="sms", address=identity.address, state="granted"
        )
        segment = factories.segment(session, organization, name="Everybody", worker_count=1)
        factories.segment_membership(session, organization, worker_id=ana.id, segment_id=segment.id)
        factories.segment(session, organization, name="Nobody", worker_count=0)
        factories.content_version(
            session, organization, content_id=factories.content(session, organization, kind="text").id
        )
        return str(ana.id)


def said(answer: Any) -> dict[str, str]:
    """An error's shape is the same everywhere."""
    assert answer.is_json
    assert set(answer.json) == {"error", "message"}
    return answer.json


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Requested-With": "XMLHttpRequest"},
        {**FROM_THE_PAGE, "Origin": "https://evil.example"},
        {**FROM_THE_PAGE, "Origin": "null"},
        {**FROM_THE_PAGE, "Origin": "http://localhost:9"},
    ],
)
def test_only_the_page_may_post(client: FlaskClient, worker: str, path: str, headers: dict[str, str]) -> None:
    answer = client.post(ROOT + path, json={"worker_id": worker, "text": "2"}, headers=headers)
    assert answer.status_code == 403
    assert said(answer)["error"] == "not_from_the_page"


@pytest.mark.parametrize("origin", ["http://localhost", "http://demo.localhost"])
def test_the_page_may_post_under_each_of_its_names(client: FlaskClient, worker: str, origin: str) -> None:
    answer = client.post(ROOT + "/text", json={"worker_id": worker}, headers={**FROM_THE_PAGE, "Origin": origin})
    assert answer.status_code == 422  # read at last: its text is missing


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("body", ["", "{", "[]", '"words"', "null", "\x00"])
def test_a_body_must_be_an_object(client: FlaskClient, path: str, body: str) -> None:
    answer = client.post(ROOT + path, data=body, content_type="application/json", headers=FROM_THE_PAGE)
    assert answer.status_code == 422
    assert "JSON object" in said(answer)["message"]


@pytest.mark.parametrize(
    ("path", "given", "words"),
    [
        ("/text", {}, "text is missing"),
        ("/text", {"text": "  "}, "text is missing"),
        ("/text", {"text": 2}, "text is missing"),
        ("/text", {"text": "x" * 1601}, "1600 is the most"),
        ("/text", {"text": "2"}, "Choose a worker first"),
        ("/text", {"text": "2", "worker_id": "Ana"}, "Choose a worker first"),
        ("/text", {"text": "2", "worker_id": 5}, "Choose a worker first"),
        ("/dm", {"text": "x" * 4001}, "4000 is the most"),
        ("/tap", {"worker_id": NOBODY}, "ts must be"),
        ("/tap", {"worker_id": NOBODY, "ts": "1.1"}, "action_id must be"),
        ("/tap", {"worker_id": NOBODY, "ts": "1.1", "action_id": "a" * 256}, "action_id must be"),
        ("/tap", {"worker_id": NOBODY, "ts": "1.1", "action_id": "a", "block_id": {}}, "block_id must be"),
        ("/tap", {"worker_id": NOBODY, "ts": "1.1", "action_id": "a", "selected_options": "b"}, "must be a list"),
        ("/tap", {"worker_id": NOBODY, "ts": "1.1", "action_id": "a", "state": {"b": 1}}, "state must be"),
        ("/tap", {"worker_id": NOBODY, "ts": "1.1", "action_id": "a", "value": 1}, "value is missing"),
        ("/broadcasts", {}, "Choose a content first"),
        ("/broadcasts", {"content": NOBODY}, "Choose a segment first"),
        ("/broadcasts", {"content": NOBODY, "segment": NOBODY, "channel": "fax"}, "The channel must be"),
    ],
)
def test_bad_input_is_named(client: FlaskClient, path: str, given: dict[str, Any], words: str) -> None:
    answer = client.post(ROOT + path, json=given, headers=FROM_THE_PAGE)
    assert answer.status_code == 422
    assert words in said(answer)["message"]


@pytest.mark.parametrize("query", ["wait=x", "wait=-1", "wait=60", "sms=nan", "slack=inf", "sms=-1"])
def test_a_strange_cursor_is_refused(client: FlaskClient, worker: str, query: str) -> None:
    answer = client.get(f"{ROOT}/conversation/{worker}?{query}")
    assert answer.status_code == 422
    said(answer)


@pytest.mark.parametrize("path", [f"/workers/{NOBODY}", f"/conversation/{NOBODY}"])
def test_an_unknown_worker_is_not_found(client: FlaskClient, worker: str, path: str) -> None:
    answer = client.get(ROOT + path)
    assert answer.status_code == 404
    assert "no such worker" in said(answer)["message"]


@pytest.mark.parametrize("channel", ["slack", None])
def test_what_does_not_exist_is_not_sent(client: FlaskClient, worker: str, channel: str | None) -> None:
    given = {"content": NOBODY, "segment": NOBODY, "channel": channel}
    assert client.post(f"{ROOT}/broadcasts", json=given, headers=FROM_THE_PAGE).status_code == 404


def test_a_simulator_that_is_away_is_a_sentence_with_the_way_out(client: FlaskClient, worker: str) -> None:
    for answer in (
        client.get(f"{ROOT}/conversation/{worker}"),
        client.post(f"{ROOT}/text", json={"worker_id": worker, "text": "2"}, headers=FROM_THE_PAGE),
    ):
        assert answer.status_code == 424
        assert said(answer)["error"] == "simulator_away"
        assert "start it again" in said(answer)["message"]


def test_who_is_not_in_slack_can_not_write_there(client: FlaskClient, worker: str) -> None:
    answer = client.post(f"{ROOT}/dm", json={"worker_id": worker, "text": "hello"}, headers=FROM_THE_PAGE)
    assert answer.status_code == 422
    assert said(answer)["message"] == "This worker is not in Slack."


def test_too_many_hands_at_once_are_told_so(client: FlaskClient, worker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "PATIENCE", 0.01)
    for _ in range(3):
        assert world.ACTING.acquire(blocking=False)
    try:
        answer = client.post(f"{ROOT}/text", json={"worker_id": worker, "text": "2"}, headers=FROM_THE_PAGE)
        assert answer.status_code == 429
        said(answer)
    finally:
        world.ACTING.release(3)


def test_workers_are_found_by_every_word(client: FlaskClient, worker: str) -> None:
    assert [each["id"] for each in client.get(f"{ROOT}/workers?q=RUIZ ana").json["workers"]] == [worker]
    assert client.get(f"{ROOT}/workers?q=ana nobody").json == {"workers": [], "count": 0}


def test_the_figures_name_consent_and_segments(client: FlaskClient, worker: str) -> None:
    shown = client.get(f"{ROOT}/workers/{worker}").json
    assert shown["consent"] == {"sms": "granted", "slack": "none"}
    assert (shown["name"], shown["points"], len(shown["segments"])) == ("Ana Ruiz", 0, 1)


@pytest.mark.parametrize(
    ("segment", "channel", "reached", "mine"),
    [
        ("Everybody", "sms", 1, {"member": True, "gets_it": True, "channel": "sms", "words": None}),
        (
            "Everybody",
            "slack",
            0,
            {"member": True, "gets_it": False, "channel": None, "words": REASONS["no_address"]},
        ),
        ("Nobody", "sms", 0, {"member": False, "gets_it": False, "channel": None, "words": None}),
    ],
)
def test_a_preview_says_who_gets_it_and_leaves_nothing_behind(
    *,
    client: FlaskClient,
    sqlite_database: Database,
    worker: str,
    segment: str,
    channel: str,
    reached: int,
    mine: dict[str, Any],
) -> None:
    there = client.get(f"{ROOT}/catalogue").json
    wish = {
        "worker": worker,
        "content": there["contents"][0]["id"],
        "segment": next(each["id"] for each in there["segments"] if each["name"] == segment),
        "channel": channel,
    }
    shown = client.get(f"{ROOT}/preview", query_string=wish).json
    assert (shown["reached"], shown["worker"]) == (reached, mine)
    with sqlite_database.service_session() as session:
        assert session.query(Broadcast).count() == 0


def test_what_is_sent_is_listed(client: FlaskClient, worker: str) -> None:
    there = client.get(f"{ROOT}/catalogue").json
    assert there["suggested"] == worker
    given = {"content": there["contents"][0]["id"], "segment": there["segments"][-1]["id"], "channel": "preference"}
    sent = client.post(f"{ROOT}/broadcasts", json=given, headers=FROM_THE_PAGE)
    assert sent.status_code == 201
    listed = client.get(f"{ROOT}/broadcasts").json["broadcasts"]
    assert [(each["id"], each["state"]) for each in listed] == [(sent.json["id"], "scheduled")]


def test_the_page_names_the_organization_and_keeps_to_the_policy(client: FlaskClient, worker: str) -> None:
    shown = client.get("/simulator")
    assert shown.status_code == 200
    assert "Harbor &amp; Pine" in shown.text
    assert "script-src 'self'" in shown.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style| style=| on\w+=", shown.text)


@pytest.mark.parametrize(
    ("name", "kind"), [("main.js", "text/javascript"), ("simulator.css", "text/css"), ("mark.svg", "image/svg+xml")]
)
def test_its_files_are_served_as_what_they_are(client: FlaskClient, name: str, kind: str) -> None:
    with client.get(f"/simulator/static/{name}") as answer:
        assert answer.status_code == 200
        assert answer.content_type.split(";")[0] == kind


@pytest.mark.parametrize("name", ["../../page.py", "..%2f..%2fsettings.py", "nothing.js", "/etc/passwd"])
def test_no_other_file_is_served(client: FlaskClient, name: str) -> None:
    assert client.get(f"/simulator/static/{name}", follow_redirects=True).status_code == 404


def test_a_real_installation_has_no_such_page(settings: Settings, sqlite_database: Database) -> None:
    client = app_of(replace(settings, demo=False), sqlite_database).test_client()
    for path in ("/simulator", f"{ROOT}/workers", "/simulator/static/main.js"):
        assert client.get(path).status_code == 404


def test_every_view_is_for_the_demonstration_only(settings: Settings, sqlite_database: Database) -> None:
    app = app_of(settings, sqlite_database)
    mine = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/simulator")]
    assert len(mine) >= 12
    assert {app.view_functions[rule.endpoint].permission for rule in mine} == {"demo"}
