"""/simulator and its files. Only a demonstration installs it."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, render_template, send_from_directory

from bot.web.parts import parts
from bot.web.security import permission
from bot.web.simulator import api, people

FILES = Path(__file__).parent.parent / "static" / "simulator"
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
"""Said here: with nosniff, a machine whose registry calls .js text/plain would run no script."""


def install(app: Flask) -> None:
    """The page, its files and its JSON views."""
    app.add_url_rule("/simulator", "simulator_page", page)
    app.add_url_rule("/simulator/static/<path:name>", "simulator_file", file)
    api.install(app)


@permission("demo")
def page() -> str:
    """The page; everything else is fetched by its scripts."""
    with parts().database.reading(None) as session:
        return render_template("console/simulator.html", organization=people.organization(session).name)


@permission("demo")
def file(name: str) -> Response:
    """A stylesheet, script or picture of the page."""
    return send_from_directory(FILES, name, mimetype=TYPES.get(Path(name).suffix), max_age=0)
