"""`shiftline check` says in plain words what is wrong, and changes nothing while it looks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from models import Integration, PointsEntry, Segment, WorkerGamification
from tests import factories
from tests.integration.cli.conftest import Command, Shop


def found(shiftline: Command, *more: str) -> tuple[int, dict[str, tuple[str, str]]]:
    ended = shiftline("check", "--json", *more)
    assert ended.err == ""
    return ended.code, {row["about"]: (row["level"], row["message"]) for row in ended.document}


def test_before_anything_is_there(shiftline: Command, environment: Path) -> None:
    code, words = found(shiftline)
    assert code == 1
    assert words["DATABASE_URL"] == ("error", "This database has no tables yet. Run `shiftline migrate`.")
    assert words["PUBLIC_URL"][0] == "warning"
    assert words["BROKER_URL"][0] == "ok"
    assert list(environment.rglob("*.db*")) == []


def test_in_plain_words(shiftline: Command) -> None:
    ended = shiftline("check")
    assert ended.code == 1
    assert "error    DATABASE_URL: This database has no tables yet." in ended.out
    assert ended.out.endswith("Something must be mended.\n")


def test_nothing_stands_in_the_way(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://bot.example.org")
    code, words = found(shop.give)
    assert code == 0
    assert words["PUBLIC_URL"] == ("ok", "https://bot.example.org")
    assert words["harbor"][0] == "warning"
    assert shop.give("check").out.endswith("Nothing stands in the way.\n")


def test_plain_http(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "http://bot.example.org")
    assert "not https" in found(shop.give)[1]["PUBLIC_URL"][1]


def test_a_database_that_is_away(shiftline: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hush@127.0.0.1:9/none")
    code, words = found(shiftline)
    assert (code, words["DATABASE_URL"][0]) == (1, "error")
    assert "hush" not in json.dumps(words)


def test_a_broker_that_is_away(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_URL", "amqp://me:hush@127.0.0.1:9")
    code, words = found(shop.give)
    assert (code, words["BROKER_URL"][0]) == (1, "error")
    assert "RabbitMQ can't be reached" in words["BROKER_URL"][1]
    assert "hush" not in json.dumps(words)


def test_a_media_folder_that_cannot_be_written(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_URL", str(shop.file("file", "x") / "below"))
    code, words = found(shop.give)
    assert (code, words["MEDIA_URL"][0]) == (1, "error")


def test_connections(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    given = ("--team-id", "T0X", "--bot-token-file", shop.file("token", "xoxb-1"))
    made = shop("integration", "add", "slack", *given).document["id"]
    code, words = found(shop.give)
    assert (code, words["harbor slack"][0]) == (1, "error")
    assert "SLACK_SIGNING_SECRET" in words["harbor slack"][1]
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "s")
    assert found(shop.give)[1]["harbor slack"] == ("ok", "untested")
    with shop.database.organization_session(shop.id) as session:
        session.execute(sa.update(Integration).values(status="revoked", status_reason="Slack: the app was removed"))
    level, said = found(shop.give)[1]["harbor slack"]
    assert level == "error"
    assert "the app was removed" in said
    assert made in said
    monkeypatch.setenv("ENCRYPTION_KEYS", Fernet.generate_key().decode())
    assert "Check ENCRYPTION_KEYS" in found(shop.give)[1]["harbor slack"][1]


def test_projections_are_recomputed_from_their_facts(shop: Shop) -> None:
    with shop.database.organization_session(shop.id) as session:
        worker = factories.worker(session, shop.id)
        factories.points_entry(session, shop.id, worker_id=worker.id, points=5)
        factories.segment(session, shop.id, worker_count=7)
    code, words = found(shop.give, "--rebuild")
    assert code == 0
    assert words["points balance"] == ("warning", "1 differences were found and mended.")
    assert words["segment counts"] == ("warning", "1 differences were found and mended.")
    assert words["consent"] == ("ok", "equals its facts.")
    assert {level for level, _ in list(found(shop.give, "--rebuild")[1].values())[-3:]} == {"ok"}
    with shop.database.reading(None) as session:
        assert session.scalars(sa.select(WorkerGamification.points_balance)).all() == [5]
        assert session.scalars(sa.select(Segment.worker_count)).all() == [0]
        assert session.scalars(sa.select(PointsEntry.points)).all() == [5]
