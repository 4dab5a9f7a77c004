"""The page's JSON views, under /simulator/api: thin, one function of this room each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, Response, jsonify, request
from sqlalchemy.orm import Session

from bot.errors import BadInput
from bot.web.parts import parts
from bot.web.security import permission
from bot.web.simulator import asked, broadcasts, conversation, people, sending

ROOT = "/simulator/api"
FURTHEST = 2.0**53


def install(app: Flask) -> None:
    """What the page's scripts call."""
    for path, view, verb in (
        ("/workers", workers, "GET"),
        ("/workers/<worker_id>", worker, "GET"),
        ("/catalogue", catalogue, "GET"),
        ("/preview", preview, "GET"),
        ("/conversation/<worker_id>", talk, "GET"),
        ("/broadcasts", recent, "GET"),
        ("/broadcasts", send, "POST"),
        ("/text", text, "POST"),
        ("/dm", dm, "POST"),
        ("/tap", tap, "POST"),
    ):
        app.add_url_rule(ROOT + path, f"simulator_{view.__name__}", view, methods=(verb,))


@contextmanager
def _looking() -> Iterator[Session]:
    database = parts().database
    with database.reading(None) as session:
        organization_id = people.organization(session).id
    with database.reading(organization_id) as session:
        yield session


@permission("demo")
def workers() -> Response:
    """?q=: those who have these words in their name, job or department."""
    with _looking() as session:
        return jsonify(people.listed(session, request.args.get("q", "")[:100]))


@permission("demo")
def worker(worker_id: str) -> Response:
    """One worker's figures."""
    with _looking() as session:
        return jsonify(people.figures(session, asked.identifier(worker_id, "worker")))


@permission("demo")
def catalogue() -> Response:
    """What can be sent, to whom, and whom to begin with."""
    with _looking() as session:
        return jsonify(sending.catalogue(session) | {"suggested": people.suggested(session)})


@permission("demo")
def preview() -> Response:
    """?worker=&content=&segment=&channel=: what would become of it."""
    wish = _wish(request.args.to_dict())
    worker_id = asked.identifier(request.args.get("worker"), "worker")
    return jsonify(sending.preview(parts().database, _organization(), wish, worker_id))


@permission("demo")
def talk(worker_id: str) -> Response:
    """?sms=&slack=&wait=: what is new on the phone and in Slack."""
    seen = conversation.Seen(int(asked.count("sms", FURTHEST)), int(asked.count("slack", FURTHEST)))
    wait = asked.count("wait", conversation.LONGEST_WAIT)
    return jsonify(conversation.news(asked.identifier(worker_id, "worker"), seen, wait))


@permission("demo")
def recent() -> Response:
    """The last broadcasts."""
    with _looking() as session:
        return jsonify(broadcasts.recent(session))


@permission("demo")
def send() -> tuple[Response, int]:
    """Send a content to a segment, now."""
    wish = _wish(asked.body())
    return jsonify({"id": sending.send(parts().database, _organization(), wish)}), 201


@permission("demo")
def text() -> Response:
    """Text from the worker's phone."""
    given = asked.body()
    words = asked.text(given, "text", conversation.LONGEST_SMS)
    conversation.text(asked.identifier(given.get("worker_id"), "worker"), words)
    return jsonify({})


@permission("demo")
def dm() -> Response:
    """Write from the worker's Slack."""
    given = asked.body()
    words = asked.text(given, "text", conversation.LONGEST_DM)
    conversation.dm(asked.identifier(given.get("worker_id"), "worker"), words)
    return jsonify({})


@permission("demo")
def tap() -> Response:
    """Touch an element of a message in the worker's Slack."""
    given = asked.body()
    worker_id = asked.identifier(given.get("worker_id"), "worker")
    conversation.tap(worker_id, asked.short(given, "ts"), asked.short(given, "action_id"), _touch(given))
    return jsonify({})


def _touch(given: dict[str, Any]) -> dict[str, Any]:
    """What was done to the element, in the simulator's words."""
    more: dict[str, Any] = {
        name: asked.short(given, name) for name in ("block_id", "selected_option") if given.get(name) is not None
    }
    if (value := given.get("value")) is not None:
        more["value"] = asked.text(given, "value", 3000) if value else ""
    if (several := given.get("selected_options")) is not None:
        if not isinstance(several, list) or not all(isinstance(each, str) for each in several):
            raise BadInput("selected_options must be a list of values.")
        more["selected_options"] = several
    if (state := given.get("state")) is not None:
        if not isinstance(state, dict) or not all(isinstance(actions, dict) for actions in state.values()):
            raise BadInput("state must be an object of blocks.")
        more["state"] = state
    return more


def _wish(given: dict[str, Any]) -> sending.Wish:
    return sending.Wish(
        asked.identifier(given.get("content") or given.get("content_id"), "content"),
        asked.identifier(given.get("segment") or given.get("segment_id"), "segment"),
        sending.channel(given.get("channel")),
    )


def _organization() -> uuid.UUID:
    with parts().database.reading(None) as session:
        return people.organization(session).id
