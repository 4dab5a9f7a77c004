"""Joins the web's parts into one Flask application."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask

from bot.channels.channel import Channel
from bot.content.media import Store
from bot.database import Database
from bot.delivery.dispatch import Dispatcher
from bot.settings import Settings
from bot.web import assets, errors, files, health, hooks, security, sign_in
from bot.web.console import broadcasts, home, page, people, preferences, segments
from bot.web.parts import Parts
from bot.wording import FOLDER

MOST_BYTES = 1024 * 1024


def build(
    settings: Settings, database: Database, dispatcher: Dispatcher, store: Store, channels: Sequence[Channel]
) -> Flask:
    """The application; nothing is listening yet."""
    app = Flask("shiftline", static_folder=None, template_folder=str(FOLDER.parent))
    app.config.update(MAX_CONTENT_LENGTH=MOST_BYTES, MAX_FORM_PARTS=1000)
    app.extensions["shiftline"] = Parts(settings, database, dispatcher, store)
    errors.install(app)
    security.install(app)
    health.install(app)
    files.install(app)
    hooks.install(app, channels)
    assets.install(app)
    sign_in.install(app)
    for console in (page, home, broadcasts, people, segments, preferences):
        console.install(app)
    if settings.demo:
        from bot.web.simulator import page as simulator  # noqa: PLC0415 - a real installation never loads it

        simulator.install(app)
    return app
