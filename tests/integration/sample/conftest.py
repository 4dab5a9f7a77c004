"""The sample organization in an empty database, with senders that nobody has."""

from __future__ import annotations

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from bot import settings as configuration
from bot.content.media import Store
from bot.database import Database
from bot.sample import seed
from bot.sample.seed import Sample
from bot.tenancy import users

TWILIO = {"account_sid": "AC" + "0" * 32, "auth_token": "token", "from": "+12125550100"}
SLACK = {"team_id": "T0SAMPLE", "bot_token": "xoxb-sample", "signing_secret": "secret"}


class Plot:
    """Where the sample is sown; again and again, if need be."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.said = database, []
        self.settings = configuration.load({"SHIFTLINE_DATA": str(folder), "PUBLIC_URL": "http://127.0.0.1:8000"})
        self.store = Store(folder / "media", self.settings.public_url, self.settings.secret_key)

    def sow(self) -> Sample:
        return seed.seed(
            self.database, self.settings, self.store, twilio=TWILIO, slack=SLACK, progress=self.said.append
        )


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing is slow on purpose, and nobody signs in here."""
    monkeypatch.setattr(users, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def plot(database: Database, tmp_path: Path) -> Plot:
    return Plot(database, tmp_path)


@pytest.fixture
def sample(plot: Plot) -> Sample:
    return plot.sow()
