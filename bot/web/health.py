"""Is it alive, and can it do its work? For whoever watches over the processes."""

from __future__ import annotations

import os

import sqlalchemy as sa
from flask import Flask, Response, jsonify

from bot import chance, schema
from bot.web.parts import parts
from bot.web.security import permission

INSTANCE = "SHIFTLINE_INSTANCE"
"""Environment name of this start's id: a ready probe can tell us from another server on the same port."""


def install(app: Flask) -> None:
    """`/livez` and `/readyz`."""
    app.add_url_rule("/livez", view_func=livez)
    app.add_url_rule("/readyz", view_func=readyz)


@permission("public")
def livez() -> Response:
    """The process answers."""
    return jsonify({"status": "alive", "instance": os.environ.get(INSTANCE, "")})


@permission("public")
def readyz() -> Response:
    """The database answers and has this version's tables."""
    database = parts().database
    with database.reading(None) as session:
        session.execute(sa.text("SELECT 1"))
    schema.check(database)
    return jsonify({"status": "ready", "instance": os.environ.get(INSTANCE, "")})


def new_instance() -> str:
    """An id for this start, handed down to the worker by the environment."""
    os.environ[INSTANCE] = chance.token(6)
    return os.environ[INSTANCE]
