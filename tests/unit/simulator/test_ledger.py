"""The ledger forgets nothing, numbers without gaps, and belongs to one simulator at a time."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bot.simulator.ledger import RESET, Ledger, LedgerInUse


def kinds(ledger: Ledger, **window: object) -> list[str]:
    return [row.kind for row in ledger.read(**window)]


def test_a_row_is_in_the_file_when_append_returns(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path / "ledger"))
    ledger.append("twilio.send", {"body": "Grüße"}, key="SM1", decision="accepted", accepted=True, fault="hang_after")
    other = sqlite3.connect(tmp_path / "ledger")
    assert other.execute("SELECT key, accepted, fault, data FROM ledger").fetchall() == [
        ("SM1", 1, "hang_after", '{"body":"Grüße"}')
    ]
    other.close()
    ledger.close()


def test_lean_rows_are_read_at_once_and_kept_by_close(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path / "ledger"), lean=True)
    for number in range(300):
        ledger.append("twilio.send", {"number": number})
    assert [row.data["number"] for row in ledger.read(limit=300)] == list(range(300))
    ledger.append("twilio.send", {"number": 300})
    ledger.close()
    again = Ledger(str(tmp_path / "ledger"))
    assert len(again.read()) == 301
    assert again.append("twilio.send", {}).id == 302
    again.close()


def test_kinds_are_read_whole_or_by_their_beginning() -> None:
    ledger = Ledger(":memory:")
    for kind in ("twilio.send", "twilio.sends", "twilio.list", "slack.chat.postMessage", "slack.chat.update"):
        ledger.append(kind, {})
    assert kinds(ledger, kind="twilio.send") == ["twilio.send"]
    assert kinds(ledger, kind="slack.chat") == ["slack.chat.postMessage", "slack.chat.update"]
    assert kinds(ledger, after=3, limit=1) == ["slack.chat.postMessage"]
    ledger.close()


def test_a_reset_is_a_row_and_readers_begin_after_it(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path / "ledger"))
    ledger.append("before", {})
    ledger.append(RESET, {})
    ledger.append("after", {})
    assert kinds(ledger) == ["after"]
    ledger.close()
    again = Ledger(str(tmp_path / "ledger"))
    assert [row.kind for row in again.replay()] == ["after"]
    assert again.last == 3
    again.close()


def test_a_second_simulator_is_told_so(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path / "ledger"))
    with pytest.raises(LedgerInUse):
        Ledger(str(tmp_path / "ledger"))
    ledger.close()
    Ledger(str(tmp_path / "ledger")).close()


def test_registrations_are_replaced_by_key_and_are_no_rows() -> None:
    ledger = Ledger(":memory:")
    ledger.register("account", "AC1", {"auth_token": "old"})
    ledger.register("account", "AC1", {"auth_token": "new"})
    assert ledger.registered("account") == [{"auth_token": "new"}]
    assert ledger.read() == []
    ledger.forget_registrations()
    assert ledger.registered("account") == []
    ledger.close()
