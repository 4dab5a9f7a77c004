"""Reading what the page asks for: who may ask, and every field with its sentence when it is wrong.

The page has no session and no token, so a form on somebody else's page must not be able to post here: a
header that no form can set, and the same origin where the browser names one.
"""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlsplit

from flask import request

from bot.errors import BadInput, Forbidden
from bot.web.parts import parts

HEADER, VALUE = "X-Requested-With", "shiftline"
LONGEST_ID = 255  # Slack's limit for block_id and action_id


class NotFromThePage(Forbidden):
    """This address takes requests of the simulator's own page only (X-Requested-With: shiftline, same origin)."""

    code = "not_from_the_page"


def body() -> dict[str, Any]:
    """The JSON object that the page posted; NotFromThePage or BadInput."""
    _from_the_page()
    given = request.get_json(silent=True)
    if not isinstance(given, dict):
        raise BadInput("The request needs a JSON object as its body.")
    return given


def _from_the_page() -> None:
    if request.headers.get(HEADER) != VALUE:
        raise NotFromThePage
    origin = request.headers.get("Origin")
    if origin is not None and origin not in {_origin(request.host_url), _origin(parts().settings.public_url)}:
        raise NotFromThePage


def _origin(url: str) -> str:
    found = urlsplit(url)
    return f"{found.scheme}://{found.netloc}"


def text(given: dict[str, Any], name: str, longest: int) -> str:
    """Words that somebody typed; BadInput for none and for too many."""
    value = given.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{name} is missing: type something first.")
    if len(value) > longest:
        raise BadInput(f"{name} has {len(value)} characters; {longest} is the most.")
    return value


def short(given: dict[str, Any], name: str) -> str:
    """An id such as an action's."""
    value = given.get(name)
    if not isinstance(value, str) or not value or len(value) > LONGEST_ID:
        raise BadInput(f"{name} must be a text of 1 to {LONGEST_ID} characters.")
    return value


def identifier(value: object, what: str) -> uuid.UUID:
    """The id of a `what`."""
    try:
        return uuid.UUID(value if isinstance(value, str) else "")
    except ValueError:
        raise BadInput(f"Choose a {what} first: this is no {what}'s id.") from None


def count(name: str, most: float) -> float:
    """A number of the query from 0 to `most`; 0 where it isn't given."""
    value = request.args.get(name, "0")
    try:
        number = float(value)
    except ValueError:
        raise BadInput(f"{name} must be a number.") from None
    if not 0 <= number <= most:
        raise BadInput(f"{name} must be from 0 to {most:g}.")
    return number
