"""What Slack gets to see of a message, what its words mean, and how a lost one is found again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.channels import slack_failures
from bot.channels.channel import Accepted, Ask, Media, Message, Option, Outbound, Person, SendFailed
from bot.channels.slack import METADATA, Slack
from tests.channels import provider as broken
from tests.channels.provider import Provider, provider, says

CONFIG = {"team_id": "T0TEAM", "bot_token": "xoxb-token", "signing_secret": "secret"}
ASK = Ask("buttons", "tok", (Option("a", "1", "Block it"), Option("b", "2", "Mop it")))
OUT = Outbound(7, 2, "U0ANA", Message("What first?\n1) Block it\n2) Mop it", "What first?", ask=ASK))
EDIT = replace(OUT, verb="update", target="D0ANA:1.2", message=Message("Thanks"))
POSTED = {"ok": True, "channel": "D0ANA", "ts": "1772443800.000100"}
AT = datetime(2026, 3, 2, 9, 30, 0, 500_000, tzinfo=UTC)
Use = Callable[[aiohttp.ClientSession, str], Awaitable[Any]]


def used(answers: dict[str, Any] | list[dict[str, Any]], use: Use) -> tuple[Any, Provider]:
    """What `use(session, url)` led to, and what Slack saw of it. Answers by method name, or in their order."""
    given = iter(answers) if isinstance(answers, list) else None

    async def answer(request: web.Request) -> web.StreamResponse:
        method = request.path.rsplit("/", 1)[-1]
        said = next(given) if given is not None else answers[method]  # type: ignore[call-overload]
        return await says(200, said)(request)

    async def run() -> tuple[Any, Provider]:
        async with provider(answer) as there:
            try:
                return await use(there.http, f"{there.url}/api/"), there
            except SendFailed as failure:
                return failure, there

    return asyncio.run(run())


def sending(out: Outbound) -> Use:
    return lambda http, url: Slack().send(http, url, CONFIG, out)


def finding(known: frozenset[str] = frozenset()) -> Use:
    return lambda http, url: Slack().find(http, url, CONFIG, OUT, AT, known)


def test_a_message_as_slack_gets_it() -> None:
    accepted, there = used([POSTED], sending(OUT))
    assert accepted == Accepted("D0ANA:1772443800.000100", "sent")
    (call,) = there.calls
    assert (call.method, call.path) == ("POST", "/api/chat.postMessage")
    assert call.headers["Authorization"] == "Bearer xoxb-token"
    said = call.json
    assert said["channel"] == "U0ANA"
    assert said["text"] == "What first?\n1) Block it\n2) Mop it"
    assert said["metadata"] == {"event_type": METADATA, "event_payload": {"delivery": 7, "attempt": 2}}
    assert said["unfurl_links"] is said["unfurl_media"] is False
    assert [block["type"] for block in said["blocks"]] == ["section", "actions"]


def test_an_update_replaces_the_buttons_too() -> None:
    accepted, there = used([{"ok": True}], sending(EDIT))
    assert accepted == Accepted("D0ANA:1.2", "sent")
    (call,) = there.calls
    assert call.path == "/api/chat.update"
    assert (call.json["channel"], call.json["ts"], call.json["text"]) == ("D0ANA", "1.2", "Thanks")
    assert [block["type"] for block in call.json["blocks"]] == ["section"]


@pytest.mark.parametrize("target", [None, "", "D0ANA"])
def test_an_update_of_nothing(target: str | None) -> None:
    failure, there = used([], sending(replace(EDIT, target=target)))
    assert (failure.kind, there.calls) == ("rejected", [])


@pytest.mark.parametrize("answer", [says(503, {}), broken.resets, broken.hangs])
def test_an_update_may_be_repeated_and_is_never_in_doubt(answer: broken.Answer) -> None:
    async def run() -> tuple[str, int]:
        async with provider(answer) as there:
            with pytest.raises(SendFailed) as failure:
                await Slack(0.5).send(there.http, there.url, CONFIG, EDIT)
            return failure.value.kind, there.posts

    assert asyncio.run(run()) == ("retry", 1)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("ratelimited", "retry"),
        ("invalid_auth", "misconfigured"),
        ("token_revoked", "misconfigured"),
        ("account_inactive", "misconfigured"),
        ("not_authed", "misconfigured"),
        ("missing_scope", "misconfigured"),
        ("not_in_channel", "misconfigured"),
        ("messages_tab_disabled", "misconfigured"),
        ("user_disabled", "address_dead"),
        ("cannot_dm_bot", "address_dead"),
        ("channel_not_found", "address_dead"),
        ("user_not_found", "address_dead"),
        ("is_archived", "address_dead"),
        ("msg_too_long", "content_refused"),
        ("invalid_blocks", "content_refused"),
        ("no_text", "content_refused"),
        ("msg_blocks_too_long", "content_refused"),
        ("internal_error", "doubt"),
        ("fatal_error", "doubt"),
        ("service_unavailable", "doubt"),
        ("request_timeout", "doubt"),
        ("something_new", "rejected"),
    ],
)
def test_what_a_refusal_means(error: str, kind: str) -> None:
    failure, there = used([{"ok": False, "error": error}], sending(OUT))
    assert (failure.kind, failure.code, there.posts) == (kind, error, 1)


@pytest.mark.parametrize("said", [None, [], "x", {"ok": False}, {"ok": False, "error": 3}, {}])
def test_a_refusal_without_a_word_is_a_doubt(said: Any) -> None:
    assert slack_failures.refused(200, said, {}).kind == "doubt"
    assert slack_failures.refused(403, said, {}).kind == "doubt"


def test_a_long_word_is_cut() -> None:
    failure = slack_failures.refused(200, {"error": "x" * 1000}, {})
    assert len(failure.reason) < 100
    assert len(failure.code or "") < 100


@pytest.mark.parametrize("said", [{"ok": True}, {"ok": True, "channel": "D0ANA"}, {"ok": True, "ts": "1.2"}])
def test_an_acceptance_without_an_id_is_a_doubt(said: dict[str, Any]) -> None:
    assert used([said], sending(OUT))[0].kind == "doubt"


def test_a_proxy_in_the_environment_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert isinstance(used([POSTED], sending(OUT))[0], Accepted)


@pytest.mark.parametrize("level", ["DEBUG", "INFO"])
def test_nothing_of_a_message_is_logged(caplog: pytest.LogCaptureFixture, level: str) -> None:
    with caplog.at_level(level):
        used([POSTED], sending(OUT))
        used([{"ok": False, "error": "no_text"}], sending(OUT))
    assert "Mop" not in caplog.text
    assert "xoxb" not in caplog.text


def posted(ts: str, delivery: Any, **changed: Any) -> dict[str, Any]:
    return {
        "ts": ts,
        "text": "x",
        "metadata": {"event_type": METADATA, "event_payload": {"delivery": delivery}},
        **changed,
    }


OPENED = {"ok": True, "channel": {"id": "D0ANA"}}


def test_a_lost_message_is_found_by_our_own_id() -> None:
    page = {"ok": True, "messages": [{"ts": "9.9", "text": "hi"}, posted("9.8", 8), posted("9.7", 7)]}
    accepted, there = used([OPENED, page], finding())
    assert accepted == Accepted("D0ANA:9.7", "sent")
    assert [call.path for call in there.calls] == ["/api/conversations.open", "/api/conversations.history"]
    assert there.calls[1].query == {
        "channel": "D0ANA", "oldest": "1772443800.500000", "inclusive": "1", "include_all_metadata": "1", "limit": "200",
    }  # fmt: skip


def test_the_search_goes_to_the_last_page() -> None:
    first = {"ok": True, "messages": [posted("9.9", 8)], "response_metadata": {"next_cursor": "more"}}
    accepted, there = used([OPENED, first, {"ok": True, "messages": [posted("9.8", 7)]}], finding())
    assert accepted == Accepted("D0ANA:9.8", "sent")
    assert there.calls[2].query["cursor"] == "more"


@pytest.mark.parametrize(
    "other",
    [
        posted("9.8", 7),
        posted("9.9", "7"),
        posted("9.9", 7, metadata={"event_type": "of_another_app", "event_payload": {"delivery": 7}}),
        posted("9.9", 7, metadata=None),
        posted("9.9", 7, metadata={"event_type": METADATA}),
    ],
)
def test_others_are_left_alone(other: dict[str, Any]) -> None:
    assert used([OPENED, {"ok": True, "messages": [other]}], finding(frozenset({"D0ANA:9.8"})))[0] is None


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([{"ok": False, "error": "user_not_found"}], "address_dead"),
        ([OPENED, {"ok": False, "error": "missing_scope"}], "misconfigured"),
        ([OPENED, {"ok": False, "error": "internal_error"}], "retry"),
        ([{"ok": True}], "retry"),
        ([OPENED, {"ok": True}], "retry"),
        (
            [
                OPENED,
                {"ok": True, "messages": [], "response_metadata": {"next_cursor": "x"}},
                {"ok": False, "error": "ratelimited"},
            ],
            "retry",
        ),
    ],
)
def test_a_search_that_failed_found_nothing_out(answers: list[dict[str, Any]], kind: str) -> None:
    assert used(answers, finding())[0].kind == kind


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"team_id": "T0TEAM"}, 'Connected to Slack team "Acme" as shiftline.'),
        ({"team_id": "T0OTHER", "enterprise_id": "T0TEAM"}, 'Connected to Slack team "Acme" as shiftline.'),
        ({"team_id": "T0OTHER"}, "The bot token belongs to team T0OTHER, not T0TEAM."),
    ],
)
def test_check(said: dict[str, Any], sentence: str) -> None:
    answer = {"auth.test": {"ok": True, "team": "Acme", "user": "shiftline", **said}}
    assert str(used(answer, lambda http, url: Slack().check(http, url, CONFIG))[0]) == sentence


def test_people() -> None:
    ana = {
        "id": "U1",
        "name": "ana",
        "tz": "America/Chicago",
        "profile": {"real_name": "Ana Gil", "email": "ana@x.example"},
    }
    others = [{"id": "U2", "deleted": True}, {"id": "U3", "is_bot": True}, {"id": "USLACKBOT", "name": "slackbot"}]
    pages = [
        {"ok": True, "members": [ana, *others], "response_metadata": {"next_cursor": "more"}},
        {"ok": True, "members": [{"id": "U4", "name": "bo"}, {"id": "U5"}]},
    ]
    people, there = used(pages, lambda http, url: Slack().people(http, url, CONFIG))
    assert people == [
        Person("U1", "Ana Gil", "ana@x.example", "America/Chicago"),
        Person("U4", "bo"),
        Person("U5", "U5"),
    ]
    assert there.calls[0].query == {"limit": "1000", "team_id": "T0TEAM"}
    enterprise = {**CONFIG, "team_id": "E0ENTER"}
    _, there = used([{"ok": True, "members": []}], lambda http, url: Slack().people(http, url, enterprise))
    assert there.calls[0].query == {"limit": "1000"}


def test_a_picture_without_words_has_something_to_read_aloud() -> None:
    picture = Media("https://x.example/1.png", "image/png", alt_text="A wet floor")
    _, there = used([POSTED], sending(replace(OUT, message=Message("", media=(picture,)))))
    assert there.calls[0].json["text"] == "A wet floor"
