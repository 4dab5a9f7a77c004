"""`broadcast status` and `report broadcast` say who still waits, what for and until when."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from bot.cli import waits
from tests.integration.cli.conftest import WORKERS, Shop
from tests.integration.cli.test_commands import connected

CHICAGO = ZoneInfo("America/Chicago")
SOON, LATER = "2026-03-03T13:00:00+00:00", "2026-03-03T14:00:00+00:00"


@pytest.mark.parametrize("command", ["broadcast status", "report broadcast"])
def test_who_waits_and_why(shop: Shop, command: str) -> None:
    connected(shop)
    shop("workers", "import", shop.file("workers.csv", WORKERS))
    sent = shop("broadcast", "send", "--content", shop.content(), "--segment", shop.segment()).document["id"]
    shop("broadcast", "pause", sent)
    document = shop(*command.split(), sent).document
    assert [(group["reason"], group["count"]) for group in document["waiting"]] == [("broadcast_paused", 1)]
    assert [person["external_id"] for person in document["waiting_people"]] == ["W1"]
    text = shop.plain(*command.split(), sent).out
    assert "Waiting:\n  1 × the broadcast is paused\n    W1 (sms): the broadcast is paused\n" in text


def waiting(**more: object) -> dict[str, object]:
    told = {"words": "it is quiet hours", "error_code": None, "attempts": 0, "next_try": None, "last_try": None}
    return {"count": 3, "external_id": "W1", "channel": "sms", **told, **more}


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ({}, "  3 × it is quiet hours"),
        ({"next_try": SOON, "last_try": SOON}, "  3 × it is quiet hours, next try 2026-03-03 07:00"),
        (
            {"next_try": SOON, "last_try": LATER},
            "  3 × it is quiet hours, next try 2026-03-03 07:00 to 2026-03-03 08:00",
        ),
        ({"error_code": "30003", "attempts": 1}, "  3 × it is quiet hours (30003), tried once"),
        ({"attempts": 4}, "  3 × it is quiet hours, tried 4 times"),
    ],
)
def test_a_group_on_one_line(told: dict[str, object], line: str) -> None:
    assert waits.lines({"waiting": [waiting(**told)], "waiting_people": []}, CHICAGO)[1] == line


def test_who_is_not_named_is_counted() -> None:
    said = waits.lines({"waiting": [waiting()], "waiting_people": [waiting(next_try=SOON)]}, CHICAGO)
    assert said[2:] == ["    W1 (sms): it is quiet hours, next try 2026-03-03 07:00", "  … and 2 more."]


def test_nobody_waits() -> None:
    assert waits.lines({"waiting": [], "waiting_people": []}, CHICAGO) == []
