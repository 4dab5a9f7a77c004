"""The Bolt app. Our guard has checked size, shape, workspace and signature before Bolt sees a request.

`process_before_response` keeps everything in the request: when Slack has its 200 the answer is committed. Bolt
never calls out from here: authorization comes from our integrations, and what is said leaves by the outbox.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

from flask import Response, request
from slack_bolt import App, BoltResponse
from slack_bolt.adapter.flask.handler import to_bolt_request, to_flask_response
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError

from bot.web.intake import Verified, read
from bot.web.slack import installation, speech

Handler = Callable[[Verified], Response]


def handler() -> Handler:
    """What answers a verified request of Slack's."""
    bolt = _app()

    def handle(verified: Verified) -> Response:
        said = read(verified)  # before Bolt, which breaks on JSON that is no object
        asked = to_bolt_request(request)
        asked.context.update(verified=verified, said=said)
        return to_flask_response(bolt.dispatch(asked))

    return handle


def _app() -> App:
    logger = logging.getLogger("slack_bolt.shiftline")
    logger.setLevel(logging.ERROR)
    app = App(
        authorize=_authorize,
        process_before_response=True,
        request_verification_enabled=False,
        token_verification_enabled=False,
        raise_error_for_unhandled_request=True,
        ignoring_self_events_enabled=False,
        logger=logger,
    )
    app.event("message")(speech.said)
    app.action(re.compile(r"^(answer|submit):"))(speech.tapped)
    app.event("app_uninstalled")(installation.ended)
    app.event("tokens_revoked")(installation.ended)
    app.error(_unhandled)
    return app


def _authorize(**_: Any) -> AuthorizeResult:
    """No token: nothing is called from a listener."""
    return AuthorizeResult(enterprise_id=None, team_id=None, bot_token="xoxb-not-used-here")  # noqa: S106 - no secret


def _unhandled(error: Exception) -> BoltResponse:
    """An event that we don't listen to is none of Slack's worries: without a 200 it comes again."""
    if isinstance(error, BoltUnhandledRequestError):
        return BoltResponse(status=200, body="")
    raise error
