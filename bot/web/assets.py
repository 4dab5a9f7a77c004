"""The console's stylesheets and scripts, vendored ones included: small on the way, and fetched once.

An address carries the hash of its file, so that browsers may keep it for good and still never show an old
one. Granian compresses nothing, so each file is packed here once; Tabler's stylesheet goes from 635 to 80 KB.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, request

from bot.errors import NotFound
from bot.web.security import permission

FOLDER = Path(__file__).parent / "static"
ROOMS = ("console", "vendor")
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
"""Said here: with nosniff, a machine whose registry calls .js text/plain would run no script."""
FOREVER = "public, max-age=31536000, immutable"


def install(app: Flask) -> None:
    """`/static/<room>/<name>`, and `asset(path)` in templates."""
    app.add_url_rule("/static/<room>/<name>", "asset", file)
    app.jinja_env.globals["asset"] = address


@cache
def address(path: str) -> str:
    """The address of a file such as "vendor/htmx.min.js"."""
    return f"/static/{path}?v={hashlib.sha256((FOLDER / path).read_bytes()).hexdigest()[:12]}"


@permission("public")
def file(room: str, name: str) -> Response:
    """One file, packed where the browser can unpack it."""
    if room not in ROOMS or Path(name).suffix not in TYPES or name not in _names(room):
        raise NotFound("There is no such file.")
    packed = request.accept_encodings["gzip"] > 0
    response = Response(_content(f"{room}/{name}", packed=packed), mimetype=TYPES[Path(name).suffix])
    response.headers["Cache-Control"] = FOREVER if request.args.get("v") else "no-cache"
    response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    response.set_etag(f"{address(f'{room}/{name}')[-12:]}{'-gz' if packed else ''}")
    response.make_conditional(request)
    return response


@cache
def _names(room: str) -> frozenset[str]:
    return frozenset(path.name for path in (FOLDER / room).iterdir())


@cache
def _content(path: str, *, packed: bool) -> bytes:
    content = (FOLDER / path).read_bytes()
    return gzip.compress(content, mtime=0) if packed else content
