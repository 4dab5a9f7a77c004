"""Who may open which address, and the headers that every answer carries.

Each view declares its permission; one without is never served. "public" is for anybody, "provider" for
requests that carry their own proof (a signature), "demo" for the demonstration only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, current_app, request

from bot.errors import Forbidden, NotFound
from bot.web.parts import parts

View = TypeVar("View", bound=Callable[..., Any])

OPEN = frozenset({"public", "provider", "demo"})
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


def permission(name: str) -> Callable[[View], View]:
    """Declare who may call a view."""

    def declare(view: View) -> View:
        view.permission = name  # type: ignore[attr-defined]
        return view

    return declare


def install(app: Flask) -> None:
    """Deny by default, and put the headers on everything."""
    app.before_request(_allowed)
    app.after_request(_headers)


def _allowed() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None:
        return  # an unknown address: Flask says 404
    needed = getattr(view, "permission", None)
    if needed not in OPEN:
        raise Forbidden
    if needed == "demo" and not parts().settings.demo:
        raise NotFound("There is no such page.")


def _headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure or parts().settings.public_url.startswith("https://"):
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response
