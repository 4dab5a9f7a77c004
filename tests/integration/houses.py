"""Fixtures of a house that sends; rooms that test sending import them in their conftest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.channels.slack import Slack
from bot.channels.sms import Sms
from bot.database import Database
from bot.delivery.wire import Wire
from bot.simulator.process import SimulatorProcess
from models import Organization
from tests.integration.sending import ACCOUNT, OURS, House, Played


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    """The provider, whose answers the test decides."""
    provider = Played()
    for channel in (Sms, Slack):
        monkeypatch.setattr(channel, "send", lambda _self, *rest: provider.send(*rest))
        monkeypatch.setattr(channel, "find", lambda _self, *rest: provider.find(*rest))
    return provider


@pytest.fixture
def house(database: Database, organization: Organization, tmp_path: Path, played: Played) -> House:
    """An organization that sends through `played`."""
    return House(database, organization.id, tmp_path / "data", played)


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """Twilio and Slack, on loopback."""
    with SimulatorProcess(ledger=tmp_path_factory.mktemp("simulator") / "ledger.sqlite3") as running:
        yield running


@pytest.fixture
def wire() -> Iterator[Wire]:
    """The real way out."""
    made = Wire()
    yield made
    made.close()


@pytest.fixture
def connected(
    database: Database, organization: Organization, tmp_path: Path, simulator: SimulatorProcess, wire: Wire
) -> House:
    """An organization that sends to the simulator by the official clients."""
    simulator.control.reset()
    simulator.control.add_account(ACCOUNT, "token", [OURS], callback_delay=0)
    urls = {"TWILIO_API_URL": simulator.twilio_url, "SLACK_API_URL": simulator.slack_url}
    return House(database, organization.id, tmp_path / "data", wire, urls)
