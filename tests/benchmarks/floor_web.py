"""The least that a genuine answer costs: the provider's check and one SQL statement that dedupes, reads and writes.

`python -m tests.benchmarks.floor_web KIND PORT` with DATABASE_URL; served as ours is, by Granian with two workers of
eight threads. For Slack it is Bolt with a listener that does the statement and nothing else.
"""

from __future__ import annotations

import os
import sys
import threading
from functools import partial
from typing import Any

import psycopg
import sqlalchemy as sa
from flask import Flask, Response, abort, request
from granian.constants import Interfaces
from granian.server import Server
from slack_bolt import App
from slack_bolt.adapter.flask import SlackRequestHandler
from slack_bolt.authorization import AuthorizeResult
from twilio.request_validator import RequestValidator

from tests.benchmarks.scene import SECRET, TOKEN

READY = "The floor is ready."
TABLES = """
CREATE TABLE IF NOT EXISTS floor_keys (key text PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS floor_people (address text PRIMARY KEY, points integer NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS floor_answers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, address text NOT NULL, body text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
"""
ANSWER = """
WITH first AS (INSERT INTO floor_keys (key) VALUES (%(key)s) ON CONFLICT DO NOTHING RETURNING key),
     person AS (SELECT address, points FROM floor_people WHERE address = %(address)s),
     said AS (INSERT INTO floor_answers (address, body) SELECT address, %(body)s FROM person, first RETURNING address),
     paid AS (UPDATE floor_people SET points = points + 1 WHERE address IN (SELECT address FROM said))
SELECT count(*) FROM said
"""


def prepare(url: str, addresses: list[str]) -> None:
    """The floor's own tables beside the product's, with the same people."""
    with psycopg.connect(_plain(url), autocommit=True) as connection:
        connection.execute(TABLES)
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO floor_people VALUES (%s) ON CONFLICT DO NOTHING", [(a,) for a in addresses])


def _plain(url: str) -> str:
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


class _Once:
    """A connection for each thread; one prepared statement is one transaction."""

    def __init__(self, url: str) -> None:
        self._url, self._own = _plain(url), threading.local()

    def __call__(self, key: str, address: str, body: str) -> None:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = psycopg.connect(self._url, autocommit=True, prepare_threshold=1)
        connection.execute(ANSWER, {"key": key, "address": address, "body": body}).fetchone()


def _twilio(url: str) -> Flask:
    app, once, validator = Flask("floor"), _Once(url), RequestValidator(TOKEN)

    @app.post("/hooks/twilio/messages")
    def _heard() -> Response:
        form = request.form
        if not validator.validate(
            f"{request.host_url[:-1]}{request.path}", form, request.headers["X-Twilio-Signature"]
        ):
            abort(403)
        once(form["MessageSid"], form["From"], form["Body"])
        return Response("<Response/>", mimetype="text/xml")

    return app


def _slack(url: str) -> Flask:
    app, once = Flask("floor"), _Once(url)
    answered = AuthorizeResult(enterprise_id=None, team_id=None, bot_token="xoxb-floor")
    bolt = App(authorize=lambda **_: answered, signing_secret=SECRET, process_before_response=True)

    @bolt.action({"type": "block_actions"})
    def _tapped(ack: Any, body: dict[str, Any]) -> None:
        action = body["actions"][0]
        once(action["action_ts"], body["user"]["id"], action["action_id"])
        ack()

    handler = SlackRequestHandler(bolt)

    @app.post("/hooks/slack")
    def _heard() -> Any:
        return handler.handle(request)

    return app


def main(kind: str, port: int) -> None:
    """Serve until SIGTERM."""
    make = partial({"twilio": _twilio, "slack": _slack}[kind], os.environ["DATABASE_URL"])

    def load() -> Flask:
        sys.stdout.write(READY + "\n")
        sys.stdout.flush()
        return make()

    Server(
        "floor", address="127.0.0.1", port=port, interface=Interfaces.WSGI, workers=2, blocking_threads=8,
        log_enabled=False,
    ).serve(target_loader=load, wrap_loader=False)  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
