"""What stands at `/` where nothing else does: a demonstration leads to its simulator.

Installed last, so that a page of its own at `/` takes its place by being there.
"""

from __future__ import annotations

from flask import Flask, redirect, url_for
from werkzeug.wrappers import Response

from bot.web.security import permission


def install(app: Flask) -> None:
    """`/`, unless it is taken."""
    if not any(rule.rule == "/" for rule in app.url_map.iter_rules()):
        app.add_url_rule("/", "front", front)


@permission("demo")
def front() -> Response:
    """The way in."""
    return redirect(url_for("simulator_page"))
