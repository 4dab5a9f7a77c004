"""The one place where an error becomes an HTTP answer: its status, its code and its public sentence.

What is wrong on our side is the operator's to read, in the log: outside it has a code and no more. A
database that is away, locked or full of waiting is a 503, because providers repeat what was not taken.
"""

from __future__ import annotations

from flask import Flask, Response, jsonify, request
from sqlalchemy import exc
from werkzeug.exceptions import HTTPException

from bot.database import DatabaseUnreachable
from bot.errors import ShiftlineError
from bot.log import Log

log = Log(__name__)

OURS = "Something went wrong on our side. It has been noted."
LATER = "This can't be done at the moment. Please try again."
AWAY = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)


def install(app: Flask) -> None:
    """Turn every error into JSON."""
    app.register_error_handler(ShiftlineError, _ours)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)
    for away in AWAY:
        app.register_error_handler(away, _database)


def _answer(status: int, code: str, words: str) -> Response:
    response = jsonify({"error": code, "message": words})
    response.status_code = status
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response


def _route() -> str:
    """The rule that matched: an address itself may hold a secret (the token of a media link)."""
    return str(request.url_rule or "")


def _ours(error: ShiftlineError) -> Response:
    if error.status < 500:
        return _answer(error.status, error.code, error.words)
    log.failure("refused", path=_route(), code=error.code, status=error.status)
    return _answer(error.status, error.code, LATER if error.status == 503 else OURS)


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
