"""The console's start: the first room that somebody may enter."""

from __future__ import annotations

from flask import Flask, Response, make_response, redirect

from bot.web.console.page import rooms_of, show
from bot.web.security import SIGNED_IN, permission
from bot.web.visitor import visitor


def install(app: Flask) -> None:
    """The address /."""
    app.add_url_rule("/", "home", home)


@permission(SIGNED_IN)
def home() -> Response:
    """On to the first room; a word where there is none for them yet."""
    rooms = rooms_of(visitor())
    return make_response(redirect(rooms[0].path, 303)) if rooms else show("home.html")
