"""Who may open which address, and the headers that every answer carries.

Each view declares its permission; one without is never served. "public" is for anybody, "provider" for
requests that carry their own proof (a signature), "demo" for the demonstration only, "signed_in" for whoever
is; every other name stands in the table of `bot.tenancy.roles` and is asked of the visitor's role.

What changes something is posted with a token against forged requests, and that is checked here too, so
that no view can forget it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, current_app, request
from flask_wtf.csrf import CSRFProtect

from bot.errors import Forbidden, NotFound
from bot.tenancy import roles
from bot.web import visitor
from bot.web.parts import parts

View = TypeVar("View", bound=Callable[..., Any])

OPEN = frozenset({"public", "provider", "demo"})
SIGNED_IN = "signed_in"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
        "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

forgery = CSRFProtect()


def permission(name: str) -> Callable[[View], View]:
    """Declare who may call a view."""

    def declare(view: View) -> View:
        view.permission = name  # type: ignore[attr-defined]
        return view

    return declare


def install(app: Flask) -> None:
    """Deny by default, refuse forged requests, and put the headers on everything."""
    settings = app.extensions["shiftline"].settings
    app.secret_key = settings.secret_key
    app.config.update(
        SESSION_COOKIE_NAME="shiftline_form",  # holds the forgery token and one message, never who somebody is
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
        WTF_CSRF_CHECK_DEFAULT=False,  # hooks carry their own proof; `_allowed` asks for everything else
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a form may lie open over lunch
    )
    forgery.init_app(app)
    app.before_request(_allowed)
    app.after_request(_headers)


def _allowed() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None:
        return  # an unknown address: Flask says 404
    needed = getattr(view, "permission", None)
    if needed is None:
        raise Forbidden
    if needed == "demo" and not parts().settings.demo:
        raise NotFound("There is no such page.")
    if needed in OPEN:
        return
    who = visitor.visitor()
    forgery.protect()
    if needed != SIGNED_IN:
        roles.require(who.actor, needed)


def _headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if visitor.known() is not None:
        response.headers.setdefault("Cache-Control", "no-store")  # nobody reads it off a shared computer's back button
    if request.is_secure or parts().settings.public_url.startswith("https://"):
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
