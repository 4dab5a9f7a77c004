"""The world is a fold over its ledger: built again from the file, it is the same world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.simulator.ledger import Ledger
from bot.simulator.state import World

SAID = {"account": "AC1", "phone": "+15551230001", "sender": "+15550000001", "body": "Hello", "media": [], "drawn": 3}
POSTED = {"team": "T1", "channel": "D1", "user": "UBOT", "text": "Q", "blocks": [], "drawn": 9}


def lived(path: Path) -> World:
    world = World(Ledger(str(path)))
    world.add_account({"account_sid": "AC1", "auth_token": "t", "numbers": ["+15550000001"]})
    world.add_team({"team_id": "T1", "bot_token": "xoxb", "users": [{"id": "U1"}]})
    world.set_routes({"https://bot.example/": "http://127.0.0.1:1"})
    world.set_faults({"seed": 4, "twilio": {"reset": 0.5}, "slack": {"hang": 0.5}})
    world.record("twilio.send", SAID | {"status": "queued"}, key="SM1", accepted=True)
    world.record("twilio.send", SAID | {"status": "queued"}, key="SM2", accepted=False)
    world.record("twilio.status", {"status": "undelivered", "error": 30003}, key="SM1")
    world.record("twilio.opt_out", {"phone": "+15551230001", "sender": "+15550000001", "out": True})
    world.record("slack.chat.postMessage", POSTED, key="5.000001", accepted=True)
    world.record("slack.chat.update", POSTED | {"text": "Q2", "edited": "6.0"}, key="5.000001", accepted=True)
    view = {"id": "V1", "blocks": []}
    world.record("slack.views.open", {"team": "T1", "user": "U1", "view": view}, key="V1", accepted=True)
    return world


def portrait(world: World) -> dict[str, Any]:
    phones, workspaces = world.phones, world.workspaces
    return {
        "accounts": phones.accounts,
        "texts": phones.texts,
        "opted out": phones.opted_out,
        "teams": workspaces.teams,
        "posts": dict(workspaces.posts),
        "modals": dict(workspaces.modals),
        "routes": world.routes,
        "faults": world.faults.schedules,
        "counts": world.counts,
    }


def test_a_world_that_was_killed_is_the_same_afterwards(tmp_path: Path) -> None:
    world = lived(tmp_path / "ledger")
    for name, drawn in (("twilio", 3), ("slack", 9)):
        world.faults.schedules[name].count = drawn
    before = portrait(world)
    world.ledger.close()
    again = World(Ledger(str(tmp_path / "ledger")))
    assert portrait(again) == before
    assert again.phones.texts["SM1"].error == 30003
    assert list(again.phones.texts) == ["SM1"]
    assert float(again.workspaces.new_ts("T1", 1.0)) > 5.000001
    again.ledger.close()


def test_forgetting_messages_keeps_those_who_write_them(tmp_path: Path) -> None:
    world = lived(tmp_path / "ledger")
    cursor = world.ledger.last
    world.forget(everything=False)
    assert (world.phones.texts, world.phones.opted_out, dict(world.workspaces.posts)) == ({}, set(), {})
    assert list(world.phones.accounts) == ["AC1"]
    assert world.workspaces.by_token["xoxb"].team_id == "T1"
    assert world.faults.schedules["twilio"].rates == {}
    assert world.record("phone.text", SAID, key="SM3").id > cursor
    world.forget(everything=True)
    assert (world.phones.accounts, world.workspaces.teams, world.routes) == ({}, {}, {})
    world.ledger.close()


def test_a_status_for_a_forgotten_text_is_nothing(tmp_path: Path) -> None:
    world = lived(tmp_path / "ledger")
    world.forget(everything=False)
    world.record("twilio.status", {"status": "sent"}, key="SM1")
    assert world.phones.texts == {}
    world.ledger.close()
