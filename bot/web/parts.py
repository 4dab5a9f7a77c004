"""What views work with: the joined parts of the service, found on the application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import current_app

from bot.content.media import Store
from bot.database import Database
from bot.delivery.dispatch import Dispatcher
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """The service, as far as the web needs it."""

    settings: Settings
    database: Database
    dispatcher: Dispatcher
    store: Store


def parts() -> Parts:
    """The current application's parts."""
    return cast("Parts", current_app.extensions["shiftline"])
