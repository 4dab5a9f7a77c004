"""The one place where an error becomes an HTTP answer: its status, its code and its public sentence.

Programs get JSON, browsers a page; whether it is a browser is read from what the request accepts. What is
wrong on our side is the operator's to read, in the log: outside it has a code and no more. A database that
is away, locked or full of waiting is a 503, because providers repeat what was not taken.
"""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlencode

from flask import Flask, Response, jsonify, make_response, redirect, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy import exc
from werkzeug.exceptions import HTTPException

from bot.database import DatabaseUnreachable
from bot.errors import ShiftlineError
from bot.log import Log
from bot.web import visitor
from bot.web.visitor import NotSignedIn

log = Log(__name__)

OURS = "Something went wrong on our side. It has been noted."
LATER = "This can't be done at the moment. Please try again."
FORGED = "This page was open for too long, or you have signed in again since. Go back, reload it and try again."
AWAY = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)
TITLES = {
    400: "That didn't work",
    403: "Not for you",
    404: "Nothing here",
    405: "That didn't work",
    409: "Already there",
    413: "Too large",
    422: "That can't be done",
    429: "Too fast",
    503: "Not right now",
}
"""Above the sentence, on a page."""


def install(app: Flask) -> None:
    """Turn every error into an answer."""
    app.register_error_handler(ShiftlineError, _ours)
    app.register_error_handler(NotSignedIn, _sign_in)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(Exception, _unforeseen)
    for away in AWAY:
        app.register_error_handler(away, _database)


def _answer(status: int, code: str, words: str) -> Response:
    response = _page(status, words) if _is_browser() else jsonify({"error": code, "message": words})
    response.status_code = status
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response


def _is_browser() -> bool:
    """Browsers and htmx ask for text/html by name; providers, programs and the simulator's page don't."""
    return "text/html" in request.accept_mimetypes.values()


def _page(status: int, words: str) -> Response:
    if status == 404 and visitor.known() is None:
        with suppress(*AWAY, ShiftlineError):  # an address that is nobody's has not asked who is there
            visitor.find()
    title = TITLES.get(status, "Something went wrong")
    return make_response(render_template("console/error.html", status=status, title=title, words=words))


def _route() -> str:
    """The rule that matched: an address itself may hold a secret (the token of a media link)."""
    return str(request.url_rule or "")


def _ours(error: ShiftlineError) -> Response:
    if error.status < 500:
        return _answer(error.status, error.code, error.words)
    log.failure("refused", path=_route(), code=error.code, status=error.status)
    return _answer(error.status, error.code, LATER if error.status == 503 else OURS)


def _sign_in(error: NotSignedIn) -> Response:
    """A browser goes to the sign-in page and comes back from there; a page that polls goes as a whole."""
    if not _is_browser():
        return _ours(error)
    if "HX-Request" in request.headers:
        response = make_response("", 401)
        response.headers["HX-Redirect"] = "/sign-in"
        return response
    wanted = request.full_path.rstrip("?") if request.method == "GET" else "/"
    query = "" if wanted == "/" else "?" + urlencode({"next": wanted})
    return make_response(redirect(f"/sign-in{query}", 303))


def _forged(_error: CSRFError) -> Response:
    return _answer(400, "forged", FORGED)


def _http(error: HTTPException) -> Response:
    code = (error.name or "error").lower().replace(" ", "_")
    response = _answer(error.code or 500, code, error.description or "")
    for name, value in error.get_headers():
        if name in {"Allow", "Location", "Retry-After"}:
            response.headers[name] = value
    return response


def _database(_error: Exception) -> Response:
    log.failure("refused", path=_route(), code=DatabaseUnreachable.code, status=503)
    return _answer(503, DatabaseUnreachable.code, LATER)


def _unforeseen(_error: Exception) -> Response:
    log.failure("request_failed", path=_route(), method=request.method)
    return _answer(500, "internal", OURS)
