"""When the database is away providers hear 503 and come again; nobody ever sees a traceback or a secret."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import sqlalchemy as sa

from bot.database import Database, DatabaseUnreachable
from bot.web import intake
from tests.integration.web.conftest import House, joined

AWAY = [
    DatabaseUnreachable(),
    sa.exc.OperationalError("SELECT 1", {}, Exception("database is locked")),
    sa.exc.InterfaceError("SELECT 1", {}, Exception("connection already closed")),
    sa.exc.TimeoutError("QueuePool limit reached"),
]


def fail(error: Exception) -> Any:
    def broken(*_args: Any, **_more: Any) -> Any:
        raise error

    return broken


@pytest.mark.parametrize("error", AWAY, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("where", ["first", "later"])
@pytest.mark.parametrize("door", ["twilio", "slack", "status"])
def test_a_503_at_every_door(
    house: House, monkeypatch: pytest.MonkeyPatch, error: Exception, where: str, door: str
) -> None:
    if where == "first":
        monkeypatch.setattr(house.database, "looking_up", fail(error))
    else:
        monkeypatch.setattr(intake, "receive", fail(error))
        monkeypatch.setattr(intake.receipts, "apply", fail(error))
    call = {
        "twilio": house.twilio,
        "slack": lambda: house.event(house.dm("x")),
        "status": lambda: house.twilio("/hooks/twilio/status/1", From="+15550001111", MessageStatus="sent"),
    }[door]
    answer = call()
    assert answer.status_code == 503
    assert answer.get_json() == {
        "error": "database_unreachable", "message": "This can't be done at the moment. Please try again.",
    }  # fmt: skip
    assert answer.headers["Retry-After"]


def test_a_real_server_that_is_not_there(house: House, tmp_path) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:9/none")
    house.app = joined(away, tmp_path, DATABASE_URL=away.url)
    assert house.twilio().status_code == 503
    assert house.client.get("/readyz").status_code == 503
    assert house.client.get("/livez").status_code == 200


def test_our_own_mistake_is_a_500_that_comes_again_and_tells_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A ValueError of ours must not read as "misshapen": Twilio would never repeat the message."""
    monkeypatch.setattr(intake, "receive", fail(ValueError(f"secret of {house.phone}")))
    for answer in (house.twilio(), house.event(house.dm("x"))):
        assert answer.status_code == 500
        assert answer.get_json() == {
            "error": "internal",
            "message": "Something went wrong on our side. It has been noted.",
        }
    from bot.log import Lines

    lines = [Lines().format(record) for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(lines) == 2
    for line in lines:
        assert house.phone not in line
        assert json.loads(line)["error"] == "ValueError"


def test_a_broken_seal_says_nothing_outside(house: House, tmp_path) -> None:
    from cryptography.fernet import Fernet

    house.app = joined(house.database, tmp_path, ENCRYPTION_KEYS=Fernet.generate_key().decode())
    answer = house.twilio()
    assert answer.status_code == 500
    assert "ENCRYPTION_KEYS" not in answer.get_data(as_text=True)


def test_a_media_links_secret_is_not_logged(house: House, caplog: pytest.LogCaptureFixture, monkeypatch) -> None:
    from bot.web import files

    monkeypatch.setattr(files, "parts", fail(RuntimeError("x")))
    assert house.client.get("/media/a-secret-token").status_code == 500
    assert "a-secret-token" not in "".join(
        str(record.__dict__) for record in caplog.records if record.name == "bot.web.errors"
    )


def test_readiness(house: House) -> None:
    assert house.client.get("/readyz").get_json()["status"] == "ready"


@pytest.mark.parametrize("path", ["/", "/livez", "/media/x", "/hooks/slack", "/nowhere"])
def test_every_answer_carries_the_headers(house: House, path: str) -> None:
    headers = house.client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Strict-Transport-Security"].startswith("max-age=")


def test_the_demos_page_is_not_there(house: House) -> None:
    assert house.client.get("/simulator").status_code == 404
