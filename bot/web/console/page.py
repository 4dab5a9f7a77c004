"""What every page of the console shares: the way around, the organization's words, times, and rendering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, make_response, render_template, request
from markupsafe import Markup, escape

from bot import clock
from bot.channels.markup import BOLD, ITALIC, LINK
from bot.web.console import times
from bot.web.console.terms import Terms, capital
from bot.web.console.times import Calendar
from bot.web.parts import parts
from bot.web.visitor import Visitor, known, visitor


@dataclass(frozen=True, slots=True)
class Room:
    """A room of the console in the menu."""

    name: str
    path: str
    term: str
    icon: str
    permission: str


ROOMS: Sequence[Room] = (
    Room("broadcasts", "/broadcasts", "broadcast", "send", "broadcast:read"),
    Room("people", "/people", "worker", "users", "worker:read"),
    Room("segments", "/segments", "segment", "filter", "segment:read"),
)


def install(app: Flask) -> None:
    """Give every template its words."""
    app.context_processor(_shared)
    app.jinja_env.filters.update(capital=capital, figure=figure, marked=marked)
    app.jinja_env.globals.update(lasted=times.lasted)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def show(template: str, status: int = 200, **context: Any) -> Response:
    """A page, or a piece of one."""
    return make_response(render_template(f"console/{template}", **context), status)


def is_piece() -> bool:
    """Whether htmx asks for a piece of the page, and not a person for all of it."""
    return request.headers.get("HX-Request-Type") == "partial"


def rooms_of(who: Visitor) -> list[Room]:
    """The rooms that somebody may enter."""
    return [room for room in ROOMS if who.may(room.permission)]


def calendar() -> Calendar:
    """The visitor's."""
    preferences = visitor().preferences
    return Calendar(preferences.zone, preferences.date_format, clock.now())


def figure(number: float) -> str:
    """A number as people read it: "1,234"."""
    return f"{number:,}" if isinstance(number, int) else f"{number:,.15g}"


def marked(text: str) -> Markup:
    """**Bold**, _italic_ and links as they show in Slack; everything else is plain letters."""
    safe = str(escape(text))
    safe = LINK.sub(r'<a href="\2" rel="noreferrer nofollow">\1</a>', safe)
    return Markup(ITALIC.sub(r"<em>\1</em>", BOLD.sub(r"<strong>\1</strong>", safe)))  # noqa: S704 - escaped above


def _shared() -> dict[str, Any]:
    who = known()
    shared: dict[str, Any] = {"visitor": who, "demo": parts().settings.demo}
    if who is not None:
        when = calendar()
        shared |= {
            "may": who.may, "rooms": rooms_of(who), "terms": Terms(who.terminology),
            "moment": when.moment, "clock": when.clock, "day": when.day, "day_of": when.day_of,
        }  # fmt: skip
    return shared
