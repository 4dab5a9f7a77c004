"""`shiftline check` says in plain words what is wrong, and changes nothing while it looks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from bot.cli import checkup
from bot.tenancy import integrations
from models import Integration, PointsEntry, Segment, WorkerGamification
from tests import factories
from tests.integration.cli.conftest import KEY, WORKERS, Command, Shop


def found(shiftline: Command, *more: str) -> tuple[int, dict[str, tuple[str, str]]]:
    ended = shiftline("check", "--json", *more)
    assert ended.err == ""
    return ended.code, {row["about"]: (row["level"], row["message"]) for row in ended.document}


def test_before_anything_is_there(shiftline: Command, environment: Path) -> None:
    code, words = found(shiftline)
    assert code == 1
    missing = f"There is no database at {environment}/data/shiftline.db yet. Run `shiftline migrate`, or set "
    assert words["DATABASE_URL"] == ("error", f"{missing}SHIFTLINE_DATA to its folder.")
    assert words["PUBLIC_URL"][0] == "warning"
    assert words["BROKER_URL"][0] == "ok"
    assert words["SECRET_KEY"] == ("ok", f"is not set: one will be made and kept in {environment}/data/secret_key.")
    assert words["MEDIA_URL"] == ("ok", f"{environment}/data/media (made when the first file comes)")


@pytest.mark.parametrize(
    "command",
    [
        ("check",), ("check", "--rebuild"), ("content", "list", "--org", "x"), ("org", "list"), ("--help",),
        ("migrate", "--to", "base"), ("integration", "list", "--org", "x"), ("workers", "show", "W1", "--org", "x"),
    ],
)  # fmt: skip
def test_to_look_makes_nothing(
    shiftline: Command, environment: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.delenv("ENCRYPTION_KEYS")
    monkeypatch.delenv("SHIFTLINE_DATA")
    shiftline(*command)
    assert list(environment.iterdir()) == []


def test_a_document_is_checked_without_making_anything(
    shiftline: Command, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ENCRYPTION_KEYS")
    (environment / "text.yaml").write_text("kind: text\ntitle: T\ntext: Hello\n", encoding="utf-8")
    assert shiftline("content", "check", "text.yaml").code == 0
    assert [path.name for path in environment.iterdir()] == ["text.yaml"]


@pytest.mark.parametrize("command", ["migrate", "up", "demo", "check"])
def test_a_folder_that_was_mistyped_is_named_and_not_made(
    shiftline: Command, environment: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{environment}/nowhere/shiftline.db")
    ended = shiftline(command)
    assert ended.code != 0
    assert f"{environment}/nowhere is no folder: make it, or correct DATABASE_URL." in ended.out + ended.err
    assert list(environment.iterdir()) == []


def test_the_data_folder_itself_is_made(shiftline: Command, environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{environment}/data/other.db")
    assert shiftline("migrate").err == f"The database has this version's shape: {environment}/data/other.db.\n"
    assert shiftline("migrate", "--json").document == {"revision": "0001"}


def test_what_is_in_the_way_of_files(shop: Shop, environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_URL", str(environment))
    assert found(shop.give)[1]["MEDIA_URL"] == ("ok", str(environment))
    monkeypatch.setattr(checkup, "_writable", lambda _: False)
    assert found(shop.give)[1]["MEDIA_URL"][1].startswith(f"{environment} can't be written")


def test_in_plain_words(shiftline: Command) -> None:
    ended = shiftline("check")
    assert ended.code == 1
    assert "error    DATABASE_URL: There is no database at " in ended.out
    assert ended.out.endswith("Something must be mended.\n")


def test_nothing_stands_in_the_way(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://bot.example.org")
    code, words = found(shop.give)
    assert code == 0
    assert words["PUBLIC_URL"] == ("ok", "https://bot.example.org")
    assert words["harbor"] == ("warning", "has no workers: shiftline workers import FILE --org harbor")
    assert "nothing is connected: shiftline integration add twilio --org harbor --help" in shop.give("check").out
    assert shop.give("check").out.endswith("Nothing stands in the way, but look at the warnings.\n")
    shop("workers", "import", shop.file("w.csv", WORKERS))
    with shop.database.organization_session(shop.id) as session:
        sealed = integrations.seal([KEY], shop.id, {"account_sid": "AC1"})
        factories.integration(session, shop.id, status="connected", config=sealed)
    code, words = found(shop.give)
    if shop.database.on_sqlite:  # the test's user of PostgreSQL is its superuser, and is warned of
        assert {level for level, _ in words.values()} == {"ok"}
        assert shop.give("check").out.endswith("Nothing stands in the way.\n")


def test_without_an_organization(shiftline: Command) -> None:
    shiftline("migrate")
    assert found(shiftline)[1]["organizations"] == (
        "warning", "there is no organization yet: shiftline org add NAME --slug SLUG --timezone ZONE"
    )  # fmt: skip


def test_keys_on_a_server(shop: Shop, monkeypatch: pytest.MonkeyPatch, environment: Path) -> None:
    monkeypatch.delenv("ENCRYPTION_KEYS")
    level, words = found(shop.give)[1]["ENCRYPTION_KEYS"]
    assert level == ("ok" if shop.database.on_sqlite else "warning")
    assert f"{environment}/data/encryption_keys" in words
    with shop.database.organization_session(shop.id) as session:
        factories.integration(session, shop.id)
    assert found(shop.give)[1]["harbor twilio"][0] == "error"
    assert "that no key opens: set ENCRYPTION_KEYS" in found(shop.give)[1]["harbor twilio"][1]


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
    hint = f"T0X has never been tested: shiftline integration test {made} --org harbor"
    assert found(shop.give)[1]["harbor slack"] == ("warning", hint)
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
