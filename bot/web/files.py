"""Media behind expiring links: a phone and Twilio's fetcher get the file, nobody gets a folder."""

from __future__ import annotations

from flask import Flask, Response, send_file

from bot.web.parts import parts
from bot.web.security import permission


def install(app: Flask) -> None:
    """`/media/<token>`, also HEAD and Range."""
    app.add_url_rule("/media/<token>", view_func=media)


@permission("public")
def media(token: str) -> Response:
    """The file that the link was signed for."""
    service = parts()
    with service.database.reading(None) as session:  # the link says which file, not whose
        path, mime_type, name = service.store.resolve(session, token)
    response = send_file(path, mimetype=mime_type, download_name=name, conditional=True, max_age=3600)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
