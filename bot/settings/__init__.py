"""What the operator decides, read once from the environment.

Each name may also be given as NAME_FILE, whose content counts (how secrets are mounted). A mistake is
one sentence that names the variable and the remedy; nothing starts on a guess.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import Misconfigured
from bot.settings import addresses, keys
from bot.settings.environment import Environment
from bot.settings.names import NAMES

__all__ = ["LEVELS", "NAMES", "Settings", "load"]

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, slots=True)
class Settings:
    """The service's configuration: frozen, typed, without defaults left to find out.

    Keys are empty only where they were looked for and not made (`load(make=False)`).
    """

    data: Path
    database_url: str
    broker_url: str
    public_url: str
    secret_key: str = field(repr=False)
    encryption_keys: tuple[str, ...] = field(repr=False)
    media_url: str
    log_level: str = "INFO"
    slack_client_id: str | None = None
    slack_client_secret: str | None = field(default=None, repr=False)
    slack_signing_secret: str | None = field(default=None, repr=False)
    smtp_url: str | None = field(default=None, repr=False)
    api_urls: Mapping[str, str] = field(default_factory=dict)
    demo: bool = False
    simulator_url: str | None = None

    @property
    def on_sqlite(self) -> bool:
        """One process tree, one file."""
        return self.database_url.startswith("sqlite")

    @property
    def embedded(self) -> bool:
        """Actors run inside the web's own process."""
        return self.broker_url.startswith("memory:")


def load(environment: Mapping[str, str] | None = None, *, make: bool = True) -> Settings:
    """Settings from `environment` (default: the process's). Misconfigured names the variable and the way out.

    Keys that nobody gave are made and kept under `SHIFTLINE_DATA`; with `make` false nothing is.
    """
    source = Environment(os.environ if environment is None else environment)
    data = Path(source.get("SHIFTLINE_DATA") or "data").expanduser().absolute()
    return Settings(
        data=data,
        database_url=addresses.database_url(source.get("DATABASE_URL"), data),
        broker_url=addresses.broker_url(source.get("BROKER_URL")),
        public_url=addresses.public_url(source.get("PUBLIC_URL")),
        secret_key=keys.secret_key(source.get("SECRET_KEY"), data, make=make),
        encryption_keys=keys.encryption_keys(source.get("ENCRYPTION_KEYS"), data, make=make),
        media_url=addresses.media_url(source.get("MEDIA_URL"), data),
        log_level=_log_level(source.get("LOG_LEVEL")),
        slack_client_id=source.get("SLACK_CLIENT_ID"),
        slack_client_secret=source.get("SLACK_CLIENT_SECRET"),
        slack_signing_secret=source.get("SLACK_SIGNING_SECRET"),
        smtp_url=addresses.smtp_url(source.get("SMTP_URL")),
        api_urls=addresses.api_urls(source),
    )


def _log_level(value: str | None) -> str:
    level = (value or "INFO").upper()
    if level not in LEVELS:
        raise Misconfigured(f"LOG_LEVEL must be one of {', '.join(LEVELS)}.")
    return level
